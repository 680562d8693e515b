/**
 * Numbers as text in a page, as short as they can be.
 *
 * @module
 */

/**
 * Packs numbers: the first bytes of all, then the second ones, and so on, so that
 * deflate finds what signs and exponents have in common; then base64.
 *
 * @param width Bytes of a number.
 */
export async function pack(
  bytes: Uint8Array<ArrayBuffer>,
  width: number,
): Promise<string> {
  const planes = bytes.slice();
  // What is too short for a number stays at the end.
  const count = Math.floor(bytes.length / width);
  for (let i = 0; i < count * width; i++) {
    planes[i % width * count + Math.floor(i / width)] = bytes[i];
  }
  return (await pass(planes, new CompressionStream("deflate"))).toBase64();
}

/** Unpacks what {@linkcode pack} has packed. */
export async function unpack(
  text: string,
  width: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const packed = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const planes = await pass(packed, new DecompressionStream("deflate"));
  const bytes = planes.slice();
  const count = Math.floor(bytes.length / width);
  for (let i = 0; i < count * width; i++) {
    bytes[i] = planes[i % width * count + Math.floor(i / width)];
  }
  return bytes;
}

async function pass(
  bytes: Uint8Array<ArrayBuffer>,
  through: CompressionStream | DecompressionStream,
): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(through);
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
