import type { Clock } from "../../../platform/clock.js";
import { isRecord } from "../../../platform/is-record.js";
import type { HttpHandler } from "../../../platform/transport.js";
import { type Answer, exchange, jsonOf } from "../../exchange.js";
import type { Point, PointSink, PointsWritten } from "../driver.js";
import { encodeLines } from "./line-protocol.js";

export interface InfluxOptions {
  /** Adds credentials and certificates, if there are any. */
  readonly transport: HttpHandler;
  /** Base of its HTTP API, e.g. `http://10.250.3.24:8086`. */
  readonly address: string;
  readonly database: string;
  readonly clock: Clock;
}

const TIMEOUT_MS = 10_000;

/** Writes to an InfluxDB 1.x; its database is made when a write finds it missing. */
export function createInfluxSink(options: InfluxOptions): PointSink {
  const closing = new AbortController();
  const post = ({ path, type, body }: Post) =>
    exchange(
      options.transport,
      {
        method: "POST",
        url: options.address.replace(/\/+$/, "") + path,
        headers: { "content-type": type },
        body: Buffer.from(body, "utf8"),
      },
      { clock: options.clock, timeoutMs: TIMEOUT_MS, signal: closing.signal },
    );
  return {
    async write(points) {
      const body = encodeLines(points);
      if (body === "") return { type: "written" };
      try {
        return await write(options, post, { body, points });
      } catch (error) {
        return { type: "failed", reason: error instanceof Error ? error.message : String(error) };
      }
    },
    close: () => closing.abort(),
  };
}

interface Post {
  readonly path: string;
  readonly type: string;
  readonly body: string;
}

async function write(
  { database }: InfluxOptions,
  post: (request: Post) => Promise<Answer>,
  { body, points }: { readonly body: string; readonly points: readonly Point[] },
): Promise<PointsWritten> {
  const path = `/write?db=${encodeURIComponent(database)}&precision=ms`;
  const lines = { path, type: "text/plain; charset=utf-8", body };
  const answer = await post(lines);
  if (answer.status !== 404) return outcomeOf(answer, points);
  // who names a database that is not there means: make it
  const query = `CREATE DATABASE "${database.replace(/["\\]/g, "\\$&")}"`;
  const form = `q=${encodeURIComponent(query)}`;
  const made = await post({ path: "/query", type: "application/x-www-form-urlencoded", body: form });
  const fault = faultOf(made);
  if (fault !== undefined) return { type: "failed", reason: `making database ${database}: ${fault}` };
  return outcomeOf(await post(lines), points);
}

/** | status   | meaning                                                           |
 *  |----------|-------------------------------------------------------------------|
 *  | 2xx      | written                                                           |
 *  | 400      | some points are not as the database wants them; the rest was kept |
 *  | 413      | more than it takes at once                                        |
 *  | others   | not now, or not with these credentials                            |
 */
function outcomeOf(answer: Answer, points: readonly Point[]): PointsWritten {
  const { status } = answer;
  if (status >= 200 && status < 300) return { type: "written" };
  const reason = `status ${status}: ${messageOf(answer)}`;
  if (status !== 400 && status !== 413) return { type: "failed", reason };
  const dropped = /dropped=(\d+)/.exec(answer.text)?.[1];
  return { type: "refused", count: dropped === undefined ? points.length : Number(dropped), reason };
}

/** Why a query did not work; it may say so with status 200. */
function faultOf(answer: Answer): string | undefined {
  const body = jsonOf(answer.text)?.value;
  const results = isRecord(body) && Array.isArray(body.results) ? body.results : [];
  const isFailed = results.some((result: unknown) => isRecord(result) && result.error !== undefined);
  return answer.status === 200 && !isFailed ? undefined : `status ${answer.status}: ${messageOf(answer)}`;
}

const MESSAGE_LENGTH_MAX = 200;

/** The database's own words. */
function messageOf({ text }: Answer): string {
  const body = jsonOf(text)?.value;
  const result: unknown = isRecord(body) && Array.isArray(body.results) ? body.results[0] : undefined;
  const error = (isRecord(body) ? body.error : undefined) ?? (isRecord(result) ? result.error : undefined);
  return (typeof error === "string" ? error : text).trim().slice(0, MESSAGE_LENGTH_MAX);
}
