import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Clock, systemClock } from "../../../../platform/clock.js";
import { virtualClock } from "../../../../platform/virtual-clock.js";
import { inTurns, readLists } from "./lists.js";

const EXPECTED = { type: "GET_TASKS", field: "get_tasks", names: ["tasks", "unreachable_tasks"] };

async function read(text: string, clock: Clock = virtualClock()): Promise<unknown> {
  const lists = await readLists(Buffer.from(text), EXPECTED, clock);
  return lists?.map((list) => list.map((piece) => piece.parse()));
}

const answer = (lists: object) => JSON.stringify({ type: "GET_TASKS", get_tasks: lists });

describe("the lists of an answer", () => {
  it.each([
    [
      "two lists",
      answer({ tasks: [{ a: 1 }, { b: [{}] }], unreachable_tasks: [{ c: "}" }] }),
      [[{ a: 1 }, { b: [{}] }], [{ c: "}" }]],
    ],
    ["lists that are left out", answer({ tasks: [{ a: 1 }] }), [[{ a: 1 }], []]],
    ["no lists", answer({}), [[], []]],
    ["other lists before and after", answer({ x: [{ x: 1 }], tasks: [{ a: 1 }], y: [{ y: 1 }] }), [[{ a: 1 }], []]],
    ["other fields", answer({ tasks: [{ a: 1 }], count: 7, more: { deep: [{ a: 1 }] } }), [[{ a: 1 }], []]],
    ["quotes and backslashes", answer({ tasks: [{ a: '\\" } ] {' }] }), [[{ a: '\\" } ] {' }], []]],
    ["another order", `{"get_tasks":{"tasks":[{"a":1}]},"type":"GET_TASKS"}`, [[{ a: 1 }], []]],
    ["spaces", ` { "type" : "GET_TASKS" , "get_tasks" : { "tasks" : [ { "a" : 1 } , { } ] } } `, [[{ a: 1 }, {}], []]],
    ["a number in a list", answer({ tasks: [0] }), undefined],
    ["a number among objects", answer({ tasks: [{ a: 1 }, 0] }), undefined],
    ["a text in a list", answer({ tasks: ["a"] }), undefined],
    ["a list in a list", answer({ tasks: [[{ a: 1 }]] }), undefined],
    ["a list twice", `{"type":"GET_TASKS","get_tasks":{"tasks":[{"a":1}],"tasks":[{"b":1}]}}`, [[{ b: 1 }], []]],
    ["odd lists that do not matter", answer({ x: [1, "a"], tasks: [{ a: 1 }], y: [[{ y: 1 }]] }), [[{ a: 1 }], []]],
    ["what looks like a piece", answer({ tasks: [{ piece: 1 }, { a: 1 }] }), [[{ piece: 1 }, { a: 1 }], []]],
    ["what looks like a piece, deeper", answer({ x: [{ x: 1 }], tasks: [[{ piece: 0 }]] }), undefined],
    ["a list that is none", answer({ tasks: { a: 1 } }), undefined],
    ["another type", JSON.stringify({ type: "GET_HEALTH", get_tasks: {} }), undefined],
    ["another field", JSON.stringify({ type: "GET_TASKS", get_agents: {} }), undefined],
    ["null", "null", undefined],
    ["a list", "[]", undefined],
  ])("are read from %s", async (_name, text, expected) => {
    expect(await read(text)).toEqual(expected);
  });

  it("R1 are never read from an answer that is cut off, wherever that is", async () => {
    const text = answer({ tasks: [{ a: '"{[', b: [1, { c: "ä" }] }, {}], unreachable_tasks: [{ d: 1 }] });
    const bytes = Buffer.from(text);
    for (let length = 0; length < bytes.length; length++) {
      const outcome = await read(bytes.subarray(0, length).toString("latin1")).catch(() => "not JSON");
      expect(outcome).toBe("not JSON");
    }
  });

  it("are what JSON says they are", async () => {
    const item = fc.dictionary(fc.string(), fc.jsonValue());
    const lists = fc.record({ tasks: fc.array(item), unreachable_tasks: fc.array(item), other: fc.array(item) });
    await fc.assert(
      fc.asyncProperty(lists, async ({ tasks, unreachable_tasks, other }) => {
        const text = answer({ tasks, other, unreachable_tasks });
        const { get_tasks } = JSON.parse(text);
        expect(await read(text)).toEqual([get_tasks.tasks, get_tasks.unreachable_tasks]);
      }),
    );
  });

  it("have the same mark for the same text, and another one for another", async () => {
    const marks = async (tasks: readonly object[]) =>
      (await readLists(Buffer.from(answer({ tasks })), EXPECTED, virtualClock()))?.[0]?.map(({ mark }) => mark);
    const items = Array.from({ length: 5000 }, (_, id) => ({ id, state: "TASK_RUNNING" }));
    const [first, second] = [await marks(items), await marks(items.toReversed())];
    expect(second).toEqual(first?.toReversed());
    expect(new Set(first).size).toBe(items.length);
  });

  it("are read in turns that let others work", async () => {
    const tasks = Array.from({ length: 60_000 }, (_, id) => ({ id, text: "x".repeat(200) }));
    const clock = systemClock();
    let turns = 0;
    const count = setInterval(() => turns++, 0);
    const [pieces = []] = (await readLists(Buffer.from(answer({ tasks })), EXPECTED, clock)) ?? [];
    const items = await inTurns(pieces, clock, (piece) => piece.parse());
    clearInterval(count);
    expect(items).toEqual(tasks);
    expect(turns).toBeGreaterThan(1);
  });
});
