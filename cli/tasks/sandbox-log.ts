import { isStatus } from "../../api-types/meta/status-error.js";
import type { AgentApi } from "../../drivers/compute/agent-api.js";
import { type Clock, sleep } from "../../platform/clock.js";

/** The most that an agent gives at once. */
const PIECE_BYTES = 64 * 1024;
const POLL_MS = 500;
/** Every so many empty polls the end of the task, and a file that was cut, are looked for. */
const POLLS_PER_CHECK = 4;
const NEWLINE = 0x0a;

export interface LogReading {
  readonly api: Pick<AgentApi, "read">;
  /** Absolute path. */
  readonly file: string;
  /** The last lines only; undefined: all. */
  readonly tail: number | undefined;
  /** Undefined: what is there now. Else polled, until this says that the task ended. */
  readonly isEnded: (() => Promise<boolean>) | undefined;
  readonly clock: Clock;
}

/** The bytes of a file of a sandbox, as they come. */
export async function* readLog(reading: LogReading): AsyncGenerator<Uint8Array> {
  const { api, file, tail, clock, isEnded } = reading;
  let offset = tail === undefined ? 0 : await tailOffset(api, file, tail);
  for (let silent = 0; ; ) {
    const piece = await api.read(file, offset, PIECE_BYTES);
    if (piece.bytes.length > 0) {
      offset = piece.offset + piece.bytes.length;
      silent = 0;
      yield piece.bytes;
      continue;
    }
    if (isEnded === undefined) return;
    silent += 1;
    if (silent % POLLS_PER_CHECK === 0) {
      const size = await sizeOf(api, file);
      if (size < offset) {
        yield* restOf(api, `${file}${ROTATED}`, offset);
        offset = 0;
      } else if (size === offset && (await isEnded())) return;
    }
    await sleep(clock, POLL_MS);
  }
}

/** Where agents put what an output file held before it was begun anew. */
const ROTATED = ".1";

/** What was written between our last look and the rotation; nothing where the agent kept none. */
async function* restOf(api: Pick<AgentApi, "read">, file: string, from: number): AsyncGenerator<Uint8Array> {
  for (let offset = from; ; ) {
    const piece = await api.read(file, offset, PIECE_BYTES).catch((error: unknown) => {
      if (isStatus(error, "NotFound")) return undefined;
      throw error;
    });
    if (piece === undefined || piece.bytes.length === 0) return;
    offset += piece.bytes.length;
    yield piece.bytes;
  }
}

async function sizeOf(api: Pick<AgentApi, "read">, file: string): Promise<number> {
  return (await api.read(file, -1, 0)).offset;
}

/** Where the last `lines` lines begin: read backwards, piece by piece. */
async function tailOffset(api: Pick<AgentApi, "read">, file: string, lines: number): Promise<number> {
  const size = await sizeOf(api, file);
  if (lines === 0) return size;
  let left = lines;
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - PIECE_BYTES);
    const bytes = await whole(api, file, { start, end });
    for (let index = bytes.length - 1; index >= 0; index--) {
      // the newline at the very end closes the last line and begins none
      if (bytes[index] !== NEWLINE || start + index === size - 1) continue;
      left -= 1;
      if (left === 0) return start + index + 1;
    }
    end = start;
  }
  return 0;
}

/** Exactly that part, though the agent may give less at once. */
async function whole(
  api: Pick<AgentApi, "read">,
  file: string,
  { start, end }: { readonly start: number; readonly end: number },
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for (let at = start; at < end; ) {
    const { bytes } = await api.read(file, at, end - at);
    if (bytes.length === 0) break;
    parts.push(bytes);
    at += bytes.length;
  }
  return Buffer.concat(parts);
}
