/**
 * Firefox, by WebDriver BiDi (https://w3c.github.io/webdriver-bidi/). Where there
 * is none its tests skip, and say so; with VAE_REQUIRE_FIREFOX=1 its absence is a
 * failure.
 */
import { join } from "node:path";

/** The browser's program, or null. */
export const firefoxProgram = find();

/** Whether the tests that need Firefox must be ignored. */
export const firefoxIsMissing = firefoxProgram === null;

if (firefoxIsMissing) {
  const reason = "there is no firefox on PATH";
  if (Deno.env.get("VAE_REQUIRE_FIREFOX") === "1") {
    throw new Error(`VAE_REQUIRE_FIREFOX=1, but ${reason}`);
  }
  console.log(`skipping the Firefox tests: ${reason}`);
}

function find(): string | null {
  for (const folder of (Deno.env.get("PATH") ?? "").split(":")) {
    for (const name of ["firefox", "firefox-esr"]) {
      const path = join(folder, name);
      try {
        if (Deno.statSync(path).isFile) return path;
      } catch {
        // The next one, then.
      }
    }
  }
  return null;
}

interface Reply {
  readonly id?: number;
  readonly type: "success" | "error" | "event";
  readonly message?: string;
  readonly method?: string;
  readonly params?: { readonly level: string; readonly text: string };
  readonly result?: Record<string, unknown>;
}

/** A tab of a Firefox of its own. */
export class Firefox {
  /** What went wrong in its pages so far. */
  readonly problems: string[] = [];
  readonly #replies = new Map<number, (reply: Reply) => void>();
  #context = "";
  #sent = 0;

  private constructor(
    private readonly process: Deno.ChildProcess,
    private readonly profile: string,
    private readonly socket: WebSocket,
  ) {
    socket.onmessage = ({ data }) => {
      const reply: Reply = JSON.parse(data);
      if (reply.id !== undefined) this.#replies.get(reply.id)?.(reply);
      else if (reply.params?.level === "error") {
        this.problems.push(reply.params.text);
      }
    };
  }

  /** Starts it, with these lines in its user.js. */
  static async start(...preferences: string[]): Promise<Firefox> {
    const profile = await Deno.makeTempDir({ prefix: "firefox" });
    await Deno.writeTextFile(
      join(profile, "user.js"),
      preferences.map((line) => `user_pref(${line});`).join("\n"),
    );
    const process = new Deno.Command(firefoxProgram!, {
      args: [
        ...["--headless", "--no-remote", "--profile", profile],
        "--remote-debugging-port=0",
      ],
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const address = await addressIn(process.stderr);
    const socket = new WebSocket(`${address}/session`);
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = reject;
    });
    const firefox = new Firefox(process, profile, socket);
    await firefox.#send("session.new", { capabilities: {} });
    await firefox.#send("session.subscribe", { events: ["log.entryAdded"] });
    const tab = await firefox.#send("browsingContext.create", { type: "tab" });
    firefox.#context = tab.context as string;
    return firefox;
  }

  async goto(url: string): Promise<void> {
    await this.#send("browsingContext.navigate", { ...this.#here(), url });
  }

  async reload(): Promise<void> {
    await this.#send("browsingContext.reload", this.#here());
  }

  async back(): Promise<void> {
    const context = this.#context;
    await this.#send("browsingContext.traverseHistory", { context, delta: -1 });
  }

  /** Evaluates an expression in the page, as a click of the reader would. */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.#send("script.evaluate", {
      expression: `(async () => JSON.stringify(await (${expression})))()`,
      target: { context: this.#context },
      awaitPromise: true,
      userActivation: true,
    }) as {
      result?: { value?: string };
      exceptionDetails?: { text: string };
    };
    if (exceptionDetails) throw new Error(exceptionDetails.text);
    return JSON.parse(result!.value ?? "null");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.close();
    this.process.kill();
    await this.process.status;
    await Deno.remove(this.profile, { recursive: true });
  }

  #here() {
    return { context: this.#context, wait: "complete" };
  }

  async #send(method: string, params: object) {
    const id = ++this.#sent;
    const reply = await new Promise<Reply>((resolve) => {
      this.#replies.set(id, resolve);
      this.socket.send(JSON.stringify({ id, method, params }));
    });
    if (reply.type === "error") throw new Error(`${method}: ${reply.message}`);
    return reply.result!;
  }
}

/** Where it listens, which it says as it starts. */
async function addressIn(stream: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  let address: string | undefined;
  const said = Promise.withResolvers<string>();
  const decoder = new TextDecoder();
  // It must be read to its end, or the browser waits for room.
  (async () => {
    for await (const part of stream) {
      if (address) continue;
      text += decoder.decode(part, { stream: true });
      address = text.match(/listening on (ws:\S+)\s/)?.[1];
      if (address) said.resolve(address);
    }
    said.reject(new Error(`firefox does not start: ${text}`));
  })();
  return await said.promise;
}
