/** Objects that this client was just told of in answers to its writes, by their text. */
export interface ToldObjects {
  add(text: string, object: unknown): void;
  of(text: string): unknown;
}

/** So many own writes may be on their way back through a watch; those beyond are read again. */
const TOLD_MAX = 128;

/**
 * None yet. A server tells of a write twice in the same words: in its answer, and to those who watch. Whoever does both
 * need not read it twice.
 */
export function toldObjects(): ToldObjects {
  const told = new Map<string, unknown>();
  return {
    of: (text) => told.get(text),
    add(text, object) {
      told.set(text, object);
      const [oldest] = told.keys();
      if (told.size > TOLD_MAX && oldest !== undefined) told.delete(oldest);
    },
  };
}
