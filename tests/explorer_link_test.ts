/** The state of the explorer's page in the hash of its address. */
import { assert, assertEquals } from "@std/assert";
import {
  decodeLink,
  digestOf,
  encodeLink,
  type LinkState,
} from "../lib/explorer/page/link.ts";
import { priorSample } from "../lib/model/prior.ts";

/** Numbers from 0 to 1, the same in each run. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = Math.imul(state ^ state >>> 15, 0x2c1b3c6d) + 0x9e3779b9 | 0;
    return (Math.imul(state ^ state >>> 12, 0x297a2d39) >>> 0) / 2 ** 32;
  };
}

/** Any state that a page may be in. */
function anyState(seed: number): LinkState {
  const next = chance(seed);
  const whole = (end: number) => Math.floor(next() * end);
  const maybe = <T>(value: T) => next() < 0.6 ? value : undefined;
  const latentDim = 1 + whole(64);
  const point = () => [...priorSample(1, latentDim, whole(1e6), 2)];
  const steps = new Set(Array.from({ length: whole(20) }, () => whole(2000)));
  const state: LinkState = {
    model: maybe(digestOf(priorSample(1, 8, seed))),
    z: maybe(point()),
    label: maybe(whole(256)),
    across: maybe(whole(latentDim)),
    up: maybe(whole(latentDim)),
    a: maybe(point()),
    b: maybe(point()),
    temperature: maybe(whole(41) / 20),
    seed: maybe(whole(2 ** 32)),
    only: maybe(whole(256)),
    language: maybe(["en", "de", "pt-br"][whole(3)]),
    lesson: maybe(1 + whole(6)),
    run: maybe({
      seed: whole(2 ** 32),
      latentDim: 1 + whole(64),
      beta: next() * 10 ** (whole(9) - 6),
      likelihood: maybe("bce" as const) ?? "mse",
      classCount: whole(11),
      epochs: 1 + whole(50),
      events: [...steps].sort((a, b) => a - b)
        .map((step) => ({ step, beta: next() * 10 })),
      stopped: maybe(whole(2000)) ?? null,
    }),
  };
  return Object.fromEntries(
    Object.entries(state).filter(([, value]) => value !== undefined),
  );
}

/** Points in thousandths, as a link has them. */
function rounded(state: LinkState): LinkState {
  const points = Object.entries(state)
    .filter(([name]) => ["z", "a", "b"].includes(name))
    .map(([name, z]) => [
      name,
      (z as number[]).map((value) => Math.round(value * 1000) / 1000 + 0),
    ]);
  return { ...state, ...Object.fromEntries(points) };
}

/** Whether all that was read may be used without another look. */
function assertSane(state: LinkState): void {
  const { z = [], a = [], b = [], label = 0, seed = 0, run } = state;
  for (const point of [z, a, b]) {
    assert(point.length <= 512 && point.every((x) => Math.abs(x) <= 1e6));
  }
  assert(label >= 0 && label < 256 && Number.isInteger(label));
  assert(seed >= 0 && seed < 2 ** 32 && Number.isInteger(seed));
  if (!run) return;
  assert(run.epochs >= 1 && run.epochs <= 200 && run.latentDim <= 64);
  assert(run.beta >= 0 && run.beta <= 1e4 && run.events.length <= 4000);
}

const FULL: LinkState = {
  model: "3f9a12bc",
  z: [0, 1.2, -0.86],
  label: 7,
  across: 2,
  up: 6,
  a: [1, 2, 3],
  b: [-1, -2, -3],
  temperature: 0.8,
  seed: 5,
  only: 4,
  language: "de",
  lesson: 3,
  run: {
    ...{ seed: 7, latentDim: 8, beta: 1, likelihood: "bce", classCount: 10 },
    ...{ epochs: 20, events: [{ step: 300, beta: 4 }], stopped: 900 },
  },
};
const FULL_HASH =
  "#m=3f9a12bc&z=0,1.2,-0.86&c=7&x=3&y=7&a=1,2,3&b=-1,-2,-3&t=0.8&s=5" +
  "&only=4&lang=de&lesson=3&run=seed:7,dim:8,beta:1,loss:bce,classes:10," +
  "epochs:20,300:4,stop:900&v=1";

Deno.test("encodeLink() writes what a person can read, and an address hold", () => {
  assertEquals(encodeLink(FULL), FULL_HASH);
  const address = new URL("https://example.org/explorer.html" + FULL_HASH);
  assertEquals(address.hash, FULL_HASH);
});

Deno.test("encodeLink() leaves out what is as usual", () => {
  const usual = { z: [0, 0.0001, -0], across: 2, up: 0, seed: 1 };
  const state = { z: [0, 0, 0], across: 2, up: 1, seed: 2 };
  assertEquals(encodeLink(state, usual), "#y=2&s=2&v=1");
});

Deno.test("decodeLink() reads back any state that encodeLink() writes", () => {
  for (let seed = 0; seed < 500; seed++) {
    const state = anyState(seed);
    const hash = encodeLink(state);
    assertEquals(
      decodeLink(hash),
      { state: rounded(state), unread: [], doubt: null },
      hash,
    );
    // As some programs send it on.
    const escaped = hash.replaceAll(",", "%2C").replaceAll(":", "%3A");
    assertEquals(decodeLink(escaped), decodeLink(hash));
  }
});

Deno.test("decodeLink() takes a hash written by hand, and leaves others alone", () => {
  assertEquals(decodeLink("#lesson=3"), {
    ...{ state: { lesson: 3 }, unread: [], doubt: null },
  });
  for (const hash of ["", "#", "#main", "#h-train", "#a-b", "#utm=3"]) {
    assertEquals(decodeLink(hash), null, hash);
  }
});

Deno.test("decodeLink() names what it cannot read, and keeps the rest", () => {
  const unreadable = {
    m: ["3F9A12BC", "3f9a12b", "../../x"],
    z: ["", "NaN", "1,,2", "Infinity", "1e999", "0x10", "1;2", "2000000"],
    c: ["-1", "256", "1.5", "NaN", "99999999999999999999"],
    x: ["0", "513", "two"],
    a: [Array(513).fill(1).join(), "1,2,", "<script>"],
    t: ["2.01", "-1", "1e400", "--1"],
    s: ["4294967296", "-1", "1.5", "1e3"],
    lang: ["de_DE", "x".repeat(99), "<b>"],
    lesson: ["0", "100", "constructor"],
    run: [
      "",
      "seed:1",
      ...[
        "dim:0",
        "dim:65",
        "beta:NaN",
        "loss:l1",
        "epochs:201",
        "epochs:0.5",
        "300:4,300:5",
        "300:4,200:5",
        "stop:x",
        "speed:9",
        "300:4:5",
        Array.from({ length: 4001 }, (_, i) => `${i}:1`).join(),
      ].map((more) =>
        `seed:1,dim:8,beta:1,loss:bce,classes:0,epochs:20,${more}`
      ),
    ],
  };
  for (const [key, values] of Object.entries(unreadable)) {
    for (const value of values) {
      const reading = decodeLink(`#only=3&${key}=${value}&v=1`);
      assertEquals(
        reading,
        { state: { only: 3 }, unread: [key], doubt: null },
        `${key}=${value}`.slice(0, 99),
      );
    }
  }
});

Deno.test("decodeLink() tells a link that was cut, is too long or newer", () => {
  for (let length = 12; length < FULL_HASH.length; length++) {
    const { doubt, state } = decodeLink(FULL_HASH.slice(0, length))!;
    assertEquals(doubt, "cut");
    assertSane(state);
  }
  assertEquals(decodeLink("#z=1&v=2")?.doubt, "newer");
  const long = decodeLink("#z=" + "1,".repeat(5e6));
  assertEquals(long, { state: {}, unread: [], doubt: "long" });
});

Deno.test("decodeLink() makes of any text a state that is safe, or none", () => {
  const next = chance(1);
  const alphabet = [..."0123456789.,:-&=%#eabzstxymv NaN\u0000é💥"];
  for (let trial = 0; trial < 1000; trial++) {
    const characters = [...encodeLink(anyState(trial % 100))];
    const changes = 1 + Math.floor(next() * 8);
    for (let i = 0; i < changes; i++) {
      characters.splice(
        Math.floor(next() * characters.length),
        Math.floor(next() * 3),
        alphabet[Math.floor(next() * alphabet.length)],
      );
    }
    const reading = decodeLink(characters.join(""));
    if (reading) assertSane(reading.state);
  }
});

Deno.test("digestOf() differs for weights that differ in a bit", () => {
  const weights = priorSample(1, 1000, 0);
  const digests = new Set([digestOf(weights), digestOf(weights.slice(1))]);
  for (let bit = 0; bit < 32; bit++) {
    const other = weights.slice();
    new Uint32Array(other.buffer)[31 * bit] ^= 1 << bit;
    digests.add(digestOf(other));
  }
  assertEquals(digests.size, 34);
  assert([...digests].every((digest) => /^[0-9a-f]{8}$/.test(digest)));
  assertEquals(digestOf(weights.slice()), digestOf(weights));
});
