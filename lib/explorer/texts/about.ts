/**
 * What the page's words depend on.
 *
 * @module
 */

/** What the pictures of a data set show. */
export type Subject = "digits" | "hiragana" | "clothes" | "pictures";

/** What a text may say of the model that is explored. */
export interface About {
  readonly subject: Subject;
  readonly autoencoder: boolean;
  /** Whether the KL of its dimensions is known. */
  readonly hasKl: boolean;
  /** Whether there are pictures that it has encoded. */
  readonly hasMap: boolean;
}

/** What a model is, and how it was trained: what describes it in one line. */
export interface Summary {
  readonly kind: "autoencoder" | "elbo" | "iwae" | "btc";
  /** β; of an IWAE its draws K, of an autoencoder nothing. */
  readonly weight: number;
  /** Whether β was another before the last epoch. */
  readonly isMoved: boolean;
  /** Classes that it is told of; 0 if of none. */
  readonly classCount: number;
  readonly latentDim: number;
  /** What its images are called, where that is known. */
  readonly data: string | null;
  /** How long it was trained; `null` if that is all that is known of it. */
  readonly trained: readonly [count: number, of: "epochs" | "steps"] | null;
}

/** A text as HTML, of any model or of one about which it says something. */
export type Text = string | ((about: About) => string);
