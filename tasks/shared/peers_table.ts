/**
 * A comparison in turn: ours, then each peer, round after round, so that
 * whatever else the machine does falls on all alike.
 *
 * @module
 */
import { oneLine } from "../../lib/text.ts";
import {
  howToGet,
  PeerError,
  type PeerName,
  type PeerReport,
  type Work,
} from "./peers.ts";

/** Milliseconds over the rounds. */
export interface Spread {
  /** Of the rounds' means, the one in the middle. */
  readonly median: number;
  /** The fastest round's mean. */
  readonly min: number;
}

/** One way in which a peer did what we do. */
export interface Compared {
  /** What was timed. */
  readonly of: Work;
  /** How the peer did it. */
  readonly variant: string;
  /** Its time over the rounds. */
  readonly ms: Spread;
  /** Its median over our median: above 1, ours is faster. */
  readonly ratio: number;
  /** Whether it is the fastest of this peer's ways. */
  readonly isBest: boolean;
}

/** A peer that was timed in every round. */
export interface ComparedPeer extends Omit<PeerReport, "times"> {
  /** Which peer. */
  readonly peer: PeerName;
  /** Its times. */
  readonly times: readonly Compared[];
}

/** What a comparison found. */
export interface Comparison {
  /** How often each was timed. */
  readonly rounds: number;
  /** Our times. */
  readonly ours: Partial<Record<Work, Spread>>;
  /** The peers that were there. */
  readonly peers: readonly ComparedPeer[];
  /** What could not be timed, and why. */
  readonly notes: readonly string[];
}

/**
 * How far our median may be above our minimum on a quiet machine. Where others
 * use the cores, threads that wait for one another suffer most: PyTorch's spin.
 */
const QUIET = 1.25;

/** Our times in one round, in milliseconds. */
export type OurTimes = Partial<Record<Work, number>>;

/**
 * Times everybody in turn. A peer that fails is left out from then on, with a
 * note that says how to get it.
 *
 * @param ours Takes one round of ours.
 * @param peers Takes one round of each peer; what cannot be timed is a
 * {@linkcode PeerError}.
 */
export async function compareInTurn(
  rounds: number,
  ours: () => Promise<OurTimes>,
  peers: ReadonlyMap<PeerName, () => Promise<PeerReport>>,
): Promise<Comparison> {
  const our: OurTimes[] = [];
  const reports = new Map<PeerName, PeerReport[]>();
  for (const peer of peers.keys()) reports.set(peer, []);
  const notes: string[] = [];
  for (let round = 0; round < rounds && reports.size > 0; round++) {
    our.push(await ours());
    for (const [peer, itsReports] of [...reports]) {
      try {
        itsReports.push(await peers.get(peer)!());
      } catch (error) {
        if (!(error instanceof PeerError)) throw error;
        reports.delete(peer);
        notes.push(
          `${peer} was not timed: ${oneLine(error.message, 200)} ` +
            `(${howToGet(peer)})`,
        );
      }
    }
  }
  const ofOurs = (of: Work) => spread(our.map((times) => times[of]!));
  const works = Object.keys(our[0] ?? {}) as Work[];
  const compared = [...reports].map(([peer, reports]) =>
    comparePeer(peer, reports, ofOurs, notes)
  );
  if (works.some((of) => ofOurs(of).median > QUIET * ofOurs(of).min)) {
    notes.push(
      "our own rounds differ by more than a quarter: something else used the " +
        "cores, so trust none of these times",
    );
  }
  return {
    rounds,
    ours: Object.fromEntries(works.map((of) => [of, ofOurs(of)])),
    peers: compared,
    notes,
  };
}

function comparePeer(
  peer: PeerName,
  reports: readonly PeerReport[],
  ofOurs: (of: Work) => Spread,
  notes: string[],
): ComparedPeer {
  const { times, ...about } = reports[0];
  const compared: Omit<Compared, "isBest">[] = [];
  times.forEach(({ of, variant }, i) => {
    const results = reports.map((report) => report.times[i].result);
    const failure = results.find((result) => "error" in result);
    if (failure) {
      notes.push(
        `${about.name}, ${variant}, was not timed: ` +
          oneLine(failure.error, 200),
      );
      return;
    }
    const ms = spread(
      results.map((result) => "error" in result ? NaN : result.milliseconds),
    );
    compared.push({ of, variant, ms, ratio: ms.median / ofOurs(of).median });
  });
  if (!about.isFair) {
    notes.push(
      `${about.name} ${about.version} is no fair peer (${about.build}): ` +
        `what most people install is faster`,
    );
  }
  const isBest = (time: typeof compared[number]) =>
    compared.every(({ of, ms }) =>
      of !== time.of || ms.median >= time.ms.median
    );
  return {
    peer,
    ...about,
    times: compared.map((time) => ({ ...time, isBest: isBest(time) })),
  };
}

function spread(values: number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  return { median: sorted[sorted.length >> 1], min: sorted[0] };
}

const titles: Record<Work, (batchSize: number) => string> = {
  step: (n) => `a training step of ${n} images`,
  encode: (n) => `encoding ${n} images, one thread`,
  decode: (n) => `decoding ${n} images, one thread`,
};

/** The comparison for a person: a table for each thing that was timed. */
export function comparisonTable(
  { rounds, ours, peers, notes }: Comparison,
  batchSize: number,
): string[] {
  const width = 48;
  const row = (name: string, { median, min }: Spread, ratio: number) =>
    name.padEnd(width) + median.toFixed(2).padStart(10) +
    min.toFixed(2).padStart(10) + ratio.toFixed(2).padStart(10);
  const tables = (Object.entries(ours) as [Work, Spread][]).flatMap(
    ([of, ms]) => [
      `${titles[of](batchSize).padEnd(width)}        ms       min  to ours`,
      row("ours", ms, 1),
      ...peers.flatMap(({ name, version, times }) => {
        const same = times.filter((time) => time.of === of);
        return same.map(({ variant, ms, ratio, isBest }) => {
          const best = isBest && same.length > 1 ? ", its best" : "";
          return row(`${name} ${version}, ${variant}${best}`, ms, ratio);
        });
      }),
      "",
    ],
  );
  return [
    ...tables,
    `medians and minima of ${rounds} rounds, in turn`,
    ...peers.map(({ name, version, build, threads }) =>
      `${name} ${version}: ${build}, ` +
      `${threads} thread${threads === 1 ? "" : "s"}`
    ),
    ...notes.map((note) => `note: ${note}`),
  ];
}
