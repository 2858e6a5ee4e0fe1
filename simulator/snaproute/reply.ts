import type { HttpResponse } from "../../platform/transport.js";

/** An answer other than success, in the words of FlexSwitch. */
export class SwitchError extends Error {
  override readonly name = "SwitchError";
  readonly status: number;
  readonly objectId: string;

  constructor(status: number, message: string, objectId = "") {
    super(message);
    this.status = status;
    this.objectId = objectId;
  }
}

/** An object with its id, as reads show it. */
export interface Shown {
  readonly ObjectId: string;
  readonly Object: Readonly<Record<string, unknown>>;
}

const COUNT_MAX = 1024;

/** A JSON answer. */
export function json(status: number, value: unknown): HttpResponse {
  return { status, headers: { "content-type": "application/json" }, body: Buffer.from(JSON.stringify(value)) };
}

/** The answer to an accepted create, update (200) or delete (410, as FlexSwitch has it). */
export function success(status: 200 | 201 | 410, objectId: string): HttpResponse {
  return json(status, { ObjectId: objectId, Result: "Success" });
}

/** The answer to what failed. */
export function failure(error: SwitchError): HttpResponse {
  return json(error.status, { ObjectId: error.objectId, Result: error.message });
}

/** One page of objects by `CurrentMarker` and `Count`; more than 1024 at once are refused. */
export function page(objects: readonly Shown[], query: URLSearchParams): HttpResponse {
  const marker = numberOf(query.get("CurrentMarker"), 0);
  const count = numberOf(query.get("Count"), COUNT_MAX);
  if (count > COUNT_MAX) throw new SwitchError(413, "Error: Count is too large.");
  const slice = objects.slice(marker, marker + count);
  const isMore = marker + slice.length < objects.length;
  return json(200, {
    MoreExist: isMore,
    ObjCount: slice.length,
    CurrentMarker: marker,
    NextMarker: isMore ? marker + slice.length : 0,
    Objects: slice,
  });
}

function numberOf(text: string | null, fallback: number): number {
  if (text === null || text === "") return fallback;
  if (!/^\d+$/.test(text)) throw new SwitchError(400, "Error: Invalid query.");
  return Number(text);
}
