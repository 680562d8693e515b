/**
 * The page in English: the table that translations follow.
 *
 * What a section's elements say is a string of HTML, or a function of what the
 * model is; what the program says is a function of what it speaks of.
 *
 * @module
 */
import type { Plan } from "../page/plan.ts";
import type { About } from "./about.ts";

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
    title: (about: About) => `A latent space of ${words(about).of}`,
    lead: (about: About) =>
      `A neural network, ${
        about.autoencoder ? "an <em>autoencoder</em>" : "a <em>β-VAE</em>"
      }, has learned to write each picture${
        about.subject === "digits" ? " of a digit" : ""
      } as a handful of numbers <i>z</i>, and to draw the picture again from
those numbers alone. Every point of this <em>latent space</em> is a picture, and
nearby points are similar pictures. Move about in it: nothing here is stored,
each ${words(about).one} is drawn by the network as you ask for it.`,
    conditional: `This network is told the class of each picture, when it
reads and when it draws. So the numbers need not say what is shown, only how:
choose another class, and the same numbers are drawn as that.`,
    loading: "Loading the model…",
    back: "Back to the original",
    noScript: `This page runs the model in JavaScript, which is turned off
here.`,
    failed: (reason: string) => `The model cannot be run here: ${reason}`,
    engine: (name: string, description: string) =>
      `It runs on ${name}: ${description}.`,
    footer: "Made with <b>@vae/mnist</b>, a β-VAE toolkit for Deno.",
    alone: `This file holds the model and its engine, and sends nothing
anywhere.`,
    credit: (title: string, authors: string, url: string, license: string) =>
      `Trained on ${title} by ${authors} (${url}), licence ${license}.`,
  },

  lessons: {},

  point: {
    label: (about: About) => `The ${words(about).one} at the current point`,
    canvas: (about: About) =>
      `The ${words(about).one} that the network draws at the current point`,
    class: "Class",
    random: "Random",
    reset: "Reset",
    save: "Save PNG",
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
        } again from <b>z = μ + σ·ε</b>. Roll: each draw is another <i>z</i>, and all
of them must do.`,
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
    mse: "reconstruction error: the squared difference, summed over the pixels",
    bce: "reconstruction error: the cross-entropy of the pixels, in nats",
    kl: "KL, in nats: how far the distributions are from N(0, 1)",
    price: (beta: string, kl: string) =>
      `β · KL = ${beta} · ${kl} nats: how far the distributions are from N(0, 1)`,
    total: "loss: what training makes small",
    lossHelp: (about: About): string =>
      about.autoencoder
        ? `The spots show where it errs. That error is all that it is
trained on.`
        : `The spots show where it errs. Roll, and the error changes; the KL does
not, for it is of the whole distribution: of μ and σ, not of the draw. The grey
bands are N(0, 1), where no KL is due.`,
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
in nats of 1.44 bits: the numbers on top shape the ${words(about).one}, those
near zero were left unused.`
          : `How much the network that this page was made for tells through
each is not known: no pictures were at hand.`
      } Beside some stands what an eye sees change. It is measured on
${words(about).many} decoded along the slider from 32 points; <b>R²</b> is the
share of these changes that the slider explains: at 1 it does the same to all.`,
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
        inverted
          ? `: dark on light, so light and dark were exchanged, as the network
has learned light on dark`
          : ""
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
      `${file} cannot be opened: ${reason}.`,
    tooLarge: (megabytes: number) => `it is larger than ${megabytes} MB`,
    notModel: (kind: string) =>
      `it is ${kind}, not a checkpoint or weights in a safetensors file`,
    empty: "an empty file",
    notFinite: "it makes numbers that are not finite",
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
two of its numbers; those with a rim are in this page: click on one to see it,
and what the network makes of it.`
          : `Two of the numbers span a plane. Of this network it has no dots:
no pictures were at hand.`
      } Click anywhere else or drag, or use the arrow keys, to be drawn what lies
there; the grid beside it shows the ${words(about).many} all over the same
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
    dotClass: (name: string) => `The class is that of the dot: ${name}.`,
    nats: (name: string, nats: string) => `${name} (${nats} nats)`,
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
      }. A low temperature keeps to the middle of the space, a high one leaves
the beaten track. The same seed and temperature draw the same again, on every
screen. Choose a ${words(about).one} to go where it is.`,
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
all of it on your machine. Its loss has two parts: what the picture drawn again
is off by, and β times the <b>KL</b>, the nats that it tells through its numbers.
So <b>β</b> is the price of a nat: a high one leaves few numbers in use, a low
one gives sharper pictures and a rougher space. Told which digit it sees, the
network keeps its numbers for how that is written.`,
    dim: "Numbers in <i>z</i>",
    tell: "Tell it the digit",
    seed: "Seed",
    beta: "β, the price of a nat",
    betaHelp: `It acts at once: move it while the network trains, and see which
part of the loss gives way.`,
    start: "Train",
    again: "Train again",
    idle: "Not started.",
    starting: "Drawing digits to learn from…",
    started: "Training has started.",
    controls: "Time",
    pause: "Pause",
    goOn: "Continue",
    step: "One step",
    pace: "Pace",
    full: "as fast as it goes",
    ten: "10 steps a second",
    two: "2 steps a second",
    one: "1 step a second",
    curvesCanvas: "Loss over time",
    curves:
      `Loss per digit: <span class="key area">picture</span> <span class="key
area second">β · KL</span> <span class="key held">both, of digits held
out</span>`,
    before: "the run that it forked from",
    epochZero: "epoch 0",
    epoch: "Look at epoch",
    momentOf: (epoch: string, epochs: number, isNow: boolean) =>
      isNow ? `now, in epoch ${epoch}` : `epoch ${epoch} of ${epochs}`,
    samplesCanvas: "Samples of the network in training",
    samples: "Drawn from the same sixteen points of the prior, as it learns",
    klCanvas: "KL of each number",
    kl: `Nats told through each number of <i>z</i>. A hollow bar: less than a
hundredth, it has collapsed.`,
    inUse: (used: number, all: number) =>
      `${used} of ${all} ${all === 1 ? "number" : "numbers"} in use.`,
    mapCanvas: "Map of digits held out, as the network places them",
    map: `Where it places digits that it does not learn from, by the two numbers
that tell most. The circles are one and two σ of the prior.`,
    mapOf: (across: number, up: number) =>
      `Map of digits held out: z${across} to the right, z${up} upward`,
    fork: (epoch: string, beta: number) =>
      `Fork from epoch ${epoch} with β ${beta}`,
    explore: "Explore this model",
    keepHelp: `The slider below the loss goes back to any epoch. From there a
run forks: it goes on with the β that is set above. Weights with the same
fingerprint are the same, bit for bit: a run with the same seed, choices and
changes of β comes to them again.`,
    fingerprint: (digest: string) => `Fingerprint of its weights: ${digest}`,
    progress: (epoch: number, epochs: number, speed: string, engine: string) =>
      `Epoch ${epoch} of ${epochs}, ${speed} digits a second (${engine})`,
    resting: (epoch: number, epochs: number, step: number) =>
      `Paused in epoch ${epoch} of ${epochs}, after ${step} steps.`,
    lookingAt: (epoch: number, epochs: number, beta: number) =>
      `As it was after epoch ${epoch} of ${epochs}, at β ${beta}.`,
    reached: (epoch: string, epochs: number) => `Epoch ${epoch} of ${epochs}.`,
    done: (epochs: number) => `Trained for ${epochs} epochs.`,
    forked: (epoch: string, beta: number) =>
      `A run goes on from epoch ${epoch} with β ${beta}.`,
    failed: (reason: string) => `Training failed: ${reason}`,
    atOriginal: "Back at the original model.",
    atTrained: "You now explore the model that you have trained.",
    heldOut: (loss: string) => `The loss of digits held out is ${loss}.`,
    chartOf: (losses: readonly string[]) =>
      losses.length === 0
        ? "Loss over time: no epoch is done yet."
        : `Loss over time: that of digits held out goes from ${losses[0]} to ${
          losses.at(-1)
        } in ${losses.length} epochs.`,
    description: (epochs: string, dim: number, beta: number, told: boolean) =>
      `Trained in this page: ${epochs} epochs, ${dim} latent dimensions, β ${beta}, ${
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
    otherModel: "The link is of another model; what fits this one is shown.",
    waits: `The link is of a model that was trained in the page: replay its run,
then explore that model.`,
    differs: `This is the point in the link, but not quite its model: the run
came out a little different in this browser.`,
    run: (
      { seed, latentDim, beta, classCount, epochs, events, stopped }: Plan,
    ) =>
      `The link holds a training run: ${latentDim} numbers in z, β ${beta}${
        events.length === 0
          ? ""
          : events.length === 1
          ? `, from step ${events[0].step} on β ${events[0].beta}`
          : `, changed ${events.length} times on the way`
      }${classCount > 0 ? ", told the classes" : ""}; ${
        stopped === null ? `${epochs} epochs` : `stopped at step ${stopped}`
      }, seed ${seed}. It trains on this machine, when asked to.`,
  },
};
