/**
 * Where a run begins, and what is said about it before it does: a checkpoint
 * that goes on, the weights of another, what it minimises, a warm-up.
 *
 * @module
 */
import type { Checkpoint } from "../../lib/checkpoint/checkpoint.ts";
import { epochsOf, isPart } from "../../lib/model/losses.ts";
import { drawsOf } from "../../lib/options/conflicts.ts";
import {
  IWAE_SAMPLES,
  recipes,
  TC_WEIGHT,
  type TrainingOptions,
} from "../../lib/options/run.ts";
import { OptionError } from "../../lib/options/table.ts";
import type { Beginning, RunNames } from "../../lib/train/check.ts";
import { counted } from "../../lib/text.ts";
import type { EndEvent } from "../../lib/train/events.ts";
import {
  epochsToTarget,
  hasWarmup,
  hyperAt,
} from "../../lib/train/schedule.ts";
import { flagOf } from "./flags.ts";
import { describe, openCheckpoint } from "./model.ts";

/** The options that name a checkpoint to begin from. */
export interface Begun {
  readonly resume: string | null;
  readonly fineTune: string | null;
}

/** Loads the checkpoint that a run begins from, if there is one. */
export async function openBeginning(
  { resume, fineTune }: Begun,
): Promise<Beginning> {
  if (resume !== null && fineTune !== null) {
    throw new OptionError(
      "--resume and --fine-tune do not go together: continue a run, or begin " +
        "one with its weights",
    );
  }
  if (resume !== null) return { resume: await openCheckpoint(resume) };
  if (fineTune === null) return {};
  return { from: await openCheckpoint(fineTune) };
}

/**
 * What errors call the checkpoint of a run, and its options: as they were chosen,
 * by their flags or by the recipe.
 */
export function namesOf(
  path: string,
  { recipe }: { readonly recipe: keyof typeof recipes },
  given: ReadonlySet<string>,
): RunNames {
  return {
    checkpoint: path,
    from: flagOf("fineTune"),
    option: (name) =>
      name in recipes[recipe] && !given.has(name)
        ? `--recipe ${recipe} with ${flagOf(name)}`
        : flagOf(name),
  };
}

/** What options come to that are not set. */
const USUAL: Partial<Record<keyof TrainingOptions, number>> = {
  importanceSamples: IWAE_SAMPLES,
  tcWeight: TC_WEIGHT,
};

/** Says what a run begins from, and what it does in another way from there. */
export function* beginningLines(
  { resume: path, fineTune }: Begun,
  options: TrainingOptions,
  { resume, from }: Beginning,
): Generator<string> {
  if (resume) {
    const { state, history, epochsBefore } = resume;
    yield `going on from ${path}, step ${state.step}, after epoch ` +
      `${epochsOf(history, epochsBefore)} of ${options.epochs}`;
    for (const name of Object.keys(options) as (keyof TrainingOptions)[]) {
      const [before, now] = [resume.options, options]
        .map((options) => options[name] ?? USUAL[name] ?? "none");
      if (name === "epochs" || before === now) continue;
      yield `from here with ${flagOf(name)} ${now}, before with ${before}`;
    }
  }
  if (from) {
    yield `beginning with the weights of ${fineTune} (${describe(from)})`;
  }
}

/**
 * Says why there is nothing to train, and with what there would be.
 *
 * @param options Those with which it would go on.
 * @param images The training images.
 */
export function endText(
  end: EndEvent["reason"],
  { history, epochsBefore = 0, partial, ...resume }: Checkpoint,
  { epochs, patience }: TrainingOptions,
  images: number,
): string {
  const isWithin = partial && !isPart(history.at(-1));
  const recorded = epochsBefore + history.length;
  const done = isWithin
    ? Number(short(recorded + partial.images / images))
    : epochsOf(history, epochsBefore);
  const { trained = done } = resume;
  if (end === "patience") {
    return `already stopped after epoch ${trained} of ${epochs}: none of ` +
      `${patience} was better than epoch ${recorded}; --patience ` +
      `${2 * patience!} goes on from there`;
  }
  const more = short(2 * trained - done);
  return `already at ${trained}` +
    (trained > epochs ? `, past --epochs ${epochs}` : ` of ${epochs}`) +
    `; --epochs ${2 * trained} trains ${more} more`;
}

/** Says what a run sees and minimises where that is not grey and the ELBO. */
export function objectiveLines(options: TrainingOptions): string[] {
  const { binarize, objective, freeBits, tcWeight } = options;
  const pixels = {
    none: [],
    dynamic: ["black-and-white pixels, drawn anew each time they are seen"],
    static: ["black-and-white pixels, drawn once"],
  }[binarize];
  const measured = "; validation and test totals are reconstruction + KL";
  const bound = {
    elbo: [],
    iwae: [
      `importance-weighted bound of ${counted(drawsOf(options), "draw")}` +
      measured,
    ],
    btc: [
      `total correlation weighted by ${
        tcWeight ?? TC_WEIGHT
      }, by a minibatch's ` +
      `estimate, which is far too high${measured}`,
    ],
  }[objective];
  const free = freeBits > 0
    ? [
      `${freeBits} nats of KL are free in each dimension; totals count that ` +
      "much of each at least, so they may exceed reconstruction + KL",
    ]
    : [];
  return [...pixels, ...bound, ...free];
}

/**
 * Says what moves β and the capacity, in epochs, and which target the run ends
 * before.
 *
 * @param options A run's, with a settled warm-up.
 */
export function warmupLines(options: TrainingOptions): string[] {
  if (!hasWarmup(options)) return [];
  const { beta, betaSchedule, capacity, epochs, warmupEpochs } = options;
  const length = counted(Number(short(warmupEpochs!)), "epoch");
  const lines: string[] = {
    constant: [],
    linear: [`β rises to ${beta} over the first ${length}`],
    cyclical: [
      `β rises to ${beta} over ${length}, rests for as long and starts again`,
    ],
  }[betaSchedule];
  if (capacity > 0) {
    lines.push(`the capacity rises to ${capacity} nats over ${length}`);
  }
  if (epochsToTarget(options) <= epochs) return lines;
  const last = hyperAt(options, epochs, 1);
  const ends = [
    ["β", last.beta, beta] as const,
    ["the capacity", last.capacity, capacity] as const,
  ].filter(([, end, target]) => end < target)
    .map(([what, end, target]) => `${what} at ${short(end)} of ${target}`);
  lines.push(
    `note: the run ends with ${ends.join(" and ")}: more --epochs or fewer ` +
      "--warmup-epochs reach it",
  );
  return lines;
}

/** Writes a number with three digits at most after the point. */
function short(value: number): string {
  return String(Number(value.toFixed(3)));
}
