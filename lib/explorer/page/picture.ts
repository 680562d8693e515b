/// <reference lib="dom" />
/**
 * Digits on canvases, and canvases as PNG files.
 *
 * @module
 */
import { IMAGE_PIXELS, IMAGE_SIZE } from "../../model/spec.ts";
import { make } from "./dom.ts";
import { color, rgb } from "./theme.ts";

/**
 * Paints digits side by side, in rows.
 *
 * @param pixels [n, 784], 0 is paper and 1 is ink.
 */
export function paint(
  canvas: HTMLCanvasElement,
  pixels: Float32Array,
  columns = 1,
): void {
  const n = pixels.length / IMAGE_PIXELS;
  canvas.width = columns * IMAGE_SIZE;
  canvas.height = Math.ceil(n / columns) * IMAGE_SIZE;
  const context = canvas.getContext("2d")!;
  const picture = context.createImageData(canvas.width, canvas.height);
  const paper = rgb(color("paper"));
  const ink = rgb(color("ink"));
  for (let at = 0; at < pixels.length; at++) {
    const digit = Math.floor(at / IMAGE_PIXELS);
    const pixel = at % IMAGE_PIXELS;
    const x = digit % columns * IMAGE_SIZE + pixel % IMAGE_SIZE;
    const y = Math.floor(digit / columns) * IMAGE_SIZE +
      Math.floor(pixel / IMAGE_SIZE);
    const to = 4 * (y * canvas.width + x);
    // A squared error lets means stray a little beyond paper and ink.
    const share = Math.max(0, Math.min(1, pixels[at]));
    for (let c = 0; c < 3; c++) {
      picture.data[to + c] = paper[c] + share * (ink[c] - paper[c]);
    }
    picture.data[to + 3] = 255;
  }
  context.putImageData(picture, 0, 0);
}

/** Sizes a canvas to the screen's pixels; drawing goes on in CSS pixels. */
export function fitToScreen(
  canvas: HTMLCanvasElement,
): { context: CanvasRenderingContext2D; width: number; height: number } {
  const { width, height } = canvas.getBoundingClientRect();
  canvas.width = Math.round(width * devicePixelRatio);
  canvas.height = Math.round(height * devicePixelRatio);
  const context = canvas.getContext("2d")!;
  context.scale(devicePixelRatio, devicePixelRatio);
  return { context, width, height };
}

/** Hands a canvas to the reader as a PNG file, enlarged. */
export function savePng(
  canvas: HTMLCanvasElement,
  name: string,
  scale: number,
): void {
  const enlarged = make("canvas", {
    width: canvas.width * scale,
    height: canvas.height * scale,
  });
  const context = enlarged.getContext("2d")!;
  context.imageSmoothingEnabled = false;
  context.drawImage(canvas, 0, 0, enlarged.width, enlarged.height);
  enlarged.toBlob((blob) => {
    const href = URL.createObjectURL(blob!);
    make("a", { href, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(href), 60_000);
  });
}
