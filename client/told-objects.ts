/** Objects that this client has just read, by their text. */
export interface ToldObjects {
  /** The object that the text says, read only when it is new; throws what JSON.parse throws. */
  read(text: string): unknown;
}

/** So many changes may lie between the two times that a client is told of one; those beyond are read again. */
const TOLD_MAX = 128;

/**
 * None yet. A server tells of a write twice in the same words: in its answer, and to those who watch. Whoever does both
 * need not read it twice, whichever comes first.
 */
export function toldObjects(): ToldObjects {
  const told = new Map<string, unknown>();
  return {
    read(text) {
      const known = told.get(text);
      if (known !== undefined) return known;
      const object: unknown = JSON.parse(text);
      told.set(text, object);
      const [oldest] = told.keys();
      if (told.size > TOLD_MAX && oldest !== undefined) told.delete(oldest);
      return object;
    },
  };
}
