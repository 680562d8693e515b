/**
 * The page in German.
 *
 * @module
 */
import { en, type Texts } from "./en.ts";

/** The texts by section. */
export const de: Texts = {
  page: { ...en.page, language: "Deutsch" },

  lessons: en.lessons,

  point: en.point,

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

  pad: en.pad,

  map: en.map,

  walk: en.walk,

  samples: en.samples,

  train: en.train,
};
