/** Reads the first value at a path; undefined when there is none. */
type JsonPath = (value: unknown) => unknown;

/**
 * Compiles the subset of JSON path that printer columns use: `.a.b`, `['a.b']`, `[0]`, `[-1]`, `[*]` and
 * `[?(@.type=="Ready")]`. A path outside it throws: columns are written by us.
 */
export function compileJsonPath(path: string): JsonPath {
  const steps: Step[] = [];
  let rest = path.replace(/^\$/, "");
  while (rest !== "") {
    const [step, length] = parseStep(rest, path);
    steps.push(step);
    rest = rest.slice(length);
  }
  return (value) => steps.reduce<readonly unknown[]>((values, step) => values.flatMap(step), [value])[0];
}

/** The values one step further. */
type Step = (value: unknown) => readonly unknown[];

const FIELD = /^\.((?:[^.[\\]|\\.)+)/;
const QUOTED = /^\[(['"])(.*?)\1\]/;
const INDEX = /^\[(-?\d+)\]/;
const ALL = /^\[\*\]/;
const FILTER = /^\[\?\(@\.((?:[^.=!\\[]|\\.)+)\s*(==|!=)\s*(?:'([^']*)'|"([^"]*)"|([^)'"\s]+))\s*\)\]/;

function parseStep(rest: string, path: string): readonly [Step, number] {
  const field = FIELD.exec(rest) ?? undefined;
  if (field !== undefined) return [member((field[1] ?? "").replaceAll("\\", "")), field[0].length];
  const quoted = QUOTED.exec(rest);
  if (quoted !== null) return [member(quoted[2] ?? ""), quoted[0].length];
  const index = INDEX.exec(rest);
  if (index !== null) return [item(Number(index[1])), index[0].length];
  const all = ALL.exec(rest);
  if (all !== null) return [everyItem, all[0].length];
  const filter = FILTER.exec(rest);
  if (filter !== null) return [itemsWhere(filter), filter[0].length];
  throw new Error(`compiling the JSON path ${path}: unknown step at ${rest}`);
}

function member(name: string): Step {
  return (value) => {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return [];
    // an object that has the member
    return [(value as Readonly<Record<string, unknown>>)[name]];
  };
}

function item(index: number): Step {
  return (value) => {
    const found: unknown = Array.isArray(value) ? value.at(index) : undefined;
    return found === undefined ? [] : [found];
  };
}

function everyItem(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return typeof value === "object" && value !== null ? Object.values(value) : [];
}

function itemsWhere([, name = "", operator, single, double, bare]: RegExpExecArray): Step {
  const wanted = single ?? double ?? bare ?? "";
  const read = member(name.trim().replaceAll("\\", ""));
  const isWanted = (candidate: unknown) => (String(read(candidate)[0]) === wanted) === (operator === "==");
  return (value) => (Array.isArray(value) ? value.filter(isWanted) : []);
}
