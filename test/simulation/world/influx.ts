import type { HttpHandler } from "../../../platform/transport.js";

/** One row that was written. */
export interface Row {
  readonly series: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, number>>;
  readonly at: number;
}

/** An InfluxDB 1.x with one database, as far as the collector needs one; names in lines hold nothing to be escaped. */
export function pretendInflux(database: string) {
  const rows: Row[] = [];
  const state = { isThere: false, isAway: false };
  const handler: HttpHandler = async ({ url, body }) => {
    const answer = (status: number, value?: unknown) => ({
      status,
      headers: {},
      body: Buffer.from(value === undefined ? "" : JSON.stringify(value)),
    });
    if (state.isAway) return answer(503, { error: "away" });
    const text = Buffer.from(body ?? "").toString();
    if (url === "/query") {
      state.isThere = decodeURIComponent(text) === `q=CREATE DATABASE "${database}"`;
      return answer(200, { results: [{ statement_id: 0 }] });
    }
    if (url !== `/write?db=${database}&precision=ms`) return answer(400, { error: "unable to parse" });
    if (!state.isThere) return answer(404, { error: `database not found: "${database}"` });
    rows.push(...text.split("\n").map(rowOf));
    return answer(204);
  };
  return { handler, rows, state };
}

function rowOf(line: string): Row {
  const [key = "", fields = "", at = ""] = line.split(" ");
  const [series = "", ...tags] = key.split(",");
  const pairs = (texts: readonly string[]) => texts.map((text) => text.split("=") as [string, string]); // as written
  return {
    series,
    tags: Object.fromEntries(pairs(tags)),
    fields: Object.fromEntries(pairs(fields.split(",")).map(([name, value]) => [name, Number(value)])),
    at: Number(at),
  };
}
