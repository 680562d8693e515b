/**
 * `deno task fetch`: downloads and verifies a data set.
 *
 * @module
 */
import { fetchDataset } from "../lib/dataset/download.ts";
import { runTask } from "./shared/cli.ts";
import { Progress } from "./shared/progress.ts";

await runTask("fetch", async (options, { signal }) => {
  const { dataset, dataDir } = options;
  const progress = new Progress();
  const files = await fetchDataset(dataset, {
    dataDir,
    from: options.from ?? undefined,
    signal,
    onProgress: ({ file, url, loaded, total }) =>
      progress.update(
        total === null ? null : loaded / total,
        `${file}  ${megabytes(loaded)}` +
          (total === null ? "" : ` of ${megabytes(total)}`) + ` from ${url}`,
      ),
  }).finally(() => progress.clear());
  if (options.json) {
    console.log(JSON.stringify({ dataset, files }));
    return;
  }
  for (const { path, url } of files) {
    console.log(`${path}: verified, ${url ? `from ${url}` : "already there"}`);
  }
});

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
