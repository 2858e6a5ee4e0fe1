/** A regular expression as a tree. */
export type PatternNode =
  | { readonly type: "one"; readonly matches: (point: number) => boolean }
  | { readonly type: "sequence"; readonly parts: readonly PatternNode[] }
  | { readonly type: "choice"; readonly options: readonly PatternNode[] }
  | { readonly type: "repeat"; readonly part: PatternNode; readonly min: number; readonly max: number | undefined }
  | { readonly type: "edge"; readonly edge: "start" | "end" };

type Matches = (point: number) => boolean;

interface Cursor {
  readonly points: readonly string[];
  at: number;
}

const QUANTIFIER = /^(?:([*+?])|\{(\d{1,4})(?:(,)(\d{1,4})?)?\})/;

/**
 * The tree of a regular expression: characters, `.`, `[…]`, `\d \w \s` and their opposites, `(…)`, `(?:…)`, `|`, `* + ? {n,m}`,
 * `^` and `$`. Throws RangeError, saying what is wrong, on everything else: back references and look-around cannot be
 * matched in linear time.
 */
export function parsePattern(text: string): PatternNode {
  const cursor: Cursor = { points: [...text], at: 0 };
  const node = choice(cursor);
  if (cursor.at < cursor.points.length) throw new RangeError("a `)` closes nothing");
  return node;
}

function choice(cursor: Cursor): PatternNode {
  const options = [sequence(cursor)];
  while (take(cursor, "|")) options.push(sequence(cursor));
  const [only] = options;
  return options.length === 1 && only !== undefined ? only : { type: "choice", options };
}

function sequence(cursor: Cursor): PatternNode {
  const parts: PatternNode[] = [];
  for (let next = peek(cursor); next !== undefined && next !== "|" && next !== ")"; next = peek(cursor)) {
    parts.push(repeated(cursor, atom(cursor)));
  }
  return { type: "sequence", parts };
}

function repeated(cursor: Cursor, part: PatternNode): PatternNode {
  // the longest quantifier is `{1234,1234}`
  const match = QUANTIFIER.exec(cursor.points.slice(cursor.at, cursor.at + 11).join(""));
  if (match === null) return part;
  const [written, sign, min = "", comma, max] = match;
  cursor.at += [...written].length;
  take(cursor, "?"); // reluctant: the same when the whole value counts
  const next = peek(cursor);
  if (next === "*" || next === "+" || next === "?") throw new RangeError(`nothing before \`${next}\` can be repeated`);
  if (sign !== undefined) return { type: "repeat", part, min: sign === "+" ? 1 : 0, max: sign === "?" ? 1 : undefined };
  const most = comma === undefined ? Number(min) : max === undefined ? undefined : Number(max);
  if (most !== undefined && most < Number(min)) throw new RangeError(`the numbers of \`${written}\` are out of order`);
  return { type: "repeat", part, min: Number(min), max: most };
}

function atom(cursor: Cursor): PatternNode {
  const point = next(cursor);
  switch (point) {
    case "(":
      return group(cursor);
    case "[":
      return { type: "one", matches: set(cursor) };
    case "\\":
      return { type: "one", matches: escaped(cursor) };
    case ".":
      return { type: "one", matches: (other) => other !== 10 };
    case "^":
      return { type: "edge", edge: "start" };
    case "$":
      return { type: "edge", edge: "end" };
    case "*":
    case "+":
    case "?":
      throw new RangeError(`nothing before \`${point}\` can be repeated`);
    case "{":
      throw new RangeError("a `{` that repeats nothing must be written `\\{`");
    default:
      return { type: "one", matches: only(point) };
  }
}

function group(cursor: Cursor): PatternNode {
  if (take(cursor, "?") && !take(cursor, ":")) {
    throw new RangeError("look-around, flags and named groups are not supported: use `(…)` or `(?:…)`");
  }
  const node = choice(cursor);
  if (!take(cursor, ")")) throw new RangeError("a `(` is not closed");
  return node;
}

function set(cursor: Cursor): Matches {
  const isNegated = take(cursor, "^");
  const members: Matches[] = [];
  // a `]` right at the start is a member, as elsewhere
  for (let isFirst = true; isFirst || peek(cursor) !== "]"; isFirst = false) members.push(member(cursor));
  cursor.at += 1;
  return (point) => members.some((matches) => matches(point)) !== isNegated;
}

/** One character, one class, or a range of characters. */
function member(cursor: Cursor): Matches {
  const first = next(cursor, "a `[` is not closed");
  const matches = first === "\\" ? escaped(cursor) : only(first);
  if (peek(cursor) !== "-" || [undefined, "]"].includes(cursor.points[cursor.at + 1])) return matches;
  cursor.at += 1;
  const low = first === "\\" ? cursor.points[cursor.at - 2] : first;
  const last = next(cursor);
  const high = last === "\\" ? next(cursor) : last;
  if (low === undefined || isClass(low, first) || isClass(high, last))
    throw new RangeError("a range needs two characters");
  const [from, to] = [pointOf(low), pointOf(high)];
  if (from > to) throw new RangeError(`the range \`${low}-${high}\` is out of order`);
  return (point) => point >= from && point <= to;
}

function isClass(point: string, before: string): boolean {
  return before === "\\" && /[A-Za-z0-9]/.test(point);
}

const CLASSES: Readonly<Record<string, RegExp>> = { d: /[0-9]/, w: /[A-Za-z0-9_]/, s: /[\t\n\f\r ]/ };
const CONTROLS: Readonly<Record<string, string>> = { t: "\t", n: "\n", r: "\r", f: "\f" };

function escaped(cursor: Cursor): Matches {
  const point = next(cursor, "a `\\` stands at the end");
  const control = Object.hasOwn(CONTROLS, point) ? CONTROLS[point] : undefined;
  if (control !== undefined) return only(control);
  const lower = point.toLowerCase();
  const known = Object.hasOwn(CLASSES, lower) ? CLASSES[lower] : undefined;
  if (known !== undefined) return (other) => known.test(String.fromCodePoint(other)) === (lower === point);
  if (/[0-9]/.test(point)) throw new RangeError("back references are not supported");
  if (/[A-Za-z]/.test(point)) throw new RangeError(`\`\\${point}\` is not supported`);
  return only(point);
}

function only(text: string): Matches {
  const wanted = pointOf(text);
  return (point) => point === wanted;
}

function pointOf(text: string): number {
  return text.codePointAt(0) ?? 0;
}

function peek(cursor: Cursor): string | undefined {
  return cursor.points[cursor.at];
}

function next(cursor: Cursor, why = "it ends too early"): string {
  const point = peek(cursor);
  if (point === undefined) throw new RangeError(why);
  cursor.at += 1;
  return point;
}

function take(cursor: Cursor, point: string): boolean {
  const isThere = peek(cursor) === point;
  if (isThere) cursor.at += 1;
  return isThere;
}
