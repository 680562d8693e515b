/// <reference lib="dom" />
/**
 * One picture's way through the network: its distribution, a draw from it, the
 * picture that the draw gives, and what that costs.
 *
 * @module
 */
import { klDivergences } from "../../metrics/posterior.ts";
import { INACTIVE_KL } from "../../model/losses.ts";
import { Bars } from "./bars.ts";
import { rollOf } from "./cloud.ts";
import { rollDie } from "./die.ts";
import { byId, inFrame, make, onClick, say } from "./dom.ts";
import type { Drawn, Explorer } from "./explorer.ts";
import { onLanguage, texts, write } from "./language.ts";
import { nameOf } from "./names.ts";
import { number as decimal } from "./numbers.ts";
import { paint } from "./picture.ts";
import type { Follower } from "./sharing.ts";
import { showTerms, type Terms, termsOf } from "./terms.ts";
import { countPictures, firstPicture, pictureAt } from "./test_pictures.ts";
import { onTheme } from "./theme.ts";

/** Rows; the other dimensions tell less. */
const SHOWN = 16;

/** The picture that is followed. */
interface Followed {
  readonly picture: Drawn;
  /** Its class, where that is known. */
  readonly label: number | null;
  /** The class that it was encoded as. */
  readonly encodedAs: number;
  /** In nats, of each dimension. */
  readonly kl: Float64Array;
}

/** Starts it; the promise is there when the first picture has gone all the way. */
export async function startStrip(explorer: Explorer): Promise<Follower> {
  const canvas = byId<HTMLCanvasElement>("from-bars");
  const dimension = byId<HTMLSelectElement>("from-dimension");
  const bars = new Bars(canvas, [
    byId("from-spread"),
    byId("from-dice"),
    byId("from-draw"),
  ]);
  let followed: Followed;
  /** Which of the model's pictures was followed last. */
  let last = 0;
  /** What was drawn or chosen last. */
  let seen: Drawn | null = null;
  /** The number of the last draw. */
  let number = 0;
  let reconstruction = new Float32Array();
  /** The greatest loss so far. */
  let most = 0;

  const hasDice = () => !explorer.model.options.autoencoder;

  const show = () => {
    if (!explorer.roll) return;
    const original = Float32Array.from(
      explorer.roll.picture.image,
      (byte) => byte / 255,
    );
    paint(byId("from-original"), original);
    paint(byId("from-reconstruction"), reconstruction);
    paint(
      byId("from-difference"),
      original.map((ink, i) => Math.abs(ink - reconstruction[i])),
    );
  };
  /** Draws the picture again from z, and says what that costs. */
  const decode = async (): Promise<Terms | null> => {
    const { roll, model } = explorer;
    if (!roll) return null;
    const { kl, encodedAs } = followed;
    const pixels = await explorer.decode(roll.z);
    const error = await explorer.score(roll.z, roll.picture.image);
    if (explorer.roll !== roll) return null;
    reconstruction = Float32Array.from(pixels);
    const terms = termsOf(error, kl, model);
    const cost = terms.total ??
      terms.reconstruction + (hasDice() ? terms.kl : 0);
    most = Math.max(most, cost);
    show();
    showTerms(terms, model, most);
    const names = [encodedAs, explorer.label].map((of) => explorer.nameOf(of));
    ["from-told", "from-told-again"].forEach((id, end) =>
      write(byId(id), ({ strip }) => strip.told(names[end]))
    );
    return terms;
  };
  const decodeSoon = inFrame(async () => void await decode());

  const tellNumber = () => {
    if (!explorer.roll) return;
    const d = Number(dimension.value);
    const { picture: { mu, sigma }, epsilon, z } = explorer.roll;
    const kl = followed.kl[d];
    const isDrawn = hasDice();
    write(byId("from-formula"), ({ strip }) => {
      const [m, s, e, at] = [mu, sigma, epsilon, z]
        .map((all) => decimal(all[d], 2));
      const factor = e.startsWith("−") ? `(${e})` : e;
      return isDrawn
        ? `= μ + σ·ε = ${m} + ${s} · ${factor} = ${at}. ${
          strip.nats(decimal(kl, 2))
        }`
        : `= ${m}`;
    });
  };
  const tellPicture = () => {
    const { picture: { index }, label, kl } = followed;
    const count = countPictures(explorer);
    const name = label === null ? null : explorer.nameOf(label);
    write(
      byId("from-caption"),
      ({ strip }) =>
        index === undefined ? strip.own : strip.of(index + 1, count, name),
    );
    const { strip } = texts();
    canvas.ariaLabel = hasDice()
      ? strip.bars(kl.filter((nats) => nats >= INACTIVE_KL).length, kl.length)
      : strip.points(kl.length);
  };
  const select = (d: number) => {
    dimension.value = String(d);
    bars.select(d);
    tellNumber();
  };

  /** Draws from the followed picture; what it decodes to is not there yet. */
  const draw = (isMean: boolean, moves: boolean) => {
    const roll = rollOf(followed.picture, number, isMean || !hasDice());
    explorer.setRoll(roll);
    bars.show(roll, moves);
    tellNumber();
  };
  const follow = (
    picture: Drawn,
    label: number | null,
  ) => {
    const { model: { options }, label: encodedAs } = explorer;
    const logvar = picture.sigma.map((sigma) => 2 * Math.log(sigma));
    const posterior = { mu: picture.mu, logvar };
    const { perDimension } = klDivergences(posterior, options.latentDim);
    const kl = Float64Array.from(perDimension, ([nats]) => nats);
    followed = { picture, label, encodedAs, kl };
    last = picture.index ?? last;
    tellPicture();
  };
  /** Follows one of the model's own pictures, if the model is still the same. */
  const open = async (index: number): Promise<boolean> => {
    const { model } = explorer;
    const { image, label } = await pictureAt(explorer, index);
    if (label !== null && label < model.classCount) explorer.setLabel(label);
    const { mu, logvar } = await explorer.encode(image);
    if (explorer.model !== model) return false;
    const sigma = logvar.map((v) => Math.exp(v / 2));
    follow({ image, mu, sigma, index }, label);
    return true;
  };
  /** Draws, goes there, and says what came of it. */
  const roll = async (isMean: boolean) => {
    if (!isMean && hasDice()) rollDie(byId("from-die"), ++number);
    draw(isMean, true);
    if (explorer.drawn !== followed.picture) {
      explorer.setDrawn(followed.picture);
    }
    explorer.moveTo(explorer.roll!.z);
    const terms = await decode();
    if (!terms) return;
    const error = decimal(terms.reconstruction, 1);
    const { strip } = texts();
    say(
      hasDice()
        ? strip.said(isMean, error, decimal(terms.kl, 1))
        : strip.saidPoint(error),
    );
  };
  const another = async (step: number) => {
    const count = countPictures(explorer);
    const index = (last + step + count) % count;
    if (await open(index)) await roll(false);
  };

  onClick("from-roll", () => roll(false));
  onClick("from-mean", () => roll(true));
  onClick("from-another", () => another(1));
  byId("from-another").addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step) another(step);
  });
  dimension.addEventListener("change", () => select(Number(dimension.value)));
  for (const event of ["pointermove", "pointerdown"] as const) {
    canvas.addEventListener(event, ({ offsetY }) => {
      const d = bars.dimensionAt(offsetY);
      if (d !== undefined && dimension.value !== String(d)) select(d);
    });
  }

  /** Goes back to the model's own picture when a drawing is given up. */
  const resume = async () => {
    if (followed.picture.index !== undefined) return;
    if (!await open(last) || explorer.drawn) return;
    draw(false, false);
    await decode();
  };
  explorer.onMove(() => {
    const { drawn } = explorer;
    if (drawn === seen) return;
    seen = drawn;
    if (!drawn) return resume();
    if (drawn === explorer.roll?.picture) return;
    // The point is where the drawing is: at the mean of its distribution.
    const { labels } = explorer.model;
    follow(
      drawn,
      drawn.index === undefined ? null : labels?.[drawn.index] ?? null,
    );
    draw(true, false);
    decodeSoon();
  });
  explorer.onLabel(decodeSoon);
  onLanguage(tellPicture);
  onTheme(() => {
    show();
    bars.draw();
  });

  let opened = Promise.resolve();
  explorer.onModel(() => {
    const { order, beta = null } = explorer.model;
    const section = byId("from");
    section.toggleAttribute("data-dice", hasDice());
    section.toggleAttribute("data-sum", hasDice() && beta !== null);
    const shown = order.slice(0, SHOWN);
    dimension.replaceChildren(
      ...shown.map((d) =>
        make("option", { value: String(d), textContent: nameOf(d) })
      ),
    );
    const rest = byId("from-rest");
    rest.hidden = shown.length === order.length;
    write(rest, ({ strip }) => strip.rest(shown.length, order.length));
    bars.setRows(shown, hasDice());
    most = number = last = 0;
    seen = null;
    opened = (async () => {
      // Unless something has been drawn meanwhile.
      if (!await open(firstPicture(explorer)) || explorer.drawn) return;
      draw(false, false);
      // What tells most of this picture says most of how it goes.
      const tells = hasDice() ? followed.kl : followed.picture.mu.map(Math.abs);
      select(shown.reduce((a, b) => tells[b] > tells[a] ? b : a));
      await decode();
    })();
  });
  await opened;
  return {
    get count() {
      return countPictures(explorer);
    },
    get: () => {
      const { drawn, roll } = explorer;
      const { picture } = followed;
      const { index } = picture;
      if (index === undefined || drawn !== picture || !roll) return null;
      const isDrawn = roll.epsilon.some((epsilon) => epsilon !== 0);
      return { picture: index, roll: isDrawn ? number : undefined };
    },
    show: async (index, to) => {
      const { z, label } = explorer;
      if (!await open(index)) return;
      number = to ?? number;
      draw(to === undefined, false);
      // Where the reader is stays, and as which class it is drawn.
      explorer.setDrawn(followed.picture);
      explorer.setLabel(label);
      explorer.moveTo(z);
      await decode();
    },
  };
}
