/** What a run says of the classes of its images. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import { type Dataset, syntheticDataset } from "../lib/dataset/split.ts";
import { RunError } from "../lib/train/check.ts";
import {
  classCount,
  classLines,
  fewImagesText,
} from "../tasks/shared/class_counts.ts";
import { TaskError } from "../tasks/shared/cli.ts";
import { checkData, openDataset } from "../tasks/shared/data.ts";
import { defaults, OptionError } from "../lib/options/table.ts";
import { type DataOptions, dataOptions } from "../lib/options/run.ts";
import { bytes, npz } from "./arrays.ts";
import { inFolder } from "./folder.ts";

/** Images of these classes. */
function labelled(
  classes: readonly string[],
  labels: readonly number[],
): Pick<Dataset, "train" | "classes"> {
  return {
    classes,
    train: {
      images: new Uint8Array(),
      labels: Uint8Array.from(labels),
      count: labels.length,
    },
  };
}

Deno.test("classLines() counts the training images of each class", () => {
  assertEquals(
    classLines(labelled(["cat", "fish"], [1, 0, 1, 1]), false),
    ["2 classes: cat 1, fish 3"],
  );
  assertEquals(classLines(labelled(["cat", "dog"], [0]), true), [
    "2 classes: cat 1, dog 0",
    "note: a class without training images: dog",
  ]);
  assertEquals(classLines(labelled(["cat"], [0, 0]), true), [
    "1 class: cat 2",
    "note: all images are of one class, cat: to be told of it says nothing to " +
    "a model",
  ]);
  assertEquals(classLines(labelled(["cat"], [0, 0]), false).length, 1);
  const none = { images: new Uint8Array(), labels: null, count: 0 };
  assertEquals(classLines({ train: none }, false), []);
});

Deno.test("classLines() leaves classes in the middle out of a line of 80 columns", () => {
  const names = Array.from({ length: 49 }, (_, i) => `class ${i}`);
  const [line, note] = classLines(labelled(names, [0, 48, 48]), true);
  assert(line.length <= 80 && line.length > 60, line);
  assert(line.startsWith("49 classes: class 0 1, class 1 0, "));
  assert(line.endsWith(", … class 48 2"));
  assertEquals(
    note,
    "note: classes without training images: class 1, class 2, class 3, " +
      "class 4, class 5 and 42 more",
  );
});

Deno.test("fewImagesText() warns of fewer than 30 images of a class", () => {
  const text = (count: number) => {
    const labels = Array.from({ length: count }, (_, i) => i % 2);
    return fewImagesText(labelled(["cat", "fish"], labels));
  };
  assertEquals(
    text(59),
    "note: 59 training images for 2 classes: what is like none of them may " +
      "come out much worse; 100 or more of each are better",
  );
  assertEquals(text(60), undefined);
  const one = { images: new Uint8Array(784), labels: null, count: 1 };
  assertEquals(
    fewImagesText({ train: one }),
    "note: 1 training image: what is like none of them may come out much " +
      "worse; 100 or more are better",
  );
  assertEquals(fewImagesText({ train: { ...one, count: 30 } }), undefined);
});

Deno.test("classCount() says how images get labels", async () => {
  const digits = await syntheticDataset({ limit: 5 });
  assertEquals(classCount(digits), 10);
  const blank = { ...digits, train: { ...digits.train, labels: null } };
  assertThrows(
    () => classCount(blank),
    RunError,
    "of each image: choose another --dataset",
  );
  const own = { ...blank, options: { ...blank.options, images: "x.npy" } };
  assertThrows(
    () => classCount(own),
    RunError,
    "of each image: name a file of them with --labels",
  );
});

const signal = new AbortController().signal;

const open = (options: Partial<DataOptions>) =>
  openDataset({ ...defaults(dataOptions), ...options }, signal, new Set());

Deno.test("openDataset() says what was meant, and which flag chooses", () =>
  inFolder(async (folder) => {
    const images = join(folder, "two.npz");
    await Deno.writeFile(
      images,
      npz({ photos: bytes(2, 5, 5), masks: bytes(2, 5, 5) }),
    );
    const message = async (options: Partial<DataOptions>) => {
      try {
        await open(options);
      } catch (error) {
        assert(error instanceof TaskError);
        return error.message;
      }
    };
    assertEquals(
      await message({ images }),
      `cannot use ${images} as images: it has 2 arrays that could be the ` +
        "pictures, photos and masks: choose one by its name, with --array",
    );
    await Deno.mkdir(join(folder, "Doodles"));
    assertEquals(
      await message({ images: join(folder, "doodels") }),
      `cannot use ${join(folder, "doodels")} as images: no such file or ` +
        `folder; did you mean ${join(folder, "Doodles")}?`,
    );
    assertEquals(
      await message({ images, array: "masks", labels: join(folder, "to.npz") }),
      `cannot use ${join(folder, "to.npz")} as labels: no such file or ` +
        `folder; did you mean ${images}?`,
    );
  }));

Deno.test("checkData() refuses a data set beside images of one's own", () => {
  const options = {
    ...defaults(dataOptions),
    images: "doodles",
    dataset: "kmnist" as const,
  };
  assertThrows(
    () => checkData(options, new Set(["images", "dataset"])),
    OptionError,
    "--dataset kmnist does not go with --images, ",
  );
  // What a checkpoint recorded, nobody asked for.
  checkData(options, new Set(["images"]));
});
