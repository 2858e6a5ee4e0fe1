import { describe, expect, it } from "vitest";
import type { Agent } from "../../drivers/compute/driver.js";
import type { Observation } from "../../drivers/observation.js";
import { node } from "../testing/objects.js";
import { nodeReport } from "./plan.js";

const origin = { source: "mesos", epoch: "1", index: 1, takenAt: 0 };

function agent(id: string, fields: Partial<Agent> = {}): Agent {
  const total = { cpu: 8, memoryMiB: 1000.7, diskMiB: 50.2, gpu: 0, ports: [] };
  return { id, hostname: "host", ip: "10.0.0.1", attributes: { name: "n1" }, total, state: "Active", ...fields };
}

function agents(...list: readonly Agent[]): Observation<Agent> {
  return { type: "Complete", items: new Map(list.map((one) => [one.id, one])), origin };
}

function partial(...list: readonly Agent[]): Observation<Agent> {
  return { type: "Partial", items: new Map(list.map((one) => [one.id, one])), reason: "agents recover", origin };
}

const silent: Observation<Agent> = { type: "Unknown", reason: "timeout", since: 0, source: "mesos" };
const seen = {
  agent: { id: "before", hostname: "host", address: "10.0.0.1", state: "Active" },
  attributes: { name: "n1" },
  region: "eu",
  zone: "eu-1",
  capacity: { cpu: "8" },
};

const NAMES = { name: "name", type: "type", function: "function" };

describe("what the master says of a node's agent", () => {
  it.each<[string, Observation<Agent>, string]>([
    ["active", agents(agent("a")), "True AgentActive"],
    ["recovering: it may come back", agents(agent("a", { state: "Recovering" })), "Unknown AgentNotActive"],
    ["out of reach", agents(agent("a", { state: "Unreachable" })), "False AgentNotActive"],
    ["deactivated", agents(agent("a", { state: "Deactivated" })), "False AgentNotActive"],
    ["draining", agents(agent("a", { state: "Draining" })), "False AgentNotActive"],
    ["not listed", agents(), "False NoAgent"],
    ["R1 not on half a list", partial(), "Unknown NoAgent"],
    ["R1 no answer", silent, "Unknown AgentUnknown"],
    ["an agent of another node", agents(agent("a", { attributes: { name: "n2" } })), "False NoAgent"],
    ["found by its address without the attribute", agents(agent("a", { attributes: {} })), "True AgentActive"],
    [
      "its new self counts, not the former one",
      agents(agent("old", { state: "Unreachable" }), agent("new")),
      "True AgentActive",
    ],
  ])("%s", (_, observation, expected) => {
    const [ready] = nodeReport(node("n1", { address: "10.0.0.1" }), observation, NAMES).conditions;
    expect(`${ready?.status} ${ready?.reason}`).toBe(expected);
  });

  it("is written as the API shows it", () => {
    const ports = [{ begin: 1, end: 3 }];
    const { conditions, ...report } = nodeReport(
      node("n1"),
      agents(agent("a", { attributes: { name: "n1", ports }, region: "eu", zone: "eu-1" })),
      NAMES,
    );
    expect(report).toEqual({
      agent: { id: "a", hostname: "host", address: "10.0.0.1", state: "Active" },
      attributes: { name: "n1", ports: "[1-3]" },
      region: "eu",
      zone: "eu-1",
      capacity: { cpu: "8", memory: "1000Mi", disk: "50Mi" },
    });
  });

  it("says where the agent's attributes disagree with the Rack, which counts", () => {
    const told = agents(agent("a", { attributes: { name: "n1", type: "master", function: "lab" } }));
    const [ready] = nodeReport(node("n1", { type: "worker", function: "lab" }), told, NAMES).conditions;
    expect(ready).toMatchObject({ status: "True", message: "its agent says type master, the Rack says worker" });
  });

  it("tells people what the agent's API address is, and of cordon and maintenance", () => {
    const start = Date.parse("2026-01-01T13:00:00Z");
    const told = agents(agent("a", { url: "http://10.0.0.1:5051", maintenance: { start } }));
    const { agent: shown, conditions } = nodeReport(node("n1", { unschedulable: true }), told, NAMES);
    expect(shown?.url).toBe("http://10.0.0.1:5051");
    expect(conditions[0]).toMatchObject({
      status: "True",
      message: "nothing new starts here (unschedulable); maintenance from 2026-01-01T13:00:00Z until further notice",
    });
  });

  it("says that it is being drained", () => {
    const drained = node("n1", { unschedulable: true, drain: {} });
    const [ready] = nodeReport(drained, agents(agent("a")), NAMES).conditions;
    expect(ready?.message).toBe("nothing new starts here (being drained)");
  });

  it.each([
    ["the master does not answer", silent],
    ["the agent is not listed", agents()],
  ])("R2 what is known stays when %s", (_, observation) => {
    const { conditions, ...report } = nodeReport(node("n1", {}, seen), observation, NAMES);
    expect(report).toEqual(seen);
  });
});
