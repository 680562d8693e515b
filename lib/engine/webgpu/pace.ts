/**
 * How much work one submission holds, and when there is enough of it before
 * the GPU: learnt from when submissions end.
 *
 * @module
 */

/** Milliseconds that a submission should keep the GPU busy. */
const SUBMISSION_TIME = 75;

/** Submissions that may be under way. */
const MOST_SUBMISSIONS = 3;

/** Milliseconds of work that may be under way, where steps are long. */
const BACKLOG_TIME = MOST_SUBMISSIONS * SUBMISSION_TIME;

/** Milliseconds of the GPU from which its pace is told. */
const SAMPLE_TIME = 30;

/** Jobs of the first submission to an idle GPU; then always twice as many. */
const FIRST_JOBS = 4;

/** The work of a submission: all its jobs are of one kind. */
export interface Load {
  /** What its jobs do. */
  readonly kind: string;
  readonly jobs: number;
  /** The images of all jobs. */
  readonly images: number;
}

/**
 * Paces submissions: of one job, and one at a time, until a kind of work has
 * been timed, since Windows resets a GPU that takes two seconds for one
 * (https://learn.microsoft.com/windows-hardware/drivers/display/timeout-detection-and-recovery).
 */
export class Pace {
  /** Milliseconds for an image, by kind of work. */
  readonly #paces = new Map<string, number>();
  readonly #underWay: Load[] = [];
  /** When the GPU began with the oldest submission under way. */
  #since = 0;
  #sample = { kind: "", images: 0, time: 0 };
  #mostJobs = FIRST_JOBS;

  /** Whether nothing is under way. */
  get isIdle(): boolean {
    return this.#underWay.length === 0;
  }

  /** Whether another submission has to wait for the oldest. */
  get isFull(): boolean {
    const isKnown = this.#underWay.every(({ jobs, kind }) =>
      jobs === 0 || this.#paces.has(kind)
    );
    const time = this.#underWay
      .reduce((sum, load) => sum + this.#time(load), 0);
    return !isKnown || this.#underWay.length >= MOST_SUBMISSIONS ||
      time >= BACKLOG_TIME;
  }

  /** Whether a submission should not grow by another job of its size. */
  isEnough(load: Load): boolean {
    if (!this.#paces.has(load.kind)) return true;
    // What is recorded for an idle GPU keeps it waiting.
    if (this.isIdle && load.jobs === 1) this.#mostJobs = FIRST_JOBS;
    return load.jobs >= this.#mostJobs ||
      this.#time(load) * (1 + 0.5 / load.jobs) >= SUBMISSION_TIME;
  }

  /** Notes a submission. */
  begin(load: Load, now: number): void {
    if (this.isIdle) this.#since = now;
    this.#underWay.push(load);
    this.#mostJobs *= 2;
  }

  /** Notes that the oldest submissions have ended; all, unless told otherwise. */
  end(now: number, count = this.#underWay.length): void {
    const ended = this.#underWay.splice(0, count);
    const time = now - this.#since;
    this.#since = now;
    const loads = ended.filter(({ jobs }) => jobs > 0);
    const kinds = new Set(loads.map(({ kind }) => kind));
    if (kinds.size !== 1) return; // whose time it was cannot be told
    const images = loads.reduce((sum, load) => sum + load.images, 0);
    this.#learn(loads[0].kind, images, time);
  }

  #learn(kind: string, images: number, time: number): void {
    const sample = this.#sample;
    const isNew = sample.kind !== kind;
    // The news of two submissions may come at once: then both are one sample.
    const isDue = sample.time >= SAMPLE_TIME &&
      (isNew || time >= images * sample.time / sample.images / 4);
    if (isDue) this.#paces.set(sample.kind, sample.time / sample.images);
    if (isNew || isDue) this.#sample = { kind, images, time };
    else {
      sample.images += images;
      sample.time += time;
    }
    if (this.isIdle && this.#sample.time >= SAMPLE_TIME) {
      this.#paces.set(kind, this.#sample.time / this.#sample.images);
      this.#sample = { kind, images: 0, time: 0 };
    }
  }

  /** Milliseconds that work takes; 0 while that is unknown. */
  #time({ kind, images }: Load): number {
    return images * (this.#paces.get(kind) ?? 0);
  }
}
