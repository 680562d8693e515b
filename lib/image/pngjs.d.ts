/** The part of pngjs that this project uses; the package ships no types. */
import type { Buffer } from "node:buffer";

/** PNG's colour types: one grey byte a pixel, RGB, or RGBA. */
type ColorType = 0 | 2 | 6;

export interface PngOptions {
  colorType: ColorType;
  inputColorType: ColorType;
  inputHasAlpha: boolean;
  /** zlib's strategy: 0 is its default. */
  deflateStrategy: number;
  /** 0: rows are stored unfiltered. */
  filterType: number;
}

export declare class PNG {
  constructor(options: { width: number; height: number });
  width: number;
  height: number;
  data: Buffer;
  static sync: {
    /** Decodes to RGBA, whatever the file's colour type. */
    read(bytes: Buffer): PNG;
    write(
      image: { width: number; height: number; data: Buffer },
      options: PngOptions,
    ): Buffer;
  };
}
