/**
 * The page in German.
 *
 * @module
 */
import type { About } from "./about.ts";
import { en, type Texts } from "./en.ts";

const EINEN = {
  digits: "Eine Ziffer",
  hiragana: "Ein Zeichen",
  clothes: "Ein Kleidungsstück",
  pictures: "Ein Bild",
};

const DAS = {
  digits: "Die Ziffer",
  hiragana: "Das Zeichen",
  clothes: "Das Kleidungsstück",
  pictures: "Das Bild",
};

const einen = ({ subject }: About) => EINEN[subject];

/** The texts by section. */
export const de: Texts = {
  page: { ...en.page, language: "Deutsch" },

  lessons: en.lessons,

  point: {
    label: (about) => `${DAS[about.subject]} am jetzigen Punkt`,
    canvas: (about) =>
      `${DAS[about.subject]}, die Zeichnung des Netzes am jetzigen Punkt`,
    class: "Klasse",
    random: "Zufall",
    reset: "Zurücksetzen",
    save: "PNG speichern",
  },

  strip: {
    title: "Von Bild zu Bild",
    help: (about) =>
      about.autoencoder
        ? `Der Encoder macht aus einem Bild einen <b>Punkt</b>, eine Zahl für
jede Dimension von <i>z</i>, und der Decoder zeichnet es aus diesem Punkt allein
neu. Würfel gibt es hier nicht: Ein Autoencoder muss nie ausprobieren, was
zwischen seinen Punkten liegt; ob dort Bilder liegen, bleibt offen. Ein VAE gibt
statt des Punktes eine Verteilung und zieht daraus.`
        : `Der Encoder macht aus einem Bild keinen Punkt, sondern eine
<b>Verteilung</b>: zu jeder Zahl von <i>z</i> einen Mittelwert <b>μ</b> und eine
Streuung <b>σ</b>. Würfel bestimmen <b>ε</b>, und der Decoder zeichnet das Bild
neu aus <b>z = μ + σ·ε</b>. Mit jedem Wurf entsteht ein anderes <i>z</i>, und
jedes muss genügen.`,
    picture: "<b><i>x</i></b> das Bild",
    pictureCanvas: "Das Bild, das codiert wird",
    of: (number, count, name) =>
      `${number} von ${count}${name === null ? "" : `: ${name}`}`,
    own: "selbst gewählt",
    another: (about) =>
      about.subject === "digits" ? "Andere Ziffer" : "Anderes Bild",
    encoder: "Encoder",
    decoder: "Decoder",
    spread: (about) =>
      about.autoencoder
        ? "<b>z</b> der Punkt"
        : "<b>μ ± σ</b> Mittelwert, Streuung",
    dice: "<b>ε</b> die Würfel",
    draw: "<b>z = μ + σ·ε</b> die Ziehung",
    bars: (many, of) =>
      `Was der Encoder sagt: ${many} von ${of} Zahlen sagen etwas über dieses
Bild. Die Werte einer Zahl stehen darunter, wo sie gewählt werden kann.`,
    points: (of) =>
      `Was der Encoder sagt: ${of} Zahlen. Der Wert einer Zahl steht darunter, wo
sie gewählt werden kann.`,
    roll: "Würfeln",
    mean: "ε = 0: der Mittelwert",
    again: "<b><i>x̂</i></b> neu gezeichnet",
    againCanvas: "Was der Decoder aus z zeichnet",
    againCaption: "nur aus <i>z</i>",
    number: "Eine Zahl:",
    nats: (nats) => `Sie sagt ${nats} Nat über dieses Bild.`,
    loss: "Was es kostet",
    differenceCanvas: "Wo die beiden Bilder sich unterscheiden",
    mse:
      "Rekonstruktionsfehler: quadrierte Abweichung, über alle Pixel summiert",
    bce: "Rekonstruktionsfehler: Kreuzentropie der Pixel, in Nat",
    kl: "KL in Nat: wie weit die Verteilungen von N(0, 1) entfernt sind",
    price: (beta, kl) =>
      `β · KL = ${beta} · ${kl} Nat: wie weit die Verteilungen von N(0, 1)
entfernt sind`,
    total: "Verlust: was das Training klein macht",
    lossHelp: (about) =>
      about.autoencoder
        ? `Die Flecken zeigen, wo er sich irrt. Nur auf diesen Fehler wird er
trainiert.`
        : `Die Flecken zeigen, wo er sich irrt. Mit jedem Wurf ändert sich der
Fehler, die KL aber nicht: Sie gehört zur ganzen Verteilung, zu μ und σ, nicht
zur einzelnen Ziehung. Die grauen Bänder sind N(0, 1); dort kostet es keine KL.`,
    conditional: `Die Klasse geht an beiden Enden ein. Wird eine andere gewählt,
so werden dieselben Zahlen als diese gezeichnet.`,
    told: (name) => `Klasse ${name}`,
    rest: (some, all) => `Die ${some} von ${all} Zahlen, die am meisten sagen.`,
    said: (isMean, error, kl) =>
      `${
        isMean ? "Der Mittelwert" : "Eine neue Ziehung"
      }: Rekonstruktionsfehler ${error}, KL ${kl} Nat.`,
    saidPoint: (error) => `Neu gezeichnet mit einem Fehler von ${error}.`,
  },

  sliders: {
    ...en.sliders,
    factors: {
      "slant": "Neigung",
      "stroke width": "Strichstärke",
      "height": "Höhe",
      "width": "Breite",
      "roundness": "Rundheit",
      "loops": "Schlaufen",
    },
  },

  pad: {
    title: (about) => `${einen(about)} zeichnen`,
    help: (about) =>
      `${
        about.subject === "digits"
          ? "Die Zeichnung wird wie die Ziffern beim Training zentriert und skaliert"
          : "Die Zeichnung wird auf 28 mal 28 Pixel verkleinert"
      } und dann codiert. Die Regler springen dorthin, wo das Netz sie sieht${
        about.autoencoder
          ? ""
          : "; die Balken unter ihnen zeigen, wie sicher es sich ist: ±σ"
      }. Auch ein Bild aus einer Datei geht: öffnen, oder irgendwo auf der Seite
fallen lassen. Es verlässt dieses Gerät nicht.`,
    canvas:
      "Zeichenfläche: mit Maus, Stift oder Finger zeichnen, oder unten ein Beispiel wählen",
    draw: "Hier zeichnen",
    inputCanvas: "Was das Netz bekommt: die Zeichnung in 28 mal 28 Pixeln",
    input: "Was es bekommt",
    outputCanvas: "Was das Netz aus seinen Zahlen wieder zeichnet",
    output: "Was es daraus zeichnet",
    clear: "Löschen",
    sample: {
      held: "oder ein echtes Bild nehmen",
      synthetic: "oder eine künstliche Ziffer nehmen",
      drawn: "oder nehmen, was das Netz zeichnet",
    },
    chooseDigit: "Ziffer…",
    choose: "Klasse…",
    any: "irgendeins",
    open: "Bild öffnen…",
    willEncode: (name) =>
      `Was gezeichnet wird, wird als die gewählte Klasse codiert: ${name}.`,
    encodedAs: (name) =>
      `Es wurde als ${name} codiert. Eine andere Klasse zeichnet aus denselben
Zahlen etwas anderes.`,
    encodeAs: (name) => `Als ${name} codieren`,
    sampleEncoded: (name) => `Ein Beispiel für ${name} wurde codiert.`,
    fileEncoded: (file, inverted) =>
      `${file} wurde codiert${
        inverted
          ? `: dunkel auf hell, also wurden Hell und Dunkel vertauscht, denn das
Netz hat Helles auf Dunklem gelernt`
          : ""
      }.`,
    tooLarge: "Das Bild hat mehr als 50 Millionen Pixel oder 32 MB.",
    unreadable: `kein PNG-, JPEG-, WebP- oder GIF-Bild, das dieser Browser lesen
kann.`,
    empty: "Auf diesem Bild hebt sich nichts vom Papier ab.",
  },

  files: {
    open: "Checkpoint öffnen…",
    save: "Als Checkpoint speichern",
    saved: (file) =>
      `Gespeichert als ${file}: Das Toolkit zieht Stichproben daraus, trainiert es
weiter und macht Seiten davon.`,
    opened: (file) => `Das Modell aus ${file} wird jetzt erkundet.`,
    refused: (file, reason) => `${file} lässt sich nicht öffnen: ${reason}.`,
    tooLarge: (megabytes) => `die Datei hat mehr als ${megabytes} MB`,
    notModel: (kind) =>
      `die Datei ist kein Checkpoint und enthält keine Gewichte im Format
safetensors (${kind})`,
    empty: "leer",
    notFinite: "das Modell ergibt Zahlen, die nicht endlich sind",
    weights: (file, model) => `${file}: ${model}`,
    run: (file, model, data, epochs) =>
      `${file}: ${model}, ${data}, ${epochs} ${
        epochs === 1 ? "Epoche" : "Epochen"
      }`,
    model: (dim, loss, beta, classes) =>
      `${
        beta === null
          ? `${classes > 0 ? "bedingter " : ""}Autoencoder`
          : `${classes > 0 ? "bedingter " : ""}VAE${
            Number.isNaN(beta) ? "" : `, β = ${beta}`
          }`
      }, ${classes > 0 ? `${classes} Klassen, ` : ""}${dim} latente ${
        dim === 1 ? "Dimension" : "Dimensionen"
      }, ${loss === "bce" ? "Kreuzentropie" : "quadratischer Fehler"}`,
  },

  map: {
    title: "Der Raum von oben",
    help: (about) =>
      `${
        about.hasMap
          ? `Jeder Punkt ist ein Bild, das das Netz codiert hat, gesehen entlang
zweier seiner Zahlen. Die Bilder der Punkte mit Rand stehen in dieser Seite: ein
Klick zeigt das Bild, und was das Netz daraus macht.`
          : `Zwei der Zahlen spannen eine Ebene auf. Von diesem Netz hat sie keine
Punkte: Es waren keine Bilder zur Hand.`
      } Ein Klick anderswohin, Ziehen oder die Pfeiltasten zeigen, was das Netz dort
zeichnet; das Raster daneben zeigt die ganze Ebene.${
        about.hasMap
          ? ` Die Tasten <kbd>[</kbd> und <kbd>]</kbd> gehen die Bilder durch.
Ein Name in der Legende stellt eine Klasse allein.`
          : ""
      }`,
    conditional: (about) =>
      about.hasMap
        ? `Ein angeklickter Punkt gibt auch seine Klasse; die Punkte der gewählten
Klasse treten hervor.`
        : "",
    across: "Nach rechts",
    up: "Nach oben",
    role: "Karte",
    canvas: "Karte des latenten Raums",
    manifoldCanvas: () => "Was das Netz über dieselbe Ebene hin zeichnet",
    manifold:
      "Was das Netz dort zeichnet; die übrigen Zahlen bleiben, wie sie sind",
    dotClass: (name) => `Die Klasse ist die des Punktes: ${name}.`,
    nats: (name, nats) => `${name} (${nats} Nat)`,
    legend: "Klassen: eine wählen, um sie allein zu sehen",
    only: (name) => `Nur ${name}`,
    standsAlone: (name) =>
      `${name} steht allein; noch einmal gewählt, sind alle zu sehen.`,
    allStand: "Alle Klassen sind zu sehen.",
    panel: "Ein Bild, und was das Netz daraus macht",
    imageCanvas: "Das Bild",
    image: "Das Bild",
    againCanvas: "Was das Netz aus den mittleren Zahlen des Bildes zeichnet",
    again: "Aus μ wieder gezeichnet",
    previous: "Voriges Bild",
    next: "Nächstes Bild",
    noPicture: (count) =>
      `Einen Punkt mit Rand wählen, oder die ${count} Bilder dieser Seite
durchgehen.`,
    picture: (number, name, error) =>
      `Bild ${number}${name === null ? "" : ` (Klasse ${name})`}: ${error}.`,
    error: (likelihood, amount) =>
      likelihood === "mse"
        ? `wieder gezeichnet mit einem quadratischen Fehler von ${amount}`
        : `wieder gezeichnet mit einem Fehler (Kreuzentropie) von ${amount} Nat`,
    meanError: (count, amount) =>
      `Der Mittelwert aller ${count} ist ${amount}.`,
  },

  walk: {
    title: "Von A nach B gehen",
    help: () =>
      `Auf halbem Weg zwischen zwei Bildern liegt ein drittes. Den Punkt,
an dem man gerade ist, als A oder B merken (oder mit der Umschalttaste in die
Karte klicken) und den Weg dazwischen abspielen.`,
    canvas: () => "Neun Bilder auf dem Weg von A nach B",
    setA: "A hier",
    setB: "B hier",
    play: "Abspielen",
    stop: "Anhalten",
    isSet: (end) => `${end} ist gesetzt.`,
    arrived: "Bei B angekommen; der Streifen zeigt den Weg.",
  },

  samples: {
    title: ({ subject }) => ({
      digits: "Ziffern, die niemand schrieb",
      hiragana: "Zeichen, die niemand schrieb",
      clothes: "Kleider, die niemand nähte",
      pictures: "Bilder, die niemand machte",
    }[subject]),
    help: () =>
      `Zieht man <i>z</i> zufällig, zeichnet das Netz dazu ein Bild. Eine
niedrige Temperatur bleibt in der Mitte des Raums, eine hohe führt an seine
Ränder. Gleicher Startwert und gleiche Temperatur ergeben auf jedem Bildschirm
dieselben Bilder. Ein Klick auf ein Bild führt an seinen Punkt.`,
    again: "Neue ziehen",
    seed: "Startwert",
    save: "PNG speichern",
    of: "Gezogen von",
    one: "der gewählten Klasse",
    all: "jeder Klasse, mit denselben z",
    temperature: "Temperatur",
    goTo: (number) => `Zum gezogenen Bild ${number}`,
    goToOf: (number, name) => `Zum gezogenen Bild ${number} von ${name}`,
  },

  train: {
    title: "Selbst eines trainieren",
    help: `Ein neues Netz, mit zufälligen Gewichten am Anfang, und Ziffern, die
diese Seite zeichnet; alles auf diesem Rechner. Sein Verlust hat zwei Teile: wie
weit das wieder gezeichnete Bild abweicht, und β mal die <b>KL</b>, die Nats,
die es mit seinen Zahlen sagt. <b>β</b> ist also der Preis eines Nats: Ist er
hoch, bleiben wenige Zahlen in Gebrauch; ist er niedrig, werden die Bilder
schärfer und der Raum rauer. Wird dem Netz gesagt, welche Ziffer es sieht,
bleiben seine Zahlen dafür, wie sie geschrieben ist.`,
    dim: "Zahlen in <i>z</i>",
    tell: "Die Ziffer verraten",
    seed: "Startwert",
    beta: "β, der Preis eines Nats",
    betaHelp:
      `Er wirkt sofort: Wird er verschoben, während das Netz lernt, zeigt
sich, welcher Teil des Verlusts nachgibt.`,
    start: "Trainieren",
    again: "Neu trainieren",
    idle: "Noch nicht begonnen.",
    starting: "Die Ziffern zum Lernen werden gezeichnet …",
    started: "Das Training hat begonnen.",
    controls: "Zeit",
    pause: "Anhalten",
    goOn: "Weiter",
    step: "Ein Schritt",
    pace: "Tempo",
    full: "so schnell es geht",
    ten: "10 Schritte je Sekunde",
    two: "2 Schritte je Sekunde",
    one: "1 Schritt je Sekunde",
    curvesCanvas: "Verlust im Lauf der Zeit",
    curves:
      `Verlust je Ziffer: <span class="key area">Bild</span> <span class="key
area second">β · KL</span> <span class="key held">beides, bei ungelernten
Ziffern</span>`,
    before: "der Lauf, von dem er abzweigt",
    epochZero: "Epoche 0",
    epoch: "Epoche ansehen",
    momentOf: (epoch, epochs, isNow) =>
      isNow ? `jetzt, in Epoche ${epoch}` : `Epoche ${epoch} von ${epochs}`,
    samplesCanvas: "Stichproben des Netzes im Training",
    samples:
      "Aus denselben sechzehn Punkten des Priors gezeichnet, während es lernt",
    klCanvas: "KL jeder Zahl",
    kl: `Nats, die jede Zahl von <i>z</i> trägt. Ein hohler Balken: weniger als
ein Hundertstel, sie ist zusammengefallen.`,
    inUse: (used, all) =>
      `${used} von ${all} ${all === 1 ? "Zahl" : "Zahlen"} in Gebrauch.`,
    mapCanvas: "Karte ungelernter Ziffern, wie das Netz sie anordnet",
    map:
      `Wo es Ziffern hinlegt, aus denen es nicht lernt, nach den beiden Zahlen,
die am meisten sagen. Die Kreise sind ein und zwei σ des Priors.`,
    mapOf: (across, up) =>
      `Karte ungelernter Ziffern: z${across} nach rechts, z${up} nach oben`,
    fork: (epoch, beta) => `Ab Epoche ${epoch} mit β ${beta} abzweigen`,
    explore: "Dieses Modell erkunden",
    keepHelp:
      `Der Regler unter dem Verlust führt zu jeder Epoche zurück. Von dort
zweigt ein Lauf ab: Er geht mit dem β weiter, das oben eingestellt ist. Gewichte
mit demselben Fingerabdruck sind dieselben, Bit für Bit: Ein Lauf mit demselben
Startwert, derselben Wahl und denselben Änderungen von β führt wieder zu ihnen.`,
    fingerprint: (digest) => `Fingerabdruck der Gewichte: ${digest}`,
    progress: (epoch, epochs, speed, engine) =>
      `Epoche ${epoch} von ${epochs}, ${speed} Ziffern je Sekunde (${engine})`,
    resting: (epoch, epochs, step) =>
      `Angehalten in Epoche ${epoch} von ${epochs}, nach ${step} Schritten.`,
    lookingAt: (epoch, epochs, beta) =>
      `So war es nach Epoche ${epoch} von ${epochs}, bei β ${beta}.`,
    reached: (epoch, epochs) => `Epoche ${epoch} von ${epochs}.`,
    done: (epochs) => `${epochs} Epochen trainiert.`,
    forked: (epoch, beta) =>
      `Ein Lauf geht ab Epoche ${epoch} mit β ${beta} weiter.`,
    failed: (reason) => `Das Training ist gescheitert: ${reason}`,
    atOriginal: "Zurück beim ursprünglichen Modell.",
    atTrained: "Zu sehen ist jetzt das Modell, das hier trainiert wurde.",
    heldOut: (loss) => `Der Verlust bei ungelernten Ziffern ist ${loss}.`,
    chartOf: (losses) =>
      losses.length === 0
        ? "Verlust im Lauf der Zeit: Noch ist keine Epoche vorbei."
        : `Verlust im Lauf der Zeit: bei ungelernten Ziffern von ${
          losses[0]
        } auf ${losses.at(-1)} in ${losses.length} Epochen.`,
    description: (epochs, dim, beta, told) =>
      `Auf dieser Seite trainiert: ${epochs} Epochen, ${dim} latente Dimensionen, β ${beta}, ${
        told ? "mit verratener Ziffer, " : ""
      }synthetische Ziffern`,
  },

  link: {
    copy: "Link kopieren",
    here: "Link auf das, was zu sehen ist",
    replay: "Training wiederholen",
    copied:
      "Der Link ist kopiert: Er führt zu dem zurück, was jetzt zu sehen ist.",
    copiedFile: `Der Link ist kopiert. Er öffnet diese Datei auf diesem Rechner;
auf einem anderen gehört der Teil ab dem # hinter die dortige Adresse der Seite.`,
    selected: "Den Link aus dem Feld kopieren: Strg+C, auf einem Mac ⌘C.",
    long: `Der Link ist länger als jeder von dieser Seite und wurde nicht
verwendet.`,
    cut: "Das Ende des Links fehlt; gezeigt wird, was davon da ist.",
    newer:
      `Der Link stammt von einer anderen Fassung dieser Seite; gezeigt wird,
was zu lesen war.`,
    leftOut: (keys) =>
      `Aus dem Link weggelassen, weil hier nicht zu zeigen: ${keys}.`,
    otherModel: `Der Link gehört zu einem anderen Modell; gezeigt wird, was zu
diesem passt.`,
    waits: `Der Link gehört zu einem Modell, das in der Seite trainiert wurde:
erst sein Training wiederholen, dann jenes Modell erkunden.`,
    differs: `Der Punkt ist der aus dem Link, das Modell nicht ganz: In diesem
Browser kam das Training ein wenig anders heraus.`,
    run: (
      { seed, latentDim, beta, classCount, epochs, events, stopped },
    ) =>
      `Der Link enthält ein Training: ${latentDim} Zahlen in z, β ${beta}${
        events.length === 0
          ? ""
          : events.length === 1
          ? `, ab Schritt ${events[0].step} β ${events[0].beta}`
          : `, unterwegs ${events.length}-mal geändert`
      }${classCount > 0 ? ", mit Angabe der Klassen" : ""}; ${
        stopped === null
          ? `${epochs} Epochen`
          : `angehalten bei Schritt ${stopped}`
      }, Startwert ${seed}. Gerechnet wird erst auf Wunsch, auf diesem Gerät.`,
  },
};
