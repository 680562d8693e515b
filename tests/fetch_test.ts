import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertLess,
  assertNotMatch,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
} from "@std/assert";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { WriteError } from "../lib/files/atomic_write.ts";
import {
  fetchDataset,
  fetchFile,
  type FetchOptions,
} from "../lib/dataset/download.ts";
import { DownloadError } from "../lib/files/mirrors.ts";
import type { FetchProgress } from "../lib/files/transfer.ts";
import { writeAmat } from "../lib/formats/amat.ts";
import { parseIdx, writeIdx } from "../lib/formats/idx.ts";
import { IMAGE_PIXELS } from "../lib/model/spec.ts";
import { type Source, type SourceFile, sources } from "../lib/dataset/mnist.ts";
import { inFolder } from "./folder.ts";
import { mnistDir, mnistIsMissing } from "./mnist.ts";

/** The four files of a data set of three and two images, by name. */
const FILES = new Map(
  ([
    ["train-images-idx3-ubyte", [3, 28, 28]],
    ["train-labels-idx1-ubyte", [3]],
    ["t10k-images-idx3-ubyte", [2, 28, 28]],
    ["t10k-labels-idx1-ubyte", [2]],
  ] as const).map(([name, shape]) => {
    const data = new Uint8Array(shape.reduce((a: number, b) => a * b, 1))
      .map((_, i) => i * i * 7 + shape[0]);
    return [name as string, { shape, bytes: writeIdx({ shape, data }) }];
  }),
);

const NAMES = [...FILES.keys()].sort();
const IMAGES = FILES.get("train-images-idx3-ubyte")!.bytes;

/** The description of that data set, at other mirrors, without the waiting. */
function tiny(mirrors: string[], digests = true): Source {
  const file = (name: string): SourceFile => {
    const { shape, bytes } = FILES.get(name)!;
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    return digests ? { name, shape, sha256 } : { name, shape };
  };
  return {
    name: "tiny",
    mirrors,
    trainImages: file("train-images-idx3-ubyte"),
    trainLabels: file("train-labels-idx1-ubyte"),
    testImages: file("t10k-images-idx3-ubyte"),
    testLabels: file("t10k-labels-idx1-ubyte"),
  };
}

function gzip(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(gzipSync(bytes));
}

/** The names of all files in the data set's folder, temporary ones too. */
function kept(folder: string): string[] {
  try {
    return [...Deno.readDirSync(join(folder, "tiny"))].map(({ name }) => name)
      .sort();
  } catch (error) {
    assertInstanceOf(error, Deno.errors.NotFound);
    return [];
  }
}

async function assertKept(folder: string): Promise<void> {
  assertEquals(kept(folder), NAMES);
  for (const [name, { bytes }] of FILES) {
    assertEquals(await Deno.readFile(join(folder, "tiny", name)), bytes);
  }
}

interface Mirror extends AsyncDisposable {
  /** Its base URL. */
  readonly url: string;
  /** The names of the files that were asked for. */
  readonly requests: string[];
}

/** A mirror that answers each request for a file as `answer` says. */
function mirror(
  answer: (name: string, request: number) => Response | Promise<Response>,
): Mirror {
  const requests: string[] = [];
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen() {},
  }, (request) => {
    const name = new URL(request.url).pathname.slice(1);
    requests.push(name);
    return answer(name, requests.length);
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    requests,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** A good mirror's answer. */
function good(name: string): Response {
  const file = FILES.get(name.replace(/\.gz$/, ""));
  if (!file || !name.endsWith(".gz")) {
    return new Response("<html>no such file</html>", { status: 404 });
  }
  return new Response(gzip(file.bytes));
}

/**
 * A server that sends some bytes, whatever they are, to each connection, and
 * then closes it, or keeps silent until the client goes away.
 */
function rawMirror(
  reply: Uint8Array | ((name: string, request: number) => Uint8Array),
  { silent = false } = {},
): Mirror {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const requests: string[] = [];
  const serving = (async () => {
    for await (const connection of listener) {
      using open = connection;
      const request = new Uint8Array(4096);
      const length = await open.read(request) ?? 0;
      const [, path = ""] = new TextDecoder()
        .decode(request.subarray(0, length)).split(" ");
      const name = path.slice(1);
      requests.push(name);
      await open.write(
        typeof reply === "function" ? reply(name, requests.length) : reply,
      );
      if (!silent) continue;
      // The client is gone at the end of its stream or on a reset.
      await open.read(request).catch(() => {});
    }
  })();
  return {
    url: `http://127.0.0.1:${listener.addr.port}/`,
    requests,
    async [Symbol.asyncDispose]() {
      listener.close();
      await serving;
    },
  };
}

function http(head: string, body: Uint8Array = new Uint8Array()): Uint8Array {
  const lines = new TextEncoder().encode(
    `HTTP/1.1 ${head}\r\nconnection: close\r\n\r\n`,
  );
  return new Uint8Array([...lines, ...body]);
}

function into(dataDir: string, options: Partial<FetchOptions> = {}) {
  return { dataDir, backoffMs: 1, timeoutMs: 10_000, ...options };
}

Deno.test("fetchDataset() fetches, verifies and keeps four files, once", () =>
  inFolder(async (folder) => {
    await using server = mirror(good);
    const first = await fetchDataset(tiny([server.url]), into(folder));
    await assertKept(folder);
    assertEquals(
      first.map(({ url }) => url),
      [...FILES.keys()].map((name) => `${server.url}${name}.gz`),
    );
    assertEquals(
      first.map(({ path }) => path),
      [...FILES.keys()].map((name) => join(folder, "tiny", name)),
    );
    const second = await fetchDataset(tiny([server.url]), into(folder));
    assertEquals(second.map(({ url }) => url), [null, null, null, null]);
    assertStrictEquals(server.requests.length, 4);
  }));

Deno.test("fetchDataset() goes to the next mirror on 404 without asking again", () =>
  inFolder(async (folder) => {
    await using bad = mirror(() => new Response(null, { status: 404 }));
    await using server = mirror(good);
    await fetchDataset(tiny([bad.url, server.url]), into(folder));
    await assertKept(folder);
    assertStrictEquals(bad.requests.length, 4);
    assertStrictEquals(server.requests.length, 4);
  }));

Deno.test("fetchDataset() asks again after 429, 5xx and a lost connection", () =>
  inFolder(async (folder) => {
    const faults = [
      http("503 Service Unavailable"),
      http("200 OK\r\ncontent-length: 4000", gzip(IMAGES).subarray(0, 40)),
    ];
    await using server = rawMirror((name, request) =>
      faults[request - 1] ??
        (request === 4 ? http("429 Too Many Requests") : http(
          "200 OK",
          gzip(FILES.get(name.replace(/\.gz$/, ""))!.bytes),
        ))
    );
    await fetchDataset(tiny([server.url]), into(folder));
    await assertKept(folder);
    assertEquals(
      server.requests.map((name) =>
        [...FILES.keys()].indexOf(name.slice(0, -3))
      ),
      [0, 0, 0, 1, 1, 2, 3],
    );
  }));

Deno.test("fetchDataset() gives up after so many retries", () =>
  inFolder(async (folder) => {
    await using server = mirror(() => new Response(null, { status: 500 }));
    const error = await assertRejects(
      () => fetchDataset(tiny([server.url]), into(folder, { retries: 3 })),
      DownloadError,
    );
    assertEquals(
      error.message,
      `cannot fetch tiny/train-images-idx3-ubyte: ${server.url}` +
        "train-images-idx3-ubyte.gz: HTTP 500 Internal Server Error",
    );
    assertStrictEquals(server.requests.length, 4);
    assertEquals(kept(folder), []);
  }));

Deno.test("fetchDataset() passes over a mirror that nobody answers at", () =>
  inFolder(async (folder) => {
    const gone = rawMirror(new Uint8Array());
    await gone[Symbol.asyncDispose]();
    await using server = mirror(good);
    await fetchDataset(tiny([gone.url, server.url]), into(folder));
    await assertKept(folder);
  }));

Deno.test("fetchDataset() passes over a mirror that stalls", () =>
  inFolder(async (folder) => {
    const half = gzip(IMAGES).subarray(0, 40);
    await using mute = rawMirror(new Uint8Array(), { silent: true });
    await using stalled = rawMirror(
      http("200 OK\r\ncontent-length: 4000", half),
      { silent: true },
    );
    for (const slow of [mute, stalled]) {
      const error = await assertRejects(
        () =>
          fetchDataset(
            tiny([slow.url]),
            into(folder, { timeoutMs: 250, retries: 1 }),
          ),
        DownloadError,
      );
      assertStringIncludes(error.message, "no bytes for 0.25 s");
    }
    // Who never answered is not asked again, who began to is.
    assertStrictEquals(mute.requests.length, 1);
    assertStrictEquals(stalled.requests.length, 2);
    assertEquals(kept(folder), []);
  }));

Deno.test("fetchDataset() says what is wrong with a bad answer", async (t) => {
  const whole = gzip(IMAGES);
  const badChecksum = whole.slice();
  badChecksum[whole.length - 8] ^= 1;
  const otherImages = IMAGES.slice();
  otherImages[500] ^= 1;
  const bomb = new Uint8Array(8_000_000);
  bomb.set(IMAGES);
  const hugeClaim = IMAGES.slice();
  hugeClaim.set([0x00, 0x0f, 0xff, 0xff], 4);
  const html = new TextEncoder().encode("<!DOCTYPE html><p>Log in first");

  const answers: Record<string, [Uint8Array, string]> = {
    "an HTML page": [http("200 OK", html), "it is an HTML page"],
    "nothing": [http("200 OK\r\ncontent-length: 0"), "it is empty"],
    "truncated gzip": [http("200 OK", whole.subarray(0, -9)), "truncated"],
    "a short content-length": [
      http("200 OK\r\ncontent-length: 99", whole),
      "truncated",
    ],
    "a long content-length": [
      http("200 OK\r\ncontent-length: 99999", whole),
      "error reading a body",
    ],
    "corrupt gzip": [http("200 OK", badChecksum), "corrupt gzip data"],
    "other images": [
      http("200 OK", gzip(otherImages)),
      `the SHA-256 is ${
        createHash("sha256").update(otherImages).digest("hex")
      }`,
    ],
    "another file": [
      http("200 OK", gzip(FILES.get("t10k-images-idx3-ubyte")!.bytes)),
      "the shape is 2×28×28, not 3×28×28",
    ],
    "a gzip bomb": [
      http("200 OK", gzip(bomb)),
      "holds more than the 2368 bytes",
    ],
    "a huge claim": [
      http("200 OK", gzip(hugeClaim)),
      "the shape is 1048575×28×28",
    ],
    "a transfer-encoded bomb": [
      http("200 OK\r\ncontent-encoding: gzip", gzip(bomb)),
      "it sends more than 67911 bytes",
    ],
    "a redirect to itself": [
      http("302 Found\r\nlocation: /again\r\ncontent-length: 0"),
      "redirects",
    ],
    "no HTTP": [new TextEncoder().encode("SSH-2.0-x\r\n"), "HTTP"],
    "a reset": [new Uint8Array(), "connection closed"],
  };
  for (const [what, [reply, reason]] of Object.entries(answers)) {
    await t.step(what, () =>
      inFolder(async (folder) => {
        await using server = rawMirror(reply);
        const { url } = server;
        const error = await assertRejects(
          () => fetchDataset(tiny([url]), into(folder, { retries: 0 })),
          DownloadError,
          `cannot fetch tiny/train-images-idx3-ubyte: ${url}train-images-idx3-ubyte.gz: `,
        );
        assertStringIncludes(error.message, reason);
        assertNotMatch(error.message, /\n/);
        assertEquals(kept(folder), []);
      }));
  }
});

Deno.test("fetchDataset() lists every place that was tried", () =>
  inFolder(async (folder) => {
    await using first = mirror(() => new Response(null, { status: 403 }));
    await using second = mirror(() => new Response("<html>"));
    const error = await assertRejects(
      () => fetchDataset(tiny([first.url, second.url]), into(folder)),
      DownloadError,
    );
    assertStringIncludes(
      error.message,
      `${first.url}train-images-idx3-ubyte.gz: HTTP 403 Forbidden; ` +
        `${second.url}train-images-idx3-ubyte.gz: not an IDX file: it is an HTML page`,
    );
  }));

Deno.test("fetchDataset() keeps good files when others cannot be had", () =>
  inFolder(async (folder) => {
    await using server = mirror(good);
    await fetchDataset(tiny([server.url]), into(folder));
    await Deno.remove(join(folder, "tiny", "t10k-labels-idx1-ubyte"));
    await using bad = mirror(() => new Response("<html>"));
    await assertRejects(
      () => fetchDataset(tiny([bad.url]), into(folder)),
      DownloadError,
      "cannot fetch tiny/t10k-labels-idx1-ubyte",
    );
    assertEquals(bad.requests, ["t10k-labels-idx1-ubyte.gz"]);
    assertEquals(
      kept(folder),
      NAMES.filter((name) => name !== "t10k-labels-idx1-ubyte"),
    );
  }));

Deno.test("fetchDataset() replaces a file that has gone bad", () =>
  inFolder(async (folder) => {
    await using server = mirror(good);
    await fetchDataset(tiny([server.url]), into(folder));
    const path = join(folder, "tiny", "train-images-idx3-ubyte");
    for (const damage of [IMAGES.slice(0, 99), IMAGES.map((b) => b & 0xfe)]) {
      await Deno.writeFile(path, damage);
      const [repaired] = await fetchDataset(tiny([server.url]), into(folder));
      assert(repaired.url);
      await assertKept(folder);
    }
    await Deno.writeFile(path, IMAGES.slice(0, 99));
    await assertRejects(
      () => fetchDataset(tiny([]), into(folder)),
      DownloadError,
      `cannot fetch tiny/train-images-idx3-ubyte: ${path}: truncated`,
    );
  }));

Deno.test("fetchDataset() checks shape alone where no digest is known", () =>
  inFolder(async (folder) => {
    const dimmed = IMAGES.map((byte, i) => i < 16 ? byte : byte >> 1);
    await using server = mirror((name) =>
      name.startsWith("train-images") ? new Response(gzip(dimmed)) : good(name)
    );
    await fetchDataset(tiny([server.url], false), into(folder));
    const path = join(folder, "tiny", "train-images-idx3-ubyte");
    assertEquals(await Deno.readFile(path), dimmed);
    await fetchDataset(tiny([server.url], false), into(folder));
    assertStrictEquals(server.requests.length, 4);
  }));

Deno.test("fetchDataset() takes gzip files by either published digest", () =>
  inFolder(async (folder) => {
    const whole = gzip(IMAGES);
    const digest = (algorithm: string) =>
      createHash(algorithm).update(whole).digest("hex");
    const from = join(folder, "from");
    await Deno.mkdir(from);
    for (const [name, { bytes }] of FILES) {
      await Deno.writeFile(join(from, `${name}.gz`), gzip(bytes));
    }
    const published = (...gzip: string[]): Source => {
      const plain = tiny([], false);
      return { ...plain, trainImages: { ...plain.trainImages, gzip } };
    };
    for (const known of [digest("sha256"), digest("md5")]) {
      const dataDir = await Deno.makeTempDir({ dir: folder });
      const source = published("0".repeat(64), known);
      const [images, labels] = await fetchDataset(
        source,
        into(dataDir, { from }),
      );
      assertEquals(images.checkedBy, "digest");
      assertEquals(labels.checkedBy, "format");
      // Decompressed, it is what nobody has published a digest of.
      const [again] = await fetchDataset(source, into(dataDir));
      assertEquals([again.url, again.checkedBy], [null, "format"]);
    }
    await assertRejects(
      () => fetchDataset(published("0".repeat(64)), into(folder, { from })),
      DownloadError,
      `the SHA-256 of the gzip file is ${digest("sha256")}, not 0000`,
    );
  }));

Deno.test("fetchDataset() takes no unverified file from a mirror that has a digest", () =>
  inFolder(async (folder) => {
    await using server = mirror((name) => {
      const response = good(name);
      response.headers.set("content-encoding", "gzip");
      return response;
    });
    const plain = tiny([server.url], false);
    const trainImages = { ...plain.trainImages, gzip: ["0".repeat(64)] };
    await assertRejects(
      () =>
        fetchDataset(
          { ...plain, trainImages },
          into(folder, { retries: 0 }),
        ),
      DownloadError,
      "it came decompressed, and its digest is not known so",
    );
    assertEquals(kept(folder), []);
  }));

Deno.test("fetchDataset() takes nothing else for Fashion-MNIST and K-MNIST", () =>
  inFolder(async (folder) => {
    const from = join(folder, "from");
    await Deno.mkdir(from);
    const name = "t10k-labels-idx1-ubyte";
    const labels = writeIdx({ shape: [10000], data: new Uint8Array(10000) });
    await Deno.writeFile(join(from, `${name}.gz`), gzip(labels));
    for (const set of ["fashion-mnist", "kmnist"] as const) {
      await assertRejects(
        () =>
          fetchFile(
            sources[set],
            sources[set].testLabels!,
            into(folder, { from }),
          ),
        DownloadError,
        "the SHA-256 of the gzip file is",
      );
    }
    // What tensorflow-datasets and torchvision publish.
    assertEquals(sources["fashion-mnist"].testLabels!.gzip, [
      "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
      "bb300cfdad3c16e7a12a480ee83cd310",
    ]);
  }));

Deno.test(
  "fetchDataset() knows MNIST's digits, decompressed, for what they are",
  {
    ignore: mnistIsMissing,
  },
  () =>
    inFolder(async (folder) => {
      await assertRejects(
        () => fetchDataset("kmnist", into(folder, { from: mnistDir })),
        DownloadError,
        "it is a file of mnist",
      );
    }),
);

Deno.test("fetchDataset() uses gzip files that were copied to the data folder", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(join(folder, "tiny"));
    for (const [name, { bytes }] of FILES) {
      await Deno.writeFile(join(folder, "tiny", `${name}.gz`), gzip(bytes));
    }
    const files = await fetchDataset(tiny([]), into(folder));
    assertEquals(
      files.map(({ path, url, checkedBy }) => [path, url, checkedBy]),
      [...FILES.keys()].map((name) => [
        join(folder, "tiny", `${name}.gz`),
        null,
        "digest",
      ]),
    );
    const path = join(folder, "tiny", "t10k-labels-idx1-ubyte.gz");
    await Deno.writeFile(path, gzip(IMAGES));
    await assertRejects(
      () => fetchDataset(tiny([]), into(folder)),
      DownloadError,
      `cannot fetch tiny/t10k-labels-idx1-ubyte: ${path}: the shape is`,
    );
  }));

Deno.test("fetchDataset() says in one line what is wrong with a file URL", () =>
  inFolder(async (folder) => {
    for (
      const from of [
        "file://host/mnist",
        "file://../shared/mnist",
        "file:///tmp/a%2Fb",
        "file:///tmp/100%/m",
        "file:///tmp/a?b",
        "file:///tmp/a#b",
      ]
    ) {
      const error = await assertRejects(
        () => fetchDataset(tiny([]), into(folder, { from })),
        Error,
      );
      assertEquals(
        error.message,
        `cannot fetch from ${from}: a file URL is file:/// and a whole path, ` +
          "in which %, ? and # are escaped; or name the folder as it is",
      );
      assert(!(error instanceof TypeError));
    }
  }));

Deno.test("fetchDataset() sends a query and a password, and shows neither", () =>
  inFolder(async (folder) => {
    const seen: (string | null)[] = [];
    const shown: string[] = [];
    const server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      (request) => {
        const { pathname, search } = new URL(request.url);
        seen.push(search, request.headers.get("authorization"));
        return good(pathname.replace("/deep/", ""));
      },
    );
    const host = `127.0.0.1:${server.addr.port}`;
    const from = `http://me:s%40cret@${host}/deep/?token=abc#top`;
    const files = await fetchDataset(
      tiny([]),
      into(folder, { from, onProgress: ({ url }) => shown.push(url) }),
    );
    await assertKept(folder);
    const basic = `Basic ${btoa("me:s@cret")}`;
    assertEquals([...new Set(seen)], ["?token=abc", basic]);
    assertEquals(
      [...new Set([...shown, ...files.map(({ url }) => url!)])],
      [...FILES.keys()].map((name) => `http://${host}/deep/${name}.gz?…`),
    );
    await server.shutdown();
    await Deno.remove(join(folder, "tiny"), { recursive: true });
    for (
      const place of [
        from,
        `ftp://me:s%40cret@${host}/`,
        "http://me:s%40cret@/",
      ]
    ) {
      const error = await assertRejects(
        () => fetchDataset(tiny([]), into(folder, { from: place, retries: 0 })),
        Error,
      );
      assertNotMatch(error.message, /me|s%40cret|token|abc/);
    }
  }));

Deno.test("fetchDataset() shows no password of a redirect, and sends none on", () =>
  inFolder(async (folder) => {
    const headers: (string | null)[] = [];
    const target = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      (request) => {
        headers.push(request.headers.get("authorization"));
        return new Response(null, { status: 404 });
      },
    );
    for (
      const location of [
        `http://me:secret@127.0.0.1:${target.addr.port}/x?token=abc`,
        "http://me:secret@127.0.0.1:1/x?token=abc",
        "http://me:secret@/x",
      ]
    ) {
      await using server = mirror(() =>
        new Response(null, { status: 302, headers: { location } })
      );
      const from = server.url.replace("//", "//you:hidden@");
      const error = await assertRejects(
        () => fetchDataset(tiny([]), into(folder, { from, retries: 0 })),
        DownloadError,
      );
      assertNotMatch(error.message, /secret|hidden|abc|me:|you/);
    }
    assert(!headers.includes(`Basic ${btoa("you:hidden")}`));
    await target.shutdown();
  }));

Deno.test("fetchDataset() takes files from a folder, named either way", () =>
  inFolder(async (folder) => {
    const from = join(folder, "a folder");
    await Deno.mkdir(from);
    for (const [name, { bytes }] of FILES) {
      if (name.startsWith("t10k")) {
        await Deno.writeFile(join(from, name), bytes);
      } else await Deno.writeFile(join(from, `${name}.gz`), gzip(bytes));
    }
    for (const place of [from, from + "/", pathToFileURL(from).href]) {
      const dataDir = await Deno.makeTempDir({ dir: folder });
      await fetchDataset(tiny([]), into(dataDir, { from: place }));
      await assertKept(dataDir);
    }
    const error = await assertRejects(
      () => fetchDataset(tiny([]), into(folder, { from: folder })),
      DownloadError,
    );
    const file = join(folder, "train-images-idx3-ubyte");
    assertStringIncludes(
      error.message,
      `${file}.gz: not found; ${file}: not found`,
    );
  }));

Deno.test("fetchDataset() takes files from a URL, named either way", () =>
  inFolder(async (folder) => {
    await using server = mirror((path) => {
      const name = path.replace("deep/folder/", "");
      const file = FILES.get(name);
      return file && name.startsWith("t10k")
        ? new Response(file.bytes)
        : good(name.startsWith("t10k") ? "" : name);
    });
    await fetchDataset(
      tiny(["http://127.0.0.1:9/"]),
      into(folder, { from: `${server.url}deep/folder` }),
    );
    await assertKept(folder);
    assertStrictEquals(server.requests.length, 6);
  }));

Deno.test("fetchDataset() refuses a URL of another kind", () =>
  inFolder(async (folder) => {
    await assertRejects(
      () => fetchDataset(tiny([]), into(folder, { from: "ftp://host/mnist" })),
      Error,
      "cannot fetch from ftp://host/mnist: it must be a folder or",
    );
  }));

Deno.test("fetchDataset() accepts what the server already decompressed", () =>
  inFolder(async (folder) => {
    await using server = mirror((name) => {
      const response = good(name);
      response.headers.set("content-encoding", "gzip");
      return response;
    });
    const totals = new Set<number | null>();
    await fetchDataset(
      tiny([server.url]),
      into(folder, { onProgress: ({ total }) => totals.add(total) }),
    );
    await assertKept(folder);
    for (const total of totals) {
      assert(
        total === null || total < 2368,
        `${total} is no transfer's length`,
      );
    }
  }));

Deno.test("fetchDataset() reports a slow transfer's progress up to the whole", () =>
  inFolder(async (folder) => {
    const whole = gzip(IMAGES);
    const step = Math.ceil(whole.length / 8);
    await using server = mirror((name) =>
      !name.startsWith("train-images") ? good(name) : new Response(
        new ReadableStream({
          async start(controller) {
            for (let at = 0; at < whole.length; at += step) {
              controller.enqueue(whole.subarray(at, at + step));
              await new Promise((resolve) => setTimeout(resolve, 150));
            }
            controller.close();
          },
        }),
        { headers: { "content-length": String(whole.length) } },
      )
    );
    const seen: FetchProgress[] = [];
    // Slower than the time-out on the whole, but never silent for so long.
    await fetchDataset(
      tiny([server.url]),
      into(folder, {
        timeoutMs: 1000,
        onProgress: (progress) => seen.push(progress),
      }),
    );
    const images = seen.filter(({ file }) =>
      file === "train-images-idx3-ubyte"
    );
    let before = 0;
    for (const { url, loaded, total } of images) {
      assertStrictEquals(url, `${server.url}train-images-idx3-ubyte.gz`);
      assertStrictEquals(total, whole.length);
      assertLess(before, loaded);
      before = loaded;
    }
    assertStrictEquals(before, whole.length);
    assertEquals([...new Set(seen.map(({ file }) => file))], [...FILES.keys()]);
  }));

Deno.test("fetchDataset() stops when its signal is aborted", async (t) => {
  const reason = new Error("stop it");
  const stops = async (
    server: Mirror,
    folder: string,
    options: Partial<FetchOptions>,
  ) => {
    const error = await assertRejects(
      () => fetchDataset(tiny([server.url]), into(folder, options)),
      Error,
    );
    assertStrictEquals(error, reason);
    assertEquals(kept(folder), []);
  };
  await t.step("before it starts", () =>
    inFolder(async (folder) => {
      await using server = mirror(good);
      await stops(server, folder, { signal: AbortSignal.abort(reason) });
      assertEquals(server.requests, []);
    }));
  await t.step("while the server is silent", () =>
    inFolder(async (folder) => {
      const stop = new AbortController();
      await using server = rawMirror(() => {
        stop.abort(reason);
        return new Uint8Array();
      }, { silent: true });
      await stops(server, folder, { signal: stop.signal });
    }));
  await t.step("in the middle of a file", () =>
    inFolder(async (folder) => {
      const stop = new AbortController();
      const start = gzip(IMAGES).subarray(0, 40);
      await using server = rawMirror(
        http("200 OK\r\ncontent-length: 4000", start),
        { silent: true },
      );
      await stops(server, folder, {
        signal: stop.signal,
        onProgress: () => stop.abort(reason),
      });
    }));
  await t.step("between two attempts", () =>
    inFolder(async (folder) => {
      const stop = new AbortController();
      await using server = mirror(() => {
        setTimeout(() => stop.abort(reason), 50);
        return new Response(null, { status: 503 });
      });
      await stops(server, folder, { signal: stop.signal, backoffMs: 1e6 });
      assertStrictEquals(server.requests.length, 1);
    }));
});

Deno.test("fetchDataset() says so where the data folder cannot be written", () =>
  inFolder(async (folder) => {
    const file = join(folder, "file");
    await Deno.writeTextFile(file, "");
    await using server = mirror(good);
    const error = await assertRejects(
      () => fetchDataset(tiny([server.url]), into(file)),
      WriteError,
    );
    assertStringIncludes(error.message, "a part of the path is a file");
  }));

/** The rows of so many black-and-white images, as a text. */
function rows(count: number): Uint8Array<ArrayBuffer> {
  const row = (n: number) =>
    Array.from({ length: IMAGE_PIXELS }, (_, i) => i * i % (n + 3) ? 0 : 1);
  const text = Array.from({ length: count }, (_, n) => row(n).join(" "));
  return new TextEncoder().encode(text.map((row) => `${row}\n`).join(""));
}

/** A binarised data set of three, two and one images, and its texts. */
function binarized(mirrors: string[]) {
  const texts = new Map<string, Uint8Array<ArrayBuffer>>();
  const file = (name: string, count: number): SourceFile => {
    const text = rows(count);
    texts.set(`${name}.amat`, text);
    const sha256 = createHash("sha256").update(text).digest("hex");
    return { name, amat: `${name}.amat`, shape: [count, 28, 28], sha256 };
  };
  const source: Source = {
    name: "tiny",
    mirrors,
    trainImages: file("train", 3),
    validationImages: file("valid", 2),
    testImages: file("test", 1),
  };
  return { source, texts };
}

Deno.test("fetchDataset() makes IDX files of binarised images, from a mirror or a folder", () =>
  inFolder(async (folder) => {
    const { source, texts } = binarized([]);
    await using server = mirror((name) => new Response(texts.get(name)));
    const from = join(folder, "from");
    await Deno.mkdir(from);
    for (const [name, text] of texts) {
      await Deno.writeFile(join(from, name), text);
    }
    const { source: mirrored } = binarized([server.url]);
    const fetched = [
      await fetchDataset(source, into(join(folder, "a"), { from })),
      await fetchDataset(mirrored, into(join(folder, "b"))),
    ];
    assertEquals(fetched[0].map(({ url }) => url), [
      ...[...texts.keys()].map((name) => join(from, name)),
    ]);
    assertEquals(server.requests, [...texts.keys()]);
    for (const files of fetched) {
      assertEquals(files.length, 3);
      for (const [i, { path, checkedBy }] of files.entries()) {
        const { shape, data } = parseIdx(await Deno.readFile(path));
        assertEquals([shape, checkedBy], [[3 - i, 28, 28], "digest"]);
        assertEquals(writeAmat(data, IMAGE_PIXELS), rows(3 - i));
      }
    }
    // What is kept is held against the digest of the text, too.
    const again = await fetchDataset(source, into(join(folder, "a")));
    assertEquals(again.map(({ url }) => url), [null, null, null]);
    const [{ path }] = again;
    const bytes = await Deno.readFile(path);
    bytes[bytes.length - 1] = 1;
    await Deno.writeFile(path, bytes);
    await assertRejects(
      () => fetchDataset(source, into(join(folder, "a"))),
      DownloadError,
      `${path}: the SHA-256 is`,
    );
  }));

Deno.test("fetchDataset() says which row of which file is no binarised image", () =>
  inFolder(async (folder) => {
    const { source, texts } = binarized([]);
    for (const [name, text] of texts) {
      await Deno.writeFile(join(folder, name), text);
    }
    const train = join(folder, "train.amat");
    const text = texts.get("train.amat")!;
    const cases = [
      [text.with(2 * IMAGE_PIXELS, 50), "row 2 is not 784 times 0 or 1 with"],
      [
        text.subarray(0, 4 * IMAGE_PIXELS),
        "it ends after row 2, and should have 3",
      ],
      [text.with(0, text[0] === 48 ? 49 : 48), "the SHA-256 is"],
    ] as const;
    for (const [bytes, message] of cases) {
      await Deno.writeFile(train, bytes);
      await assertRejects(
        () => fetchDataset(source, into(folder, { from: folder })),
        DownloadError,
        `cannot fetch tiny/train: ${train}: ${message}`,
      );
      assertEquals(kept(folder), []);
    }
  }));
