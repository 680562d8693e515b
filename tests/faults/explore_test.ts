import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import {
  decodeCheckpoint,
  encodeCheckpoint,
} from "../../lib/checkpoint/codec.ts";
import { writeIdx } from "../../lib/formats/idx.ts";
import { synthesize } from "../../lib/dataset/synthetic.ts";
import type { DataOptions } from "../../lib/options/run.ts";
import { refuses, runTask, startTask, untrained } from "../process.ts";
import { inFolder } from "../folder.ts";
import { linuxIsMissing, signalsAreMissing, slashed } from "../platform.ts";

/** A server that runs. */
interface Server {
  readonly folder: string;
  readonly url: string;
  readonly port: number;
  /** Ends it; what it wrote to stderr. */
  stop(signal?: Deno.Signal): Promise<string>;
}

/** Serves a model that has learnt nothing. */
function serving(
  body: (server: Server) => Promise<void>,
  { args = [] as string[], checkpoint = untrained() } = {},
): Promise<void> {
  return inFolder(async (folder) => {
    await Deno.writeFile(join(folder, "model.safetensors"), checkpoint);
    const child = startTask(folder, "explore", [
      ..."--checkpoint model.safetensors --port 0 --json".split(" "),
      ...args,
    ]);
    const stderr = new Response(child.stderr).text();
    const lines = child.stdout.pipeThrough(new TextDecoderStream());
    const { value, done } = await lines[Symbol.asyncIterator]().next();
    if (done) throw new Error(await stderr);
    const { url } = JSON.parse(value);
    let stopped: Promise<string> | undefined;
    const stop = async (signal: Deno.Signal) => {
      child.kill(signal);
      assertEquals((await child.status).code, signalsAreMissing ? 1 : 130);
      return slashed(await stderr);
    };
    const server: Server = {
      folder,
      url,
      port: Number(new URL(url).port),
      stop: (signal = "SIGINT") => stopped ??= stop(signal),
    };
    try {
      await body(server);
    } finally {
      await server.stop();
    }
  });
}

/** Sends bytes as they are; the whole answer. */
async function send(port: number, request: string): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(new TextEncoder().encode(request));
  return await new Response(connection.readable).text();
}

/** The status of the answer to such a request. */
async function status(
  port: number,
  target: string,
  host: string | null,
  method = "GET",
): Promise<number> {
  const line = host === null ? "" : `Host: ${host}\r\n`;
  const answer = await send(
    port,
    `${method} ${target} HTTP/1.1\r\n${line}Connection: close\r\n\r\n`,
  );
  return Number(answer.match(/^HTTP\/1\.1 (\d+) /)?.[1]);
}

/** The untrained checkpoint as if it came from other images, nobody knows which. */
function trainedOn(name: string, options: Partial<DataOptions>): Uint8Array {
  const checkpoint = decodeCheckpoint(untrained());
  const { data } = checkpoint;
  return encodeCheckpoint({
    ...checkpoint,
    data: {
      ...data,
      name,
      digest: null,
      options: { ...data.options, ...options },
    },
  });
}

Deno.test("explore serves one page, which no other site can use", () =>
  serving(async ({ url }) => {
    assertMatch(url, /^http:\/\/127\.0\.0\.1:\d+\/$/);
    const response = await fetch(url);
    assertEquals(response.status, 200);
    const headers = Object.fromEntries(response.headers);
    const page = new Uint8Array(await response.arrayBuffer());
    delete headers.date;
    assertEquals(headers, {
      "cache-control": "no-store",
      "content-length": String(page.length),
      "content-security-policy": "frame-ancestors 'none'",
      "content-type": "text/html; charset=utf-8",
      "cross-origin-embedder-policy": "require-corp",
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-resource-policy": "same-origin",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
    });
    const text = new TextDecoder("utf-8", { fatal: true }).decode(page);
    assertMatch(text, /^<!doctype html>/i);
    assertMatch(text, /<\/html>\s*$/);

    const head = await fetch(url, { method: "HEAD" });
    assertEquals(head.status, 200);
    assertEquals(head.headers.get("content-length"), String(page.length));
    assertEquals((await head.arrayBuffer()).byteLength, 0);
  }));

Deno.test("explore only answers to GET and HEAD", () =>
  serving(async ({ url, port }) => {
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"]) {
      const response = await fetch(url, { method });
      assertEquals(response.status, 405, method);
      assertEquals(response.headers.get("allow"), "GET, HEAD");
      assertEquals(response.headers.get("x-content-type-options"), "nosniff");
      assertEquals(await response.text(), "the page can only be read\n");
    }
    const host = `127.0.0.1:${port}`;
    assertEquals(await status(port, "/", host, "BREW"), 405);
  }));

Deno.test("explore serves no other path", () =>
  serving(async ({ port, folder }) => {
    const host = `127.0.0.1:${port}`;
    const paths = [
      ...["/x", "//", "/index.html", "/favicon.ico", "/model.safetensors"],
      ...["/../etc/passwd", "/%2e%2e/etc/passwd", "/..%2fetc%2fpasswd"],
      ...[
        join(folder, "model.safetensors"),
        "/%00",
        "/%ff",
        "/?/../x/y",
        "/;x",
      ],
    ];
    for (const path of paths) {
      const expected = path === "/?/../x/y" ? 200 : 404;
      assertEquals(await status(port, path, host), expected, path);
    }
  }));

Deno.test("explore answers to its own host alone", () =>
  serving(async ({ port, url }) => {
    const expected: [string | null, number][] = [
      [`127.0.0.1:${port}`, 200],
      [`localhost:${port}`, 200],
      ["127.0.0.1", 421],
      ["localhost", 421],
      [`127.0.0.1:${port === 80 ? 81 : port - 1}`, 421],
      [`evil.example:${port}`, 421],
      [`evil.example@127.0.0.1:${port}`, 421],
      [`127.0.0.1:${port}.evil.example`, 421],
      ["", 421],
      [null, 421],
    ];
    for (const [host, code] of expected) {
      assertEquals(await status(port, "/", host), code, `Host: ${host}`);
    }
    // A target with a host of its own does not stand in for the header.
    const absolute = `http://127.0.0.1:${port}/`;
    assertEquals(await status(port, absolute, "evil.example"), 421);
    assertEquals((await fetch(url)).status, 200);
  }));

Deno.test("explore survives what is not HTTP", () =>
  serving(async ({ port, url }) => {
    for (const junk of ["\0\0\0\0\r\n\r\n", "GET / HTTP/9.9\r\n\r\n"]) {
      await send(port, junk).catch(() => {});
    }
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    assertEquals((await fetch(url)).status, 200);
  }));

Deno.test("explore serves on while others do not read, and stops at once", () =>
  serving(async ({ port, url, stop }) => {
    const request = `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`;
    const idle = await Promise.all(
      Array.from({ length: 500 }, async (_, i) => {
        const connection = await Deno.connect({ hostname: "127.0.0.1", port });
        // Every other has not even asked to the end.
        const part = i % 2 ? request : request.slice(0, 10);
        await connection.write(new TextEncoder().encode(part));
        return connection;
      }),
    );
    const lengths = await Promise.all(
      Array.from({ length: 500 }, async () => {
        const response = await fetch(url);
        return (await response.bytes()).length;
      }),
    );
    assertEquals(new Set(lengths).size, 1);
    assertEquals(await stop(), "");
    for (const connection of idle) connection.close();
  }));

Deno.test("explore listens on loopback only", () =>
  serving(async ({ port }) => {
    const code = `
      const hosts = Deno.networkInterfaces().map(({ address }) => address);
      if (Deno.build.os === "linux") hosts.push("127.0.0.2");
      hosts.push("127.0.0.1");
      for (const hostname of new Set(hosts)) {
        const connecting = Deno.connect({ hostname, port: ${port} });
        if (await connecting.then(() => true, () => false)) {
          console.log(hostname);
        }
      }`;
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", code],
    }).output();
    assertEquals(new TextDecoder().decode(stdout), "127.0.0.1\n");
  }));

Deno.test(
  "explore stops on SIGTERM",
  { ignore: signalsAreMissing },
  () => serving(async ({ stop }) => assertEquals(await stop("SIGTERM"), "")),
);

Deno.test("explore refuses a port in use", () =>
  inFolder(async (folder) => {
    await Deno.writeFile(join(folder, "m.safetensors"), untrained());
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr as Deno.NetAddr;
    await refuses(
      new RegExp(
        `^error: port ${port} is in use: choose another with --port, or 0 ` +
          "for any\n$",
      ),
      folder,
      "explore",
      ["--checkpoint", "m.safetensors", "--port", String(port)],
    );
  }));

Deno.test("explore refuses a checkpoint that is missing or broken", () =>
  inFolder(async (folder) => {
    const args = ["--port", "0", "--checkpoint"];
    await refuses(/no\.safetensors/, folder, "explore", [
      ...args,
      "no.safetensors",
    ]);
    const broken = untrained().subarray(0, 1000);
    await Deno.writeFile(join(folder, "broken.safetensors"), broken);
    await refuses(
      /checkpoint broken\.safetensors: a header of \d+ bytes does not fit/,
      folder,
      "explore",
      [
        ...args,
        "broken.safetensors",
      ],
    );
    const { code, stderr } = await runTask(folder, "explore", [
      "--port",
      "65536",
    ]);
    assertEquals(code, 2);
    assertStringIncludes(stderr, "--port");
  }));

Deno.test("explore maps synthetic digits where the data set is missing", () =>
  serving(async ({ url, stop }) => {
    assertEquals((await fetch(url)).status, 200);
    assertEquals(
      await stop(),
      "note: mnist is not in data: get it with `deno task fetch --dataset " +
        "mnist`; the map shows synthetic digits\n",
    );
  }, { checkpoint: trainedOn("mnist", { dataset: "mnist" }) }));

Deno.test("explore maps images of one's own, or says that they are gone", () =>
  inFolder(async (folder) => {
    const path = join(folder, "own.idx");
    const own = {
      checkpoint: trainedOn("own.idx", { images: path, valSize: 1 }),
    };
    await serving(async ({ stop }) => {
      assertEquals(
        await stop(),
        `note: the model was trained on ${path}: cannot use ${path} as images: no such file or folder; bring it back, or train anew; the map is empty\n`,
      );
    }, own);
    const { images } = synthesize(3, { seed: 0 });
    await Deno.writeFile(path, writeIdx({ shape: [3, 28, 28], data: images }));
    await serving(async ({ stop }) =>
      assertEquals(
        await stop(),
        "note: the page holds 1 of your images, for anyone who opens it; " +
          "--embed 0 leaves them out\n",
      ), own);
  }));

Deno.test("explore --open hands the address to the browser", {
  ignore: linuxIsMissing,
}, async () => {
  const path = Deno.env.get("PATH")!;
  try {
    await inFolder(async (bin) => {
      const opened = join(bin, "opened");
      await Deno.mkdir(join(bin, "bin"));
      const script = `#!/bin/sh\necho "$1" > ${opened}.part\n` +
        `mv ${opened}.part ${opened}\n`;
      await Deno.writeTextFile(join(bin, "bin", "xdg-open"), script, {
        mode: 0o755,
      });
      Deno.env.set("PATH", `${join(bin, "bin")}:${path}`);
      await serving(async ({ url, stop }) => {
        let address: string | undefined;
        while (address === undefined) {
          address = await Deno.readTextFile(opened).catch(() => undefined);
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
        assertEquals(address, `${url}\n`);
        assertEquals(await stop(), "");
      }, { args: ["--open"] });

      Deno.env.set("PATH", bin);
      await serving(async ({ url, stop }) => {
        assertEquals((await fetch(url)).status, 200);
        assertMatch(
          await stop(),
          /note: xdg-open cannot be run: open http:\/\/127\.0\.0\.1:\d+\/ yourself\n$/,
        );
      }, { args: ["--open"] });
    });
  } finally {
    Deno.env.set("PATH", path);
  }
});
