import { StatusError } from "../../../api-types/meta/status-error.js";
import { call, refusal, type SwitchConnection } from "./requests.js";
import { parsePage } from "./wire.js";

/** More than this in one page makes the switch's handler crash. */
const PAGE_MAX = 1024;
/** 256 Ki objects: more than any switch of this kind holds. */
const PAGES_MAX = 256;

/** A collection of the switch. */
export interface Collection<Item> {
  /** e.g. `state/IPv4Routes`. */
  readonly path: string;
  /** For errors, e.g. `listing routes`. */
  readonly what: string;
  /** Undefined: not an object of this collection. */
  readonly parse: (shown: unknown) => Item | undefined;
}

/** All pages of a collection; rejects when any of them is missing or malformed. */
export async function readPages<Item>(
  connection: SwitchConnection,
  { path, what, parse }: Collection<Item>,
  signal: AbortSignal,
): Promise<{ readonly items: readonly Item[]; readonly pages: number }> {
  const items: Item[] = [];
  let marker = 0;
  for (let pages = 1; pages <= PAGES_MAX; pages += 1) {
    const query = `CurrentMarker=${marker}&Count=${PAGE_MAX}`;
    const answer = await call(connection, { method: "GET", path: `${path}?${query}`, signal });
    if (answer.status !== 200) throw refusal(what, answer);
    const page = parsePage(answer.value, marker, parse);
    if (page === undefined) throw new StatusError("ServiceUnavailable", `${what}: page ${pages} is malformed`);
    items.push(...page.items);
    if (page.next === undefined) return { items, pages };
    marker = page.next;
  }
  throw new StatusError("ServiceUnavailable", `${what}: more than ${PAGES_MAX} pages`);
}
