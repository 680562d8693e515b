/**
 * The page in German.
 *
 * @module
 */
import type { About } from "./about.ts";
import type { Texts } from "./en.ts";

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
/** Nouns with their articles, as sentences need them. */
const WORDS = {
  digits: {
    of: "handgeschriebenen Ziffern",
    of4: "handgeschriebene Ziffern",
    ...{ each: "jede Ziffer", a: "eine Ziffer", the: "die Ziffer" },
    ...{ nearlyTheSame: "fast dieselbe Ziffer", many: "Ziffern" },
    other: "eine andere",
    unreal: "Ziffern, die niemand schrieb",
  },
  hiragana: {
    of: "handgeschriebenen Hiragana",
    of4: "handgeschriebene Hiragana",
    ...{ each: "jedes Zeichen", a: "ein Zeichen", the: "das Zeichen" },
    ...{ nearlyTheSame: "fast dasselbe Zeichen", many: "Zeichen" },
    other: "ein anderes",
    unreal: "Zeichen, die niemand schrieb",
  },
  clothes: {
    of: "Kleidungsstücken",
    of4: "Kleidungsstücke",
    ...{ each: "jedes Bild", a: "ein Bild", the: "das Bild" },
    ...{ nearlyTheSame: "fast dasselbe Bild", many: "Bilder" },
    other: "ein anderes",
    unreal: "Kleider, die niemand nähte",
  },
  pictures: {
    of: "Bildern",
    of4: "Bilder",
    ...{ each: "jedes Bild", a: "ein Bild", the: "das Bild" },
    ...{ nearlyTheSame: "fast dasselbe Bild", many: "Bilder" },
    other: "ein anderes",
    unreal: "Bilder, die niemand machte",
  },
};

const words = ({ subject }: About) => WORDS[subject];

/** A number with all its decimals, up to six. */
const zahl = (value: number) =>
  value.toLocaleString("de", { maximumFractionDigits: 6, useGrouping: false });

/** The texts by section. */
export const de: Texts = {
  page: {
    language: "Deutsch",
    languages: "Sprache",
    largeType: "Große Schrift",
    title: (about) => `Ein latenter Raum von ${words(about).of}`,
    lead: (about) =>
      `Ein neuronales Netz, ein ${
        about.autoencoder ? "<em>Autoencoder</em>" : "<em>β-VAE</em>"
      }, schreibt ${
        words(about).each
      } als eine Handvoll Zahlen <i>z</i> und zeichnet das Bild daraus neu. Jeder
Punkt dieses <em>latenten Raums</em> ist ein Bild; nahe Punkte ähneln sich.`,
    conditional: `Diesem Netz wird zu jedem Bild die Klasse gesagt, wenn es
liest und wenn es zeichnet. So müssen die Zahlen nicht sagen, was zu sehen ist,
nur wie es aussieht: Mit einer anderen Klasse werden dieselben Zahlen als diese
gezeichnet.`,
    describe: (
      { kind, weight, isMoved, classCount, latentDim, data, trained },
    ) => {
      const model = {
        autoencoder: "Autoencoder",
        elbo: `VAE, β = ${zahl(weight)}${
          isMoved ? " in der letzten Epoche" : ""
        }`,
        iwae: `IWAE, K = ${weight}`,
        btc: `β-TC-VAE, β = ${zahl(weight)}`,
      }[kind];
      const classes = classCount === 1 ? "1 Klasse" : `${classCount} Klassen`;
      const [count, of] = trained ?? [];
      const spans = {
        epochs: count === 1 ? "Epoche" : "Epochen",
        steps: count === 1 ? "Schritt" : "Schritte",
      };
      return [
        ...(classCount > 0 ? [`bedingter ${model}`, classes] : [model]),
        `${latentDim} latente ${latentDim === 1 ? "Dimension" : "Dimensionen"}`,
        ...(data === null
          ? []
          : [data === "synthetic" ? "synthetische Ziffern" : data]),
        of ? `${zahl(count!)} ${spans[of]}` : "importiert",
      ].join(", ");
    },
    loading: "Das Modell wird geladen …",
    back: "Zurück zum ursprünglichen Modell",
    noScript: `Diese Seite rechnet das Modell in JavaScript, und das ist hier
ausgeschaltet.`,
    failed: (reason) => `Das Modell läuft hier nicht: ${reason}`,
    wasm: "Es läuft mit WebAssembly, in einem Thread.",
    webgpu: "Es läuft mit WebGPU.",
    footer: `Gemacht mit <b>@vae/mnist</b>, einem β-VAE-Baukasten für Deno. Er
trainiert auch mit eigenen Bildern, aus einem Ordner je Klasse, und macht aus dem
Modell eine solche Seite; wie, sagt sein README.`,
    alone: `Diese Datei enthält das Modell und alles, was rechnet; sie sendet
nichts ins Internet.`,
    credit: ({ title, authors, url, license }) =>
      `Trainiert mit ${title} von ${
        authors.replaceAll(" and ", " und ")
      } (${url}), Lizenz ${license}.`,
  },

  lessons: {
    title: "Sechs Lektionen",
    paper: (about) =>
      `Wie ein Netz ${words(about).of4} zeichnen lernt: sechs Lektionen`,
    who: "Name",
    when: "Datum",
    note: (about) =>
      about.autoencoder
        ? `Das Netz dieser Seite ist selbst ein Autoencoder. Für die Lektionen 2
bis 6 unten auf der Seite einen VAE trainieren und dann ihn erkunden.`
        : "",
    intro: "Jede mit Versuch, Beobachtung und Frage.",
    do: "Versuch",
    see: "Beobachtung",
    show: "Zeigen",
    showMap: "Die Karte zeigen",
    back: "Zurück zur Lektion",
    close: "Alle sechs",
    before: "Zurück",
    after: "Weiter",

    title1: "Was einem Autoencoder fehlt",
    text1: (about) =>
      `Ein Netz liest ${
        words(about).a
      } und behält davon einige Zahlen, <i>z</i>. Ein zweites zeichnet daraus das
Bild neu. Zusammen sind sie ein <em>Autoencoder</em>. Er lernt zu jedem Bild einen
Punkt und nichts über den Raum dazwischen. ${
        about.autoencoder
          ? "Das Netz dieser Seite ist einer."
          : `Das Netz hier, ein <em>VAE</em>, hat gelernt, diesen Raum zu
füllen.`
      }`,
    do1: () =>
      `Einige Male auf <b>${de.samples.again}</b> drücken: Jedes Bild entsteht
aus zufällig gezogenen Zahlen. Dann <b>${de.samples.temperature}</b> auf 2 ziehen.`,
    see1: (about) =>
      `Diese Bilder hat niemand gemacht. ${
        about.autoencoder
          ? `Bei manchen ist zu sagen, was sie zeigen; viele sind zerrissen, denn
dort hat das Netz nichts gelernt.`
          : "Bei 1,00 ist von den meisten zu sagen, was sie zeigen."
      } Bei 2,00 liegen viele Zahlen weiter außen als die von Bildern: Striche werden
dunkel, und manche Zeichnungen zerfallen; andere gelingen noch.`,
    question1: `Warum kann man einen Autoencoder nicht einfach um neue Bilder
bitten?`,
    answer1: `Er hat gelernt, an den Punkten seiner eigenen Bilder zu zeichnen.
Wo diese liegen und was zwischen ihnen ist, wurde nie verlangt. An einem zufällig
gewählten Punkt hat er höchstwahrscheinlich nichts gelernt. (Mit β = 0 entsteht in
Lektion 5 fast ein solches Netz.)`,

    title2: "Eine Verteilung für jedes Bild",
    text2: `Der Encoder eines VAE antwortet nicht mit einem Punkt. Zu jeder Zahl
nennt er einen Mittelwert μ, „ungefähr hier“, und eine Streuung σ, „so viel mehr
oder weniger“. So wird aus jedem Bild eine Wolke um μ, eine <em>Verteilung</em>
von <i>z</i>; in Büchern heißt sie der Posterior,
<i>q</i>(<i>z</i>|<i>x</i>).`,
    do2: (about) =>
      `Die Balken von μ und σ betrachten. Dann auf
<b>${de.strip.another(about)}</b> drücken, und noch einmal.`,
    see2: `Jedes Bild hat sein eigenes μ. σ ist klein bei den Zahlen, die viel
sagen: Da ist das Netz sicher. Bei denen, die wenig sagen, ist es größer, bis
etwa 1.`,
    question2: `Eine Zahl hat bei jedem Bild μ = 0 und σ = 1. Was sagt sie?`,
    answer2: `Nichts. Die Verteilung ist immer dieselbe, also kann niemand aus
ihr erfahren, welches Bild es war. Ihre KL ist 0.`,

    title3: "Die Ziehung",
    text3: `Der Decoder sieht nie die Wolke, nur einen Punkt, der in sie
gewürfelt wurde: <i>z</i> = μ + σ·ε. Die Würfel ε wissen nichts vom Bild, und wohin
der Wurf auch fällt, dasselbe Bild soll entstehen. So werden nahe Punkte zu
ähnlichen Bildern, und die Wolken schließen die Lücken.`,
    do3: () => `Zehnmal auf <b>${de.strip.roll}</b> drücken.`,
    see3: (about) =>
      `ε und <i>z</i> ändern sich; μ und σ bleiben. Gezeichnet wird jedes Mal ${
        words(about).nearlyTheSame
      }, mit kleinen Unterschieden. Eine Zahl mit kleinem σ bewegt sich kaum. Auf
der Karte sind die kleinen Punkte in und um die Ellipse dreißig solche Würfe: eine
kleine Wolke.`,
    question3: `Warum wird der Decoder mit Würfen trainiert und nicht mit μ?`,
    answer3: `Mit μ lernte er einzelne Punkte wie ein Autoencoder. Die Würfe
lehren ihn den Raum um sie herum, und aus diesem Raum kommen neue Bilder.`,

    title4: "Die zwei Verluste",
    text4: `Das Training zieht in zwei Richtungen. Der
<em>Rekonstruktionsfehler</em> sagt, wie unähnlich die Zeichnung dem Bild ist; er
will kleine Wolken, weit voneinander. Die <em>KL</em> sagt, wie weit eine Wolke von
der Standardnormalverteilung ist, μ = 0 und σ = 1, und damit, wie viel sie sagt,
gezählt in Nat; sie will Wolken, die nichts sagen. Der Verlust ist Fehler + β·KL.`,
    do4: (about) =>
      `Fehler und KL unter dem neu gezeichneten Bild beobachten: einige Male auf
<b>${de.strip.roll}</b> drücken, dann auf <b>${de.strip.another(about)}</b>.`,
    see4: (about) =>
      `Ein Wurf ändert den Fehler, nie die KL: Die hängt allein von μ und σ ab.
Ein anderes Bild ändert beides.${
        about.subject === "digits"
          ? " Eine 1 ist schnell gesagt: Sie kostet meist die wenigsten Nat."
          : ""
      }`,
    question4:
      `Was täte das Netz, wenn nur der Fehler zählte? Und wenn nur die KL
zählte?`,
    answer4:
      `Zählte nur der Fehler, würde jedes σ winzig: wieder ein Autoencoder. Zählte nur die KL, bekäme jedes Bild dieselbe Wolke, und der Decoder,
der nichts erfährt, könnte nur immer denselben Fleck zeichnen.`,

    title5: "β, der Preis eines Nat",
    text5: `β sagt, was ein Nat kostet. Ist es klein, so sagt das Netz viel und
zeichnet scharf, aber seine Wolken sind klein und lassen Lücken. Ist es groß, so
ist nur das seinen Preis wert, was am meisten hilft: Andere Zahlen fallen auf eine
KL von 0, sie <em>kollabieren</em>, und was gezeichnet wird, verschwimmt.`,
    do5: () =>
      `Auf <b>${de.train.start}</b> drücken. Nach etwa acht Epochen das
<b>β</b> auf 6 ziehen: Es wirkt sofort. Drei Epochen abwarten, dann auf 0,1 ziehen.
Ist der Lauf vorher zu Ende, auf <b>${de.train.more(10)}</b> drücken.`,
    see5: `Bei β = 6 fällt die KL von etwa 9 Nat auf etwa 1, und ein oder zwei
Balken werden hohl: Diese Zahlen sind kollabiert. Der Fehler steigt, und die
sechzehn Bilder verschwimmen. Bei β = 0,1 wächst die KL auf etwa 20 Nat, und der
Fehler fällt.`,
    question5: `Zwei Modelle haben verschiedene β. Ist das mit dem kleineren
Verlust besser?`,
    answer5: `Das lässt sich nicht sagen: Ihre Verluste zählen Nat zu
verschiedenen Preisen. Zu vergleichen sind der Fehler für sich und die KL für
sich.`,

    title6: "Was die Dimensionen bedeuten",
    text6: (about) =>
      `Niemand hat dem Netz gesagt, wofür seine Zahlen da sind. Es fand, was
sich lohnt, und die Zahlen, die am meisten ${
        about.autoencoder ? "schwanken" : "sagen"
      }, stehen oben. Hin und wieder folgt eine etwas mit einem Namen${
        about.subject === "digits" ? ", etwa Breite oder Neigung" : ""
      }: Der Name steht neben ihrem Regler. Die meisten ändern mehreres zugleich.`,
    do6: () =>
      `Auf <b>${de.point.reset}</b> drücken und den obersten Regler von einem
Ende zum anderen ziehen, dann den untersten. Auf <b>${de.point.random}</b>
drücken und beides wiederholen.`,
    see6: (about) =>
      `Der oberste ändert ${words(about).the} am meisten, der unterste weniger${
        about.hasKl ? "; wo die KL fast 0 ist, ändert sich nichts" : ""
      }. Ein Name sagt, was sich von jedem Punkt aus am gleichmäßigsten ändert,
selten alles, was sich ändert: Weit außen kann ${
        words(about).other
      } daraus werden.`,
    question6: "Wie findet man heraus, was eine Zahl tut?",
    answer6: `Die anderen festhalten, diese eine von einem Ende zum anderen
drehen und sagen, was sich ändert; dann ebenso von anderen Punkten aus. Nur was
sich jedes Mal gleich ändert, ist ihre Bedeutung. Oft gibt es keine in einem
Wort.`,

    teach: "Für Lehrkräfte",
    needs: `Ab etwa 15 Jahren: ohne Programmieren, von der Mathematik nur
Mittelwert und Streuung. Nötig sind diese eine Datei und ein Browser, ein Gerät
für zwei; kein Netz, kein Konto. Sie läuft von einem USB-Stick und sendet nichts ins
Internet. Die sechs Lektionen dauern 45 Minuten.`,
    print: "Lektionen drucken",
    printHelp: `Seite 1 ist das Blatt für die Klasse, Seite 2 der Plan mit den
Antworten: einseitig drucken, oder für die Klasse nur Seite 1.`,
    showPlan: "Zum Plan",
    plan: "Ein Plan für 45 Minuten",
    answers: "Antworten",
    stays: "Was bleibt",
    changes: "Was sich ändert",
    error: "Fehler",
    end: "Zum Schluss, je ein Satz",
    end1: "Was liefert der Encoder?",
    end2: "Warum wird gezogen?",
    end3: "Was wiegt β gegeneinander ab?",
    wordsTitle: "Wörter",
    words:
      `<dt>Prior</dt> <dd>woher <i>z</i> gezogen wird, bevor es ein Bild gibt:
jede Zahl für sich aus N(0, 1), der Glockenkurve mit Mittelwert 0 und Streuung
1.</dd>
<dt>Posterior</dt> <dd>wo <i>z</i> für ein bestimmtes Bild liegen kann: die Wolke
des Encoders mit μ und σ.</dd>
<dt>KL</dt> <dd>Kullback-Leibler-Divergenz: wie weit eine Verteilung von einer
anderen entfernt ist, hier der Posterior vom Prior. Sind beide gleich, ist sie
0.</dd>
<dt>Nat</dt> <dd>eine Einheit für Information, wie das Bit. Zu sagen, welches von
zwei gleich wahrscheinlichen Dingen es ist, braucht 0,69 Nat (1 Bit), welches von
zehn 2,3.</dd>
<dt>R²</dt> <dd>ein Anteil von 0 bis 1: wie gut sich eines aus einem anderen ergibt.
0 heißt gar nicht, 1 vollständig.</dd>
<dt>zurückgehalten</dt> <dd>Bilder, aus denen das Netz nicht lernt; nur an solchen
zeigt sich, ob es verstanden hat.</dd>
<dt>Epoche</dt> <dd>einmal durch alle Bilder, aus denen es lernt.</dd>
<dt>Startwert</dt> <dd>die Zahl, mit der die Würfel beginnen: gleicher Startwert,
gleiche Würfe.</dd>
<dt>Checkpoint</dt> <dd>eine Datei mit einem Netz darin, um später damit
weiterzumachen.</dd>
<dt>Fingerabdruck</dt> <dd>eine kurze Zahl aus allen Gewichten eines Netzes: Zwei
Netze mit demselben sind gleich.</dd>`,
    minutes: "Minuten",
    teacher: "Lehrkraft",
    pupils: "Klasse",
    place: "Was gebraucht wird",

    minutes1: "0–5",
    teacher1: `Zeigt Stichproben in großer Schrift: „Welche davon hat ein Mensch
gemacht?“ Sammelt Vermutungen. Dann: keine davon.`,
    pupils1: "Vermutet und begründet.",
    place1: (about) => `Beamer; „${de.samples.title(about)}“`,
    minutes2: "5–12",
    teacher2: "Skizziert an der Tafel: Bild → Encoder → z → Decoder → Bild.",
    pupils2: (about) =>
      `Zu zweit: Lektion 1. Dann ${
        words(about).a
      } zeichnen und damit vergleichen, was daraus neu gezeichnet wird.`,
    place2: "Ein Gerät für zwei; Stichproben, Zeichenfeld",
    minutes3: "12–22",
    teacher3: `Erklärt μ, σ und ε am ersten Bild; würfelt einmal gemeinsam mit
allen.`,
    pupils3: `Lektionen 2 und 3: zehn Würfe und eine Liste dessen, was sich
ändert und was bleibt.`,
    place3: "„Von Bild zu Bild“",
    minutes4: "22–28",
    teacher4:
      "Schreibt den Verlust in zwei Teilen an die Tafel; stellt Frage 4.",
    pupils4: `Lektion 4: die Bilder mit den wenigsten und den meisten Nat
suchen.`,
    place4: "„Von Bild zu Bild“; das Blatt",
    minutes5: "28–38",
    teacher5: `Bildet Gruppen mit kleinem β, mit 1 und mit großem; zeichnet eine
Tabelle für β, Fehler und KL.`,
    pupils5:
      `Stellt das eigene β ein, trainiert und trägt Fehler und KL ein, die
darunter stehen. Dann Lektion 5: β während des Lernens ändern.`,
    place5: "„Selbst eines trainieren“; die Tafel",
    minutes6: "38–43",
    teacher6: "Fragt: Was tut die oberste Zahl?",
    pupils6: `Lektion 6; jedes Paar gibt einer Zahl einen Namen, ein anderes
versucht, ihn zu widerlegen.`,
    place6: "Die Regler",
    minutes7: "43–45",
    teacher7: () =>
      `Fragt: „${de.lessons.end1}“ „${de.lessons.end2}“ „${de.lessons.end3}“`,
    pupils7: "Antwortet in je einem Satz; das Blatt geht mit nach Hause.",
    place7: "Das Blatt",
  },

  point: {
    label: (about) => `${DAS[about.subject]} am jetzigen Punkt`,
    canvas: (about) =>
      `${DAS[about.subject]}, die Zeichnung des Netzes am jetzigen Punkt`,
    class: "Klasse",
    random: "Zufall",
    reset: "Zurücksetzen",
    save: "PNG speichern",
    isMiddle: "Zurück in der Mitte.",
    isRandom: "Zufällig gezogen.",
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
neu aus <b>z = μ + σ·ε</b>. Jeder Wurf gibt ein anderes <i>z</i>, und aus jedem
sollte dasselbe Bild entstehen.`,
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
    error: "Fehler",
    kl: "KL, Nat",
    price: (beta, kl) => `β · KL: ${beta} · ${kl} Nat`,
    total: "Verlust",
    mse: `Der Rekonstruktionsfehler ist die quadrierte Abweichung der beiden
Bilder, über alle Pixel summiert.`,
    bce: `Der Rekonstruktionsfehler ist die Kreuzentropie der Pixel beider
Bilder, in Nat.`,
    klIs: `Die KL sagt, wie weit die Verteilungen von N(0, 1) entfernt sind, und
damit, wie viel durch sie mitgeteilt wird. Den Verlust macht das Training klein.`,
    lossHelp: (about) =>
      `Das Bild daneben zeigt, wo die beiden sich unterscheiden. ${
        about.autoencoder
          ? "Nur auf diesen Fehler wird er trainiert."
          : `Mit jedem Wurf ändert sich der Fehler, die KL aber nicht: Sie hängt
nur von μ und σ ab, nicht von der Ziehung. Die grauen Bänder oben sind N(0, 1);
dort kostet es keine KL.`
      }`,
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
    title: "Eine Zahl nach der anderen verstellen",
    help: (about) =>
      `Jeder Regler ist eine Zahl von <i>z</i>. ${
        about.autoencoder
          ? `Die oberen Zahlen unterscheiden sich von Bild zu Bild am meisten.`
          : about.hasKl
          ? `Die <b>KL</b> daneben sagt, wie viel das Netz mit ihr mitteilt,
gezählt in Nat: Die oberen Zahlen bestimmen das Bild am meisten; eine mit einer KL
nahe null sagt nichts.`
          : `Wie viel das Netz, für das diese Seite gemacht wurde, mit jeder
mitteilt, ist nicht bekannt: Es waren keine Bilder zur Hand.`
      } Manche haben einen Namen: das, was sie am gleichmäßigsten ändern. Die
Seite findet ihn, indem sie den Regler an 32 Punkten verstellt und die Bilder
vermisst; <b>R²</b> sagt, wie weit der Name stimmt: bei 1 an jedem Punkt gleich, und
unter ½ gibt es keinen Namen. „z3“ ist die dritte Zahl des Netzes, wo immer sie in
dieser Liste steht.`,
    value: "Wert",
    kl: "KL, Nat",
    name: (number) => `Latente Dimension ${number}`,
    nameWithKl: (number, nats) => `Latente Dimension ${number}, KL ${nats} Nat`,
    change: (factor, r2) => `${factor}, R² ${r2}`,
    fewer: (count) => `Die ${count} zeigen, die am meisten mitteilen`,
    all: (count) => `Alle ${count} zeigen`,
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
          ? `: Dunkles auf Hellem, also als Tinte auf Papier genommen`
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
    damaged: () =>
      "die Datei ist beschädigt oder enthält kein Modell, das diese Seite kennt",
    unreadable: "die Datei ist nicht lesbar; Ordner lassen sich nicht öffnen",
    onlyFirst: (file) => `Bitte einzeln: Von diesen wurde ${file} geöffnet.`,
    tooLarge: (megabytes) => `die Datei hat mehr als ${megabytes} MB`,
    notModel: () =>
      `die Datei ist kein Checkpoint und enthält keine Gewichte im Format
safetensors`,
    empty: "eine leere Datei",
    notFinite: `das Modell ergibt Zahlen, die nicht endlich oder viel zu groß
sind`,
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
            Number.isNaN(beta) ? "" : `, β = ${zahl(beta)}`
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
zweier seiner Zahlen. Die großen Punkte mit Rand lassen sich öffnen: Ein
Klick zeigt das Bild, und was das Netz daraus macht.`
          : `Zwei der Zahlen spannen eine Ebene auf. Von diesem Netz hat sie keine
Punkte: Es waren keine Bilder zur Hand.`
      } Ein Klick anderswohin, Ziehen oder die Pfeiltasten zeigen, was das Netz dort
zeichnet; das Raster daneben zeigt die ganze Ebene.${
        about.hasMap
          ? ` Die Tasten <kbd>[</kbd> und <kbd>]</kbd> gehen die Bilder durch.
Ein Name in der Legende zeigt eine Klasse allein.`
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
    here: (x, atX, y, atY) =>
      x === y ? `${x} ist ${atX}.` : `${x} ist ${atX}, ${y} ist ${atY}.`,
    nearest: (name) => `Das nächste Bild ist von der Klasse ${name}.`,
    dotClass: (name) => `Die Klasse ist die des Punktes: ${name}.`,
    nats: (name, nats) => `${name} (${nats} Nat)`,
    marks: (about) =>
      `Der blaue Ring ist der jetzige Punkt. Aus „Von Bild zu Bild“: ${
        about.autoencoder
          ? "Der Punkt ohne Farbe ist dessen Bild."
          : `Die Ellipse reicht ein σ weit von μ, die kleinen Punkte in ihr und um
sie sind dreißig Ziehungen von <i>z</i>, und der größere ist die gezeigte.`
      }`,
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
niedrige Temperatur bleibt in der Mitte des Raums, eine hohe führt dorthin, wo
wenige Bilder liegen. Gleicher Startwert, die Zahl, mit der die Würfel beginnen,
und gleiche Temperatur ergeben auf jedem Bildschirm
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
diese Seite zeichnet; alles auf diesem Rechner. Sein Verlust ist <b>Fehler
+ β · KL</b>: wie weit das wieder gezeichnete Bild abweicht, und was die Zahlen
vom Bild sagen, in Nat. <b>β</b> ist also der Preis eines Nat: Ist es hoch,
bleiben wenige Zahlen in Gebrauch; ist es niedrig, werden die Bilder schärfer,
und zwischen ihnen öffnen sich Lücken. Bei β = 0 kosten Nat nichts; was dann
lernt, ist mit einem gewöhnlichen Autoencoder nah verwandt. Wird dem Netz die
Ziffer verraten, müssen die Zahlen nur noch sagen, wie sie geschrieben ist.`,
    dim: "Zahlen in <i>z</i>",
    tell: "Die Ziffer verraten",
    seed: "Startwert",
    beta: "β, der Preis eines Nat",
    betaHelp:
      `Es wirkt sofort: Wird es verschoben, während das Netz lernt, zeigt
sich, welcher Teil des Verlusts nachgibt.`,
    betaOver: (epochs) =>
      `Der Lauf ist zu Ende. Erst β einstellen, dann „${epochs} Epochen mehr“
drücken oder von einer früheren Epoche abzweigen: Von dort an wirkt es.`,
    start: "Trainieren",
    again: "Neu trainieren",
    idle: "Noch nicht begonnen.",
    starting: "Die Ziffern zum Lernen werden gezeichnet …",
    started: "Das Training hat begonnen.",
    controls: "Zeit",
    pause: "Anhalten",
    goOn: "Weiter",
    more: (epochs) => `${epochs} Epochen mehr`,
    step: "Ein Schritt",
    pace: "Tempo",
    full: "so schnell es geht",
    ten: "10 Schritte je Sekunde",
    two: "2 Schritte je Sekunde",
    one: "1 Schritt je Sekunde",
    curvesCanvas: "Verlust im Lauf der Zeit",
    curves: `Verlust je Ziffer: <span class="key area">Fehler</span> <span
class="key area second">β · KL</span> <span class="key held">beides, bei
zurückgehaltenen Ziffern: Aus ihnen lernt es nicht</span>`,
    before: "der Lauf, von dem er abzweigt",
    epochZero: "Epoche 0",
    epoch: "Epoche ansehen",
    momentOf: (epoch, epochs, isNow) =>
      isNow ? `jetzt, in Epoche ${epoch}` : `Epoche ${epoch} von ${epochs}`,
    samplesCanvas: "Stichproben des Netzes im Training",
    samples:
      "Aus denselben sechzehn Punkten des Priors gezeichnet, während es lernt",
    klCanvas: "KL jeder Zahl",
    kl: `Die Balken sind die KL jeder Zahl von <i>z</i>. Ein hohler: weniger als
ein hundertstel Nat, die Zahl ist kollabiert.`,
    inUse: (used, all, nats) =>
      `${used} von ${all} ${
        all === 1 ? "Zahl" : "Zahlen"
      } in Gebrauch, KL ${nats} Nat.`,
    mapCanvas: "Karte zurückgehaltener Ziffern, wie das Netz sie anordnet",
    map: `Wo es zurückgehaltene Ziffern hinlegt, nach zweien der Zahlen, die am
meisten sagen (am Rand genannt). Die Kreise sind ein und zwei σ des Priors.`,
    mapOf: (across, up) =>
      `Karte zurückgehaltener Ziffern: z${across} nach rechts, z${up} nach oben`,
    fork: (epoch, beta) => `Ab Epoche ${epoch} mit β ${beta} abzweigen`,
    explore: "Dieses Modell erkunden",
    keepHelp:
      `Der Regler unter dem Verlust führt zu jeder Epoche zurück, ein Klick auf
den Verlust auch. Von dort zweigt ein Lauf ab: Er geht mit dem eingestellten β
weiter. Gewichte
mit demselben Fingerabdruck sind dieselben, Bit für Bit: Ein Lauf mit demselben
Startwert, derselben Wahl und denselben Änderungen von β führt wieder zu ihnen.`,
    fingerprint: (digest) => `Fingerabdruck der Gewichte: ${digest}`,
    progress: (epoch, epochs, speed) =>
      `Epoche ${epoch} von ${epochs}, ${speed} Ziffern je Sekunde.`,
    resting: (epoch, epochs, step) =>
      `Angehalten in Epoche ${epoch} von ${epochs}, nach ${step} Schritten.`,
    lookingAt: (epoch, epochs, beta) =>
      `So war es nach Epoche ${epoch} von ${epochs}, bei β ${beta}.`,
    reached: (epoch, epochs) => `Epoche ${epoch} von ${epochs}.`,
    done: (epochs) =>
      `${epochs} ${epochs === 1 ? "Epoche" : "Epochen"} trainiert.`,
    longer: (epochs) => `Der Lauf geht bis Epoche ${epochs} weiter.`,
    forked: (epoch, beta) =>
      `Ein Lauf geht ab Epoche ${epoch} mit β ${beta} weiter.`,
    failed: (reason) => `Das Training ist gescheitert: ${reason}`,
    atOriginal: "Zurück beim ursprünglichen Modell.",
    atTrained: "Zu sehen ist jetzt das Modell, das hier trainiert wurde.",
    heldOut: (epoch, error, nats, loss, beta) =>
      `Zurückgehaltene Ziffern, nach Epoche ${epoch}: Fehler ${error}, KL ${nats} Nat, Verlust ${loss} (β = ${beta}).`,
    notHeldOut:
      "Zurückgehaltene Ziffern: Ihre Zahlen kommen mit der ersten Epoche.",
    chartOf: (losses) =>
      losses.length === 0
        ? "Verlust im Lauf der Zeit: Noch ist keine Epoche vorbei."
        : `Verlust im Lauf der Zeit: bei zurückgehaltenen Ziffern von ${
          losses[0]
        } auf ${losses.at(-1)} in ${losses.length} Epochen.`,
    description: (epochs, dim, beta, told) =>
      `Auf dieser Seite trainiert: ${epochs} ${
        epochs === "1" ? "Epoche" : "Epochen"
      }, ${dim} latente ${
        dim === 1 ? "Dimension" : "Dimensionen"
      }, β ${beta}, ${
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
    shows: (parts) => `Gezeigt wie im Link: ${parts.join(", ")}.`,
    parts: {
      lesson: "die Lektion",
      point: "der Punkt im latenten Raum",
      picture: "das verfolgte Bild",
      label: "die Klasse",
      axes: "die Achsen der Karte",
      walk: "der Weg von A nach B",
      samples: "die Stichproben",
      only: "die allein gestellte Klasse",
    },
    otherModel: `Der Link gehört zu einem anderen Modell; gezeigt wird, was zu
diesem passt.`,
    waits: `Der Link gehört zu einem Modell, das in der Seite trainiert wurde:
erst sein Training wiederholen, dann jenes Modell erkunden.`,
    same: "Das Training ist bei denselben Gewichten wie im Link angekommen.",
    nearly: `Das Training ist am Ende, bei Gewichten, die ein wenig von denen im
Link abweichen: Browser rechnen ein wenig verschieden.`,
    differs: `Der Punkt ist der aus dem Link, das Modell nicht ganz: In diesem
Browser kam das Training ein wenig anders heraus.`,
    run: (
      { seed, latentDim, beta, classCount, epochs, events, stopped },
    ) =>
      `Der Link enthält ein Training: ${latentDim} ${
        latentDim === 1 ? "Zahl" : "Zahlen"
      } in z, β ${zahl(beta)}${
        events.length === 0
          ? ""
          : events.length === 1
          ? `, ab Schritt ${events[0].step} β ${zahl(events[0].beta)}`
          : `, unterwegs ${events.length}-mal geändert`
      }${classCount > 0 ? ", mit Angabe der Klassen" : ""}; ${
        stopped === null
          ? `${epochs} ${epochs === 1 ? "Epoche" : "Epochen"}`
          : `angehalten bei Schritt ${stopped}`
      }, Startwert ${seed}. Gerechnet wird erst auf Wunsch, auf diesem Gerät.`,
  },
};
