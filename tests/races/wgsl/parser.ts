/** From the words of expressions and types to their trees. */
import type { Attributes, Expression, Field, Named } from "./syntax.ts";
import { type Token, tokenize, WgslError } from "./tokens.ts";

/** Names that a < after them makes templates. */
const TEMPLATES = /^(vec[234]|array|bitcast|atomic|ptr|mat\dx\d)$/;

/** Binary operators, from the loosest. */
const LEVELS = [
  ["||"],
  ["&&"],
  ["|"],
  ["^"],
  ["&"],
  ["==", "!=", "<", ">", "<=", ">="],
  ["<<", ">>"],
  ["+", "-"],
  ["*", "/", "%"],
];

/** The shifts: a > at this level or tighter does not end a template. */
const SHIFT = 6;

/** Reads words from a program, from left to right. */
export class Reader {
  readonly code: string;
  readonly #tokens: Token[];
  #next = 0;

  constructor(code: string) {
    this.code = code;
    this.#tokens = tokenize(code);
  }

  get text(): string {
    return this.#tokens[this.#next].text;
  }

  get at(): number {
    return this.#tokens[this.#next].at;
  }

  fail(message: string, at = this.at): never {
    throw new WgslError(message, this.code, at);
  }

  /** Takes the next word, which must be `text` if that is given. */
  take(text?: string): string {
    const found = this.text;
    if (text !== undefined && found !== text) {
      this.fail(`${text} was expected in place of ${found || "the end"}`);
    }
    if (found === "") this.fail("the program ends too early");
    this.#next++;
    return found;
  }

  /** Takes the next word if it is `text`. */
  takeIf(text: string): boolean {
    if (this.text !== text) return false;
    this.#next++;
    return true;
  }

  /** Whether the next word is one of these. */
  is(...texts: string[]): boolean {
    return texts.includes(this.text);
  }

  name(): string {
    if (!/^[\p{L}_]/u.test(this.text)) this.fail(`${this.text} is no name`);
    return this.take();
  }

  /** Items with commas between them, up to the word `end`. */
  list<T>(end: string, item: () => T): T[] {
    const items: T[] = [];
    while (!this.takeIf(end)) {
      items.push(item());
      if (this.takeIf(end)) break;
      this.take(",");
    }
    return items;
  }

  attributes(): Attributes {
    const found = new Map<string, Expression[]>();
    while (this.takeIf("@")) {
      const name = this.name();
      found.set(
        name,
        this.takeIf("(") ? this.list(")", () => this.expression()) : [],
      );
    }
    return found;
  }

  field(): Field {
    const attributes = this.attributes(), at = this.at, name = this.name();
    this.take(":");
    return { attributes, name, at, type: this.type() };
  }

  type(): Named {
    const at = this.at, name = this.name();
    if (!TEMPLATES.test(name) || !this.is("<")) {
      return { name, parameters: [], at };
    }
    this.take("<");
    const parameters: (Named | Expression)[] = [];
    do {
      parameters.push(
        /^\d/.test(this.text) || parameters.length > 0
          ? this.expression(SHIFT + 1)
          : this.type(),
      );
    } while (this.takeIf(",") && !this.is(">"));
    // The >> of two templates that end is one word.
    if (this.is(">>")) this.#tokens[this.#next].text = ">";
    else this.take(">");
    return { name, parameters, at };
  }

  expression(level = 0): Expression {
    if (level === LEVELS.length) return this.operand();
    let left = this.expression(level + 1);
    while (LEVELS[level].includes(this.text)) {
      const at = this.at, op = this.take();
      const right = this.expression(level + 1);
      left = { kind: "binary", op, left, right, at };
    }
    return left;
  }

  /** What an operator or an assignment stands beside. */
  operand(): Expression {
    const start = this.at;
    if (/^[-!~&*]$/.test(this.text)) {
      return { kind: "unary", op: this.take(), of: this.operand(), at: start };
    }
    let of = this.#primary();
    for (;;) {
      const at = this.at;
      if (this.takeIf(".")) of = { kind: "member", of, name: this.name(), at };
      else if (this.takeIf("[")) {
        of = { kind: "index", of, index: this.expression(), at };
        this.take("]");
      } else return of;
    }
  }

  #primary(): Expression {
    const at = this.at, text = this.text;
    if (this.takeIf("(")) {
      const inner = this.expression();
      this.take(")");
      return inner;
    }
    if (/^\.?\d/.test(text)) return number(this.take(), at);
    if (text === "true" || text === "false") {
      this.take();
      return { kind: "literal", value: text === "true", scalar: "bool", at };
    }
    const callee = this.type();
    if (this.takeIf("(")) {
      const args = this.list(")", () => this.expression());
      return { kind: "call", callee, args, at };
    }
    if (callee.parameters.length > 0) this.fail(`${text}<…> makes no value`);
    return { kind: "name", name: callee.name, at };
  }
}

const SUFFIXES = { u: "u32", i: "i32", f: "f32" } as const;

function number(text: string, at: number): Expression {
  const isHex = /^0x/i.test(text);
  const suffix = text.at(-1)!;
  const digits = /[iufh]$/.test(text) && !(isHex && suffix === "f")
    ? text.slice(0, -1)
    : text;
  const scalar = digits !== text
    ? SUFFIXES[suffix as keyof typeof SUFFIXES]
    : isHex || /^\d+$/.test(text)
    ? "int"
    : "float";
  return { kind: "literal", value: Number(digits), scalar, at };
}
