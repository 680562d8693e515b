/// <reference lib="dom" />
/**
 * Files that the reader chooses, or drops anywhere on the page: a picture goes to
 * the pad, a checkpoint is explored.
 *
 * @module
 */
import { openModelFile } from "./checkpoint_file.ts";
import { byId, onClick, say } from "./dom.ts";
import type { Exchange } from "./exchange.ts";
import { texts, write } from "./language.ts";

/** Takes files; `takePicture` is the pad's. */
export function startFiles(
  exchange: Exchange,
  takePicture: (file: File) => Promise<void>,
): void {
  /** Files are opened one by one, whatever is dropped meanwhile. */
  let work = Promise.resolve();
  const take = (file: File | undefined) => {
    if (!file) return;
    // What went wrong with one is reported, and is no matter to the next.
    work = work.catch(() => {}).then(() =>
      file.type.startsWith("image/") ? takePicture(file) : open(file)
    );
  };
  const open = async (file: File) => {
    write(byId("file-status"), () => "");
    try {
      exchange.explore(
        await openModelFile(file, exchange.original, texts()),
        ({ files }) => files.opened(file.name),
      );
    } catch (error) {
      // It is long: it stands beside the button, and is said.
      const { message } = error as Error;
      const line = texts().files.refused(file.name, message);
      write(byId("file-status"), () => line);
      say(line);
    }
  };
  for (const id of ["checkpoint-file", "pad-file"]) {
    const input = byId<HTMLInputElement>(id);
    onClick(`open-${id}`, () => input.click());
    input.addEventListener("change", () => {
      take(input.files?.[0]);
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
    take(event.dataTransfer!.files[0]);
  });
}
