/// <reference lib="dom" />
/**
 * The page's program, and in a worker the worker's.
 *
 * @module
 */
import { startClassPicker } from "./class_picker.ts";
import { startDigit } from "./digit.ts";
import { byId, followReader } from "./dom.ts";
import { Exchange } from "./exchange.ts";
import { Explorer } from "./explorer.ts";
import { startLanguage, texts, write } from "./language.ts";
import { lesson, onLesson, openLesson, startLessons } from "./lessons.ts";
import { startManifold } from "./manifold.ts";
import { startMap } from "./map.ts";
import { originalModel } from "./model.ts";
import { startFiles } from "./open_files.ts";
import { startPad } from "./pad.ts";
import { Pictures } from "./pictures.ts";
import { Plane } from "./plane.ts";
import { startSamples } from "./samples.ts";
import { startSaving } from "./save_checkpoint.ts";
import { startSharing } from "./sharing.ts";
import { startSliders } from "./sliders.ts";
import { startStrip } from "./strip.ts";
import { startTouchSliders } from "./touch_sliders.ts";
import { startTraining } from "./training.ts";
import { Walk } from "./walk.ts";
import { startWorker } from "./worker.ts";

async function startPage(): Promise<void> {
  const explorer = new Explorer(await originalModel());
  explorer.onModel(() => {
    const { description, engine } = explorer.model;
    write(
      byId("description"),
      (texts) => {
        if (typeof description === "function") return description(texts);
        return typeof description === "string"
          ? description
          : texts.page.describe(description);
      },
    );
    write(
      byId("engine"),
      ({ page }) => engine.name === "wasm" ? page.wasm : page.webgpu,
    );
  });
  const { credit } = explorer.model;
  if (credit) write(byId("credit"), ({ page }) => page.credit(credit));
  startLanguage(explorer);
  startClassPicker(explorer);
  startSliders(explorer);
  startTouchSliders();
  const exchange = new Exchange(explorer);
  startFiles(exchange, startPad(explorer));
  startSaving(explorer);
  const plane = new Plane(explorer);
  const walk = new Walk(explorer);
  const pictures = new Pictures(explorer);
  startMap(explorer, pictures, plane, walk);
  startManifold(explorer, plane);
  const samples = startSamples(explorer);
  const training = startTraining(exchange);
  startLessons();
  followReader();
  const follower = await startStrip(explorer);
  startSharing({
    ...{ explorer, plane, walk, samples, training, follower },
    only: {
      get: () => pictures.only,
      set: (label) => pictures.setOnly(label),
      onChange: (listener) => pictures.onOnly(listener),
    },
    lesson: { get: lesson, set: openLesson, onChange: onLesson },
  });
  await startDigit(explorer);
}

if (typeof document === "undefined") {
  startWorker();
} else {
  startPage().then(
    // Whatever waits for the next frame is drawn in the one after it.
    () =>
      requestAnimationFrame(() =>
        setTimeout(() => document.documentElement.dataset.ready = "true", 0)
      ),
    (error: Error) => {
      byId("description").textContent = texts().page.failed(error.message);
    },
  );
}
