// deno run --allow-read=. --allow-net=127.0.0.1 server.ts [PORT]
import * as vae from "jsr:@vae/mnist";

const [port = 8000] = Deno.args.map(Number);
const { options, data, state } = await vae.loadCheckpoint("vae.safetensors");
const engine = await vae.createEngine(options);
await engine.writeState(state);
const classes = options.classCount > 0 ? data.classes ?? [] : [];

async function digit(query: URLSearchParams): Promise<Response> {
  const bad = (line: string) => new Response(`${line}\n`, { status: 400 });
  const seed = query.get("seed") ?? "0";
  const heat = query.get("temperature") ?? "1";
  if (!/^\d{1,9}$/.test(seed)) return bad("seed takes up to nine digits");
  if (!/^\d(\.\d+)?$/.test(heat)) return bad("temperature goes from 0 to 9");
  const label = classes.indexOf(query.get("class") ?? classes[0]);
  if (label < 0 && (classes.length > 0 || query.has("class"))) {
    return bad(`the classes are: ${classes.join(", ") || "none"}`);
  }
  const z = vae.priorSample(1, options.latentDim, Number(seed), Number(heat));
  const pixels = await engine.decode(z, Uint8Array.of(label));
  const png = vae.encodePng(vae.grid(pixels, { scale: 8 }));
  return new Response(png, { headers: { "content-type": "image/png" } });
}

Deno.serve({ hostname: "127.0.0.1", port }, ({ url }) => {
  const { pathname, searchParams } = new URL(url);
  if (pathname === "/digit.png") return digit(searchParams);
  return new Response("try /digit.png?class=7&seed=3\n", { status: 404 });
});
