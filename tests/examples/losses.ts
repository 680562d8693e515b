// deno run losses.ts
/** Σ (x̂ − x)² over the pixels: all that an autoencoder minimises. */
export function reconstruction(x: number[], xHat: number[]): number {
  return x.reduce((sum, pixel, i) => sum + (xHat[i] - pixel) ** 2, 0);
}

/** KL(N(μ, σ²) ‖ N(0, I)) in nats, of the encoder's μ and log σ². */
export function kl(mu: number[], logvar: number[]): number {
  const nats = (m: number, v: number) => (m ** 2 + Math.exp(v) - v - 1) / 2;
  return mu.reduce((sum, m, d) => sum + nats(m, logvar[d]), 0);
}

/** z = μ + σ·ε, with ε from N(0, I): what the decoder makes x̂ of. */
export function draw(mu: number[], logvar: number[], eps: number[]): number[] {
  return mu.map((m, d) => m + Math.exp(logvar[d] / 2) * eps[d]);
}

/** What a VAE minimises: the mean of this over the images. */
export const loss = (error: number, nats: number, beta = 1): number =>
  error + beta * nats;

if (import.meta.main) {
  for (const sigma of [1, 0.5, 0.1]) { // one dimension, with μ = 1
    const nats = kl([1], [2 * Math.log(sigma)]);
    const bits = (nats / Math.LN2).toFixed(2);
    console.log(`σ = ${sigma}: ${nats.toFixed(2)} nats, ${bits} bits`);
  }
}
