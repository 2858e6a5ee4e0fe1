import { Observable } from "rxjs";
import type { KubeObject } from "../api-types/meta/object.js";
import { StatusError } from "../api-types/meta/status-error.js";
import { type HttpResponse, readBody } from "../platform/transport.js";
import type { WatchEvent } from "./client.js";
import { errorOfResponse, errorOfStatus, errorOfTransport, type WireStatus } from "./response-error.js";
import type { ToldObjects } from "./told-objects.js";

/** Opens the stream; the signal ends it. */
export type OpenWatch = (signal: AbortSignal) => Promise<HttpResponse>;

/**
 * The events of one watch response. Completes when the server ends the stream, errors with StatusError, does not
 * replay; unsubscribing aborts the request. What was told before in the same words is not read again.
 */
export function watchEvents$(
  operation: string,
  open: OpenWatch,
  told: ToldObjects,
): Observable<WatchEvent<KubeObject>> {
  return new Observable((subscriber) => {
    const abort = new AbortController();
    const run = async () => {
      for await (const line of lines(await openStream(operation, open, abort.signal))) {
        if (abort.signal.aborted) return;
        subscriber.next(toldEvent(line, told) ?? parseEvent(operation, line));
      }
    };
    run().then(
      () => subscriber.complete(),
      (error) => subscriber.error(errorOfTransport(operation, error)),
    );
    return () => abort.abort();
  });
}

/** One line's limit: far above the largest object that the server accepts. */
const LINE_BYTES_MAX = 32 * 1024 * 1024;
const NEWLINE = 0x0a;

async function openStream(operation: string, open: OpenWatch, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  const response = await open(signal);
  if (response.status !== 200) {
    const body = Buffer.from(await readBody(response)).toString("utf8");
    throw errorOfResponse(operation, { status: response.status, headers: response.headers, body });
  }
  return response.body instanceof Uint8Array ? once(response.body) : response.body;
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}

/** Lines of a byte stream that may be cut anywhere, inside a character too; an unfinished last line is dropped. */
async function* lines(chunks: AsyncIterable<Uint8Array>): AsyncIterable<string> {
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const last = chunk.subarray(start, end);
      const line = textOf(pending.length === 0 ? last : Buffer.concat([...pending, last]));
      pending = [];
      pendingBytes = 0;
      start = end + 1;
      if (line.trim() !== "") yield line;
    }
    if (start === chunk.length) continue;
    pending.push(chunk.subarray(start));
    pendingBytes += chunk.length - start;
    if (pendingBytes > LINE_BYTES_MAX) throw new StatusError("InternalError", "a watch event exceeds the line limit");
  }
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}

const TOLD_HEADS = [
  { type: "MODIFIED", head: '{"type":"MODIFIED","object":' },
  { type: "ADDED", head: '{"type":"ADDED","object":' },
] as const;

/** A change, told in the words that servers of Kubernetes use; undefined: it is something else, or told in others. */
function toldEvent(line: string, told: ToldObjects): WatchEvent<KubeObject> | undefined {
  const found = TOLD_HEADS.find(({ head }) => line.startsWith(head));
  if (found === undefined || !line.endsWith("}}")) return undefined;
  try {
    // the server promises an object of the watched kind
    return { type: found.type, object: told.read(line.slice(found.head.length, -1)) as KubeObject };
  } catch {
    // read as a whole, which tells what is wrong with it
    return undefined;
  }
}

function parseEvent(operation: string, line: string): WatchEvent<KubeObject> {
  const event = parseLine(operation, line);
  switch (event.type) {
    case "ADDED":
    case "MODIFIED":
    case "DELETED":
      return { type: event.type, object: event.object };
    case "BOOKMARK":
      return { type: "BOOKMARK", resourceVersion: event.object.metadata.resourceVersion ?? "" };
    case "ERROR":
      // the object of an ERROR event is a Status
      throw errorOfStatus(operation, event.object as WireStatus);
    default:
      throw new StatusError("InternalError", `${operation}: unknown event type ${JSON.stringify(event.type)}`);
  }
}

function parseLine(operation: string, line: string): { readonly type: string; readonly object: KubeObject } {
  try {
    const event: unknown = JSON.parse(line);
    if (typeof event === "object" && event !== null && "type" in event && "object" in event) {
      // the server promises an object of the watched kind, or a Status
      return event as { type: string; object: KubeObject };
    }
  } catch (error) {
    throw new StatusError("InternalError", `${operation}: an event is not JSON`, { cause: error });
  }
  throw new StatusError("InternalError", `${operation}: an event has no type and object`);
}
