import { RE2JS, RE2JSException, RE2JSSyntaxException } from "re2js";

/** A compiled regular expression. */
export interface Pattern {
  /** Whether it describes the whole value. Takes time in proportion to the length of the value, whatever the expression. */
  matches(value: string): boolean;
}

/**
 * Compiles a regular expression in the syntax of RE2, which knows neither look-around nor back references: values come
 * from outside, and no expression may hold up placement. Throws RangeError, saying what is wrong.
 */
export function compilePattern(text: string): Pattern {
  try {
    const compiled = RE2JS.compile(text);
    return { matches: (value) => compiled.matches(value) };
  } catch (error) {
    throw new RangeError(whyOf(error), { cause: error });
  }
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

function whyOf(error: unknown): string {
  if (!(error instanceof RE2JSException)) throw error;
  if (!(error instanceof RE2JSSyntaxException)) return error.message;
  const part = error.getPattern();
  return part === null || part === "" ? error.getDescription() : `${error.getDescription()}: ${part}`;
}
