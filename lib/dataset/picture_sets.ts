/**
 * Pictures as files have them, before they are images of 28×28 grey pixels.
 *
 * @module
 */
import { dataOptions } from "../options/run.ts";

/** The most pictures that are taken of a file or a folder. */
export const MAX_PICTURES = dataOptions.limit.max;

/** The most pixels that a picture's side has. */
export const MAX_SIDE = 4096;

/** One picture. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** Grey; grey and alpha; red, green and blue; these and alpha. */
  readonly channels: 1 | 2 | 3 | 4;
  /** The values of black and of white (of alpha: of nothing and of all). */
  readonly black: number;
  readonly white: number;
  /** [height, width, channels] */
  readonly values: ArrayLike<number>;
}

/** A file's or a folder's pictures. They are read one by one, for they may be large. */
export interface Pictures {
  readonly count: number;
  /** Reads one; no other is needed at the same time. */
  readonly picture: (index: number) => Picture | Promise<Picture>;
  /** What the pictures' labels are, in the file's own numbers or words. */
  readonly labels?: readonly (number | string)[];
  /** What they are called, as by their files' names. */
  readonly names?: readonly string[];
  /** Whether the names are those of files. */
  readonly areFiles?: boolean;
}

/** Pictures of the user's own, in the splits that there are. */
export interface PictureSets {
  readonly train: Pictures;
  readonly validation?: Pictures;
  readonly test?: Pictures;
  /** The names of the classes in the labels' order, if there is a list of them. */
  readonly classes?: readonly string[];
  /** Where these names are from, a sentence. */
  readonly classNote?: string;
  /** What was chosen or assumed, one sentence each. */
  readonly notes: readonly string[];
}
