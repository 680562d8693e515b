/** How tests make a wasm engine. */
import { WasmEngine, type WasmOptions } from "../lib/engine/wasm/engine.ts";
import { plain } from "./engine_suite.ts";

/** An engine whose workers are all up. */
export async function engineOf(
  options: Partial<WasmOptions> & { threads: number },
): Promise<WasmEngine> {
  const engine = new WasmEngine({ ...plain, ...options });
  while (engine.threads < options.threads) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return engine;
}
