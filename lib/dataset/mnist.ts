/**
 * Lists the data sets that can be fetched, all in MNIST's four files: where
 * their public mirrors are and what the files must hold.
 *
 * @module
 */

/** The name of a data set that can be fetched. */
export type SourceName = "mnist" | "fashion-mnist" | "kmnist";

/** One file of a data set. */
export interface SourceFile {
  /** Its name, decompressed; mirrors add `.gz`. */
  readonly name: string;
  /** The IDX shape it must have. */
  readonly shape: readonly number[];
  /** SHA-256 of the decompressed file in hex, where it is established. */
  readonly sha256?: string;
}

/** A data set that can be fetched. */
export interface Source {
  /** Its name, which is also its folder's. */
  readonly name: string;
  /** Base URLs, tried in turn; each ends with a slash. */
  readonly mirrors: readonly string[];
  /** N×28×28 images to train and validate on. */
  readonly trainImages: SourceFile;
  /** Their N labels. */
  readonly trainLabels: SourceFile;
  /** The test images. */
  readonly testImages: SourceFile;
  /** Their labels. */
  readonly testLabels: SourceFile;
}

/**
 * Describes four files under MNIST's names, with their digests in this order.
 */
function fourFiles(digests: string[] = []): Omit<Source, "name" | "mirrors"> {
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

/**
 * The data sets that can be fetched. Fashion-MNIST
 * (https://github.com/zalandoresearch/fashion-mnist) and Kuzushiji-MNIST
 * (https://github.com/rois-codh/kmnist) publish digests of their gzip files
 * only, which say nothing about the decompressed ones: shape, magic number and
 * gzip's own checksum are what is checked there.
 */
export const sources: Readonly<Record<SourceName, Source>> = {
  mnist: {
    name: "mnist",
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
    mirrors: [
      "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
      "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    ],
    ...fourFiles(),
  },
  kmnist: {
    name: "kmnist",
    mirrors: [
      "https://codh.rois.ac.jp/kmnist/dataset/kmnist/",
      "http://codh.rois.ac.jp/kmnist/dataset/kmnist/",
    ],
    ...fourFiles(),
  },
};
