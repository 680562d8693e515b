import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";

Deno.test("VAE and Network say that tfjs has no backend yet", async () => {
  const module = new URL("../mod.ts", import.meta.url).href;
  const program = `
    import { Network, VAE } from ${JSON.stringify(module)};
    const options = { latentDim: 2, likelihood: "mse", autoencoder: false };
    for (const make of [() => new VAE(), () => new Network(options, 0)]) {
      try {
        make();
      } catch (error) {
        console.log(error.message);
      }
    }`;
  // Another process: in this one a test may have chosen a backend.
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      "eval",
      `--config=${fileURLToPath(new URL("../deno.json", import.meta.url))}`,
      program,
    ],
  }).output();
  const line = "tfjs has no backend yet: await useTfBackend() first\n";
  assertEquals(new TextDecoder().decode(stdout), line + line);
});
