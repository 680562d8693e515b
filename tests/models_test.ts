/** Models to start from: what is downloaded, and what is on record. */
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Checkpoint } from "../lib/checkpoint/checkpoint.ts";
import { encodeCheckpoint } from "../lib/checkpoint/codec.ts";
import { loadRecord, writeRecord } from "../lib/checkpoint/run_record.ts";
import { WriteError } from "../lib/files/atomic_write.ts";
import { trainingOptions } from "../lib/options/run.ts";
import { task as train } from "../tasks/train.ts";
import { TaskError } from "../tasks/shared/cli.ts";
import { parseFlags } from "../tasks/shared/flags.ts";
import { fetchModel, type Model, MODELS } from "../tasks/shared/models.ts";
import { recipeOf } from "../tasks/shared/options.ts";
import { randomModel } from "./exported.ts";
import { inFolder } from "./folder.ts";
import { refuses, runTask } from "./process.ts";

const CHECKPOINT: Checkpoint = randomModel(2, "bce");
const BYTES = new Uint8Array(encodeCheckpoint(CHECKPOINT));
const TINY: Model = {
  about: "two dimensions",
  train: ["--recipe tiny", "no time"],
  record: JSON.parse(
    writeRecord({ checkpoint: CHECKPOINT, testTotal: 1.5, package: "0.1.0" }),
  ),
};

/** Serves what `answer` says; lists the paths and ranges that were asked for. */
function serve(answer: (request: Request, count: number) => Response) {
  const requests: string[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => {
      const range = request.headers.get("range") ?? "";
      requests.push(`${new URL(request.url).pathname} ${range}`.trim());
      return answer(request, requests.length);
    },
  );
  return {
    from: `http://127.0.0.1:${server.addr.port}/v1`,
    requests,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function names(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

Deno.test("fetchModel() downloads a model once, to the byte", () =>
  inFolder(async (folder) => {
    const path = join(folder, "checkpoints", "tiny.safetensors");
    await using server = serve(() => new Response(BYTES));
    const { from } = server;
    let loaded = 0;
    const first = await fetchModel("tiny", TINY, path, {
      from,
      onProgress: (progress) => loaded = progress.loaded,
    });
    assertEquals(first.url, `${from}/tiny.safetensors`);
    assertEquals(first.checkpoint.options, CHECKPOINT.options);
    assertEquals(await Deno.readFile(path), BYTES);
    assertEquals(loaded, BYTES.length);
    const second = await fetchModel("tiny", TINY, path, { from });
    assertEquals(second.url, null);
    assertEquals(server.requests, ["/v1/tiny.safetensors"]);
    assertEquals(names(join(folder, "checkpoints")), ["tiny.safetensors"]);
  }));

Deno.test("fetchModel() goes on with a transfer where it broke off", () =>
  inFolder(async (folder) => {
    const path = join(folder, "tiny.safetensors");
    const half = BYTES.length >> 1;
    const headers = { etag: '"1"', "content-length": `${BYTES.length}` };
    await using server = serve((_, count) => {
      if (count > 1) {
        const range = `bytes ${half}-${BYTES.length - 1}/${BYTES.length}`;
        return new Response(BYTES.subarray(half), {
          status: 206,
          headers: { etag: '"1"', "content-range": range },
        });
      }
      let isSent = false;
      const body = new ReadableStream({
        pull(controller) {
          if (isSent) return controller.close(); // short of its length
          isSent = true;
          controller.enqueue(BYTES.subarray(0, half));
        },
      });
      return new Response(body, { headers });
    });
    const { from } = server;
    await fetchModel("tiny", TINY, path, { from, backoffMs: 1 });
    assertEquals(await Deno.readFile(path), BYTES);
    assertEquals(server.requests, [
      "/v1/tiny.safetensors",
      `/v1/tiny.safetensors bytes=${half}-`,
    ]);
  }));

Deno.test("fetchModel() refuses what is not the run on record, and keeps what is there", async (t) => {
  const other = randomModel(2, "bce");
  other.state.parameters[0] += 1;
  const { digest, ...data } = CHECKPOINT.data;
  const encoded = (checkpoint: Checkpoint) =>
    new Uint8Array(encodeCheckpoint(checkpoint));
  const cases: Record<string, [Uint8Array<ArrayBuffer>, RegExp]> = {
    "other tensors": [
      encoded(other),
      /: the digest of its tensors is [0-9a-f]{64}, not [0-9a-f]{64}; /,
    ],
    "another option": [
      encoded({
        ...CHECKPOINT,
        options: { ...CHECKPOINT.options, beta: 4 },
      }),
      /: it tells of other options or images than its record; /,
    ],
    "other images": [
      encoded({ ...CHECKPOINT, data: { ...data, digest: `${digest}!` } }),
      /: it tells of other options or images than its record; /,
    ],
    "half a file": [BYTES.slice(0, BYTES.length / 2), /tiny\.safetensors: /],
    "a web page": [
      new TextEncoder().encode("<html>Log in</html>"),
      /: it is an HTML page, not a checkpoint; /,
    ],
  };
  for (const [what, [bytes, message]] of Object.entries(cases)) {
    await t.step(what, () =>
      inFolder(async (folder) => {
        const path = join(folder, "tiny.safetensors");
        await Deno.mkdir(join(folder, "from"));
        const from = join(folder, "from");
        await Deno.writeFile(join(from, "tiny.safetensors"), bytes);
        const error = await assertRejects(
          () => fetchModel("tiny", TINY, path, { from }),
          TaskError,
        );
        assert(message.test(error.message), error.message);
        assertStringIncludes(
          error.message,
          "; or train it in no time: `deno task train --recipe tiny " +
            `--checkpoint ${path}\``,
        );
        assert(!error.message.includes("\n"));
        assertEquals(names(folder), ["from"]);
      }));
  }
});

Deno.test("fetchModel() renames another run, and replaces no other file", () =>
  inFolder(async (folder) => {
    const path = join(folder, "tiny.safetensors");
    await using server = serve(() => new Response(BYTES));
    const { from } = server;
    const mine = new Uint8Array(encodeCheckpoint(randomModel(3, "mse")));
    await Deno.writeFile(path, mine);
    await fetchModel("tiny", TINY, path, { from });
    assertEquals(await Deno.readFile(path), BYTES);
    assertEquals(await Deno.readFile(join(folder, "tiny.1.safetensors")), mine);
    await Deno.writeTextFile(path, "<html>mine</html>");
    await assertRejects(
      () => fetchModel("tiny", TINY, path, { from }),
      WriteError,
    );
    assertEquals(await Deno.readTextFile(path), "<html>mine</html>");
    assertEquals(server.requests.length, 1);
  }));

for (const [name, model] of Object.entries<Model>(MODELS)) {
  Deno.test(`the model ${name} is its record's, and trained with its options`, async () => {
    const url = new URL(`records/${name}.json`, import.meta.url);
    assertEquals(model.record, JSON.parse(await Deno.readTextFile(url)));
    const { options, data } = await loadRecord(fileURLToPath(url));
    const parsed = parseFlags(train.options, model.train[0].split(" "));
    assert(parsed !== "help");
    const { given } = parsed;
    // The table's own type is lost in `Task`.
    const values = parsed.values as unknown as Record<string, never>;
    const chosen = Object.fromEntries(
      [...given].filter((name) => name in trainingOptions)
        .map((name) => [name, values[name]]),
    );
    const begun = { ...values as unknown as typeof options, ...chosen };
    const wanted = { ...recipeOf(values.recipe, begun), ...chosen };
    for (const [name, { default: usual }] of Object.entries(trainingOptions)) {
      if (name === "classCount") continue;
      const value = wanted[name as keyof typeof wanted] ?? usual;
      assertEquals(options[name as keyof typeof options], value, name);
    }
    assertEquals(options.classCount > 0, values.conditional);
    assertEquals(data.name, values.dataset);
  });
}

Deno.test("fetch --model says what to do without a network, and what it does not go with", () =>
  inFolder(async (folder) => {
    await refuses(
      /^error: cannot fetch the model fast: https:\/\/github\.com\/.*\/v\d+\.\d+\.\d+\/fast\.safetensors: .*; or train it in 5 s: `deno task train --dataset mnist --recipe fast --checkpoint checkpoints\/fast\.safetensors`$/m,
      folder,
      "fetch",
      ["--model", "fast"],
    );
    const both = ["--model", "fast", "--data-dir", "d"];
    const { code, stderr } = await runTask(folder, "fetch", both);
    assertStringIncludes(stderr, "--model does not go with --data-dir\n");
    assertEquals([code, names(folder)], [2, []]);
  }));
