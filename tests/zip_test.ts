import {
  assert,
  assertEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { Buffer } from "node:buffer";
import { deflateRawSync } from "node:zlib";
import { FormatError } from "../lib/formats/error.ts";
import { memorySource } from "../lib/files/byte_source.ts";
import { openZip, readZip } from "../lib/formats/zip.ts";
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

/** What NumPy wrote: deflated and stored, with zip64 fields in local headers. */
const [DEFLATED, NUMPY] = ["medmnist.npz", "keras.npz"].map((name) =>
  Deno.readFileSync(new URL(`fixtures/pictures/${name}`, import.meta.url))
);

Deno.test("openZip() reads what NumPy writes, with zip64 fields in small files", () => {
  for (
    const [file, first, isCompressed] of [
      [DEFLATED, "train_images.npy", true],
      [NUMPY, "x_train.npy", false],
    ] as const
  ) {
    const entries = openZip(memorySource(file));
    const entry = entries.get(first)!;
    assertEquals(entry.isCompressed, isCompressed);
    const content = entry.open();
    assertEquals(content.length, entry.size);
    assertEquals(entry.start(10), content.read(0, 10));
    for (const entry of entries.values()) {
      const { length } = entry.open();
      assertEquals(length, entry.size);
    }
  }
});

Deno.test("openZip() reads many small entries at a time", () => {
  const names = Array.from({ length: 2000 }, (_, i) => `${i}.npy`);
  const bytes = zip(names.map((name) => ({ name, content: bytesOf(1, 2) })));
  let reads = 0;
  const entries = openZip({
    length: bytes.length,
    read: (at, length) => {
      reads++;
      return bytes.subarray(at, at + length);
    },
  });
  for (const entry of entries.values()) {
    assertEquals([...entry.start(100)], [1, 2]);
  }
  assert(reads < 20, `${reads}`);
});

Deno.test("openZip() refuses a zip64 field that says other sizes", () => {
  // The field follows the header of 30 bytes, the name, its id and its length.
  const at = 30 + "x_train.npy".length + 4;
  for (const byte of [at, at + 8, at - 4]) {
    const file = patched(NUMPY, byte, 99);
    const { message } = assertThrows(
      () => openZip(memorySource(file)),
      FormatError,
    );
    assertStringIncludes(message, "x_train.npy is described in two ways");
  }
});

Deno.test("openZip() refuses a file that is cut off, at every byte", () => {
  for (let length = 0; length < DEFLATED.length; length++) {
    assertThrows(
      () => openZip(memorySource(DEFLATED.subarray(0, length))),
      FormatError,
    );
  }
});

Deno.test("ZipEntry.open() gives no more and no less than the directory says", () => {
  const content = new Uint8Array(5000).fill(7);
  const packed = deflateRawSync(content);
  /** A file with one deflated entry that claims this size. */
  const claiming = (size: number, packedAs = packed) => {
    const file = zip([{ name: "a", content: packedAs, method: 8 }]);
    const sizes = new DataView(file.buffer);
    const directory = sizes.getUint32(file.length - 6, true);
    for (const at of [22, directory + 24]) sizes.setUint32(at, size, true);
    return openZip(memorySource(file)).get("a")!;
  };
  const cases: [() => unknown, string][] = [
    [() => claiming(4999).open(), "entry a holds more than its 4999 bytes"],
    [() => claiming(5001).open(), "entry a has 5000 bytes of 5001"],
    [() => claiming(5000).open(), "CRC-32 of a is wrong"], // of the packed
    [() => claiming(2 ** 30 + 1).open(), "more than the 1073741824 that fit"],
    [() => claiming(2 ** 30).open(), "cannot hold 1073741824"],
    [() => claiming(5000, packed.subarray(0, -1)).open(), "ends too early"],
    [() => claiming(5, Buffer.of(7, 7, 7)).start(9), "entry a is corrupt"],
    [() => openZip(memorySource(zip([{ ...A, method: 12 }]))), "method 12"],
  ];
  for (const [read, reason] of cases) {
    const { message } = assertThrows(read, FormatError);
    assertStringIncludes(message, reason);
  }
  assertEquals(claiming(5000).start(3), content.subarray(0, 3));
});
