import {
  assert,
  assertEquals,
  assertGreater,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { constants, deflateRawSync, gzipSync } from "node:zlib";
import { fetchDataset, type FetchOptions } from "../../lib/dataset/download.ts";
import { DownloadError } from "../../lib/files/mirrors.ts";
import { writeIdx } from "../../lib/formats/idx.ts";
import type { Source, SourceFile } from "../../lib/dataset/mnist.ts";
import { inFolder } from "../folder.ts";
import { refuses, runWell, snapshot } from "../process.ts";

/** Four files of noise, which no compression makes much smaller, by name. */
const FILES = new Map(
  ([
    ["train-images-idx3-ubyte", [3, 28, 28]],
    ["train-labels-idx1-ubyte", [300]],
    ["t10k-images-idx3-ubyte", [2, 28, 28]],
    ["t10k-labels-idx1-ubyte", [200]],
  ] as const).map(([name, shape]) => {
    const random = randomNumbers(shape[0]);
    const length = shape.reduce((a: number, b) => a * b, 1);
    const data = new Uint8Array(length).map(() => 256 * random());
    return [name as string, writeIdx({ shape, data })];
  }),
);
const IMAGES = "train-images-idx3-ubyte.gz";

/** Those files in data/tiny, as `snapshot()` shows them. */
const KEPT = new Map(
  [...FILES].map(([name, bytes]) => [join("tiny", name), bytes] as const)
    .sort(([a], [b]) => a < b ? -1 : 1),
);

/** What a mirror has under a name. */
const packed = new Map(
  [...FILES].map(([name, bytes]) => [`${name}.gz`, gzip(bytes)]),
);
const WHOLE = packed.get(IMAGES)!;
const ETAG = '"v1"';

function gzip(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(gzipSync(bytes));
}

/** Repeatable numbers from 0 to 1: the mulberry32 generator. */
function randomNumbers(seed: number): () => number {
  return () => {
    seed = seed + 0x6d2b79f5 | 0;
    let t = Math.imul(seed ^ seed >>> 15, seed | 1);
    t ^= t + Math.imul(t ^ t >>> 7, t | 61);
    return ((t ^ t >>> 14) >>> 0) / 2 ** 32;
  };
}

/** The data set of those files, at one mirror. */
function tiny(url: string, hasDigests = true): Source {
  const [trainImages, trainLabels, testImages, testLabels] = [...FILES].map(
    ([name, bytes]): SourceFile => {
      const shape = name.includes("images")
        ? [(bytes.length - 16) / 784, 28, 28]
        : [bytes.length - 8];
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      return { name, shape, ...(hasDigests && { sha256 }) };
    },
  );
  const files = { trainImages, trainLabels, testImages, testLabels };
  return { name: "tiny", mirrors: [url], ...files };
}

/** A request, as far as it matters. */
interface Asked {
  readonly name: string;
  /** The first byte that is asked for, where not all are. */
  readonly from: number | null;
  readonly ifRange: string | null;
}

/** Bytes to send; then the connection is closed, or nothing more comes. */
type Reply = Uint8Array | { stallsAfter: Uint8Array };

interface Server extends AsyncDisposable {
  readonly url: string;
  readonly asked: readonly Asked[];
}

/** A server that sends just these bytes, as HTTP or not. */
function serve(reply: (asked: Asked, count: number) => Reply): Server {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const asked: Asked[] = [];
  const answer = async (connection: Deno.Conn) => {
    using open = connection;
    try {
      const request = await readHead(open);
      asked.push(request);
      const bytes = reply(request, asked.length);
      if (bytes instanceof Uint8Array) return await writeAll(open, bytes);
      await writeAll(open, bytes.stallsAfter);
      await open.read(new Uint8Array(1)); // until the client goes away
    } catch (error) {
      const isGone = error instanceof Deno.errors.BrokenPipe ||
        error instanceof Deno.errors.ConnectionReset;
      if (!isGone) throw error;
    }
  };
  const serving = (async () => {
    const answers: Promise<void>[] = [];
    for await (const connection of listener) answers.push(answer(connection));
    await Promise.all(answers);
  })();
  return {
    url: `http://127.0.0.1:${listener.addr.port}/`,
    asked,
    async [Symbol.asyncDispose]() {
      listener.close();
      await serving;
    },
  };
}

async function readHead(connection: Deno.Conn): Promise<Asked> {
  let head = "";
  const buffer = new Uint8Array(4096);
  while (!head.includes("\r\n\r\n")) {
    const length = await connection.read(buffer);
    if (length === null) break;
    head += new TextDecoder().decode(buffer.subarray(0, length));
  }
  const from = head.match(/^range: bytes=(\d+)-\r$/im)?.[1];
  return {
    name: head.split(" ")[1]?.slice(1) ?? "",
    from: from === undefined ? null : Number(from),
    ifRange: head.match(/^if-range: (.*)\r$/im)?.[1] ?? null,
  };
}

async function writeAll(connection: Deno.Conn, bytes: Uint8Array) {
  for (let at = 0; at < bytes.length;) {
    at += await connection.write(bytes.subarray(at));
  }
}

/** An answer as it goes over the wire; a header that is null is left out. */
function http(
  status: string,
  headers: Record<string, string | number | null> = {},
  body: Uint8Array = new Uint8Array(),
): Uint8Array {
  const lines = Object.entries({ connection: "close", ...headers })
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}: ${value}\r\n`);
  const head = new TextEncoder()
    .encode(`HTTP/1.1 ${status}\r\n${lines.join("")}\r\n`);
  const answer = new Uint8Array(head.length + body.length);
  answer.set(head);
  answer.set(body, head.length);
  return answer;
}

/** All of a file; the headers can be changed. */
function whole(
  bytes: Uint8Array,
  headers: Record<string, string | number | null> = {},
): Uint8Array {
  const length = { "content-length": bytes.length };
  return http("200 OK", { ...length, etag: ETAG, ...headers }, bytes);
}

/** The rest of a file; the headers can be changed. */
function rest(
  bytes: Uint8Array,
  from: number,
  headers: Record<string, string | number | null> = {},
): Uint8Array {
  const length = bytes.length;
  return http("206 Partial Content", {
    "content-length": length - from,
    "content-range": `bytes ${from}-${length - 1}/${length}`,
    etag: ETAG,
    ...headers,
  }, bytes.subarray(from));
}

/** What a good server with ranges answers. */
function right({ name, from, ifRange }: Asked): Uint8Array {
  const bytes = packed.get(name);
  if (!bytes) return http("404 Not Found", { "content-length": 0 });
  return from === null || ifRange !== ETAG ? whole(bytes) : rest(bytes, from);
}

/** The start of an answer, with so many bytes of the body. */
function cut(answer: Uint8Array, bodyBytes: number): Uint8Array {
  const start = new TextDecoder("latin1").decode(answer.subarray(0, 4096));
  const head = start.indexOf("\r\n\r\n") + 4;
  return answer.subarray(0, head + bodyBytes);
}

function into(dataDir: string, options: Partial<FetchOptions> = {}) {
  return { dataDir, backoffMs: 1, timeoutMs: 10_000, ...options };
}

Deno.test("fetchDataset() goes on where the connection was lost", () =>
  inFolder(async (folder) => {
    await using server = serve((asked, count) => {
      const answer = right(asked);
      if (asked.name !== IMAGES) return answer;
      switch (count) {
        case 1:
          return cut(answer, 1000);
        case 2: // no time to answer: the part is kept
          return http("503 Service Unavailable");
        case 3: // no head
          return new Uint8Array();
        case 4:
          return cut(answer, 500);
        case 5:
          return { stallsAfter: cut(answer, 100) };
        case 6: // not even an answer
          return { stallsAfter: new Uint8Array() };
        default:
          return answer;
      }
    });
    const loaded: number[] = [];
    await fetchDataset(
      tiny(server.url),
      into(folder, {
        retries: 6,
        timeoutMs: 400,
        onProgress: (progress) => {
          if (`${progress.file}.gz` !== IMAGES) return;
          loaded.push(progress.loaded);
          assertEquals(progress.total, WHOLE.length);
        },
      }),
    );
    assertEquals(await snapshot(folder), KEPT);
    assertEquals(
      server.asked.slice(0, 7).map(({ from, ifRange }) => [from, ifRange]),
      [
        [null, null],
        ...[1000, 1000, 1000, 1500, 1600, 1600].map((from) => [from, ETAG]),
      ],
    );
    assertEquals(loaded.toSorted((a, b) => a - b), loaded);
    assertEquals(loaded.at(-1), WHOLE.length);
  }));

/** What other headers the first answer has, or what comes as the rest. */
const startsOver: Record<string, {
  first?: Record<string, string | number | null>;
  second?: (from: number) => Uint8Array;
  /** The second answer is all of the file. */
  isWhole?: true;
}> = {
  "where the server knows no ranges": {
    second: () => whole(WHOLE),
    isWhole: true,
  },
  "where the file changed": {
    second: () => whole(WHOLE, { etag: '"v2"' }),
    isWhole: true,
  },
  "on 416": {
    second: () =>
      http("416 Range Not Satisfiable", {
        "content-range": `bytes */${WHOLE.length}`,
        "content-length": 0,
      }),
  },
  "where the total changed": {
    second: (from) =>
      rest(WHOLE, from, {
        "content-range": `bytes ${from}-${WHOLE.length}/${WHOLE.length + 1}`,
      }),
  },
  "where the rest is of another version": {
    second: (from) => rest(WHOLE, from, { etag: '"v2"' }),
  },
  "where another part comes": { second: (from) => rest(WHOLE, from - 1) },
  "where the range is not named": {
    second: (from) => rest(WHOLE, from, { "content-range": "none" }),
  },
  "where the rest is encoded": {
    second: (from) => rest(WHOLE, from, { "content-encoding": "gzip" }),
  },
  "where the rest is of other bytes": {
    second: (from) => rest(WHOLE.map((byte) => byte ^ 1), from),
  },
  "where the rest is cut, with no length to tell": {
    second: (from) => cut(rest(WHOLE, from, { "content-length": null }), 50),
  },
  "without asking for a rest, of a file without ETag": {
    first: { etag: null },
  },
  "without asking for a rest, of a file with a weak ETag": {
    first: { etag: 'W/"v1"' },
  },
  "without asking for a rest, of a file of unknown length": {
    first: { "content-length": null },
  },
  "without asking for a rest, of a file in broken chunks": {
    first: { "content-length": null, "transfer-encoding": "chunked" },
  },
};

for (const [what, { first, second, isWhole }] of Object.entries(startsOver)) {
  Deno.test(`fetchDataset() starts over ${what}`, () =>
    inFolder(async (folder) => {
      await using server = serve((asked, count) =>
        count === 1
          ? cut(whole(WHOLE, first), 1000)
          : count === 2 && second
          ? second(asked.from!)
          : right(asked)
      );
      await fetchDataset(tiny(server.url), into(folder));
      assertEquals(await snapshot(folder), KEPT);
      const images = server.asked.filter(({ name }) => name === IMAGES);
      const starts = images.map(({ from }) => from);
      if (!second) assertEquals(starts, [null, null]);
      else assertEquals(starts, isWhole ? [null, 1000] : [null, 1000, null]);
    }));
}

Deno.test("fetchDataset() takes no part that nobody asked for", () =>
  inFolder(async (folder) => {
    await using server = serve(() => rest(WHOLE, 0));
    await assertRejects(
      () => fetchDataset(tiny(server.url), into(folder)),
      DownloadError,
      "it sends another part than it was asked for",
    );
    assertEquals(await snapshot(folder), new Map());
  }));

/** Faults that another try may get over. */
const passing: ((
  asked: Asked,
  random: () => number,
) => Reply)[] = [
  // Cut anywhere, in the head, too; three times, for it is the usual fault.
  ...[1, 2, 3].map(() => (asked: Asked, random: () => number) => {
    const answer = right(asked);
    return answer.subarray(0, answer.length * random());
  }),
  ({ name }, random) => {
    const bytes = packed.get(name)!;
    return cut(
      whole(bytes, { "content-length": null }),
      bytes.length * random(),
    );
  },
  ({ name }) => whole(packed.get(name)!), // whatever range was asked for
  ({ name }) => {
    const bytes = packed.get(name)!;
    return whole(bytes, { "content-length": bytes.length + 9 });
  },
  ({ name, from }) => rest(packed.get(name)!, from ?? 7),
  ({ name, from }) => rest(packed.get(name)!.map((b) => b ^ 1), from ?? 0),
  ({ name }) => rest(packed.get(name)!, 1, { etag: '"v2"' }),
  ({ name }) => http("302 Found", { location: `/${name}` }),
  () => http("500 Internal Server Error"),
  () => http("503 Service Unavailable", {}, WHOLE),
  () => http("429 Too Many Requests"),
  () => new TextEncoder().encode("220 ftp.example ready\r\n"),
];

/** Faults that are the server's last word, or may be taken for it. */
const lasting: typeof passing = [
  () => http("404 Not Found", { "content-length": 0 }),
  ({ from }) =>
    from === null
      ? http("416 Range Not Satisfiable", { "content-length": 0 })
      : http("410 Gone", { "content-length": 0 }),
  () => whole(new TextEncoder().encode("<!DOCTYPE html><p>Log in first")),
  ({ name }, random) => {
    const bytes = packed.get(name)!.slice();
    bytes[Math.floor(random() * bytes.length)] ^= 1 << 8 * random();
    return whole(bytes);
  },
  ({ name }, random) => {
    const bytes = packed.get(name)!;
    return whole(bytes, { "content-length": 1 + Math.floor(9 * random()) });
  },
  () => http("302 Found", { location: "file:///etc/hostname" }),
];

Deno.test("fetchDataset() keeps right files or none, whatever a server does", async (t) => {
  await using good = serve(right);
  for (const hasDigests of [true, false]) {
    const tries = 100;
    await t.step(`${tries} tries, digests: ${hasDigests}`, async () => {
      const random = randomNumbers(hasDigests ? 1 : 2);
      let complete = 0;
      for (let attempt = 0; attempt < tries; attempt++) {
        const faults = attempt % 3 === 0 ? [...passing, ...lasting] : passing;
        await inFolder(async (folder) => {
          await using bad = serve((asked) => {
            if (random() < 0.5) return right(asked);
            const fault = faults[Math.floor(random() * faults.length)];
            return fault(asked, random);
          });
          try {
            await fetchDataset(
              tiny(bad.url, hasDigests),
              into(folder, { retries: 7, backoffMs: 0 }),
            );
            complete++;
            assertEquals(await snapshot(folder), KEPT);
          } catch (error) {
            assertInstanceOf(error, DownloadError);
            assertMatch(error.message, /^cannot fetch tiny\/\S+: http.+: .+$/);
            const kept = await snapshot(folder);
            assertGreater(KEPT.size, kept.size);
            for (const [path, bytes] of kept) {
              assertEquals(bytes, KEPT.get(path), path);
            }
          }
          // What is there is built upon.
          const before = good.asked.length;
          const missing = KEPT.size - (await snapshot(folder)).size;
          await fetchDataset(tiny(good.url, hasDigests), into(folder));
          assertEquals(good.asked.length, before + missing);
          assertEquals(await snapshot(folder), KEPT);
        });
      }
      assertGreater(complete, tries / 2);
      assertGreater(tries, complete);
    });
  }
});

/** 60,000 images and then 4 GiB of zeros, in 4 MB of gzip without an end. */
function bomb(): Uint8Array<ArrayBuffer> {
  const block = (bytes: Uint8Array) =>
    new Uint8Array(
      deflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }),
    );
  const head = block(
    Uint8Array.of(0, 0, 8, 3, 0, 0, 0xea, 0x60, 0, 0, 0, 28, 0, 0, 0, 28),
  );
  const zeros = block(new Uint8Array(2 ** 20));
  const gzipHead = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3);
  const bytes = new Uint8Array(
    gzipHead.length + head.length + 4096 * zeros.length,
  );
  bytes.set(gzipHead);
  bytes.set(head, gzipHead.length);
  for (let i = 0; i < 4096; i++) {
    bytes.set(zeros, gzipHead.length + head.length + i * zeros.length);
  }
  return bytes;
}

Deno.test("fetchDataset() stops a gzip bomb at the size of the file", async (t) => {
  const bytes = bomb();
  const refuse = (
    what: string,
    headers: Record<string, string>,
    shape: number[],
    message: string,
  ) =>
    t.step(what, () =>
      inFolder(async (folder) => {
        const reply = whole(bytes, headers);
        await using server = serve(() => reply);
        const known = tiny(server.url);
        const source = {
          ...known,
          trainImages: { name: known.trainImages.name, shape },
        };
        const error = await assertRejects(
          () => fetchDataset(source, into(folder, { retries: 0 })),
          DownloadError,
        );
        assertStringIncludes(error.message, message);
        assertEquals(await snapshot(folder), new Map());
      }));
  await refuse(
    "as a file",
    {},
    [60_000, 28, 28],
    "the gzip data holds more than the 47040016 bytes its IDX header names",
  );
  await refuse(
    "as a file that is larger than it can be",
    {},
    [3, 28, 28],
    "it sends more than 67911 bytes",
  );
  await refuse(
    "as the encoding of a transfer",
    { "content-encoding": "gzip" },
    [60_000, 28, 28],
    "it sends more than 47575936 bytes",
  );
});

Deno.test("fetchDataset() leaves a circle of redirects", () =>
  inFolder(async (folder) => {
    await using server = serve(({ name }) =>
      http("301 Moved Permanently", {
        location: name === "a" ? "/b" : "/a",
        "content-length": 0,
      })
    );
    await assertRejects(
      () => fetchDataset(tiny(server.url), into(folder, { retries: 1 })),
      DownloadError,
      "redirect",
    );
    assert(server.asked.length < 60, `${server.asked.length} requests`);
    assertEquals(await snapshot(folder), new Map());
  }));

/** Kuzushiji-MNIST in its shapes, all black: its digests are not known. */
const black = new Map(
  ([
    ["train-images-idx3-ubyte", [60_000, 28, 28]],
    ["train-labels-idx1-ubyte", [60_000]],
    ["t10k-images-idx3-ubyte", [10_000, 28, 28]],
    ["t10k-labels-idx1-ubyte", [10_000]],
  ] as [string, number[]][]).map(([name, shape]) => {
    const data = new Uint8Array(shape.reduce((a, b) => a * b));
    return [name, writeIdx({ shape, data })];
  }),
);

/** Lets the tasks' processes reach this machine past the proxy they are given. */
async function withoutProxy(body: () => Promise<void>): Promise<void> {
  const before = Deno.env.get("NO_PROXY");
  Deno.env.set("NO_PROXY", "127.0.0.1");
  try {
    await body();
  } finally {
    if (before === undefined) Deno.env.delete("NO_PROXY");
    else Deno.env.set("NO_PROXY", before);
  }
}

Deno.test("fetch goes on after lost connections, as a process", () =>
  withoutProxy(() =>
    inFolder(async (folder) => {
      // Decompressed: the digests of KMNIST's gzip files are known.
      const files = black;
      await using server = serve(({ name, from }) => {
        const bytes = files.get(name);
        if (!bytes) return http("404 Not Found");
        return from === null ? cut(whole(bytes), 20) : rest(bytes, from);
      });
      const args = ["--dataset", "kmnist", "--from", server.url];
      const { stdout } = await runWell(folder, "fetch", args);
      assertEquals(
        server.asked.filter(({ name }) => files.has(name))
          .map(({ name, from }) => [name, from]),
        [...files.keys()].flatMap((name) => [[name, null], [name, 20]]),
      );
      assertEquals(
        stdout.replaceAll(/\n +/g, " ")
          .match(/of the right shape .*, from http/g)?.length,
        4,
      );
      assertEquals(
        await snapshot(folder),
        new Map(
          [...black].map(([name, bytes]) =>
            [join("data", "kmnist", name), bytes] as const
          ).sort(([a], [b]) => a < b ? -1 : 1),
        ),
      );
    })
  ));

Deno.test("fetch ends with one line where no try helps, as a process", () =>
  withoutProxy(() =>
    inFolder(async (folder) => {
      await using busy = serve(() => http("503 Service Unavailable"));
      await using html = serve(() =>
        whole(new TextEncoder().encode("<html>Log in first"))
      );
      await Promise.all([
        refuses(
          /fetch mnist\/train-images-idx3-ubyte: .*\.gz: HTTP 503 Service Unav/,
          folder,
          "fetch",
          ["--from", busy.url],
        ),
        refuses(
          /fetch mnist\/train-images-idx3-ubyte: .*\.gz: .*it is an HTML page/,
          folder,
          "fetch",
          ["--from", html.url],
        ),
      ]);
      assertEquals([busy.asked.length, html.asked.length], [6, 2]);
      assertEquals([...Deno.readDirSync(folder)], []);
    })
  ));
