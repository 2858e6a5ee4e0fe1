import { describe, expect, it } from "vitest";
import type { Instance } from "../../api-types/instance.js";
import type { Node } from "../../api-types/node.js";
import type { Agent } from "../../drivers/compute/driver.js";
import { available, condition, ended, NOW, node } from "../testing/objects.js";
import { drainReport } from "./drain.js";
import type { AgentOfNode } from "./plan.js";

const MINUTE = 60_000;
const total = { cpu: 8, memoryMiB: 1000, diskMiB: 50, gpu: 0, ports: [] };

function agent(fields: Partial<Agent> = {}): Agent {
  return { id: "a", hostname: "host", ip: "10.0.0.1", attributes: {}, total, state: "Active", ...fields };
}

const told = (fields: Partial<Agent> = {}) => ({ agent: agent(fields), isAnswered: true });
const silent = { agent: undefined, isAnswered: false };
const absent = { agent: undefined, isAnswered: true };
const time = (ms: number) => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/** What a drain says of a node, as text: since, condition, events, next look. */
function said(wanted: Node, { agent: of = told() as AgentOfNode, instances = [] as Instance[] } = {}): string {
  const report = drainReport({ node: wanted, agent: of, instances, now: NOW });
  const shown = report.condition && `${report.condition.status} ${report.condition.reason}`;
  const events = report.events.map(({ reason }) => reason).join("+");
  return [report.drainingSince, shown, events, report.requeueAfterMs].map((part) => part || "-").join(" | ");
}

const since = time(NOW - 5 * MINUTE);
const draining = (deadlineSeconds?: number, reason = "InstancesRemain") =>
  node(
    "n1",
    { drain: deadlineSeconds === undefined ? {} : { deadlineSeconds } },
    { drainingSince: since, conditions: [condition("Drained", "False", { reason })] },
  );
const near = { start: NOW + 9 * MINUTE, end: NOW + 60 * MINUTE };

describe("a node that is to become empty", () => {
  it.each<[string, string, string]>([
    ["nobody wants it", said(node("n1")), "- | - | - | -"],
    [
      "it begins, and is empty already",
      said(node("n1", { drain: {} })),
      `${time(NOW)} | True NodeEmpty | DrainStarted+DrainFinished | -`,
    ],
    [
      "it begins with an instance and a deadline",
      said(node("n1", { drain: { deadlineSeconds: 60 } }), { instances: [available()] }),
      `${time(NOW)} | False InstancesRemain | DrainStarted | 60000`,
    ],
    [
      "it goes on, and says nothing twice",
      said(draining(), { instances: [available()] }),
      `${since} | False InstancesRemain | - | -`,
    ],
    ["the last instance left", said(draining()), `${since} | True NodeEmpty | DrainFinished | -`],
    [
      "a task that ended holds nothing",
      said(draining(), { instances: [ended()] }),
      `${since} | True NodeEmpty | DrainFinished | -`,
    ],
    [
      "the deadline passed",
      said(draining(240), { instances: [available()] }),
      `${since} | False DrainOverdue | DrainDeadlinePassed | -`,
    ],
    [
      "told once",
      said(draining(240, "DrainOverdue"), { instances: [available()] }),
      `${since} | False DrainOverdue | - | -`,
    ],
    ["it is called off", said(node("n1", {}, { drainingSince: since })), "- | - | DrainEnded | -"],
    [
      "maintenance far away",
      said(node("n1"), { agent: told({ maintenance: { start: NOW + 11 * MINUTE } }) }),
      `- | - | - | ${MINUTE}`,
    ],
    [
      "maintenance near",
      said(node("n1"), { agent: told({ maintenance: near }) }),
      `${time(NOW)} | True NodeEmpty | DrainStarted+DrainFinished | ${60 * MINUTE}`,
    ],
    [
      "maintenance is over",
      said(node("n1", {}, { drainingSince: since }), { agent: told({ maintenance: { start: 0, end: NOW } }) }),
      "- | - | DrainEnded | -",
    ],
    [
      "Mesos drains the agent",
      said(node("n1"), { agent: told({ state: "Draining" }), instances: [available()] }),
      `${time(NOW)} | False InstancesRemain | DrainStarted | -`,
    ],
    [
      "R1 no answer ends nothing",
      said(node("n1", {}, { drainingSince: since }), { agent: silent }),
      `${since} | True NodeEmpty | DrainFinished | -`,
    ],
    ["R1 no answer begins nothing", said(node("n1"), { agent: silent }), "- | - | - | -"],
    [
      "its agent is gone for good",
      said(node("n1", {}, { drainingSince: since }), { agent: absent }),
      "- | - | DrainEnded | -",
    ],
    [
      "a drain by its spec needs no agent",
      said(draining(), { agent: silent }),
      `${since} | True NodeEmpty | DrainFinished | -`,
    ],
  ])("%s", (_, actual, expected) => expect(actual).toBe(expected));

  it("names who is left, at most three", () => {
    const instances = ["a", "b", "c", "d"].map((name) => available({ name }));
    const { condition: drained } = drainReport({ node: draining(600), agent: told(), instances, now: NOW });
    expect(drained?.message).toBe(
      `4 instances are left: default/a, default/b, default/c and 1 more; deadline ${time(NOW + 5 * MINUTE)}`,
    );
  });
});
