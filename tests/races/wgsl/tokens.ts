/** The words of a WGSL program. */

/** A word, and where it begins in the source. */
export interface Token {
  text: string;
  readonly at: number;
}

/** Something in a program that is wrong, or that this reader does not know. */
export class WgslError extends Error {
  override name = "WgslError";

  constructor(message: string, code: string, at: number) {
    const line = code.slice(0, at).split("\n").length;
    const text = code.split("\n")[line - 1].trim();
    super(`${message}, in line ${line} of the program: ${text}`);
  }
}

const WORD = new RegExp(
  [
    String.raw`(?<blank>\s+|\/\/[^\n]*|\/\*[^]*?\*\/)`,
    String.raw`0[xX][0-9a-fA-F]+[iu]?`,
    String.raw`(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?[iufh]?`,
    String.raw`[\p{L}_][\p{L}\p{N}_]*`,
    String.raw`->|\+\+|--|&&|\|\||<<=|>>=|<<|>>|[-+*\/%&|^<>=!]=`,
    String.raw`[-+*\/%&|^~!<>=(){}\[\],.;:@]`,
  ].join("|"),
  "yu",
);

/** Splits a program; the last token is empty. */
export function tokenize(code: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < code.length) {
    WORD.lastIndex = at;
    const match = WORD.exec(code);
    if (!match) throw new WgslError(`${code[at]} begins no word`, code, at);
    if (match.groups!.blank === undefined) tokens.push({ text: match[0], at });
    at += match[0].length;
  }
  tokens.push({ text: "", at });
  return tokens;
}
