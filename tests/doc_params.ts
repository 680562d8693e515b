/** What `deno doc` knows of the parameters of public functions. */
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

interface Parameter {
  readonly kind: string;
  readonly name?: string;
  /** What has a default. */
  readonly left?: Parameter;
  /** The rest of the arguments. */
  readonly arg?: Parameter;
}

interface JsDoc {
  readonly tags?: readonly { readonly kind: string; readonly name?: string }[];
}

/** A method, a constructor, or what is exported. */
interface Declaration {
  readonly name: string;
  readonly kind?: string;
  readonly accessibility?: string;
  readonly jsDoc?: JsDoc;
  readonly params?: readonly Parameter[];
  readonly functionDef?: { readonly params: readonly Parameter[] };
  readonly def?: {
    readonly params?: readonly Parameter[];
    readonly constructors?: readonly Declaration[];
    readonly methods?: readonly Declaration[];
  };
}

/** One function, and the parameters that its comment does not name. */
export interface Gap {
  readonly name: string;
  readonly missing: readonly string[];
}

/**
 * Lists the functions, constructors and methods of a module that say nothing of
 * a parameter. One that is taken apart has no name of its own: any will do, or
 * those of its parts, as `options.seed`.
 */
export async function undocumented(
  module: string,
): Promise<{ functions: number; gaps: Gap[] }> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", module],
    cwd: ROOT,
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const { nodes } = JSON.parse(new TextDecoder().decode(stdout)) as {
    nodes: Record<
      string,
      { symbols: { name: string; declarations: Declaration[] }[] }
    >;
  };
  const functions = Object.values(nodes).flatMap(({ symbols }) =>
    symbols.flatMap(({ name, declarations }) =>
      declarations.flatMap((declaration) => functionsOf(name, declaration))
    )
  );
  return {
    functions: functions.length,
    gaps: functions.filter(({ missing }) => missing.length > 0),
  };
}

function functionsOf(name: string, { kind, def, jsDoc }: Declaration): Gap[] {
  if (kind === "function") return [gapOf(name, def!.params!, jsDoc)];
  if (kind !== "class") return [];
  const { constructors = [], methods = [] } = def!;
  return [
    ...constructors.map((made) => ({ ...made, name: "constructor" })),
    ...methods.filter(({ kind }) => kind === "method"),
  ].filter(({ accessibility }) => accessibility !== "private")
    .map(({ name: part, params, functionDef, jsDoc }) =>
      gapOf(`${name}.${part}`, params ?? functionDef!.params, jsDoc)
    );
}

function gapOf(
  name: string,
  parameters: readonly Parameter[],
  jsDoc: JsDoc | undefined,
): Gap {
  const named = parameters.map(nameOf);
  const told = new Set(
    (jsDoc?.tags ?? []).filter(({ kind }) => kind === "param")
      .map(({ name }) => name!.split(".")[0]),
  );
  const missing = named.filter((name) => name !== "" && !told.delete(name));
  const parts = named.filter((name) => name === "").length;
  return {
    name,
    missing: [...missing, ...Array(Math.max(0, parts - told.size)).fill("{}")],
  };
}

/** The name of a parameter; empty if it is taken apart. */
function nameOf({ name, left, arg }: Parameter): string {
  const inner = left ?? arg;
  return inner ? nameOf(inner) : name ?? "";
}
