/**
 * The page in English: the table that translations follow.
 *
 * What a section's elements say is a string of HTML, or a function of what the
 * model is; what the program says is a function of what it speaks of.
 *
 * @module
 */
import type { Credit } from "../../dataset/mnist.ts";
import type { Plan } from "../training_plan.ts";
import { counted } from "../../text.ts";
import type { About, Summary } from "./about.ts";

const WORDS = {
  digits: {
    of: "handwritten digits",
    ...{ one: "digit", many: "digits", unreal: "Digits nobody wrote" },
  },
  hiragana: {
    of: "handwritten hiragana",
    ...{ one: "character", many: "characters" },
    unreal: "Characters nobody wrote",
  },
  clothes: {
    of: "clothes",
    ...{ one: "picture", many: "pictures", unreal: "Clothes nobody made" },
  },
  pictures: {
    of: "pictures",
    ...{ one: "picture", many: "pictures", unreal: "Pictures nobody made" },
  },
};

const words = ({ subject }: About) => WORDS[subject];

/** What is said, and how it is called: the form of every translation. */
export type Texts = typeof en;

/** The texts by section. */
export const en = {
  page: {
    /** The language's own name. */
    language: "English",
    languages: "Language",
    largeType: "Large type",
    title: (about: About) => `A latent space of ${words(about).of}`,
    lead: (about: About) =>
      `A neural network, ${
        about.autoencoder ? "an <em>autoencoder</em>" : "a <em>β-VAE</em>"
      }, writes each ${
        words(about).one
      } as a handful of numbers <i>z</i>, and draws it again from them alone.
Every point of this <em>latent space</em> is a picture; near points are similar
ones.`,
    conditional: `This network is told the class of each picture, when it
reads and when it draws. So the numbers need not say what is shown, only how:
choose another class, and the same numbers are drawn as that.`,
    describe: (
      { kind, weight, isMoved, classCount, latentDim, data, trained }: Summary,
    ) => {
      const model = {
        autoencoder: "autoencoder",
        elbo: `VAE, β = ${weight}${isMoved ? " in the last epoch" : ""}`,
        iwae: `IWAE, K = ${weight}`,
        btc: `β-TC-VAE, β = ${weight}`,
      }[kind];
      const classes = classCount === 1 ? "1 class" : `${classCount} classes`;
      return [
        ...(classCount > 0 ? [`conditional ${model}`, classes] : [model]),
        counted(latentDim, "latent dimension"),
        ...(data === null ? [] : [data]),
        trained ? counted(trained[0], trained[1].slice(0, -1)) : "imported",
      ].join(", ");
    },
    loading: "Loading the model…",
    back: "Back to the original",
    noScript: `This page runs the model in JavaScript, which is turned off
here.`,
    failed: (reason: string) => `The model cannot be run here: ${reason}`,
    wasm: "It runs on WebAssembly, on one thread.",
    webgpu: "It runs on WebGPU.",
    footer: `Made with <b>@vae/mnist</b>, a β-VAE toolkit for Deno. It trains on
your own pictures, too, from a folder for each class, and makes such a page of
the model: its README says how.`,
    alone: `This file holds the model and its engine, and sends nothing
anywhere.`,
    credit: ({ title, authors, url, license }: Credit) =>
      `Trained on ${title} by ${authors} (${url}), licence ${license}.`,
  },

  lessons: {
    title: "Six lessons",
    paper: (about: About) =>
      `How a network learns to draw ${words(about).of}: six lessons`,
    who: "Name",
    when: "Date",
    note: (about: About): string =>
      about.autoencoder
        ? `This page's own network is an autoencoder. For lessons 2 to 6 train a
VAE at the foot of the page and choose to explore it.`
        : "",
    intro: "In each: to do, to see, to answer.",
    do: "To do",
    see: "To see",
    show: "Show me",
    showMap: "Show me the map",
    back: "Back to the lesson",
    close: "All six",
    before: "Previous",
    after: "Next",

    title1: "What an autoencoder lacks",
    text1: (about: About) =>
      `A network reads a ${
        words(about).one
      } and keeps a few numbers of it, <i>z</i>. Another draws it again from
those. The two are an <em>autoencoder</em>. It learns a point for each picture,
and nothing of the room between the points. ${
        about.autoencoder
          ? "This page's network is one."
          : "The network here, a <em>VAE</em>, has learned to fill that room."
      }`,
    do1: (): string =>
      `Press <b>${en.samples.again}</b> a few times: each is drawn from numbers that
are thrown at random. Then pull <b>${en.samples.temperature}</b> to 2.`,
    see1: (about: About) =>
      `Nobody made these pictures. ${
        about.autoencoder
          ? `Of some you can say what they show; many are broken, for there the
network has learned nothing.`
          : `At 1.00 you can say of most what they show.`
      } At 2.00 many numbers lie further out than those of pictures: strokes grow
dark, and some of the drawings fall apart; others still go well.`,
    question1: `Why can an autoencoder not simply be asked for new pictures?`,
    answer1: `It has learned to draw at the points of its own pictures. Where
those lie, and what is between them, was never asked of it. At a point chosen by
chance it has most likely learned nothing. (β = 0 in lesson 5 trains nearly such a
network.)`,

    title2: "A distribution for each picture",
    text2: `The encoder of a VAE does not answer with a point. For each number
it gives a mean μ, “about here”, and a spread σ, “give or take so much”. So each
picture becomes a cloud around μ, a <em>distribution</em> of <i>z</i>; books call it
the posterior, <i>q</i>(<i>z</i>|<i>x</i>).`,
    do2: (about: About): string =>
      `Look at the bars of μ and σ. Then press <b>${
        en.strip.another(about)
      }</b>,
and again.`,
    see2: `Each picture has a μ of its own. σ is small in the numbers that tell
much: there the network is sure. In those that tell little it is larger, up to
about 1.`,
    question2: `A number has μ = 0 and σ = 1 for every picture. What does it
tell?`,
    answer2: `Nothing. It is the same distribution whatever the picture is, so
nobody can learn from it which picture it was. Its KL is 0.`,

    title3: "The draw",
    text3: `The decoder never sees the cloud, only one point thrown into it:
<i>z</i> = μ + σ·ε. The dice ε know nothing of the picture, and wherever the throw
lands the same picture must be drawn again. So near points become similar
pictures, and the clouds close the gaps.`,
    do3: (): string => `Press <b>${en.strip.roll}</b> ten times.`,
    see3: (about: About) =>
      `ε and <i>z</i> change; μ and σ stay. The ${
        words(about).one
      } is drawn nearly alike each time, with small differences. A number with a
small σ hardly moves. On the map, the small dots in and around the ellipse are
thirty such throws: a little cloud.`,
    question3: `Why is the decoder trained with throws, and not with μ?`,
    answer3: `With μ it would learn single points, as an autoencoder does. The
throws teach it the room around them, and from that room new pictures come.`,

    title4: "The two losses",
    text4: `Training pulls two ways. The <em>reconstruction error</em> says how
unlike the picture the drawing is; it wants small clouds, far apart. The
<em>KL</em> says how far a cloud is from the standard normal distribution, μ = 0
and σ = 1, and so how much it tells, counted in nats; it wants clouds that tell
nothing. The loss is error + β·KL.`,
    do4: (about: About): string =>
      `Watch error and KL below the picture drawn again: press <b>${en.strip.roll}</b> a few times,
then <b>${en.strip.another(about)}</b>.`,
    see4: (about: About) =>
      `A roll changes the error, never the KL: that depends on μ and σ alone. Another picture changes both.${
        about.subject === "digits"
          ? " A 1 is quickly told: it mostly costs the fewest nats."
          : ""
      }`,
    question4: `What would the network do if only the error counted? And if only
the KL did?`,
    answer4:
      `With the error alone every σ would become tiny: an autoencoder again.
With the KL alone every picture would get the same cloud, and
the decoder, told nothing, could draw only the same blur.`,

    title5: "β, the price of a nat",
    text5: `β says what a nat costs. When it is low the network tells much and
draws sharply, but its clouds are small and leave gaps. When it is high only what
helps most is worth its price: other numbers fall to a KL of 0, they
<em>collapse</em>, and what is drawn blurs.`,
    do5: (): string =>
      `Press <b>${en.train.start}</b>. After about eight epochs pull <b>β</b> to
6: it acts at once. Wait three epochs, then pull it to 0.1. If the run ends
before, press <b>${en.train.more(10)}</b>.`,
    see5: `With β at 6 the KL falls, from about 9 nats to about 1, and a bar or
two become hollow: those numbers have collapsed. The error rises, and the sixteen
pictures blur. With β at 0.1 the KL grows to about 20 nats, and the error falls.`,
    question5: `Two models have different β. Is the one with the smaller loss
better?`,
    answer5: `That cannot be said: their losses count nats at different prices.
Compare the error by itself, and the KL by itself.`,

    title6: "What the dimensions mean",
    text6: (about: About) =>
      `Nobody told the network what its numbers are for. It found what pays, and
the numbers that ${
        about.autoencoder ? "vary" : "tell"
      } most are on top. Now and then one follows something that has a name${
        about.subject === "digits" ? ", such as width or slant" : ""
      }: the name stands beside its slider. Most change several things at once.`,
    do6: (): string =>
      `Press <b>${en.point.reset}</b> and pull the slider on top from end to end,
then the lowest. Press <b>${en.point.random}</b> and do both again.`,
    see6: (about: About) =>
      `The one on top changes the ${words(about).one} most, the lowest less${
        about.hasKl ? "; where the KL is near 0, nothing changes" : ""
      }. A name says what changes most evenly from every point, seldom all that
changes: far out it may become another ${words(about).one}.`,
    question6: `How can one find out what a number does?`,
    answer6: `Keep the others, turn this one from end to end, and say what
changes; then again from other points. Only what changes in the same way each
time is its meaning. Often there is none in one word.`,

    teach: "For teachers",
    needs:
      `For pupils from about 15: no programming, and of mathematics mean and
spread. You need this one file and a browser, one device for two; no network, no
account. It works from a USB stick and sends nothing anywhere. The six lessons
take 45 minutes.`,
    print: "Print the lessons",
    printHelp: `Page 1 is the pupils' sheet, page 2 your plan with the answers:
print on one side only, or page 1 alone for the pupils.`,
    showPlan: "See the plan",
    plan: "A plan for 45 minutes",
    answers: "Answers",
    stays: "What stays",
    changes: "What changes",
    error: "Error",
    end: "In the end, one sentence each",
    end1: "What does the encoder give?",
    end2: "Why is it sampled?",
    end3: "What does β trade?",
    wordsTitle: "Words",
    words:
      `<dt>prior</dt> <dd>where <i>z</i> is drawn before there is a picture:
every number by itself from N(0, 1), the bell curve with mean 0 and spread
1.</dd>
<dt>posterior</dt> <dd>where <i>z</i> may lie for one picture: the encoder's cloud
with μ and σ.</dd>
<dt>KL</dt> <dd>Kullback–Leibler divergence: how far one distribution is from
another; here, the posterior from the prior. It is 0 where the two are alike.</dd>
<dt>nat</dt> <dd>a unit of information, like the bit. To tell which of two equally
likely things it is takes 0.69 nats (1 bit), which of ten 2.3.</dd>
<dt>R²</dt> <dd>a share from 0 to 1: how well one thing tells another. 0 is not at
all, 1 completely.</dd>
<dt>held out</dt> <dd>pictures kept aside, from which the network does not learn;
only with such one sees whether it has understood.</dd>
<dt>epoch</dt> <dd>once through all pictures that it learns from.</dd>
<dt>seed</dt> <dd>the number that the dice begin with: the same seed, the same
throws.</dd>
<dt>checkpoint</dt> <dd>a file with a network in it, to go on with later.</dd>
<dt>fingerprint</dt> <dd>a short number made of all weights of a network: two
networks with the same one are the same.</dd>`,
    minutes: "Minutes",
    teacher: "Teacher",
    pupils: "Pupils",
    place: "What is needed",

    minutes1: "0–5",
    teacher1: `Shows samples in large type: “Which of these did a person make?”
Collects guesses. Then: nobody made any of them.`,
    pupils1: "Guess, and say what makes them think so.",
    place1: (about: About) => `Projector; “${words(about).unreal}”`,
    minutes2: "5–12",
    teacher2:
      "Sketches on the board: picture → encoder → z → decoder → picture.",
    pupils2: (about: About) =>
      `In pairs: lesson 1. Then draw a ${
        words(about).one
      } on the pad, and compare it with what is drawn again.`,
    place2: "One device for two; samples, pad",
    minutes3: "12–22",
    teacher3: `Explains μ, σ and ε with the first picture; rolls once together
with all.`,
    pupils3: `Lessons 2 and 3: ten rolls, and a list of what changes and what
stays.`,
    place3: "“From picture to picture”",
    minutes4: "22–28",
    teacher4: "Writes the loss on the board, in two parts; asks question 4.",
    pupils4:
      "Lesson 4: look for the pictures with the fewest and the most nats.",
    place4: "“From picture to picture”, sheet",
    minutes5: "28–38",
    teacher5: `Forms groups with a low β, with 1 and with a high one; draws a
table for β, error and KL.`,
    pupils5: `Set their β, train, and enter the error and the KL that are said
below. Then lesson 5: change β while it learns.`,
    place5: "“Train one yourself”, board",
    minutes6: "38–43",
    teacher6: "Asks: what does the number on top do?",
    pupils6: `Lesson 6; each pair gives one number a name, and another pair
tries to refute it.`,
    place6: "Sliders",
    minutes7: "43–45",
    teacher7: (): string =>
      `Asks: “${en.lessons.end1}” “${en.lessons.end2}” “${en.lessons.end3}”`,
    pupils7: "Answer, one sentence each; the sheet goes home.",
    place7: "Sheet",
  },

  point: {
    label: (about: About) => `The ${words(about).one} at the current point`,
    canvas: (about: About) =>
      `The ${words(about).one} that the network draws at the current point`,
    class: "Class",
    random: "Random",
    reset: "Reset",
    save: "Save PNG",
    isMiddle: "Back in the middle.",
    isRandom: "Drawn at random.",
  },

  strip: {
    title: "From picture to picture",
    help: (about: About) =>
      about.autoencoder
        ? `The encoder turns a ${words(about).one} into a <b>point</b>, one
number for each dimension of <i>z</i>, and the decoder draws it again from that
point alone. There are no dice here: an autoencoder is never made to try what
lies between its points, so nothing says that a ${words(about).one} is there.
A VAE gives a distribution in place of the point, and draws from it.`
        : `The encoder does not turn a ${
          words(about).one
        } into a point, but into
a <b>distribution</b>: for each number of <i>z</i> a mean <b>μ</b> and a spread
<b>σ</b>. Dice draw <b>ε</b>, and the decoder draws the ${
          words(about).one
        } again from <b>z = μ + σ·ε</b>. Each roll gives another <i>z</i>, and from every
one of them the same ${words(about).one} should be drawn.`,
    picture: "<b><i>x</i></b> the picture",
    pictureCanvas: "The picture that is encoded",
    of: (number: number, count: number, name: string | null) =>
      `${number} of ${count}${name === null ? "" : `: ${name}`}`,
    own: "drawn or chosen",
    another: (about: About) => `Another ${words(about).one}`,
    encoder: "encoder",
    decoder: "decoder",
    spread: (about: About): string =>
      about.autoencoder ? "<b>z</b> the point" : "<b>μ ± σ</b> mean and spread",
    dice: "<b>ε</b> the dice",
    draw: "<b>z = μ + σ·ε</b> the draw",
    bars: (many: number, of: number) =>
      `What the encoder says: ${many} of ${of} numbers tell of this picture. The
values of one are below, where it can be chosen.`,
    points: (of: number) =>
      `What the encoder says: ${of} numbers. The value of one is below, where it
can be chosen.`,
    roll: "Roll",
    mean: "ε = 0: take the mean",
    again: "<b><i>x̂</i></b> drawn again",
    againCanvas: "What the decoder draws from z",
    againCaption: "from <i>z</i> alone",
    number: "One number:",
    nats: (nats: string) => `It tells ${nats} nats of this picture.`,
    loss: "What it costs",
    differenceCanvas: "Where the two pictures differ",
    error: "error",
    kl: "KL, nats",
    price: (beta: string, kl: string) => `β · KL: ${beta} · ${kl} nats`,
    total: "loss",
    mse: `The reconstruction error is the squared difference between the two
pictures, summed over the pixels.`,
    bce: `The reconstruction error is the cross-entropy of the two pictures'
pixels, in nats.`,
    klIs: `The KL says how far the distributions are from N(0, 1), and so how
much is told through them. The loss is what training makes small.`,
    lossHelp: (about: About): string =>
      `The picture beside this shows where the two differ. ${
        about.autoencoder
          ? "That error is all that it is trained on."
          : `Roll, and the error changes; the KL does not, for it depends on μ
and σ alone, not on the draw. The grey bands above are N(0, 1), where no KL is
due.`
      }`,
    conditional: `The class goes in at both ends. Choose another one, and the
same numbers are drawn as that.`,
    told: (name: string) => `class ${name}`,
    rest: (some: number, all: number) =>
      `The ${some} of ${all} numbers that tell most.`,
    said: (isMean: boolean, error: string, kl: string) =>
      `${
        isMean ? "The mean" : "A new draw"
      }: reconstruction error ${error}, KL ${kl} nats.`,
    saidPoint: (error: string) => `Drawn again with an error of ${error}.`,
  },

  sliders: {
    title: "Turn one number at a time",
    help: (about: About) =>
      `Each slider is one number of <i>z</i>. ${
        about.autoencoder
          ? `The numbers on top vary most from ${words(about).one} to ${
            words(about).one
          }.`
          : about.hasKl
          ? `The <b>KL</b> beside it is how much the network tells through it,
counted in nats: the numbers on top shape the ${words(about).one} most, and one
with a KL near zero tells nothing.`
          : `How much the network that this page was made for tells through
each is not known: no pictures were at hand.`
      } Some have a name: what they change most evenly. The page finds it by
turning the slider at 32 points and measuring what is drawn; <b>R²</b> says how
far the name holds: at 1 it does so at every point alike, and below ½ it gets no
name. “z3” is the network's third number, wherever it stands in this list.`,
    value: "value",
    kl: "KL, nats",
    name: (number: string) => `Latent dimension ${number}`,
    nameWithKl: (number: string, nats: string) =>
      `Latent dimension ${number}, KL ${nats} nats`,
    change: (factor: string, r2: string) => `${factor}, R² ${r2}`,
    factors: {
      "slant": "slant",
      "stroke width": "stroke width",
      "height": "height",
      "width": "width",
      "roundness": "roundness",
      "loops": "loops",
    },
    fewer: (count: number) => `Show the ${count} that tell most`,
    all: (count: number) => `Show all ${count}`,
  },

  pad: {
    title: (about: About) => `Draw a ${words(about).one}`,
    help: (about: About) =>
      `It is ${
        about.subject === "digits"
          ? "centred and scaled as the training digits were"
          : "scaled to 28 by 28 pixels"
      }, then encoded. The sliders jump to what the network sees in it${
        about.autoencoder
          ? ""
          : "; the bars below their tracks show\nhow sure it is, ±σ"
      }. A picture from a file is taken, too: open one, or drop it anywhere on the
page. It does not leave this machine.`,
    canvas:
      "Drawing pad: draw with mouse, pen or finger, or choose a sample below",
    draw: "Draw here",
    inputCanvas: "What the network is given: your drawing in 28 by 28 pixels",
    input: "What it is given",
    outputCanvas: "What the network draws again from its numbers",
    output: "What it draws again",
    clear: "Clear",
    /** Where the samples are from. */
    sample: {
      held: "or take a real picture",
      synthetic: "or take a synthetic digit",
      drawn: "or take what the network draws",
    },
    chooseDigit: "digit…",
    choose: "of…",
    any: "any",
    open: "Open a picture…",
    willEncode: (name: string) =>
      `What you draw is encoded as the class that is chosen: ${name}.`,
    encodedAs: (name: string) =>
      `It was encoded as ${name}. Choose another class, and the same numbers
are drawn as that.`,
    encodeAs: (name: string) => `Encode as ${name}`,
    sampleEncoded: (name: string) => `A sample of ${name} was encoded.`,
    fileEncoded: (file: string, inverted: boolean) =>
      `${file} was encoded${
        inverted ? `: dark on light, so taken as ink on paper` : ""
      }.`,
    tooLarge: "the picture is larger than 50 million pixels or 32 MB.",
    unreadable: `no PNG, JPEG, WebP or GIF picture that this browser can
read.`,
    empty: "nothing stands out from the paper in this picture.",
  },

  files: {
    open: "Open a checkpoint…",
    save: "Save as a checkpoint",
    saved: (file: string) =>
      `Saved as ${file}: the toolkit draws samples of it, trains it further, and
makes pages of it.`,
    opened: (file: string) => `You now explore the model in ${file}.`,
    refused: (file: string, reason: string) =>
      `${file} cannot be opened: ${reason}${/[.?!…]$/.test(reason) ? "" : "."}`,
    /** The reason is the file format's own, in English. */
    damaged: (reason: string) => reason,
    unreadable: "it cannot be read; folders are not opened",
    onlyFirst: (file: string) =>
      `One file at a time: of these, ${file} was opened.`,
    tooLarge: (megabytes: number) => `it is larger than ${megabytes} MB`,
    notModel: (kind: string) =>
      `it is ${kind}, not a checkpoint or weights in a safetensors file`,
    empty: "an empty file",
    notFinite: "it makes numbers that are not finite, or far too large",
    weights: (file: string, model: string) => `${file}: ${model}`,
    run: (file: string, model: string, data: string, epochs: number) =>
      `${file}: ${model}, ${data}, ${epochs} ${
        epochs === 1 ? "epoch" : "epochs"
      }`,
    model: (
      dim: number,
      loss: string,
      beta: number | null,
      classes: number,
    ) =>
      `${classes > 0 ? "conditional " : ""}${
        beta === null
          ? "autoencoder"
          : `VAE${Number.isNaN(beta) ? "" : `, β = ${beta}`}`
      }, ${classes > 0 ? `${classes} classes, ` : ""}${dim} latent ${
        dim === 1 ? "dimension" : "dimensions"
      }, ${loss === "bce" ? "cross-entropy" : "squared error"}`,
  },

  map: {
    title: "See the space from above",
    help: (about: About) =>
      `${
        about.hasMap
          ? `Each dot is a picture that the network has encoded, seen along
two of its numbers. The large dots with a rim can be opened: click on one to
see the picture, and what the network makes of it.`
          : `Two of the numbers span a plane. Of this network it has no dots:
no pictures were at hand.`
      } Click anywhere else or drag, or use the arrow keys, and the network draws what lies
there. The grid beside it shows the ${words(about).many} all over the same
plane.${
        about.hasMap
          ? ` The keys <kbd>[</kbd> and <kbd>]</kbd> step through the pictures.
A name in the legend lets one class stand alone.`
          : ""
      }`,
    conditional: (about: About): string =>
      about.hasMap
        ? `A dot that you click on gives its class, too; those of the chosen
class stand out.`
        : "",
    across: "Across",
    up: "Up",
    role: "map",
    canvas: "Map of the latent space",
    manifoldCanvas: (about: About) =>
      `The ${words(about).many} that the network draws over the same plane`,
    manifold: "What the network draws there, the other numbers as they are",
    here: (x: string, atX: string, y: string, atY: string) =>
      x === y ? `${x} is ${atX}.` : `${x} is ${atX}, ${y} is ${atY}.`,
    nearest: (name: string) => `The nearest picture is of class ${name}.`,
    dotClass: (name: string) => `The class is that of the dot: ${name}.`,
    nats: (name: string, nats: string) => `${name} (${nats} nats)`,
    marks: (about: About): string =>
      `The blue ring is the current point. Of “From picture to picture”: ${
        about.autoencoder
          ? "the dot without a colour is its picture."
          : `the ellipse reaches one σ from μ, the small dots in and around it
are thirty draws of <i>z</i>, and the larger one is the draw that is shown.`
      }`,
    legend: "Classes: choose one to see it alone",
    only: (name: string) => `Only ${name}`,
    standsAlone: (name: string) =>
      `${name} stands alone; choose it again to see all.`,
    allStand: "All classes are shown.",
    panel: "A picture, and what the network makes of it",
    imageCanvas: "The picture",
    image: "The picture",
    againCanvas: "What the network draws from the picture's mean numbers",
    again: "Drawn again from μ",
    previous: "Previous picture",
    next: "Next picture",
    noPicture: (count: number) =>
      `Choose a dot with a rim, or step through the ${count} pictures that this
page holds.`,
    picture: (number: number, name: string | null, error: string) =>
      `Picture ${number}${name === null ? "" : ` (class ${name})`}: ${error}.`,
    error: (likelihood: string, amount: string) =>
      likelihood === "mse"
        ? `drawn again with a squared error of ${amount}`
        : `drawn again with an error (cross-entropy) of ${amount} nats`,
    meanError: (count: number, amount: string) =>
      `The mean of all ${count} is ${amount}.`,
  },

  walk: {
    title: "Walk from A to B",
    help: (about: About) =>
      `Halfway between two ${
        words(about).many
      } lies a third. Keep the current point as A or B (or shift-click the map),
and play the way between them.`,
    canvas: (about: About) =>
      `Nine ${words(about).many} on the way from A to B`,
    setA: "Set A",
    setB: "Set B",
    play: "Play",
    stop: "Stop",
    isSet: (end: string) => `${end} is set.`,
    arrived: "Arrived at B; the strip shows the way.",
  },

  samples: {
    title: (about: About) => words(about).unreal,
    help: (about: About) =>
      `Draw <i>z</i> at random, and the network draws a ${
        words(about).one
      }. A low temperature keeps to the middle of the space, a high one goes out to
where few pictures lie. The same seed, the number that the dice begin with, and
the same temperature draw the same again on every screen. Choose a ${
        words(about).one
      } to go where it is.`,
    again: "New samples",
    seed: "Seed",
    save: "Save PNG",
    of: "Samples of",
    one: "the chosen class",
    all: "every class, with the same z",
    temperature: "Temperature",
    goTo: (number: number) => `Go to sample ${number}`,
    goToOf: (number: number, name: string) =>
      `Go to sample ${number} of ${name}`,
  },

  train: {
    title: "Train one yourself",
    help: `A new network, from random weights, on digits drawn by this page;
all of it on your machine. Its loss is <b>error + β · KL</b>: what the picture
drawn again is off by, and what its numbers tell of the picture, in nats. So
<b>β</b> is the price of a nat: a high one leaves few numbers in use, a low one
gives sharper pictures and opens gaps between them. At β = 0 nats are free, and
what is trained is next of kin to a plain autoencoder. Tell it the digit, and its
numbers need only say how that is written.`,
    dim: "Numbers in <i>z</i>",
    tell: "Tell it the digit",
    seed: "Seed",
    beta: "β, the price of a nat",
    betaHelp: `It acts at once: move it while the network trains, and see which
part of the loss gives way.`,
    betaOver: (epochs: number) =>
      `The run is over. Set β and press “${epochs} more epochs”, or fork from an
earlier epoch: it acts from there.`,
    start: "Train",
    again: "Train again",
    idle: "Not started.",
    starting: "Drawing digits to learn from…",
    started: "Training has started.",
    controls: "Time",
    pause: "Pause",
    goOn: "Continue",
    more: (epochs: number) => `${epochs} more epochs`,
    step: "One step",
    pace: "Pace",
    full: "as fast as it goes",
    ten: "10 steps a second",
    two: "2 steps a second",
    one: "1 step a second",
    curvesCanvas: "Loss over time",
    curves:
      `Loss per digit: <span class="key area">error</span> <span class="key
area second">β · KL</span> <span class="key held">both, of digits held out:
it does not learn from those</span>`,
    before: "the run that it forked from",
    epochZero: "epoch 0",
    epoch: "Look at epoch",
    momentOf: (epoch: string, epochs: number, isNow: boolean) =>
      isNow ? `now, in epoch ${epoch}` : `epoch ${epoch} of ${epochs}`,
    samplesCanvas: "Samples of the network in training",
    samples: "Drawn from the same sixteen points of the prior, as it learns",
    klCanvas: "KL of each number",
    kl: `The bars are the KL of each number of <i>z</i>. A hollow one: less than
a hundredth of a nat, the number has collapsed.`,
    inUse: (used: number, all: number, nats: string) =>
      `${used} of ${all} ${
        all === 1 ? "number" : "numbers"
      } in use, KL ${nats} nats.`,
    mapCanvas: "Map of digits held out, as the network places them",
    map:
      `Where it places digits held out, by two of the numbers that tell most, named at its edges. The circles are one and two σ of the prior.`,
    mapOf: (across: number, up: number) =>
      `Map of digits held out: z${across} to the right, z${up} upward`,
    fork: (epoch: string, beta: string) =>
      `Fork from epoch ${epoch} with β ${beta}`,
    explore: "Explore this model",
    keepHelp: `The slider below the loss goes back to any epoch, and so does a
click on the loss. From there a run forks: it goes on with the β that is set. Weights with the same
fingerprint are the same, bit for bit: a run with the same seed, choices and
changes of β comes to them again.`,
    fingerprint: (digest: string) => `Fingerprint of its weights: ${digest}`,
    progress: (epoch: number, epochs: number, speed: string) =>
      `Epoch ${epoch} of ${epochs}, ${speed} digits a second.`,
    resting: (epoch: number, epochs: number, step: number) =>
      `Paused in epoch ${epoch} of ${epochs}, after ${step} steps.`,
    lookingAt: (epoch: number, epochs: number, beta: string) =>
      `As it was after epoch ${epoch} of ${epochs}, at β ${beta}.`,
    reached: (epoch: string, epochs: number) => `Epoch ${epoch} of ${epochs}.`,
    done: (epochs: number) => `Trained for ${counted(epochs, "epoch")}.`,
    longer: (epochs: number) => `The run goes on to epoch ${epochs}.`,
    forked: (epoch: string, beta: string) =>
      `A run goes on from epoch ${epoch} with β ${beta}.`,
    failed: (reason: string) => `Training failed: ${reason}`,
    atOriginal: "Back at the original model.",
    atTrained: "You now explore the model that you have trained.",
    heldOut: (
      epoch: number,
      error: string,
      nats: string,
      loss: string,
      beta: string,
    ) =>
      `Digits held out, after epoch ${epoch}: error ${error}, KL ${nats} nats, loss ${loss} (β = ${beta}).`,
    notHeldOut: "Digits held out: their numbers come with the first epoch.",
    chartOf: (losses: readonly string[]) =>
      losses.length === 0
        ? "Loss over time: no epoch is done yet."
        : `Loss over time: that of digits held out goes from ${losses[0]} to ${
          losses.at(-1)
        } in ${losses.length} epochs.`,
    description: (epochs: string, dim: number, beta: string, told: boolean) =>
      `Trained in this page: ${epochs} ${
        epochs === "1" ? "epoch" : "epochs"
      }, ${counted(dim, "latent dimension")}, β ${beta}, ${
        told ? "told the digits, " : ""
      }synthetic digits`,
  },
  link: {
    copy: "Copy link",
    here: "Link to what is shown",
    replay: "Replay the run",
    copied: "The link is copied: it leads back to what is shown now.",
    copiedFile: `The link is copied. It opens this file on this computer; on
another, put what follows the # behind the address of the page there.`,
    selected: "Copy the link from the field: Ctrl+C, or ⌘C on a Mac.",
    long: "The link is longer than any of this page, and was not used.",
    cut: "The end of the link is missing; what there is of it is shown.",
    newer: `The link is of another version of this page; what could be read in
it is shown.`,
    leftOut: (keys: string) =>
      `Left out of the link, as it cannot be shown here: ${keys}.`,
    shows: (parts: readonly string[]) =>
      `Shown as in the link: ${parts.join(", ")}.`,
    parts: {
      lesson: "the lesson",
      point: "the point in the latent space",
      picture: "the picture that is followed",
      label: "the class",
      axes: "the axes of the map",
      walk: "the walk from A to B",
      samples: "the samples",
      only: "the class that stands alone",
    },
    otherModel: "The link is of another model; what fits this one is shown.",
    waits: `The link is of a model that was trained in the page: replay its run,
then explore that model.`,
    same: "The run has come to the same weights as in the link.",
    nearly: `The run has come to its end, at weights a little different from
those in the link, as browsers compute a little differently.`,
    differs: `This is the point in the link, but not quite its model: the run
came out a little different in this browser.`,
    run: (
      { seed, latentDim, beta, classCount, epochs, events, stopped }: Plan,
    ) =>
      `The link holds a training run: ${latentDim} ${
        latentDim === 1 ? "number" : "numbers"
      } in z, β ${beta}${
        events.length === 0
          ? ""
          : events.length === 1
          ? `, from step ${events[0].step} on β ${events[0].beta}`
          : `, changed ${events.length} times on the way`
      }${classCount > 0 ? ", told the classes" : ""}; ${
        stopped === null
          ? `${epochs} ${epochs === 1 ? "epoch" : "epochs"}`
          : `stopped at step ${stopped}`
      }, seed ${seed}. It trains on this machine, when asked to.`,
  },
};
