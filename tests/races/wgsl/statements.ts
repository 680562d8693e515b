/** From the words of a program to the tree of its module. */
import { Reader } from "./parser.ts";
import type {
  Expression,
  FunctionSyntax,
  Module,
  Statement,
  Variable,
} from "./syntax.ts";

/** Reads a program. */
export function parse(code: string): Module {
  const reader = new Reader(code);
  const structs: Module["structs"][number][] = [];
  const variables: Variable[] = [];
  const constants: Module["constants"][number][] = [];
  const functions: FunctionSyntax[] = [];
  while (reader.text !== "") {
    if (reader.takeIf(";")) continue;
    const attributes = reader.attributes(), at = reader.at;
    const word = reader.name();
    if (word === "struct") {
      const name = reader.name();
      reader.take("{");
      structs.push({ name, fields: reader.list("}", () => reader.field()) });
    } else if (word === "const" || word === "override") {
      constants.push(declaration(reader, "const", at));
      reader.take(";");
    } else if (word === "var") {
      reader.take("<");
      const space = reader.name();
      const access = reader.takeIf(",") ? reader.name() : "read_write";
      reader.take(">");
      const field = reader.field();
      if (reader.is("=")) reader.fail("a module variable with a value");
      reader.take(";");
      variables.push({ ...field, attributes, space, access });
    } else if (word === "fn") {
      const name = reader.name();
      reader.take("(");
      const parameters = reader.list(")", () => reader.field());
      const result = reader.takeIf("->") ? reader.type() : undefined;
      const body = block(reader);
      functions.push({ name, attributes, parameters, result, body, at });
    } else reader.fail(`${word} is not known in a module`, at);
  }
  return { code, structs, variables, constants, functions };
}

function block(reader: Reader): Statement & { kind: "block" } {
  const at = reader.at;
  reader.take("{");
  const body: Statement[] = [];
  while (!reader.takeIf("}")) {
    if (!reader.takeIf(";")) body.push(statement(reader));
  }
  return { kind: "block", body, at };
}

function declaration(
  reader: Reader,
  word: "let" | "var" | "const",
  at: number,
): Statement & { kind: "declare" } {
  const name = reader.name();
  const type = reader.takeIf(":") ? reader.type() : undefined;
  const value = reader.takeIf("=") ? reader.expression() : undefined;
  return { kind: "declare", word, name, type, value, at };
}

function statement(reader: Reader): Statement {
  const at = reader.at;
  switch (reader.text) {
    case "{":
      return block(reader);
    case "if":
      return conditional(reader);
    case "for":
      return forLoop(reader);
    case "while": {
      reader.take();
      const condition = reader.expression();
      return { kind: "loop", condition, body: block(reader), at };
    }
    case "loop":
      return endless(reader);
    case "switch":
      return switchOf(reader);
  }
  const simple = oneLine(reader);
  reader.take(";");
  return simple;
}

/** What may stand in the head of a `for`, too. */
function oneLine(reader: Reader): Statement {
  const at = reader.at;
  switch (reader.text) {
    case "let":
    case "var":
    case "const":
      return declaration(reader, reader.take() as "let", at);
    case "break":
    case "continue":
      return { kind: reader.take() as "break", at };
    case "return": {
      reader.take();
      const value = reader.is(";") ? undefined : reader.expression();
      return { kind: "return", value, at };
    }
    case "_":
      reader.take();
      reader.take("=");
      return { kind: "assign", value: reader.expression(), at };
  }
  const target = reader.operand();
  if (target.kind === "call" && reader.is(";", ")")) {
    return { kind: "call", call: target, at };
  }
  const op = reader.take();
  if (op === "++" || op === "--") {
    const value = { kind: "literal", value: 1, scalar: "int", at } as const;
    return { kind: "assign", op: op[0], target, value, at };
  }
  if (!/^[-+*/%&|^]?=$|^(<<|>>)=$/.test(op)) {
    reader.fail(`${op} makes no statement`, at);
  }
  const value = reader.expression();
  return {
    kind: "assign",
    op: op.slice(0, -1) || undefined,
    target,
    value,
    at,
  };
}

function conditional(reader: Reader): Statement {
  const at = reader.at;
  reader.take("if");
  const condition = reader.expression(), then = block(reader);
  const otherwise = reader.takeIf("else")
    ? reader.is("if") ? conditional(reader) : block(reader)
    : undefined;
  return { kind: "if", condition, then, otherwise, at };
}

function forLoop(reader: Reader): Statement {
  const at = reader.at;
  reader.take("for");
  reader.take("(");
  const first = reader.is(";") ? undefined : oneLine(reader);
  reader.take(";");
  const condition = reader.is(";") ? undefined : reader.expression();
  reader.take(";");
  const update = reader.is(")") ? undefined : oneLine(reader);
  reader.take(")");
  return { kind: "loop", first, condition, update, body: block(reader), at };
}

function endless(reader: Reader): Statement {
  const at = reader.at;
  reader.take("loop");
  reader.take("{");
  const body: Statement[] = [];
  let update: Statement | undefined, until: Expression | undefined;
  while (!reader.takeIf("}")) {
    if (reader.takeIf(";")) continue;
    if (!reader.takeIf("continuing")) {
      body.push(statement(reader));
      continue;
    }
    const last: Statement[] = [], from = reader.at;
    reader.take("{");
    while (!reader.takeIf("}")) {
      if (reader.takeIf("break")) {
        reader.take("if");
        until = reader.expression();
        reader.take(";");
      } else last.push(statement(reader));
    }
    update = { kind: "block", body: last, at: from };
  }
  return { kind: "loop", body: { kind: "block", body, at }, update, until, at };
}

function switchOf(reader: Reader): Statement {
  const at = reader.at;
  reader.take("switch");
  const value = reader.expression();
  reader.take("{");
  const cases: (Statement & { kind: "switch" })["cases"][number][] = [];
  while (!reader.takeIf("}")) {
    const selectors: Expression[] = [];
    let isDefault = reader.takeIf("default");
    if (!isDefault) {
      reader.take("case");
      do {
        if (reader.takeIf("default")) isDefault = true;
        else if (!reader.is(":", "{")) {
          selectors.push(reader.expression());
        }
      } while (reader.takeIf(","));
    }
    reader.takeIf(":");
    cases.push({ selectors, isDefault, body: block(reader) });
  }
  return { kind: "switch", value, cases, at };
}
