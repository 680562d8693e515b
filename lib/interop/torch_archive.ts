/**
 * Opens PyTorch's `.pth` files: a zip with a pickle, `data.pkl`, and the storages
 * of its tensors beside it, `data/KEY`; or, before PyTorch 1.6, pickles one after
 * the other, and the storages behind them.
 *
 * Source: https://github.com/pytorch/pytorch/blob/main/docs/source/notes/serialization.rst,
 * and `_legacy_save` in torch/serialization.py.
 *
 * @module
 */
import { display } from "../formats/error.ts";
import { unpickle, unpickleFirst, type Value } from "../formats/pickle.ts";
import { elementTypes, otherSizes } from "../formats/storage.ts";
import { readZip } from "../formats/zip.ts";
import { ImportError } from "./error.ts";
import { readStorage, type Storage, torchGlobals } from "./torch_tensors.ts";

/** What begins a file of the old format: 0x1950a86a20f9469cfc6c. */
const MAGIC = 0x1950a86a20f9469cfc6cn;

const PROTOCOL = 1001;

/** What `torch.save` was given. */
export interface Saved {
  readonly value: Value;
  /** The bytes of a storage, by its key. */
  readonly storages: (key: string) => Uint8Array | undefined;
  /** The names that it uses and nobody knows here: nothing of them has been run. */
  readonly foreign: ReadonlySet<string>;
}

/**
 * Opens a file of `torch.save`. Nothing in it is trusted and nothing is executed.
 *
 * @param bytes The whole file.
 * @throws {ImportError} If another program wrote it, or it is big-endian.
 * @throws {FormatError} If it is damaged.
 */
export function openPth(bytes: Uint8Array): Saved {
  return bytes[0] === 0x80 ? openLegacy(bytes) : openArchive(bytes);
}

function openArchive(bytes: Uint8Array): Saved {
  const entries = readZip(bytes);
  const names = [...entries.keys()];
  const pickles = names.filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (pickles.length !== 1) {
    throw new ImportError(
      "the zip file has no data.pkl, so torch.save did not write it",
    );
  }
  const folder = pickles[0].slice(0, -"data.pkl".length);
  const order = entries.get(`${folder}byteorder`);
  if (order && new TextDecoder().decode(order.subarray(0, 80)) !== "little") {
    throw bigEndian();
  }
  const foreign = new Set<string>();
  const value = unpickle(entries.get(pickles[0])!, {
    globals: torchGlobals,
    persistent: readStorage,
    onForeign: (name) => foreign.add(name),
  });
  return {
    value,
    foreign,
    storages: (key) => entries.get(`${folder}data/${key}`),
  };
}

/**
 * Opens the old format: pickles of a magic number, the protocol, the system, the
 * object, and the storages' keys; then each storage, its length first.
 */
function openLegacy(bytes: Uint8Array): Saved {
  let at = 0;
  const known = new Map<string, Storage>();
  const foreign = new Set<string>();
  const next = () => {
    const { value, length } = unpickleFirst(bytes.subarray(at), {
      globals: torchGlobals,
      onForeign: (name) => foreign.add(name),
      persistent: (id) => {
        const storage = readStorage(id);
        known.set(storage.key, storage);
        return storage;
      },
    });
    at += length;
    return value;
  };
  if (next() !== MAGIC) {
    throw new ImportError("it is a pickle that torch.save did not write");
  }
  if (next() !== PROTOCOL) {
    throw new ImportError(`its protocol is not ${PROTOCOL}`);
  }
  const system = next();
  if (system instanceof Map && system.get("little_endian") === false) {
    throw bigEndian();
  }
  const value = next();
  const keys = next();
  if (!Array.isArray(keys)) throw new ImportError("it lists no storages");
  const storages = new Map<string, Uint8Array>();
  for (const key of keys) {
    const storage = known.get(key);
    const size = storage && elementSize(storage.type);
    if (!size) throw new ImportError("it has a storage of an unknown type");
    const begin = at + 8;
    const end = begin + size * storage.length;
    if (end > bytes.length) {
      throw new ImportError(`its storage ${display(key)} is cut off`);
    }
    storages.set(key, bytes.subarray(begin, end));
    at = end;
  }
  return { value, foreign, storages: (key) => storages.get(key) };
}

function elementSize(type: string): number | undefined {
  if (Object.hasOwn(elementTypes, type)) return elementTypes[type].size;
  if (Object.hasOwn(otherSizes, type)) return otherSizes[type];
}

function bigEndian(): ImportError {
  return new ImportError("its byte order is not little-endian");
}
