/**
 * The options of a run, written out for those who read types; a test holds them
 * to the tables of `run.ts`, which have the ranges.
 *
 * @module
 */

/** Options of the model, the loss and the optimiser. */
export interface TrainingOptions {
  /** Number of latent dimensions. */
  latentDim: number;
  /** Weight of the KL term (Higgins et al. 2017, β-VAE). */
  beta: number;
  /** Passes over the training images; 0.5 is half of one. */
  epochs: number;
  /** Images in one optimiser step. */
  batchSize: number;
  /** Adam's learning rate. */
  lr: number;
  /** How the learning rate moves over the run. */
  lrSchedule: "constant" | "linear" | "cosine" | "one-cycle";
  /** Share of the run, 0 to 1, in which the learning rate rises to its value. */
  lrWarmup: number;
  /** Factor of the learning rate for fc_mu and fc_logvar. */
  headsLrFactor: number;
  /** Decay of Adam's first moment. */
  adamBeta1: number;
  /** Decay of Adam's second moment. */
  adamBeta2: number;
  /** Squared error, or cross-entropy of logits in nats. */
  likelihood: "mse" | "bce";
  /** How β reaches its value. */
  betaSchedule: "constant" | "linear" | "cyclical";
  /** Epochs in which a schedule or the capacity rises; null: a share of the run. */
  warmupEpochs: number | null;
  /** Target C of the KL term, β·|KL − C|, in nats. */
  capacity: number;
  /** Whether pixels are drawn black or white by their grey: in each step, or once. */
  binarize: "none" | "dynamic" | "static";
  /** What is minimised: see `Objective`. */
  objective: "elbo" | "iwae" | "btc";
  /** Draws of z in the importance-weighted bound; null: 5. */
  importanceSamples: number | null;
  /** Weight of the total correlation in `btc`; null: 4. */
  tcWeight: number | null;
  /** Nats of KL that each dimension has free. */
  freeBits: number;
  /** Draws of z for each image and step, in pairs μ ± σ·ε. */
  draws: number;
  /** Gradient of the KL term: in closed form, or along the draws alone. */
  klGradient: "analytic" | "stl";
  /** Epochs without a better validation total after which training stops; null: never. */
  patience: number | null;
  /** z = μ and no KL term: the standard autoencoder. */
  autoencoder: boolean;
  /** Classes of which the model is told that of each image; 0 if of none. */
  classCount: number;
  /** Seed of all random numbers. */
  seed: number;
}

/** Options that choose the images. */
export interface DataOptions {
  /** Which one; `auto`: MNIST if it can be had, otherwise `synthetic`. */
  dataset:
    | "auto"
    | "mnist"
    | "fashion-mnist"
    | "kmnist"
    | "binarized-mnist"
    | "synthetic";
  /** A file or folder with images of one's own instead. */
  images: string | null;
  /** A file with their labels, where those are in a file of their own. */
  labels: string | null;
  /** Names of the classes: `"a,b,c"`, or a .txt file with one on each line. */
  classes: string | null;
  /** The array of a .npz file that has the images. */
  array: string | null;
  /** Images of one's own held out to test with; null: a tenth. */
  testSize: number | null;
  /** Whether images of one's own are turned to light on dark. */
  invert: "auto" | "always" | "never";
  /** Whether what they show is moved to the middle, by its mass. */
  centre: boolean;
  /** Folder of the downloaded data sets. */
  dataDir: string;
  /** The first so many images of each split; null: all. */
  limit: number | null;
  /** Training images held out for validation. */
  valSize: number;
}
