/** The part of gifenc that this project uses; the package ships no types. */

export interface FrameOptions {
  /** RGB colours; the first frame's serve the whole file. */
  palette?: readonly (readonly number[])[];
  /** Milliseconds, kept in hundredths of a second. */
  delay?: number;
  /** 0: loop for ever. */
  repeat?: number;
}

export interface Encoder {
  writeFrame(
    indices: Uint8Array,
    width: number,
    height: number,
    options: FrameOptions,
  ): void;
  /** Writes the trailer. */
  finish(): void;
  /** A copy of what has been written. */
  bytes(): Uint8Array<ArrayBuffer>;
  /** What is written to; open to blocks that gifenc does not know. */
  readonly stream: { writeBytes(bytes: ArrayLike<number>): void };
}

declare const gifenc: { GIFEncoder(): Encoder };
export default gifenc;
