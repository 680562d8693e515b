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
import {
  decodeLink,
  digestOf,
  encodeLink,
  KEYS,
  type LinkState,
} from "./link.ts";
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
  /** The run in the link. */
  let offered: Plan | null = null;
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
      // With another model's digest no other run would be true.
      run: explorer.model === original
        ? training.plan() ?? offered ?? undefined
        : explorer.model.run,
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

  /** Goes where a link leads in this model; returns what does not fit. */
  const goTo = (link: LinkState): (keyof LinkState)[] => {
    const unfit = misfits(link, explorer.model, follower?.count ?? 0);
    const or = <K extends keyof LinkState>(name: K) =>
      link[name] === undefined || unfit.includes(name)
        ? usual[name]
        : link[name];
    explorer.setLabel(or("label")!);
    plane.show([or("across")!, or("up")!]);
    const [a, b] = [or("a"), or("b")];
    if (a && b) walk.setEnds(Float32Array.from(a), Float32Array.from(b));
    else if (a || b) unfit.push(a ? "a" : "b");
    explorer.moveTo(Float32Array.from(or("z")!));
    const shown = or("picture");
    if (shown !== undefined) follower?.show(shown, link.roll);
    shared.only?.set(or("only") ?? null);
    return unfit;
  };
  const open = () => {
    const reading = decodeLink(location.hash);
    if (reading === null) return;
    const { state, doubt } = reading;
    const unread = [...reading.unread];
    const notes: ((texts: Texts) => string)[] = [];
    if (doubt) notes.push(({ link }) => link[doubt]);
    const { lang } = document.documentElement;
    const speech = state.language ?? language!;
    if (!Object.hasOwn(TEXTS, speech)) unread.push("lang");
    else if (speech !== lang) setLanguage(speech as Language, explorer);
    samples.set(state.seed ?? seed, state.temperature ?? temperature);
    shared.lesson?.set(state.lesson ?? null);
    offered = state.run ?? null;
    const isOther = state.model !== undefined &&
      state.model !== explorer.model.digest;
    waiting = isOther && offered ? state : null;
    if (waiting) notes.push(({ link }) => link.waits);
    else if (isOther) notes.push(({ link }) => link.otherModel);
    const unfit = waiting ? [] : goTo(state);
    const shown = waiting ? [] : partsOf(state, unfit);
    if (shown.length > 0) {
      notes.unshift(({ link }) => link.shows(shown.map((p) => link.parts[p])));
    }
    const leftOut = [...unread, ...unfit.map((name) => KEYS[name])]
      .join(", ");
    if (leftOut) notes.push(({ link }) => link.leftOut(leftOut));
    showOffer();
    note(notes);
    isLeft = isCopied = false;
  };
  const showOffer = () => {
    const plan = offered;
    byId("link-run").hidden = plan === null;
    byId("link-explore").hidden = true;
    if (plan) write(byId("link-plan"), ({ link }) => link.run(plan));
  };
  /** Whether the network that training shows is of the run that is waited for. */
  const isReached = () => {
    const [run, awaited] = [training.plan(), waiting?.run];
    return run && awaited &&
      encodeLink({ run }) === encodeLink({ run: awaited });
  };

  explorer.onModel(() => {
    const { z, label, across, up, a, b } = here();
    usual = { z, label, across, up, a, b, language, temperature, seed };
    if (waiting === null || explorer.model === original) return;
    const { digest, run } = explorer.model;
    const differs = waiting.model !== digest;
    // Browsers may differ in a run's last digits, but other models are others.
    const isRun = run &&
      encodeLink({ run }) === encodeLink({ run: waiting.run });
    if (differs && !isRun) return;
    goTo(waiting);
    waiting = null;
    byId("link-explore").hidden = true;
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
    keepSoon();
    const button = byId("link-explore");
    const wasReached = !button.hidden;
    button.hidden = !isReached();
    if (wasReached || button.hidden) return;
    const { parameters } = training.snapshot()!.checkpoint.state;
    const isSame = digestOf(parameters) === waiting!.model;
    note([({ link }) => isSame ? link.same : link.nearly]);
  });

  onClick("link-replay", () => {
    byId("link-run").hidden = true;
    training.replay(offered!);
    byId("train").closest("section")!.scrollIntoView();
  });
  onClick("link-explore", () => byId("explore-trained").click());
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

/** What is shown, as the texts call it, and what of a link says so. */
const PARTS: {
  readonly [P in keyof Texts["link"]["parts"]]: readonly (keyof LinkState)[];
} = {
  lesson: ["lesson"],
  point: ["z"],
  picture: ["picture"],
  label: ["label"],
  axes: ["across", "up"],
  walk: ["a"],
  samples: ["temperature", "seed"],
  only: ["only"],
};

/** What a link shows, but for what does not fit. */
function partsOf(
  link: LinkState,
  unfit: readonly (keyof LinkState)[],
): (keyof typeof PARTS)[] {
  const isShown = (name: keyof LinkState) =>
    link[name] !== undefined && !unfit.includes(name);
  return (Object.keys(PARTS) as (keyof typeof PARTS)[])
    .filter((part) => PARTS[part].some(isShown));
}

/** What is of another model, or of none, or lacks its picture. */
function misfits(
  { z, picture, roll, label = 0, across = 0, up = 0, a, b, only }: LinkState,
  { options: { latentDim }, classCount, range, labels }: Model,
  pictures: number,
): (keyof LinkState)[] {
  const fits = (point: readonly number[] | undefined) =>
    point === undefined || point.length === latentDim &&
      point.every((value) => Math.abs(value) <= FAR * range);
  const fit = {
    z: fits(z),
    picture: picture === undefined || picture < pictures,
    roll: roll === undefined || picture !== undefined,
    label: label === 0 || label < classCount,
    across: across < latentDim,
    up: up < latentDim,
    a: fits(a),
    b: fits(b),
    only: only === undefined || labels?.includes(only),
  };
  return (Object.keys(fit) as (keyof typeof fit)[])
    .filter((name) => !fit[name]);
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
