import { describe, expect, it } from "vitest";
import type { Instance } from "../../../api-types/instance.js";
import { instance, service } from "../../testing/objects.js";
import { executorEnd } from "./executor.js";

function one(name: string, state: string, fields: object = {}): Instance {
  return instance({
    name,
    status: {
      placement: { node: "n1", agentID: "agent-1", taskID: `task-${name}` },
      lastStatus: { state },
      ...fields,
    },
  });
}

const elsewhere = { placement: { node: "n2", agentID: "agent-2", taskID: "task-far" } };
const own = { name: "runner", command: "./run" };
const executorOf = (fields: object) => service({ executor: fields }).executor ?? expect.fail("no executor");

describe("the end of an executor", () => {
  const ended = one("a", "Killed");
  it.each<[string, object, readonly Instance[], string | undefined]>([
    ["one of its own ends with the task", own, [ended], "task-a"],
    ["whoever else runs one", own, [ended, one("b", "Running")], "task-a"],
    ["a shared one runs on for another", { ...own, shared: true }, [ended, one("b", "Running")], undefined],
    ["and for one that is only placed", { ...own, shared: true }, [ended, one("b", "Staging")], undefined],
    [
      "a shared one ends after the last of its node",
      { ...own, shared: true },
      [ended, one("b", "Failed"), one("c", "Running", elsewhere)],
      "default.shop.web.shop-web-1",
    ],
  ])("%s", (_, executor, members, id) => {
    const action = executorEnd({ instance: ended, executor: executorOf(executor), members, rack: "rack" });
    expect(action?.key).toBe(id);
    if (id !== undefined) {
      expect(action?.change).toEqual({ type: "shutDown", executorId: id, agentId: "agent-1" });
      expect(action?.ground).toEqual({ type: "tombstone", owner: "uid-a" });
    }
  });

  it("is not there for an instance that never had a place", () => {
    const executor = executorOf(own);
    expect(executorEnd({ instance: instance({ name: "a" }), executor, members: [], rack: "rack" })).toBeUndefined();
  });
});
