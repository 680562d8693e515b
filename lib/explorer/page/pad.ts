/// <reference lib="dom" />
/**
 * The drawing pad: what is drawn there is encoded as it is drawn.
 *
 * @module
 */
import { IMAGE_PIXELS, IMAGE_SIZE } from "../../model/spec.ts";
import type { Texts } from "../texts/en.ts";
import { byId, inFrame, onClick, say } from "./dom.ts";
import { startExamples } from "./examples.ts";
import type { Drawn, Explorer } from "./explorer.ts";
import { texts, write } from "./language.ts";
import { mnistFrame, wholeFrame } from "./mnist_frame.ts";
import { paint } from "./picture.ts";
import { PictureError, readPicture } from "./picture_file.ts";
import { color, onTheme, rgb } from "./theme.ts";

/** The pen's width, of a pad that is 280 wide. */
const PEN = 20;

/**
 * Lets the visitor draw, and encodes each change.
 *
 * @returns Takes a picture from a file as if it had been drawn.
 */
export function startPad(explorer: Explorer): (file: File) => Promise<void> {
  const pad = byId<HTMLCanvasElement>("pad");
  const context = pad.getContext("2d", { willReadFrequently: true })!;
  /** An example stands for itself: it is in MNIST's frame already. */
  let example: Uint8Array | null = null;
  /** Which of the model's pictures the example is, if it is one. */
  let index: number | undefined;

  let input = new Float32Array(IMAGE_PIXELS);
  let reconstruction = new Float32Array(IMAGE_PIXELS);

  /** What the pad has made of its drawing: another's picture is left alone. */
  let own: Drawn | null = null;
  /** The class that the drawing was encoded as. */
  let encodedAs: number | null = null;

  const show = () => {
    paint(byId<HTMLCanvasElement>("pad-input"), input);
    paint(byId<HTMLCanvasElement>("pad-reconstruction"), reconstruction);
  };
  const encode = inFrame(async () => {
    const frame = explorer.model.subject === "digits" ? mnistFrame : wholeFrame;
    const image = example ?? frame(inkOf(context));
    const { label } = explorer;
    encodedAs = image && label;
    if (image === null) {
      input = reconstruction = new Float32Array(IMAGE_PIXELS);
      if (own && explorer.drawn === own) explorer.setDrawn(null);
      own = null;
    } else {
      const { mu, logvar } = await explorer.encode(image);
      input = Float32Array.from(image, (byte) => byte / 255);
      reconstruction = Float32Array.from(
        await explorer.decode(mu, Uint8Array.of(label)),
      );
      const sigma = logvar.map((v) => Math.exp(v / 2));
      own = { image, mu, sigma, index };
      explorer.setDrawn(own);
    }
    show();
    tellClass();
  });
  const tellClass = () => {
    const { model: { classCount }, label } = explorer;
    if (classCount === 0) return;
    const name = explorer.nameOf(label);
    const before = encodedAs === null ? null : explorer.nameOf(encodedAs);
    write(
      byId("pad-class"),
      ({ pad }) =>
        before === null ? pad.willEncode(name) : pad.encodedAs(before),
    );
    const again = byId<HTMLButtonElement>("pad-encode");
    write(again, ({ pad }) => pad.encodeAs(name));
    again.disabled = encodedAs === null || encodedAs === label;
  };
  const clear = () => {
    example = null;
    index = undefined;
    write(byId("pad-note"), () => "");
    byId<HTMLSelectElement>("pad-example").value = "";
    context.clearRect(0, 0, pad.width, pad.height);
  };

  takeStrokes(pad, context, () => {
    if (example) clear();
  }, encode);
  onClick("pad-clear", () => {
    clear();
    encode();
  });
  onClick("pad-encode", encode);
  const use = (image: Uint8Array, number?: number) => {
    clear();
    drawImage(context, image);
    example = image;
    index = number;
    encode();
  };
  startExamples(explorer, (image, label, number) => {
    use(image, number);
    if (label < explorer.model.classCount) explorer.setLabel(label);
    say(texts().pad.sampleEncoded(explorer.nameOf(label)));
  });
  explorer.onLabel(tellClass);
  onTheme(() => {
    // The ink is the canvas's opacity, in whatever colour.
    context.globalCompositeOperation = "source-in";
    context.fillStyle = color("ink");
    context.fillRect(0, 0, pad.width, pad.height);
    context.globalCompositeOperation = "source-over";
    show();
  });
  explorer.onModel(encode);
  return async (file) => {
    const note = (text: (texts: Texts) => string) => {
      write(byId("pad-note"), text);
      say(text(texts()));
    };
    try {
      const { image, isInverted } = await readPicture(
        file,
        explorer.model.subject,
      );
      use(image);
      note(({ pad }) => pad.fileEncoded(file.name, isInverted));
    } catch (error) {
      if (!(error instanceof PictureError)) throw error;
      note(({ pad }) => `${file.name}: ${pad[error.refusal]}`);
    }
    byId("pad").scrollIntoView({ block: "nearest" });
  };
}

function inkOf(context: CanvasRenderingContext2D) {
  const { width, height } = context.canvas;
  const { data } = context.getImageData(0, 0, width, height);
  const bytes = new Uint8Array(width * height).map((_, i) => data[4 * i + 3]);
  return { bytes, width, height };
}

function takeStrokes(
  pad: HTMLCanvasElement,
  context: CanvasRenderingContext2D,
  onBegin: () => void,
  onInk: () => void,
): void {
  /** The one pointer that draws, and where it was: a palm beside it does not. */
  let pen: { readonly id: number; at: readonly [number, number] } | null = null;
  const placeOf = (event: PointerEvent): [number, number] => {
    const box = pad.getBoundingClientRect();
    return [
      (event.clientX - box.left) / box.width * pad.width,
      (event.clientY - box.top) / box.height * pad.height,
    ];
  };
  pad.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || pen) return;
    pad.setPointerCapture(event.pointerId);
    onBegin();
    const at = placeOf(event);
    pen = { id: event.pointerId, at };
    // A line of no length is not drawn.
    context.fillStyle = color("ink");
    context.beginPath();
    context.arc(...at, PEN / 2, 0, 2 * Math.PI);
    context.fill();
    onInk();
  });
  pad.addEventListener("pointermove", (event) => {
    if (event.pointerId !== pen?.id) return;
    context.lineWidth = PEN;
    context.lineCap = "round";
    context.strokeStyle = color("ink");
    for (const move of [...event.getCoalescedEvents?.() ?? [], event]) {
      const to = placeOf(move);
      context.beginPath();
      context.moveTo(...pen.at);
      context.lineTo(...to);
      context.stroke();
      pen.at = to;
    }
    onInk();
  });
  for (const end of ["pointerup", "pointercancel"] as const) {
    pad.addEventListener(end, ({ pointerId }) => {
      if (pointerId === pen?.id) pen = null;
    });
  }
}

function drawImage(context: CanvasRenderingContext2D, image: Uint8Array) {
  const ink = rgb(color("ink"));
  const picture = new ImageData(IMAGE_SIZE, IMAGE_SIZE);
  image.forEach((byte, i) => picture.data.set([...ink, byte], 4 * i));
  const small = new OffscreenCanvas(IMAGE_SIZE, IMAGE_SIZE);
  small.getContext("2d")!.putImageData(picture, 0, 0);
  context.drawImage(small, 0, 0, context.canvas.width, context.canvas.height);
}
