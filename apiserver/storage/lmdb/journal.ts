import { join } from "node:path";
import { type Database, open, type RootDatabase } from "lmdb";
import { StatusError } from "../../../api-types/meta/status-error.js";
import type { Change } from "../keyspace/change-log.js";
import { EMPTY_SNAPSHOT, type Snapshot } from "../keyspace/keyspace.js";
import type { Entry } from "../store.js";
import { checkDataFile } from "./data-file.js";
import { DamagedRecordError, decodeEntry, decodeUndo, encodeEntry, encodeUndo, revisionOf, undoKey } from "./record.js";
import { damaged, unusable } from "./unusable.js";

/** One durable transaction: changes that happen, and old ones that are forgotten. */
export interface JournalBatch {
  readonly changes: readonly Change[];
  readonly forgotten: readonly Change[];
  readonly revision: number;
  readonly compactedRevision: number;
  /** Wall time minus monotonic time. */
  readonly wallOffsetMs: number;
}

/** The durable form of a keyspace. */
export interface Journal {
  /** Resolves when the batch is on the disk, whole; rejects when that is not known. */
  append(batch: JournalBatch): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens or creates the data file of a locked directory, and reads all of it. Rows: `objects` key → value now,
 * `undo` revision → value before, and one state.
 */
export async function openJournal(
  directory: string,
  wallOffsetMs: number,
): Promise<{ readonly journal: Journal; readonly snapshot: Snapshot }> {
  const path = join(directory, "data.mdb");
  const isPresent = await checkDataFile(path, directory);
  const databases = openDatabases(path, directory);
  try {
    const snapshot = isPresent ? load(databases, directory, wallOffsetMs) : EMPTY_SNAPSHOT;
    return { journal: journalOf(databases), snapshot };
  } catch (error) {
    await databases.root.close();
    throw error instanceof DamagedRecordError ? damaged(directory, error.message, error) : error;
  }
}

interface Databases {
  readonly root: RootDatabase<Buffer, Buffer>;
  readonly objects: Database<Buffer, Buffer>;
  readonly undo: Database<Buffer, Buffer>;
}

interface State {
  readonly format: string;
  readonly revision: number;
  readonly compactedRevision: number;
}

const FORMAT = "rackwright-store/1";
const STATE_KEY = Buffer.from("state");
const BINARY = { encoding: "binary", keyEncoding: "binary" } as const;

function openDatabases(path: string, directory: string): Databases {
  try {
    // without overlapping sync a commit returns when it is on the disk, and the last commit is what a crash leaves
    const options = { path, noSubdir: true, overlappingSync: false, maxDbs: 4, ...BINARY };
    // batching by turns makes a promise that nobody gets: a commit that fails would end the process through it
    const root = open<Buffer, Buffer>({ ...options, eventTurnBatching: false });
    refuseForeign(root, directory);
    return { root, objects: root.openDB("objects", BINARY), undo: root.openDB("undo", BINARY) };
  } catch (error) {
    throw error instanceof StatusError ? error : unusable(directory, error);
  }
}

/** Before anything is written to it: a file of the same engine that holds something else. */
function refuseForeign(root: RootDatabase<Buffer, Buffer>, directory: string): void {
  for (const key of root.getKeys()) {
    const name = key.toString().replace(/\0$/, "");
    if (["state", "objects", "undo"].includes(name)) continue;
    void root.close();
    throw damaged(directory, `its data file is another program's: it holds ${JSON.stringify(name)}`);
  }
}

function journalOf({ root, objects, undo }: Databases): Journal {
  async function append({
    changes,
    forgotten,
    revision,
    compactedRevision,
    wallOffsetMs,
  }: JournalBatch): Promise<void> {
    const writes: Promise<boolean>[] = [];
    const batch = root.batch(() => {
      for (const [index, change] of changes.entries()) {
        const key = Buffer.from(change.key);
        writes.push(change.entry === undefined ? objects.remove(key) : objects.put(key, encodeEntry(change.entry)));
        const record = { ...change, isDeletion: change.entry === undefined, atMs: change.atMs + wallOffsetMs };
        writes.push(undo.put(undoKey(change.revision, placeOf(changes, index)), encodeUndo(record)));
      }
      for (const [index, change] of forgotten.entries()) {
        writes.push(undo.remove(undoKey(change.revision, placeOf(forgotten, index))));
      }
      const state: State = { format: FORMAT, revision, compactedRevision };
      writes.push(root.put(STATE_KEY, Buffer.from(JSON.stringify(state))));
    });
    await Promise.all([batch, ...writes]).catch(async (error: unknown) => {
      throw await commitFault(error);
    });
  }
  return { append, close: () => root.close() };
}

/** The engine hides the fault in a promise beside the error; unlooked at, its rejection would end the process. */
async function commitFault(error: unknown): Promise<unknown> {
  if (!(error instanceof Error && "commitError" in error)) return error;
  const fault = Promise.resolve(error.commitError).then(
    () => error,
    (reason: unknown) => reason,
  );
  // it is set in the same turn; if ever not, the outer error has to do
  const turn = new Promise<unknown>((resolve) => setImmediate(() => resolve(error)));
  return Promise.race([fault, turn]);
}

/** The place of a change among those of its revision. */
function placeOf(changes: readonly Change[], index: number): number {
  let place = 0;
  while (changes[index - place - 1]?.revision === changes[index]?.revision && index > place) place += 1;
  return place;
}

function load({ root, objects, undo }: Databases, directory: string, wallOffsetMs: number): Snapshot {
  const state = stateOf(root.get(STATE_KEY), directory);
  const entries: Entry[] = [];
  for (const { key, value } of objects.getRange()) entries.push(decodeEntry(key.toString(), value));
  const standing = new Map(entries.map((entry) => [entry.key, entry]));
  const changes: Change[] = [];
  for (const { key, value } of undo.getRange({ reverse: true })) {
    const { atMs, isDeletion, previous, key: changed } = decodeUndo(value);
    const entry = isDeletion ? undefined : standing.get(changed);
    if (!isDeletion && entry === undefined) throw new DamagedRecordError(`the history of ${changed} has a gap`);
    if (previous === undefined) standing.delete(changed);
    else standing.set(changed, previous);
    // a wall clock that went back must not keep the past for ever
    const atMonotonicMs = Math.min(atMs, wallOffsetMs) - wallOffsetMs;
    changes.push({ key: changed, revision: revisionOf(key), entry, previous, atMs: atMonotonicMs });
  }
  return { revision: state.revision, compactedRevision: state.compactedRevision, entries, changes: changes.reverse() };
}

/** A file without it was made by another program, or in a start that was cut before its first write. */
function stateOf(row: Buffer | undefined, directory: string): State {
  if (row === undefined) return { format: FORMAT, ...EMPTY_SNAPSHOT };
  try {
    // checked by the format that is part of it
    const state = JSON.parse(row.toString()) as State;
    if (state.format === FORMAT) return state;
  } catch {
    // not ours either
  }
  throw damaged(directory, "its data file has a format that this version does not know");
}
