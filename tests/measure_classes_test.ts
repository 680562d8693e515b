/** That a model which is told of classes is told those of the right images. */
import {
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertStringIncludes,
} from "@std/assert";
import type { ImageSet } from "../lib/dataset/dataset.ts";
import { synthesize } from "../lib/dataset/synthetic.ts";
import type { Labels } from "../lib/engine/engine.ts";
import { encode, errorsOfMeans } from "../lib/metrics/batches.ts";
import { sampleBounds } from "../lib/metrics/importance.ts";
import { measure } from "../lib/metrics/metrics.ts";
import { drawClasses, measureSamples } from "../lib/metrics/sample_quality.ts";
import { metricsTable } from "../tasks/shared/metrics_table.ts";
import { decodeCheckpoint } from "../lib/checkpoint/codec.ts";
import { untrained } from "./process.ts";

/** Images whose first pixel is their class. */
function labelled(count: number, first = 0): ImageSet {
  const { images } = synthesize(Math.min(count, 200), { seed: 0, first });
  const all = new Uint8Array(784 * count);
  const labels = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    all.set(images.subarray(784 * (i % 200), 784 * (i % 200 + 1)), 784 * i);
    labels[i] = all[784 * i] = i * i % 7;
  }
  return { images: all, labels, count };
}

/** Puts the class into z, and fails where what it is told is another. */
class Strict {
  /** The classes that were decoded. */
  readonly decoded: number[] = [];

  encode(images: Uint8Array, labels?: Labels) {
    const mu = Float32Array.from(labels!, (label, i) => {
      assertEquals(label, images[784 * i]);
      return label;
    });
    return Promise.resolve({ mu, logvar: mu.map(() => -30) });
  }

  decode(z: Float32Array, labels?: Labels) {
    assertEquals(labels!.length, z.length);
    this.decoded.push(...labels!);
    return Promise.resolve(new Float32Array(784 * z.length).fill(0.5));
  }

  score(z: Float32Array, images: Uint8Array, labels?: Labels) {
    assertEquals([...z].map(Math.round), [...labels!]);
    return Promise.resolve(Float64Array.from(labels!, (label, i) => {
      assertEquals(label, images[784 * i]);
      return 1;
    }));
  }
}

const model = {
  latentDim: 1,
  likelihood: "mse",
  autoencoder: false,
  classCount: 7,
} as const;

Deno.test("encode() and errorsOfMeans() tell each piece of many images its classes", async () => {
  const engine = new Strict(), set = labelled(2500);
  const { mu } = await encode(engine, set, () => {});
  assertEquals([...mu], [...set.labels!]);
  await errorsOfMeans(engine, set, mu);
  assertEquals(engine.decoded, [...set.labels!]);
});

Deno.test("sampleBounds() tells each piece of many images its classes", async () => {
  const engine = new Strict(), { images, labels } = labelled(4100);
  const posterior = await engine.encode(images, labels);
  const { reconstruction } = await sampleBounds(engine, images, posterior, {
    ...{ likelihood: "mse", samples: 2, seed: 0 },
    labels,
  });
  assertEquals(new Set(reconstruction), new Set([1]));
});

Deno.test("measure() tells the true classes, and says so", async () => {
  const engine = new Strict();
  const [images, train] = [labelled(30), labelled(60, 500)];
  for (const autoencoder of [false, true]) {
    const { notes } = await measure({
      ...{ engine, images, train, samples: 2 },
      model: { ...model, autoencoder },
    });
    assertStringIncludes(notes.join(), "told the true class c of each image");
  }
});

Deno.test("measureSamples() draws classes as often as there are training images of them", async () => {
  const engine = new Strict();
  const [images, train] = [labelled(70), labelled(70, 500)];
  const features = (images: Uint8Array) => {
    const count = images.length / 784;
    const mu = Float32Array.from(
      { length: 64 * count },
      (_, at) => images[784 * Math.floor(at / 64) + 300 + at % 64] / 255,
    );
    return Promise.resolve({ mu, logvar: mu });
  };
  await measureSamples({
    ...{ engine, model, images, train, count: 70 },
    classifier: { encode: features },
  });
  const sorted = (labels: Iterable<number>) => [...labels].sort();
  assertEquals(engine.decoded.length, 140);
  for (const first of [0, 70]) { // of the prior, and of the mixture
    assertEquals(
      sorted(engine.decoded.slice(first, first + 70)),
      sorted(train.labels!),
    );
  }
});

Deno.test("drawClasses() is by the seed, and begins anew after the last image", () => {
  const set = { labels: Uint8Array.of(0, 1, 1, 2), count: 4 };
  const drawn = (count: number, seed: number) => [
    ...drawClasses(set, count, seed)!,
  ];
  assertEquals(drawn(40, 1), drawn(40, 1));
  assertEquals(drawn(8, 1).slice(0, 4), drawn(8, 1).slice(4));
  assertEquals(drawn(4, 1).sort(), [0, 1, 1, 2]);
  const wide = {
    labels: Uint8Array.from({ length: 50 }, (_, i) => i),
    count: 50,
  };
  assertNotEquals(drawClasses(wide, 9, 1), drawClasses(wide, 9, 2));
  assertEquals(drawClasses({ labels: null, count: 4 }, 9, 0), null);
});

Deno.test("metricsTable() has all of a conditional model given the class", async () => {
  const run = decodeCheckpoint(untrained());
  const metrics = await measure({
    ...{ engine: new Strict(), model, samples: 1000 },
    ...{ images: labelled(20), train: labelled(20, 500) },
  });
  const text = (classCount: number) =>
    JSON.stringify(metricsTable(
      metrics,
      { ...run, options: { ...run.options, ...model, classCount } },
      true,
    ));
  assertMatch(text(7), /Bounds on log p\(x\|c\), in nats/);
  assertMatch(text(7), /−log p\(x\|c\) at most.*−log p\(x\|z,c\)/);
  assertEquals(/q\(z\|x\)/.test(text(7)), false);
  assertMatch(text(0), /Bounds on log p\(x\), in nats/);
  assertMatch(text(0), /z ~ q\(z\|x\)/);
});
