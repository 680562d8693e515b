/** Finds a Python with PyTorch, and asks it. */
import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";

const PYTHON = Deno.env.get("VAE_PYTHON") ?? "python3";

/** The file of a program beside this one. */
export function program(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

/** Runs Python in a folder; returns what it printed. */
export async function python(
  folder: string,
  args: readonly string[],
): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(PYTHON, {
    args: [...args],
    cwd: folder,
    env: { PYTHONDONTWRITEBYTECODE: "1" },
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

/** Asks `check.py`, whose last line is JSON. */
export async function ask<T>(
  folder: string,
  ...args: readonly string[]
): Promise<T> {
  const printed = await python(folder, [program("check.py"), ...args]);
  return JSON.parse(printed.trim().split("\n").at(-1)!);
}

/** Tells whether the Python has a package. */
async function has(name: string): Promise<boolean> {
  try {
    const args = ["-c", `import ${name}`];
    const { success } = await new Deno.Command(PYTHON, { args }).output();
    return success;
  } catch {
    return false; // there is no Python
  }
}

const PACKAGES = ["torch", "safetensors", "onnxruntime", "huggingface_hub"];

/** Those that it lacks. */
export const missing: readonly string[] = (await Promise.all(
  PACKAGES.map(async (name) => await has(name) ? [] : [name]),
)).flat();

/** What to do about it. */
export const ADVICE = `${PYTHON} has no ${missing.join(", no ")}: name a ` +
  `Python that has them in VAE_PYTHON (pip install numpy ${
    PACKAGES.join(" ")
  })`;
