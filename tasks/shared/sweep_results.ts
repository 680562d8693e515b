/**
 * What the runs of a sweep have come to, and their means over seeds.
 *
 * @module
 */
import type { Split } from "../../lib/dataset/dataset.ts";
import { encodePng } from "../../lib/image/png.ts";
import { rateDistortion } from "../../lib/image/rate_distortion.ts";
import { estimate } from "../../lib/math/estimate.ts";
import { markdownTable } from "../../lib/report/markdown.ts";
import { counted, fixed } from "../../lib/text.ts";
import { textTable } from "./tables.ts";

/** A run. */
export interface Row {
  readonly beta: number;
  readonly latentDim: number;
  readonly seed: number;
  readonly epochs: number;
  /** KL in nats. */
  readonly rate: number;
  /** The reconstruction, in the loss's unit. */
  readonly distortion: number;
  readonly total: number;
  /** Dimensions that carry more than 0.01 nats. */
  readonly active: number;
  readonly checkpoint: string;
}

/** A number over several seeds. */
export interface OverSeeds {
  readonly mean: number;
  /** Standard deviation, over n − 1; null of a single seed. */
  readonly deviation: number | null;
}

/** What differs between the seeds of a β and latent size. */
const MEASURED = ["rate", "distortion", "total", "active"] as const;

/** A β and latent size, over its seeds. */
export type Mean =
  & Pick<Row, "beta" | "latentDim" | "epochs">
  & { readonly seeds: readonly number[] }
  & Readonly<Record<typeof MEASURED[number], OverSeeds>>;

/** Returns the means of runs of each β and latent size, in their order. */
export function meansOf(rows: readonly Row[]): Mean[] {
  const cells = Map.groupBy(
    rows,
    ({ latentDim, beta }) => `${latentDim} ${beta}`,
  );
  return [...cells.values()].map((own): Mean => {
    const { beta, latentDim, epochs } = own[0];
    const seeds = own.map(({ seed }) => seed);
    const over = (name: typeof MEASURED[number]): OverSeeds => {
      const { mean, standardError } = estimate(own.map((row) => row[name]));
      const n = own.length;
      return {
        mean,
        deviation: n > 1 ? standardError * Math.sqrt(n) : null,
      };
    };
    const [rate, distortion, total, active] = MEASURED.map(over);
    return { beta, latentDim, epochs, seeds, rate, distortion, total, active };
  });
}

/** How a sweep was asked for. */
export interface Sweep {
  readonly likelihood: "mse" | "bce";
  readonly binarize: "none" | "dynamic" | "static";
  readonly epochs: number;
  readonly seeds: readonly number[];
}

/** What a sweep has come to. */
export interface SweepContents {
  /** The table, the numbers and the picture. */
  readonly files: readonly [
    markdown: Uint8Array,
    json: Uint8Array,
    png: Uint8Array,
  ];
  /** The table for a terminal. */
  readonly text: string;
  /** The numbers. */
  readonly result: Readonly<Record<string, unknown>>;
}

/**
 * Makes what is written of a sweep, and what is printed.
 *
 * @param rows Of the runs that there are, one at least.
 * @param of What they were measured on, how many were asked for, and the
 * picture's scale.
 */
export function sweepContents(
  rows: readonly Row[],
  { likelihood, binarize, epochs, seeds }: Sweep,
  { dataset, split, runs, scale }: {
    readonly dataset: string;
    readonly split: Split;
    readonly runs: number;
    readonly scale: number;
  },
): SweepContents {
  const hasSeeds = new Set(seeds).size > 1;
  const means = meansOf(rows);
  const unit = likelihood === "mse" ? "squared error" : "nats";
  const title = [
    dataset,
    `${split} images`,
    ...(binarize === "none" ? [] : ["binary pixels"]),
    counted(epochs, "epoch"),
    ...(hasSeeds
      ? [`mean and deviation over ${new Set(seeds).size} seeds`]
      : []),
    ...(rows.length < runs ? [`${rows.length} of ${runs} runs`] : []),
  ].join(", ");
  const table = tableOf(means, unit, hasSeeds);
  const result = {
    dataset,
    split,
    likelihood,
    binarize,
    runs: rows,
    ...(hasSeeds && { means }),
  };
  const picture = rateDistortion(
    means.map(({ beta, latentDim, rate, distortion }) => ({
      beta,
      latentDim,
      rate: rate.mean,
      distortion: distortion.mean,
      ...(hasSeeds && {
        deviation: {
          rate: rate.deviation ?? 0,
          distortion: distortion.deviation ?? 0,
        },
      }),
    })),
    {
      title: `Rate and distortion: ${title}`,
      yLabel: `distortion: reconstruction, ${unit} per image`,
      scale,
    },
  );
  const encode = (text: string) => new TextEncoder().encode(text);
  return {
    files: [
      encode(`# ${title}\n\n${markdownTable(...table)}\n`),
      encode(JSON.stringify(result, null, 2) + "\n"),
      encodePng(picture, {
        Title: "Rate and distortion",
        Software: "@vae/mnist",
        "Data set": dataset,
      }),
    ],
    text: textTable(...table),
    result,
  };
}

/**
 * Makes the table of a sweep: of its runs or, with several seeds, of the means.
 *
 * @param unit The unit of the distortion.
 * @returns The names of the columns, and the rows.
 */
function tableOf(
  means: readonly Mean[],
  unit: string,
  hasSeeds: boolean,
): [head: string[], rows: string[][]] {
  const shown = ({ mean, deviation }: OverSeeds, digits = 2) =>
    deviation === null
      ? fixed(mean, digits)
      : `${fixed(mean, digits)} ± ${fixed(deviation, digits)}`;
  return [
    [
      // The means take the room of longer words.
      hasSeeds ? "latent size" : "latent dimensions",
      "β",
      hasSeeds ? "seeds" : "epochs",
      "rate: KL (nats)",
      `distortion (${unit})`,
      "total",
      "active dimensions",
    ],
    means.map(({ seeds, rate, distortion, total, active, ...of }) => [
      `${of.latentDim}`,
      `${of.beta}`,
      `${hasSeeds ? seeds.length : of.epochs}`,
      shown(rate),
      shown(distortion),
      shown(total),
      hasSeeds ? shown(active, 1) : `${active.mean}`,
    ]),
  ];
}
