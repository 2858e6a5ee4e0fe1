/** A text after substitution, and the names that nothing is known of; those stay as they were written. */
export interface Substituted<T> {
  readonly text: T;
  readonly unknown: readonly string[];
}

/** What `$(…)` may name: a variable, or the address of another service. */
const REFERENCE = /\$\$\(|\$\(([A-Z][A-Z0-9_]*|address:[a-z0-9./-]+)\)/g;

/**
 * Replaces `$(NAME)` by what `lookup` knows, and `$$(` by `$(`. Everything else, like `$(date)` or `$HOME`, stays.
 * What is put in is not looked at again.
 */
export function substitute(text: string, lookup: (name: string) => string | undefined): Substituted<string> {
  const unknown: string[] = [];
  const replaced = text.replace(REFERENCE, (written: string, name: string | undefined) => {
    if (name === undefined) return "$(";
    const value = lookup(name);
    if (value === undefined) unknown.push(name);
    return value ?? written;
  });
  return { text: replaced, unknown };
}

/** `substitute` over every string in plain data; keys stay. `unknown` lists each name once. */
export function substituteDeep<T>(
  value: T,
  lookup: (name: string) => string | undefined,
): { readonly value: T; readonly unknown: readonly string[] } {
  const unknown = new Set<string>();
  const walk = (part: unknown): unknown => {
    if (typeof part === "string") {
      const result = substitute(part, lookup);
      for (const name of result.unknown) unknown.add(name);
      return result.text;
    }
    if (Array.isArray(part)) return part.map(walk);
    if (typeof part !== "object" || part === null) return part;
    return Object.fromEntries(Object.entries(part).map(([key, child]) => [key, walk(child)]));
  };
  // The shape stays: only strings became other strings.
  return { value: walk(value) as T, unknown: [...unknown] };
}
