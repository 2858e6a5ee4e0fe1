import * as fc from "fast-check";
import { map } from "rxjs";
import { it } from "vitest";
import type { Store, StoreEvent, Write, WriteResult } from "../../store.js";
import { bytes, follow, type StoreHarness, text, told } from "../harness/suite.js";

/** What a store is, said as simply as possible: one whole state per revision. */
interface Model {
  readonly states: ReadonlyMap<string, Standing>[];
  readonly told: string[];
}

interface Standing {
  readonly value: string;
  /** Index into `states`. */
  readonly revision: number;
}

type Operation =
  | {
      readonly type: "write";
      readonly write: "create" | "update" | "delete";
      readonly key: string;
      readonly value: string;
      readonly from: number;
      readonly guard: string | undefined;
      readonly isInternal: boolean;
    }
  | {
      readonly type: "list";
      readonly prefix: string;
      readonly ago: number;
      readonly limit: number;
      readonly startAfter: string;
    };

const KEYS = ["a", "a/b", "a/c", "b", "é", "😀", "￿"];

const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant("write" as const),
      write: fc.constantFrom("create" as const, "update" as const, "delete" as const),
      key: fc.constantFrom(...KEYS),
      value: fc.string({ maxLength: 4 }),
      /** How far the given revision is from the standing one; mostly right. */
      from: fc.constantFrom(0, 0, 0, 0, -1, 1),
      guard: fc.option(fc.constantFrom("_term", "a"), { nil: undefined, freq: 4 }),
      isInternal: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant("list" as const),
      prefix: fc.constantFrom("", "a", "a/", "b", "_"),
      ago: fc.nat(6),
      limit: fc.nat(3),
      startAfter: fc.constantFrom("", ...KEYS),
    }),
  },
);

/** Random histories, applied to the store and to the model: every answer, and the watch afterwards, must be the same. */
export function modelSuite(harness: () => StoreHarness, histories: number): void {
  it("answers like a list of whole states would", async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 30 }), async (operations) => {
        const scoped = scopedTo(harness().store(), `run-${run++}/`);
        await sameAsModel(scoped, operations);
      }),
      { numRuns: histories },
    );
  });
}

async function sameAsModel(store: Store, operations: readonly Operation[]): Promise<void> {
  const model: Model = { states: [new Map()], told: [] };
  const base = await store.current();
  const trial: Trial = { store, base, model };
  for (const each of operations) {
    const actual = each.type === "write" ? await writeTo(trial, each) : await listFrom(trial, each);
    const expected = each.type === "write" ? modelWrite(model, each) : modelList(model, each);
    same(actual, expected, each);
  }
  const watch = follow(() => store, "", base);
  const seen = (events: readonly StoreEvent[]) => told(events).length >= model.told.length;
  await watch.until(seen);
  watch.stop();
  same(told(watch.events), model.told, "the watch");
}

function same(actual: unknown, expected: unknown, what: unknown): void {
  const [left, right] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (left !== right) throw new Error(`${JSON.stringify(what)}: the store says ${left}, the model ${right}`);
}

type WriteOperation = Extract<Operation, { type: "write" }>;
type ListOperation = Extract<Operation, { type: "list" }>;

const now = (model: Model) => model.states.length - 1;
// there is always the first state
const latest = (model: Model) => model.states[now(model)]!;

/** A store that is compared with the model; `base` is its revision when the model was empty. */
interface Trial {
  readonly store: Store;
  readonly base: number;
  readonly model: Model;
}

async function writeTo({ store, base, model }: Trial, operation: WriteOperation): Promise<unknown> {
  const { key } = operation;
  const revisionOf = (of: string) => {
    const standing = latest(model).get(of);
    return standing === undefined ? 0 : base + standing.revision;
  };
  const revision = Math.max(0, revisionOf(key) + operation.from);
  const value = bytes(operation.value);
  const write: Write =
    operation.write === "create"
      ? { type: "create", key, value }
      : operation.write === "update"
        ? { type: "update", key, value, revision }
        : { type: "delete", key, revision };
  const guards = operation.guard === undefined ? [] : [{ key: operation.guard, revision: revisionOf("_term") }];
  const internal = operation.isInternal ? [{ key: "_term", value }] : [];
  return resultOf(await store.write(write, { guards, internal }), base);
}

function resultOf(result: WriteResult, base: number): unknown {
  if (result.type === "committed") return ["committed", result.revision - base];
  if (result.type === "guardFailed") return ["guardFailed", result.key];
  return ["conflict", result.entry && [text(result.entry.value), result.entry.revision - base]];
}

function modelWrite(model: Model, operation: WriteOperation): unknown {
  const state = latest(model);
  const { guard, key } = operation;
  const standing = state.get(key);
  if (guard !== undefined && state.get(guard)?.revision !== state.get("_term")?.revision) return ["guardFailed", guard];
  const isExpected =
    operation.write === "create" ? standing === undefined : standing !== undefined && operation.from === 0;
  if (!isExpected) return ["conflict", standing && [standing.value, standing.revision]];
  const revision = now(model) + 1;
  const next = new Map(state);
  if (operation.write === "delete") next.delete(key);
  else next.set(key, { value: operation.value, revision });
  if (operation.isInternal) next.set("_term", { value: operation.value, revision });
  model.states.push(next);
  model.told.push(...tellingOf(operation, standing));
  return ["committed", revision];
}

function tellingOf({ write, key, value }: WriteOperation, standing: Standing | undefined): readonly string[] {
  if (write === "delete") return [`-${key}=${standing?.value}`];
  return [standing === undefined ? `+${key}=${value}` : `~${standing.value}>${key}=${value}`];
}

async function listFrom({ store, base, model }: Trial, operation: ListOperation): Promise<unknown> {
  const { prefix, limit, startAfter } = operation;
  const atRevision = base + Math.max(0, now(model) - operation.ago);
  const page = await store.list(prefix, { atRevision, limit, ...(startAfter && { startAfter }) });
  return [
    page.revision - base,
    page.hasMore,
    page.entries.map((entry) => [entry.key, text(entry.value), entry.revision - base]),
  ];
}

function modelList(model: Model, { prefix, ago, limit, startAfter }: ListOperation): unknown {
  const at = Math.max(0, now(model) - ago);
  const found = [...(model.states[at] ?? new Map<string, Standing>())]
    .filter(([key]) => key.startsWith(prefix) && (prefix !== "" || key !== "_term"))
    .sort(([a], [b]) => Buffer.compare(bytes(a), bytes(b)))
    .filter(([key]) => startAfter === "" || Buffer.compare(bytes(key), bytes(startAfter)) > 0)
    .map(([key, standing]) => [key, standing.value, standing.revision]);
  const isCut = limit > 0 && found.length > limit;
  return [at, isCut, isCut ? found.slice(0, limit) : found];
}

/** The store below a prefix, so that each history begins with nothing; internal keys stay internal. */
function scopedTo(store: Store, scope: string): Store {
  const inner = (key: string) => (key.startsWith("_") ? `_${scope}${key}` : scope + key);
  const outer = (key: string) => key.slice(key.startsWith("_") ? scope.length + 1 : scope.length);
  const entry = <T extends { readonly key: string }>(each: T): T => ({ ...each, key: outer(each.key) });
  return {
    ...store,
    get: async (key) => {
      const found = await store.get(inner(key));
      return found && entry(found);
    },
    list: async (prefix, { startAfter, ...rest } = {}) => {
      const page = await store.list(inner(prefix), { ...rest, ...(startAfter && { startAfter: inner(startAfter) }) });
      return { ...page, entries: page.entries.map(entry) };
    },
    write: async (write, { guards = [], internal = [] } = {}) => {
      const within = <T extends { readonly key: string }>(each: T): T => ({ ...each, key: inner(each.key) });
      const result = await store.write(within(write), { guards: guards.map(within), internal: internal.map(within) });
      if (result.type === "guardFailed") return entry(result);
      return result.type === "conflict" && result.entry ? { ...result, entry: entry(result.entry) } : result;
    },
    watch$: (prefix, afterRevision) =>
      store
        .watch$(inner(prefix), afterRevision)
        .pipe(map((event) => (event.type === "progress" ? event : entry(event)))),
  };
}
