import { isRecord } from "../../../platform/is-record.js";
import type { HttpRequest } from "../../../platform/transport.js";
import type { InputRecord } from "./session.js";

/** A longer record breaks the input off. */
const RECORD_BYTES_MAX = 4 * 1024 * 1024;

/** The records of an ATTACH_CONTAINER_INPUT, as they arrive; ends at the first that makes no sense. */
export async function* inputRecords(request: HttpRequest): AsyncGenerator<InputRecord> {
  let pending: Buffer = Buffer.alloc(0);
  for await (const chunk of bodyOf(request)) {
    pending = Buffer.concat([pending, chunk]);
    for (let taken = take(pending); taken.type !== "incomplete"; taken = take(pending)) {
      if (taken.type === "broken") return;
      pending = taken.rest;
      yield taken.record;
    }
  }
}

type Taken =
  | { readonly type: "incomplete" }
  | { readonly type: "broken" }
  | { readonly type: "record"; readonly record: InputRecord; readonly rest: Buffer };

/** The first record: its length in decimal, a line feed, so many bytes. */
function take(bytes: Buffer): Taken {
  const start = bytes.indexOf("\n") + 1;
  if (start === 0) return { type: bytes.length > LENGTH_DIGITS_MAX ? "broken" : "incomplete" };
  const length = Number(bytes.subarray(0, start - 1).toString("latin1"));
  if (!Number.isInteger(length) || length < 0 || length > RECORD_BYTES_MAX) return { type: "broken" };
  if (bytes.length < start + length) return { type: "incomplete" };
  const record = recordOf(bytes.subarray(start, start + length));
  return record === undefined ? { type: "broken" } : { type: "record", record, rest: bytes.subarray(start + length) };
}

const LENGTH_DIGITS_MAX = 10;

async function* bodyOf({ body, bodyStream }: HttpRequest): AsyncGenerator<Uint8Array> {
  if (body !== undefined) yield body;
  if (bodyStream !== undefined) yield* bodyStream;
}

function recordOf(bytes: Buffer): InputRecord | undefined {
  try {
    const call: unknown = JSON.parse(bytes.toString("utf8"));
    if (!isRecord(call)) return undefined;
    // every field is looked at before it is used
    return call.attach_container_input as InputRecord;
  } catch {
    return undefined;
  }
}
