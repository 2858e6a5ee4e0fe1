import { describe, expect, it } from "vitest";
import { at, type InstanceFields, instance, NOW, service } from "../../testing/objects.js";
import { attachedDue } from "./attached-due.js";

const OWN = "default.web.uid";
type Fields = Readonly<Record<string, unknown>>;

function dueOf(item: Fields, { of = {}, task = {} }: { of?: InstanceFields; task?: Fields } = {}): readonly string[] {
  const status = {
    placement: { node: "n1", agentID: "agent-n1", taskID: OWN },
    attached: [{ name: "log", taskID: `${OWN}.log`, state: "Failed", at: at(-100), startedAt: at(-102), ...item }],
    ...of.status,
  };
  const template = service({ attached: [{ name: "log", shell: "x", ...task }] });
  return attachedDue(instance({ ...of, status }), template, NOW).map(
    ({ taskId, dueAt }) => `${taskId} ${(dueAt - NOW) / 1000}`,
  );
}

const AGAIN = [`${OWN}.log.1 -99`];
const onFailure = { restart: { policy: "OnFailure" } };
const never = { restart: { policy: "Never" } };

describe("an attached task starts again", () => {
  const rows: readonly (readonly [name: string, item: Fields, task: Fields, expected: readonly string[]])[] = [
    ["after a failure", {}, {}, AGAIN],
    ["after a success", { state: "Finished" }, {}, AGAIN],
    ["not while it runs", { state: "Running" }, {}, []],
    ["not while nothing is known of it", { state: undefined }, {}, []],
    ["not while its agent is out of reach", { state: "Unreachable" }, {}, []],
    ["not twice for one end: the state is that of the run before", { taskID: `${OWN}.log.1` }, {}, []],
    ["with the next number", { taskID: `${OWN}.log.1`, restarts: 1 }, {}, [`${OWN}.log.2 -98.85`]],
    ["not after a success when only failures count", { state: "Finished", startedAt: at(-200) }, onFailure, []],
    ["after a failure when only failures count", {}, onFailure, AGAIN],
    ["never", {}, never, []],
    ["after a failure of what is required", {}, { required: true }, AGAIN],
    ["not after the end for good of what is required", { state: "Finished" }, { required: true, ...onFailure }, []],
    ["not when the service knows it no longer", { name: "other" }, {}, []],
    ["after its delay", {}, { restart: { delaySeconds: 130 } }, [`${OWN}.log.1 30`]],
    [
      "after a back-off that grows",
      { taskID: `${OWN}.log.3`, restarts: 3 },
      { restart: { backoff: { initialSeconds: 10, factor: 2 } } },
      [`${OWN}.log.4 -20`],
    ],
    [
      "after a back-off that has an end",
      { taskID: `${OWN}.log.30`, restarts: 30 },
      { restart: { backoff: { initialSeconds: 10, factor: 2, maxSeconds: 120 } } },
      [`${OWN}.log.31 20`],
    ],
    [
      "without back-off after a stable run",
      { taskID: `${OWN}.log.30`, restarts: 30, startedAt: at(-160) },
      { restart: { backoff: { initialSeconds: 10, factor: 2 } } },
      [`${OWN}.log.31 -90`],
    ],
    ["R30 at once, where the agent's clock is far ahead", { at: at(3600) }, {}, [`${OWN}.log.1 ${1 - NOW / 1000}`]],
  ];
  for (const [name, item, task, expected] of rows) it(name, () => expect(dueOf(item, { task })).toEqual(expected));

  it.each([
    ["leaves", { leave: "ScaledDown" }],
    ["ended", { status: { lastStatus: { state: "Failed", at: at(-1) } } }],
    ["is not placed", { status: { placement: undefined } }],
  ])("not beside an instance that %s", (_, of) => expect(dueOf({}, { of })).toEqual([]));

  it("beside an instance that is deleted, but serves until its successor does", () => {
    expect(dueOf({}, { of: { isDeleted: true } })).toEqual(AGAIN);
  });
});
