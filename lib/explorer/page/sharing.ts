/// <reference lib="dom" />
/**
 * What is shown, kept in the address, so that a link leads back to it.
 *
 * @module
 */
import { type Language, TEXTS } from "../texts/texts.ts";
import type { Texts } from "../texts/en.ts";
import { byId, onClick, say } from "./dom.ts";
import type { Explorer } from "./explorer.ts";
import { onLanguage, setLanguage, texts, write } from "./language.ts";
import { decodeLink, digestOf, encodeLink, type LinkState } from "./link.ts";
import type { Model } from "./model.ts";
import type { Plan } from "../training_plan.ts";
import type { Plane } from "./plane.ts";
import type { Samples } from "./samples.ts";
import type { Training } from "./training.ts";
import type { Walk } from "./walk.ts";

/** Milliseconds between two changes of the address: Safari allows 100 in 30 s. */
const PAUSE = 500;
/** How far out a point may lie, in widths of the map. */
const FAR = 4;

/** One of a few that a reader may choose, or none. */
export interface Choice {
  get(): number | null;
  set(to: number | null): void;
  onChange(listener: () => void): void;
}

/** One of the model's pictures on its way through the network. */
export interface Follower {
  readonly count: number;
  /** Which picture, and the number of its draw; null unless there was one. */
  get(): { readonly picture: number; readonly roll?: number } | null;
  /** Follows another; the point stays. Without a number its mean is decoded. */
  show(picture: number, roll?: number): Promise<void>;
}

/** Whatever a link tells of. */
export interface Shared {
  readonly explorer: Explorer;
  readonly plane: Plane;
  readonly walk: Walk;
  readonly samples: Samples;
  readonly training: Training;
  /** What follows a picture, and moves the point when it has drawn. */
  readonly follower?: Follower;
  /** The lesson that is open, the first is 1. */
  readonly lesson?: Choice;
  /** The one class whose dots are shown. */
  readonly only?: Choice;
}

/** Opens the link by which the page was called, and keeps the address up to date. */
export function startSharing(shared: Shared): void {
  const { explorer, plane, walk, samples, training, follower } = shared;
  const original = explorer.model;
  /** The run in the link, until there is another. */
  let offered: Plan | null = null;
  /** The run that the explored model came out of, if it came out of one. */
  let madeBy: Plan | null = null;
  /** The link of a model that has still to be trained. */
  let waiting: LinkState | null = null;
  /** Whether the reader has gone elsewhere since a link was opened or copied. */
  let isLeft = false;

  const here = (): LinkState => {
    const { model: { digest }, z, label } = explorer;
    const [across, up] = plane.dimensions;
    const [a, b] = walk.ends?.map((end) => [...end]) ?? [];
    const { temperature, seed } = samples;
    return {
      ...{ model: digest, z: [...z], label, across, up, a, b },
      ...{ temperature, seed, ...follower?.get() },
      language: document.documentElement.lang,
      only: shared.only?.get() ?? undefined,
      lesson: shared.lesson?.get() ?? undefined,
      run: madeBy ?? training.plan() ?? offered ?? undefined,
    };
  };
  const { language, temperature = 1, seed = 1 } = here();
  /** What the page would show now if nothing had been done to it. */
  let usual: LinkState = {};
  const hash = () =>
    // A link that waits is still what a reload should open.
    waiting && !isLeft
      ? location.hash
      : encodeLink(here(), { ...usual, model: undefined });

  const keep = () => {
    try {
      history.replaceState(history.state, "", hash());
    } catch {
      // A frame without an address of its own may not change it.
    }
  };
  const keepSoon = atMostEvery(PAUSE, keep);
  let isCopied = false;
  const changed = () => {
    isLeft = true;
    keepSoon();
    if (!isCopied) return;
    // What was copied is no longer what is shown.
    isCopied = false;
    byId("link-here").hidden = true;
    note([]);
  };

  /** Goes where a link leads in this model; the keys of what does not fit. */
  const goTo = (link: LinkState): string[] => {
    const unfit = misfits(link, explorer.model, follower?.count ?? 0);
    const or = <K extends keyof LinkState>(name: K, key: string) =>
      link[name] === undefined || unfit.includes(key)
        ? usual[name]
        : link[name];
    explorer.setLabel(or("label", "c")!);
    plane.show([or("across", "x")!, or("up", "y")!]);
    const ends = [or("a", "a"), or("b", "b")] as const;
    if (ends[0] && ends[1]) {
      walk.setEnds(Float32Array.from(ends[0]), Float32Array.from(ends[1]));
    }
    explorer.moveTo(Float32Array.from(or("z", "z")!));
    const shown = or("picture", "p");
    if (shown !== undefined) follower?.show(shown, link.roll);
    shared.only?.set(or("only", "only") ?? null);
    return unfit;
  };
  const open = () => {
    const reading = decodeLink(location.hash);
    if (reading === null) return;
    const { state, unread, doubt } = reading;
    const notes: ((texts: Texts) => string)[] = [];
    if (doubt) notes.push(({ link }) => link[doubt]);
    const { lang } = document.documentElement;
    const speech = state.language ?? language!;
    if (speech !== lang && Object.hasOwn(TEXTS, speech)) {
      setLanguage(speech as Language, explorer);
    }
    samples.set(state.seed ?? seed, state.temperature ?? temperature);
    shared.lesson?.set(state.lesson ?? null);
    offered = state.run ?? null;
    const isOther = state.model !== undefined &&
      state.model !== explorer.model.digest;
    waiting = isOther && offered ? state : null;
    if (waiting) notes.push(({ link }) => link.waits);
    else if (isOther) notes.push(({ link }) => link.otherModel);
    const leftOut = [...unread, ...waiting ? [] : goTo(state)].join(", ");
    if (leftOut) notes.push(({ link }) => link.leftOut(leftOut));
    showOffer();
    note(notes);
    isLeft = isCopied = false;
  };
  const showOffer = () => {
    const plan = offered;
    byId("link-run").hidden = plan === null;
    if (plan) write(byId("link-plan"), ({ link }) => link.run(plan));
  };

  explorer.onModel(() => {
    const { z, label, across, up, a, b } = here();
    usual = { z, label, across, up, a, b, language, temperature, seed };
    const { digest } = explorer.model;
    const snapshot = training.snapshot()?.checkpoint.state.parameters;
    madeBy = snapshot && digestOf(snapshot) === digest ? training.plan() : null;
    if (waiting === null || explorer.model === original) return;
    const differs = waiting.model !== digest;
    // Browsers may differ in a run's last digits, but other models are others.
    const isRun = madeBy &&
      encodeLink({ run: madeBy }) === encodeLink({ run: waiting.run });
    if (differs && !isRun) return;
    goTo(waiting);
    waiting = null;
    note(differs ? [({ link }) => link.differs] : []);
  });
  open();
  addEventListener("hashchange", open);

  explorer.onMove(changed);
  explorer.onLabel(changed);
  plane.onChange(changed);
  walk.onEnds(changed);
  samples.onChange(changed);
  onLanguage(changed);
  shared.only?.onChange(changed);
  shared.lesson?.onChange(changed);
  training.onPlan(() => {
    if (training.plan()) offered = null;
    keepSoon();
  });

  onClick("link-replay", () => {
    byId("link-run").hidden = true;
    training.replay(offered!);
    byId("train").closest("section")!.scrollIntoView();
  });
  onClick("copy-link", async () => {
    keep();
    isCopied = true;
    const link = location.href.replace(/#.*/s, "") + hash();
    const field = byId<HTMLInputElement>("link-field");
    try {
      await navigator.clipboard.writeText(link);
      byId("link-here").hidden = true;
      const isFile = location.protocol === "file:";
      note([({ link }) => isFile ? link.copiedFile : link.copied]);
    } catch {
      // Denied, or a page that came by plain HTTP, which has no clipboard.
      byId("link-here").hidden = false;
      field.value = link;
      field.select();
      note([({ link }) => link.selected]);
    }
  });
}

/** The keys of what is of another model, or of none. */
function misfits(
  { z, picture = 0, label = 0, across = 0, up = 0, a, b, only }: LinkState,
  { options: { latentDim }, classCount, range, labels }: Model,
  pictures: number,
): string[] {
  const fits = (point: readonly number[] | undefined) =>
    point === undefined || point.length === latentDim &&
      point.every((value) => Math.abs(value) <= FAR * range);
  const fit = {
    z: fits(z),
    p: picture === 0 || picture < pictures,
    c: label === 0 || label < classCount,
    x: across < latentDim,
    y: up < latentDim,
    a: fits(a),
    b: fits(b),
    only: only === undefined || labels?.includes(only),
  };
  return Object.entries(fit).flatMap(([key, isFit]) => isFit ? [] : [key]);
}

function note(parts: readonly ((texts: Texts) => string)[]): void {
  const text = (texts: Texts) => parts.map((part) => part(texts)).join(" ");
  write(byId("link-note"), text);
  say(text(texts()));
}

/** Runs a task at once when asked to, but not again within so many milliseconds. */
function atMostEvery(milliseconds: number, task: () => void): () => void {
  let last = -Infinity;
  let timer: ReturnType<typeof setTimeout> | undefined;
  return () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      last = performance.now();
      task();
    }, Math.max(0, last + milliseconds - performance.now()));
  };
}
