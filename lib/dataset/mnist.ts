/**
 * Lists the data sets that can be fetched: where their public mirrors are and
 * what the files must hold, which are MNIST's four but for the binarised one.
 *
 * @module
 */
import type { DataOptions } from "../options/run.ts";
import { CLOTHES, DIGITS, HIRAGANA } from "./class_names.ts";

/** The name of a data set that can be fetched. */
export type SourceName = Exclude<DataOptions["dataset"], "auto" | "synthetic">;

/** One file of a data set. */
export interface SourceFile {
  /** Its name, decompressed; mirrors add `.gz`. */
  readonly name: string;
  /**
   * The name of the text that mirrors have in its place, of which it is made and
   * `sha256` is: see `parseAmat()`.
   */
  readonly amat?: string;
  /** The IDX shape it must have. */
  readonly shape: readonly number[];
  /** SHA-256 of the decompressed file in hex, where it is established. */
  readonly sha256?: string;
  /**
   * Digests in hex, SHA-256 or MD5, of its known gzip files, where none of the
   * decompressed one is established.
   */
  readonly gzip?: readonly string[];
}

/** Whose images are in a data set, and on what terms. */
export interface Credit {
  /** What its authors call it. */
  readonly title: string;
  /** Who made it, or asks to be named. */
  readonly authors: string;
  /** Where they publish it, or tell of it. */
  readonly url: string;
  /** Its licence, by its SPDX identifier: https://spdx.org/licenses/. */
  readonly license: "CC-BY-SA-3.0" | "CC-BY-SA-4.0" | "MIT";
  /** Its name on https://huggingface.co/datasets, if the authors have it there. */
  readonly hub?: string;
}

/** A data set that can be fetched. */
export interface Source {
  /** Its name, which is also its folder's. */
  readonly name: string;
  /** Base URLs, tried in turn; each ends with a slash. */
  readonly mirrors: readonly string[];
  /** N×28×28 images to train and validate on. */
  readonly trainImages: SourceFile;
  /** Their N labels, if it has any. */
  readonly trainLabels?: SourceFile;
  /** The validation images, if those are not some of the training images. */
  readonly validationImages?: SourceFile;
  /** The test images. */
  readonly testImages: SourceFile;
  /** Their labels, if it has any. */
  readonly testLabels?: SourceFile;
  /** The names of the labels' classes. */
  readonly classes?: readonly string[];
  /** To be named wherever something made of it goes. */
  readonly credit?: Credit;
}

/** Lists the files of a data set. */
export function filesOf(source: Source): SourceFile[] {
  const { trainImages, trainLabels, validationImages } = source;
  const { testImages, testLabels } = source;
  return [trainImages, trainLabels, validationImages, testImages, testLabels]
    .filter((file) => file !== undefined);
}

/** The files of MNIST. */
type FourFiles = Required<
  Omit<Source, "name" | "mirrors" | "validationImages" | "classes" | "credit">
>;

/**
 * Describes four files under MNIST's names, with their digests in this order.
 */
function fourFiles(digests: string[] = []): FourFiles {
  const [trainImages, trainLabels, testImages, testLabels] = digests;
  return {
    trainImages: {
      name: "train-images-idx3-ubyte",
      shape: [60000, 28, 28],
      sha256: trainImages,
    },
    trainLabels: {
      name: "train-labels-idx1-ubyte",
      shape: [60000],
      sha256: trainLabels,
    },
    testImages: {
      name: "t10k-images-idx3-ubyte",
      shape: [10000, 28, 28],
      sha256: testImages,
    },
    testLabels: {
      name: "t10k-labels-idx1-ubyte",
      shape: [10000],
      sha256: testLabels,
    },
  };
}

/** Adds, in the same order, the digests of each gzip file. */
function withGzip(
  files: FourFiles,
  digests: readonly (readonly string[])[],
): FourFiles {
  return Object.fromEntries(
    Object.entries(files).map(([key, file], i) => [
      key,
      { ...file, gzip: digests[i] },
    ]),
  ) as FourFiles;
}

/**
 * The data sets that can be fetched. Of Fashion-MNIST
 * (https://github.com/zalandoresearch/fashion-mnist) and Kuzushiji-MNIST
 * (https://github.com/rois-codh/kmnist), digests are published of the gzip files
 * alone: SHA-256 in `url_checksums/{fashion_mnist,kmnist}.txt` of
 * tensorflow-datasets 4.9.10, MD5 in `datasets/mnist.py` of torchvision 0.29.1,
 * which has them from the authors' pages. Either will do, for the lists need not
 * be of the same upload.
 *
 * `binarized-mnist` is the one draw of MNIST's pixels that Larochelle & Murray
 * 2011 (https://proceedings.mlr.press/v15/larochelle11a.html) published, with a
 * split of its own and no labels; its digests are in
 * `datasets/binarized_mnist/checksums.tsv` of the same tensorflow-datasets.
 */
export const sources: Readonly<Record<SourceName, Source>> = {
  mnist: {
    name: "mnist",
    classes: DIGITS,
    // The terms: https://keras.io/api/datasets/mnist/, "License".
    credit: {
      title: "MNIST",
      authors: "Yann LeCun, Corinna Cortes and Christopher J. C. Burges",
      url: "http://yann.lecun.com/exdb/mnist/",
      license: "CC-BY-SA-3.0",
      hub: "ylecun/mnist",
    },
    mirrors: [
      "https://storage.googleapis.com/cvdf-datasets/mnist/",
      "https://ossci-datasets.s3.amazonaws.com/mnist/",
    ],
    ...fourFiles([
      "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
      "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
      "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
      "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ]),
  },
  "fashion-mnist": {
    name: "fashion-mnist",
    classes: CLOTHES,
    credit: {
      title: "Fashion-MNIST",
      authors: "Zalando SE",
      url: "https://github.com/zalandoresearch/fashion-mnist",
      license: "MIT",
      hub: "zalando-datasets/fashion_mnist",
    },
    mirrors: [
      "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
      "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    ],
    ...withGzip(fourFiles(), [
      [
        "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
      ],
      [
        "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        "25c81989df183df01b3e8a0aad5dffbe",
      ],
      [
        "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        "bef4ecab320f06d8554ea6380940ec79",
      ],
      [
        "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        "bb300cfdad3c16e7a12a480ee83cd310",
      ],
    ]),
  },
  kmnist: {
    name: "kmnist",
    classes: HIRAGANA,
    // As its page asks to be named.
    credit: {
      title: "KMNIST Dataset",
      authors: "CODH, adapted from the Kuzushiji Dataset of NIJL and others",
      url: "https://codh.rois.ac.jp/kmnist/",
      license: "CC-BY-SA-4.0",
    },
    mirrors: [
      "https://codh.rois.ac.jp/kmnist/dataset/kmnist/",
      "http://codh.rois.ac.jp/kmnist/dataset/kmnist/",
    ],
    ...withGzip(fourFiles(), [
      [
        "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
        "bdb82020997e1d708af4cf47b453dcf7",
      ],
      [
        "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
        "e144d726b3acfaa3e44228e80efcd344",
      ],
      [
        "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5",
        "5c965bf0a639b31b8f53240b1b52f4d7",
      ],
      [
        "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c",
        "7320c461ea6c1c855c0b718fb2a4b134",
      ],
    ]),
  },
  "binarized-mnist": {
    name: "binarized-mnist",
    // Made of MNIST, whose terms hold for what is made of it.
    credit: {
      title: "binarized MNIST",
      authors: "Hugo Larochelle and Iain Murray, of the MNIST of Yann LeCun, " +
        "Corinna Cortes and Christopher J. C. Burges",
      url: "https://proceedings.mlr.press/v15/larochelle11a.html",
      license: "CC-BY-SA-3.0",
    },
    mirrors: [
      "http://www.cs.toronto.edu/~larocheh/public/datasets/binarized_mnist/",
    ],
    trainImages: {
      name: "train-images-idx3-ubyte",
      amat: "binarized_mnist_train.amat",
      shape: [50000, 28, 28],
      sha256:
        "ad693b29f94c14277b095f5238ddefbbdaaae0939789dd2f4f0205278cee3e4d",
    },
    validationImages: {
      name: "valid-images-idx3-ubyte",
      amat: "binarized_mnist_valid.amat",
      shape: [10000, 28, 28],
      sha256:
        "1de3d397c40fe8eeb33dafd4099a1f665ec01e96d9be234aaeeac8a34930e2e2",
    },
    testImages: {
      name: "t10k-images-idx3-ubyte",
      amat: "binarized_mnist_test.amat",
      shape: [10000, 28, 28],
      sha256:
        "e6687bfea3f820c174f33b7865140b2a2dd2930ef786f35d45795fc193b5ab2c",
    },
  },
};

/**
 * Returns whose images these are; nothing of those that are nobody's, as synthetic
 * ones, or of which nobody knows.
 *
 * @param data The data set of a run.
 */
export function creditOf(
  { name, options }: {
    readonly name: string;
    readonly options: Pick<DataOptions, "images">;
  },
): Credit | undefined {
  const isOwn = options.images !== null;
  if (isOwn || !Object.hasOwn(sources, name)) return;
  return sources[name as SourceName].credit;
}

/** Names a data set, its authors, where it is, and its licence. */
export function creditLine({ title, authors, url, license }: Credit): string {
  return `${title} by ${authors}, ${url}, licence ${license}`;
}
