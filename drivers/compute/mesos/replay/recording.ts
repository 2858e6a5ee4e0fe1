import { readFileSync } from "node:fs";

/** One line of a recording. */
export interface RecordedLine {
  readonly kind: string;
  readonly conn?: string;
  readonly label?: string;
  readonly to?: string;
  readonly path?: string;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  // biome-ignore lint/suspicious/noExplicitAny: recorded JSON of every type
  readonly body?: any;
  readonly body_text?: string;
  /** Of notes, probes and broken streams. */
  readonly text?: string;
  /** Of a line about ZooKeeper. */
  readonly command?: string;
  readonly output?: string;
  // biome-ignore lint/suspicious/noExplicitAny: recorded JSON of every type
  readonly event?: any;
}

const FOLDER = new URL("../../../../test/recordings/mesos/", import.meta.url);

/** The lines of one recording, e.g. `02-launch-command`. */
export function recording(name: string): readonly RecordedLine[] {
  const text = readFileSync(new URL(`../mesos-whole/${name}.jsonl`, FOLDER), "utf8");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
}

/** Exact bytes of one file. */
export function recordedBytes(file: string): Uint8Array {
  return readFileSync(new URL(file, FOLDER));
}

/** Scheduler calls of one type, as they were sent. */
export function requestsOf(lines: readonly RecordedLine[], type: string): readonly RecordedLine[] {
  return lines.filter((line) => line.kind === "request" && line.body?.type === type);
}

/** The events of every scheduler stream of a recording that was subscribed, by stream. */
// biome-ignore lint/suspicious/noExplicitAny: recorded JSON of every type
export function streamsOf(lines: readonly RecordedLine[]): ReadonlyMap<string, readonly any[]> {
  const streams = new Map<string, unknown[]>();
  for (const { kind, conn = "", event } of lines) {
    if (kind !== "event") continue;
    const events = streams.get(conn) ?? [];
    events.push(event);
    streams.set(conn, events);
  }
  return new Map(
    [...streams].filter(([, events]) => events.some((event) => Reflect.get(Object(event), "type") === "SUBSCRIBED")),
  );
}
