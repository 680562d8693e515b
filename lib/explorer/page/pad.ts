/// <reference lib="dom" />
/**
 * The drawing pad: what is drawn there is encoded as it is drawn.
 *
 * @module
 */
import { IMAGE_PIXELS, IMAGE_SIZE } from "../../model/spec.ts";
import { byId, inFrame, onClick, say } from "./dom.ts";
import { startExamples } from "./examples.ts";
import type { Explorer } from "./explorer.ts";
import { texts, write } from "./language.ts";
import { mnistFrame, wholeFrame } from "./mnist_frame.ts";
import { paint } from "./picture.ts";
import { color, onTheme, rgb } from "./theme.ts";

/** The pen's width, of a pad that is 280 wide. */
const PEN = 20;

/** Lets the visitor draw, and encodes each change. */
export function startPad(explorer: Explorer): void {
  const pad = byId<HTMLCanvasElement>("pad");
  const context = pad.getContext("2d", { willReadFrequently: true })!;
  /** An example stands for itself: it is in MNIST's frame already. */
  let example: Uint8Array | null = null;

  let input = new Float32Array(IMAGE_PIXELS);
  let reconstruction = new Float32Array(IMAGE_PIXELS);

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
      if (explorer.drawn) explorer.setDrawn(null);
    } else {
      const { mu, logvar } = await explorer.encode(image);
      input = Float32Array.from(image, (byte) => byte / 255);
      reconstruction = Float32Array.from(
        await explorer.decode(mu, Uint8Array.of(label)),
      );
      const sigma = logvar.map((v) => Math.exp(v / 2));
      explorer.setDrawn({ image, mu, sigma });
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
  startExamples(explorer, (image, label) => {
    clear();
    drawImage(context, image);
    example = image;
    if (label < explorer.model.classCount) explorer.setLabel(label);
    encode();
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
  let last: [number, number] | null = null;
  const drawTo = (event: PointerEvent) => {
    const box = pad.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width * pad.width;
    const y = (event.clientY - box.top) / box.height * pad.height;
    context.lineWidth = PEN;
    context.lineCap = "round";
    context.strokeStyle = color("ink");
    context.beginPath();
    context.moveTo(...last ?? [x, y]);
    context.lineTo(x, y);
    context.stroke();
    last = [x, y];
    onInk();
  };
  pad.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    pad.setPointerCapture(event.pointerId);
    onBegin();
    last = null;
    drawTo(event);
  });
  pad.addEventListener("pointermove", (event) => {
    if (last) [...event.getCoalescedEvents?.() ?? [], event].forEach(drawTo);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    pad.addEventListener(end, () => last = null);
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
