import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { FormatError } from "../lib/formats/error.ts";
import { readZip } from "../lib/formats/zip.ts";
import { bytesOf, zip } from "./pth.ts";

const A = { name: "a", content: bytesOf("first") };
const B = { name: "b", content: bytesOf() };

/** What PyTorch 1.13 wrote, with zip64 records and data descriptors. */
const REAL = Deno.readFileSync(
  new URL("fixtures/torch-1.13.pth", import.meta.url),
);

function refused(bytes: Uint8Array, reason: string): void {
  const { message } = assertThrows(() => readZip(bytes), FormatError);
  assertStringIncludes(message, reason);
}

/** A copy with some bytes replaced. */
function patched(bytes: Uint8Array, at: number, ...values: number[]) {
  const copy = bytes.slice();
  copy.set(values, at < 0 ? bytes.length + at : at);
  return copy;
}

Deno.test("readZip() gives the entries of a hand-made file", () => {
  const good = zip([A, B]);
  assertEquals([...readZip(good)], [["a", A.content], ["b", B.content]]);
  const window = bytesOf(1, 2, 3, good, 4).subarray(3, -1);
  assertEquals([...readZip(window).keys()], ["a", "b"]);
  assertEquals(readZip(zip([])).size, 0);
});

Deno.test("readZip() reads what PyTorch writes", () => {
  const entries = readZip(REAL);
  assertEquals([...entries.keys()], [
    "tiny/data.pkl",
    ...["0", "1", "2", "3", "4", "5"].map((key) => `tiny/data/${key}`),
    "tiny/version",
  ]);
  assertEquals(entries.get("tiny/version"), bytesOf("3\n"));
});

Deno.test("readZip() refuses a file that is cut off, at every byte", () => {
  for (let length = 0; length < REAL.length; length++) {
    assertThrows(() => readZip(REAL.subarray(0, length)), FormatError);
  }
});

Deno.test("readZip() refuses what torch.save does not write", () => {
  refused(zip([{ ...A, method: 8 }]), "entry a is compressed");
  refused(zip([A, A]), "a twice");
  refused(zip([{ ...A, crc: 1 }]), "CRC-32 of a is wrong");
  refused(bytesOf(zip([A]), 0), "is it truncated");
  refused(patched(zip([A]), -18, 1), "one of several parts");
  refused(patched(zip([A]), -14, 2), "one of several parts");
  refused(patched(zip([A]), -14, 2, 0, 2), "no directory entry");
  refused(patched(zip([A]), -14, 0, 0, 0), "bytes left over");
  refused(patched(zip([A]), 6, 1), "described in two ways");
  refused(patched(zip([A]), 30, 0x62), "described in two ways");
  refused(
    zip([{ name: "ab", content: bytesOf() }]).map((byte) =>
      byte === 0x62 ? 0xff : byte // both names become one that is not UTF-8
    ),
    "not UTF-8",
  );
});

Deno.test("readZip() refuses sizes and places that do not fit", () => {
  refused(zip([{ ...A, size: 0xffffffff }]), "does not fit in the file");
  refused(zip([{ ...A, size: 6 }]), "does not fit in the file");
  refused(zip([{ ...A, begin: 0xfffffff0 }]), "no header at byte");
  // A bomb's entries share their bytes.
  refused(
    zip([{ ...A, size: 37 }, { ...A, name: "c", content: bytesOf("x") }]),
    "overlap",
  );
});
