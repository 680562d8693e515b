/// <reference lib="dom" />
/**
 * The drawing pad: what is drawn there is encoded as it is drawn.
 *
 * @module
 */
import { synthesize } from "../../dataset/synthetic.ts";
import { IMAGE_PIXELS, IMAGE_SIZE } from "../../model/spec.ts";
import { byId, inFrame, onClick, say } from "./dom.ts";
import type { Explorer } from "./explorer.ts";
import { mnistFrame } from "./mnist_frame.ts";
import { paint } from "./picture.ts";
import { color, onTheme, rgb } from "./theme.ts";

/** The pen's width, of a pad that is 280 wide. */
const PEN = 20;
const EXAMPLES = 400;

/** Lets the visitor draw a digit, and encodes each change. */
export function startPad(explorer: Explorer): void {
  const pad = byId<HTMLCanvasElement>("pad");
  const context = pad.getContext("2d", { willReadFrequently: true })!;
  /** An example stands for itself: it is in MNIST's frame already. */
  let example: Uint8Array | null = null;

  let input = new Float32Array(IMAGE_PIXELS);
  let reconstruction = new Float32Array(IMAGE_PIXELS);

  const show = () => {
    paint(byId<HTMLCanvasElement>("pad-input"), input);
    paint(byId<HTMLCanvasElement>("pad-reconstruction"), reconstruction);
  };
  const encode = inFrame(async () => {
    const image = example ?? mnistFrame(inkOf(context));
    if (image === null) {
      input = reconstruction = new Float32Array(IMAGE_PIXELS);
      if (explorer.drawn) explorer.setDrawn(null);
    } else {
      const { engine } = explorer.model;
      const { mu, logvar } = await engine.encode(image);
      input = Float32Array.from(image, (byte) => byte / 255);
      reconstruction = Float32Array.from(await engine.decode(mu));
      explorer.setDrawn({ mu, sigma: logvar.map((v) => Math.exp(v / 2)) });
    }
    show();
  });
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
  takeExamples((image) => {
    clear();
    drawImage(context, image);
    example = image;
    encode();
  });
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

/** Each choice of a digit gives the next one of its class. */
function takeExamples(use: (image: Uint8Array) => void): void {
  const select = byId<HTMLSelectElement>("pad-example");
  let at = 0;
  select.addEventListener("change", () => {
    const { value } = select;
    if (value === "") return;
    const { images, labels } = synthesize(EXAMPLES, { seed: 1 });
    do at = (at + 1) % EXAMPLES; while (labels[at] !== Number(value));
    use(images.slice(at * IMAGE_PIXELS, (at + 1) * IMAGE_PIXELS));
    select.value = value;
    say(`A sample ${value} was encoded.`);
  });
}

function drawImage(context: CanvasRenderingContext2D, image: Uint8Array) {
  const ink = rgb(color("ink"));
  const picture = new ImageData(IMAGE_SIZE, IMAGE_SIZE);
  image.forEach((byte, i) => picture.data.set([...ink, byte], 4 * i));
  const small = new OffscreenCanvas(IMAGE_SIZE, IMAGE_SIZE);
  small.getContext("2d")!.putImageData(picture, 0, 0);
  context.drawImage(small, 0, 0, context.canvas.width, context.canvas.height);
}
