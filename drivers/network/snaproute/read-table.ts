import { StatusError } from "../../../api-types/meta/status-error.js";
import { call, refusal, type SwitchConnection } from "./requests.js";
import { parsePage, type StateRoute } from "./wire.js";

/** More than this in one page makes the switch's handler crash. */
const PAGE_MAX = 1024;
/** 256 Ki routes: more than any switch of this kind holds. */
const PAGES_MAX = 256;

/** All pages of the table; rejects when any of them is missing or malformed. */
export async function readTable(
  connection: SwitchConnection,
  signal: AbortSignal,
): Promise<{ readonly routes: readonly StateRoute[]; readonly pages: number }> {
  const routes: StateRoute[] = [];
  let marker = 0;
  for (let pages = 1; pages <= PAGES_MAX; pages += 1) {
    const path = `state/IPv4Routes?CurrentMarker=${marker}&Count=${PAGE_MAX}`;
    const answer = await call(connection, { method: "GET", path, signal });
    if (answer.status !== 200) throw refusal("listing routes", answer);
    const page = parsePage(answer.value, marker);
    if (page === undefined) throw new StatusError("ServiceUnavailable", `listing routes: page ${pages} is malformed`);
    routes.push(...page.routes);
    if (page.next === undefined) return { routes, pages };
    marker = page.next;
  }
  throw new StatusError("ServiceUnavailable", `listing routes: more than ${PAGES_MAX} pages`);
}
