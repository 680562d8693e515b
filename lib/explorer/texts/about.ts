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

/** A text as HTML, of any model or of one about which it says something. */
export type Text = string | ((about: About) => string);
