import type { Clock } from "../../../../platform/clock.js";
import { isRecord } from "../../../../platform/is-record.js";
import { cutAnswer, PIECE, type Piece } from "./pieces.js";

/** Which answer is expected, and the lists in it that matter. */
export interface Expected {
  readonly type: string;
  /** The field that bears the lists. */
  readonly field: string;
  readonly names: readonly string[];
}

/**
 * The items of the lists of an answer, in pieces; a list that is left out is empty. Undefined: not such an answer, or one with
 * something else in a list than objects. Throws on what is not JSON around the items.
 */
export async function readLists(
  bytes: Uint8Array,
  { type, field, names }: Expected,
  clock: Clock,
): Promise<readonly (readonly Piece[])[] | undefined> {
  const { skeleton, pieces } = await cutAnswer(bytes, clock);
  if (!isRecord(skeleton) || skeleton.type !== type || !isRecord(skeleton[field])) return undefined;
  const lists = skeleton[field];
  const found = names.map((name) => piecesOf(lists[name] ?? [], pieces));
  return found.every((list) => list !== undefined) ? found : undefined;
}

/** Undefined: not a list of nothing but objects, which all were cut out. */
function piecesOf(list: unknown, pieces: readonly Piece[]): readonly Piece[] | undefined {
  if (!Array.isArray(list)) return undefined;
  const found = list.map((entry) => (isRecord(entry) ? pieces[Number(entry[PIECE])] : undefined));
  return found.every((piece) => piece !== undefined) ? found : undefined;
}

/** What `make` makes of each item, in as many turns of the event loop as that takes. */
export async function inTurns<Item, Made>(
  items: readonly Item[],
  clock: Clock,
  make: (item: Item) => Made,
): Promise<readonly Made[]> {
  const made: Made[] = [];
  for (const item of items) {
    made.push(make(item));
    const breath = clock.breathe?.();
    if (breath !== undefined) await breath;
  }
  return made;
}
