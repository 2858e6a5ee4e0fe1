import { describe, expect, it } from "vitest";
import { TASK_LABEL } from "../../../api-types/well-known.js";
import { labelledAddress } from "../../claimed-address.js";
import { instance, node, rack, service } from "../../testing/objects.js";
import { attachedTasks, ownTask, prepareLaunch } from "../launch/task-launch.js";

const CLAIMED = { pool: "web", address: "172.16.0.7" };
const TASK = "default.a.uid";

function launch(network: object) {
  const prepared = prepareLaunch({
    instance: instance({ name: "a" }),
    service: service({ shell: "run", network, attached: [{ name: "log", shell: "log" }] }),
    rack: rack({ network: { networkName: "blue" } }),
    node: node("n1", { address: "10.0.0.1" }),
    agentId: "agent-n1",
    taskId: TASK,
    ports: [],
    claimed: CLAIMED,
    attached: [{ name: "log", taskId: `${TASK}.log` }],
    term: 1,
    addressOf: () => undefined,
  });
  return { own: ownTask(prepared, new Map()), beside: attachedTasks(prepared, new Map()) };
}

describe("a task with a claimed address", () => {
  const { own, beside } = launch({ mode: "Routed", pool: "web" });

  it("is handed it, and knows it before it starts", () => {
    expect(own.network).toEqual({ mode: "Routed", networkName: "blue", address: "172.16.0.7" });
    expect(own.env.ADDRESS).toBe("172.16.0.7");
  });

  it("is found again by a label, and so is what runs beside it, which is handed none", () => {
    expect([own, ...beside].map(({ labels }) => labelledAddress(labels))).toEqual([CLAIMED, CLAIMED]);
    expect(beside.map(({ network }) => "address" in network)).toEqual([false]);
  });
});

it.each([
  ["none", undefined],
  ["text", undefined],
  ["web/", undefined],
  ["/172.16.0.7", undefined],
  ["web/172.16.0.7", CLAIMED],
])("the label %s", (text, expected) => {
  expect(labelledAddress(text === "none" ? {} : { [TASK_LABEL.address]: text })).toEqual(expected);
});
