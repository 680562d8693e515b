/**
 * Where files may be had: folders and URLs, and how they are shown.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** One place that may have a file. */
export interface Place {
  /** A path, or a URL without a user's name and password. */
  readonly at: string;
  /** The same for a person, without what may be secret. */
  readonly shown: string;
  /** What to ask a server with. */
  readonly headers: Readonly<Record<string, string>>;
  /** Whether it is a server's. */
  readonly isRemote: boolean;
}

/**
 * Finds a file in a folder or below a URL. A query goes with every request, and
 * a user's name and password go into a header.
 *
 * @param from A folder, or an http, https or file URL of one.
 * @param name The file's name.
 * @throws {Error} If `from` is another kind of URL or cannot be understood.
 */
export function placeIn(from: string, name: string): Place {
  const scheme = from.match(/^([a-z][a-z0-9+.-]+):\/\//i)?.[1].toLowerCase() ??
    (/^file:/i.test(from) ? "file" : undefined);
  switch (scheme) {
    case undefined:
      return localPlace(join(from, name));
    case "file":
      return localPlace(join(folderOf(from), name));
    case "http":
    case "https":
      return remotePlace(from, name);
    default:
      throw new Error(
        `cannot fetch from ${
          withoutSecrets(from)
        }: it must be a folder or an http, https or file URL`,
      );
  }
}

/** Removes from a text what its URLs may hold of secrets. */
export function withoutSecrets(text: string): string {
  return text
    .replaceAll(/([a-z][a-z0-9+.-]+:\/\/)[^\s/?#]*@/gi, "$1")
    .replaceAll(/(https?:\/\/[^\s?#)]*)[?#][^\s)]+/gi, "$1?…");
}

function localPlace(path: string): Place {
  return { at: path, shown: path, headers: {}, isRemote: false };
}

function remotePlace(from: string, name: string): Place {
  let url: URL;
  try {
    url = new URL(from);
  } catch (cause) {
    throw new Error(`cannot fetch from ${withoutSecrets(from)}: it is no URL`, {
      cause,
    });
  }
  const { username, password } = url;
  url.username = url.password = url.hash = "";
  url.pathname = url.pathname.replace(/\/*$/, `/${name}`);
  const headers: Record<string, string> = {};
  if (username || password) {
    const [user, secret] = [username, password].map(decoded);
    const token = Buffer.from(`${user}:${secret}`).toString("base64");
    headers.authorization = `Basic ${token}`;
  }
  const { href } = url;
  return { at: href, shown: withoutSecrets(href), headers, isRemote: true };
}

/** Undoes the escapes of a URL's part, where they are any. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Returns the folder that a file URL names. */
function folderOf(from: string): string {
  try {
    const url = new URL(from);
    if (url.search || url.hash) throw new Error("it goes on after its path");
    return fileURLToPath(url);
  } catch (cause) {
    throw new Error(
      `cannot fetch from ${from}: a file URL is file:/// and a whole path, in ` +
        "which %, ? and # are escaped; or name the folder as it is",
      { cause },
    );
  }
}
