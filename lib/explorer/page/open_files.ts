/// <reference lib="dom" />
/**
 * Files that the reader chooses, or drops anywhere on the page: a picture goes to
 * the pad, a checkpoint is explored.
 *
 * @module
 */
import { type FileKind, kindOf } from "../../files/kind.ts";
import type { Texts } from "../texts/en.ts";
import { ModelFileError, openModelFile } from "./checkpoint_file.ts";
import { byId, onClick, say } from "./dom.ts";
import type { Exchange } from "./exchange.ts";
import { texts, write } from "./language.ts";

/** Kinds of files that the browser knows as pictures. */
const PICTURES: readonly (FileKind | undefined)[] = [
  ...["png", "jpeg", "gif", "webp"] as const,
];

/** Takes files; `takePicture` is the pad's. */
export function startFiles(
  exchange: Exchange,
  takePicture: (file: File) => Promise<void>,
): void {
  /** Whether what stands beside the button is of a file that was dropped. */
  let isTold = false;
  /** Says what is long: it stands beside the button, and is said. */
  const tell = (line: (texts: Texts) => string) => {
    isTold = true;
    write(byId("file-status"), line);
    say(line(texts()));
  };
  /** Files are opened one by one, whatever is dropped meanwhile. */
  let work = Promise.resolve();
  const take = (files: readonly File[]) => {
    const [file] = files;
    if (!file) return;
    // What went wrong with one is reported, and is no matter to the next.
    work = work.catch(() => {}).then(async () => {
      if (isTold) write(byId("file-status"), () => "");
      isTold = false;
      if (await isPicture(file)) await takePicture(file);
      else await open(file);
      if (files.length === 1 || isTold) return;
      tell(({ files }) => files.onlyFirst(file.name));
    });
  };
  const open = async (file: File) => {
    try {
      exchange.explore(
        await openModelFile(file, exchange.original),
        ({ files }) => files.opened(file.name),
      );
    } catch (error) {
      const { message } = error as Error;
      const reason = error instanceof ModelFileError
        ? error.reason
        : ({ damaged }: Texts["files"]) => damaged(message);
      tell(({ files }) => files.refused(file.name, reason(files)));
    }
  };
  for (const id of ["checkpoint-file", "pad-file"]) {
    const input = byId<HTMLInputElement>(id);
    onClick(`open-${id}`, () => input.click());
    input.addEventListener("change", () => {
      take([...input.files ?? []]);
      input.value = ""; // the same file may come again
    });
  }
  const isFile = ({ dataTransfer }: DragEvent) =>
    dataTransfer?.types.includes("Files") ?? false;
  addEventListener("dragover", (event) => {
    if (isFile(event)) event.preventDefault();
  });
  addEventListener("drop", (event) => {
    if (!isFile(event)) return;
    event.preventDefault();
    take([...event.dataTransfer!.files]);
  });
}

/** Whether a file is for the pad: by its first bytes where no type is known. */
async function isPicture(file: File): Promise<boolean> {
  if (file.type !== "") return file.type.startsWith("image/");
  try {
    const start = await file.slice(0, 512).arrayBuffer();
    return PICTURES.includes(kindOf(new Uint8Array(start)));
  } catch {
    return false; // a folder
  }
}
