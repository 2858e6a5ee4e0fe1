import { type PatternNode, parsePattern } from "./syntax.js";

/** A compiled regular expression. */
export interface Pattern {
  /** Whether it describes the whole value. Takes time in proportion to the length of the value, whatever the expression. */
  matches(value: string): boolean;
}

/** What is too large to be matched in a moment; `a{1000}` counts as 1000. */
const STEPS_MAX = 10_000;

type Step =
  | { readonly type: "one"; readonly matches: (point: number) => boolean }
  | { readonly type: "edge"; readonly edge: "start" | "end" }
  /** Goes on at each of these. */
  | { readonly type: "to"; readonly targets: readonly number[] };

/**
 * Compiles a regular expression (see parsePattern) that is matched without going back: values come from outside, and no
 * expression may hold up placement. Throws RangeError, saying what is wrong.
 */
export function compilePattern(text: string): Pattern {
  const steps: Step[] = [];
  emit(parsePattern(text), steps);
  return { matches: (value) => run(steps, [...value]) };
}

/** What is wrong with a regular expression; undefined: nothing. */
export function patternFault(text: string): string | undefined {
  try {
    compilePattern(text);
    return undefined;
  } catch (error) {
    if (error instanceof RangeError) return error.message;
    throw error;
  }
}

function emit(node: PatternNode, steps: Step[]): void {
  if (steps.length > STEPS_MAX)
    throw new RangeError(`it is too large: at most ${STEPS_MAX} characters, repetitions counted`);
  switch (node.type) {
    case "one":
    case "edge":
      steps.push(node);
      return;
    case "sequence":
      for (const part of node.parts) emit(part, steps);
      return;
    case "choice":
      emitChoice(node.options, steps);
      return;
    case "repeat":
      emitRepeat(node, steps);
      return;
    default:
      node satisfies never;
  }
}

function emitChoice(options: readonly PatternNode[], steps: Step[]): void {
  const fork = reserve(steps);
  const starts: number[] = [];
  const ends: number[] = [];
  for (const option of options) {
    starts.push(steps.length);
    emit(option, steps);
    ends.push(reserve(steps));
  }
  steps[fork] = { type: "to", targets: starts };
  for (const end of ends) steps[end] = { type: "to", targets: [steps.length] };
}

function emitRepeat({ part, min, max }: PatternNode & { readonly type: "repeat" }, steps: Step[]): void {
  const start = steps.length;
  // what is empty stays so, however often it is repeated
  for (let count = 0; count < min && (count === 0 || steps.length > start); count++) emit(part, steps);
  if (max === undefined) {
    const loop = reserve(steps);
    emit(part, steps);
    steps.push({ type: "to", targets: [loop] });
    steps[loop] = { type: "to", targets: [loop + 1, steps.length] };
    return;
  }
  const skips: number[] = [];
  for (let count = min; count < max; count++) {
    skips.push(reserve(steps));
    emit(part, steps);
  }
  for (const skip of skips) steps[skip] = { type: "to", targets: [skip + 1, steps.length] };
}

/** A place for a step that is known later. */
function reserve(steps: Step[]): number {
  return steps.push({ type: "to", targets: [] }) - 1;
}

/** All ways are walked at once, character by character: no way is walked twice at one place of the value. */
function run(steps: readonly Step[], points: readonly string[]): boolean {
  let current = closure(steps, [0], { at: 0, length: points.length });
  for (const [index, point] of points.entries()) {
    const code = point.codePointAt(0) ?? 0;
    const moved = [...current].filter((at) => {
      const step = steps[at];
      return step?.type === "one" && step.matches(code);
    });
    current = closure(
      steps,
      moved.map((at) => at + 1),
      { at: index + 1, length: points.length },
    );
    if (current.size === 0) return false;
  }
  return current.has(steps.length);
}

/** Every step that is reached from `starts` without taking a character. */
function closure(
  steps: readonly Step[],
  starts: readonly number[],
  { at: position, length }: { readonly at: number; readonly length: number },
): ReadonlySet<number> {
  const reached = new Set<number>();
  const waiting = [...starts];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    if (reached.has(at)) continue;
    reached.add(at);
    const step = steps[at];
    if (step?.type === "to") waiting.push(...step.targets);
    if (step?.type === "edge" && position === (step.edge === "start" ? 0 : length)) waiting.push(at + 1);
  }
  return reached;
}
