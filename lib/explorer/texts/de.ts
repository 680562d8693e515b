/**
 * The page in German.
 *
 * @module
 */
import { en, type Texts } from "./en.ts";

/** The texts by section. */
export const de: Texts = {
  page: { ...en.page, language: "Deutsch" },

  lessons: en.lessons,

  point: en.point,

  strip: en.strip,

  sliders: en.sliders,

  pad: en.pad,

  map: en.map,

  walk: en.walk,

  samples: en.samples,

  train: en.train,
};
