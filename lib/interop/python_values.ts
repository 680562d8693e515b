/**
 * What plain Python and NumPy put into a pickle beside lists and dicts.
 *
 * @module
 */
import { Foreign, type Global, type Value } from "../formats/pickle.ts";
import { ImportError } from "./error.ts";

/**
 * Classes whose objects stay {@linkcode Foreign}: common in checkpoints, and
 * nothing to tell of.
 */
const KNOWN = [
  ..."set frozenset complex bytearray list dict tuple range xrange slice object"
    .split(" ").flatMap((name) => [`builtins.${name}`, `__builtin__.${name}`]),
  ..."defaultdict deque Counter".split(" ").map((name) =>
    `collections.${name}`
  ),
  "argparse.Namespace",
  ..."PosixPath WindowsPath PurePosixPath PureWindowsPath".split(" ")
    .flatMap((name) => [`pathlib.${name}`, `pathlib._local.${name}`]),
  "numpy.dtype",
  "numpy.ndarray",
  "numpy.core.multiarray._reconstruct",
  "numpy._core.multiarray._reconstruct",
  "copyreg._reconstructor",
  "copy_reg._reconstructor",
];

/** The names of plain Python and NumPy that mean something. */
export const pythonGlobals: readonly Global[] = [
  {
    global: "collections.OrderedDict",
    call: (args) => {
      if (args.length === 0) return new Map();
      throw new ImportError("the pickle has an OrderedDict of another kind");
    },
  },
  { global: "_codecs.encode", call: encode },
  { global: "numpy.core.multiarray.scalar", call: scalar },
  { global: "numpy._core.multiarray.scalar", call: scalar },
  ...KNOWN.map((name) => ({
    global: name,
    call: (args: readonly Value[]) => new Foreign(name, args),
  })),
];

/** Bytes in protocol 2, which has none: the text of their Latin-1. */
function encode(args: readonly Value[]): Value {
  const [text, encoding] = args;
  const isPlain = typeof text === "string" && encoding === "latin1";
  return isPlain
    ? Uint8Array.from(text, (character) => character.charCodeAt(0))
    : new Foreign("_codecs.encode", args);
}

/** A NumPy number of 32 or 64 bits: its type, and its bytes. */
function scalar(args: readonly Value[]): Value {
  const [dtype, bytes] = args;
  const type = dtype instanceof Foreign ? dtype.args[0] : null;
  if (typeof type === "string" && bytes instanceof Uint8Array) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    switch (`${type} ${bytes.length}`) {
      case "f8 8":
        return view.getFloat64(0, true);
      case "f4 4":
        return view.getFloat32(0, true);
      case "i8 8":
        return Number(view.getBigInt64(0, true));
      case "i4 4":
        return view.getInt32(0, true);
    }
  }
  return new Foreign("numpy.core.multiarray.scalar", args);
}
