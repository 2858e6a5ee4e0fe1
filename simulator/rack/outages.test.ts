import { describe, expect, it } from "vitest";
import { silentLogger } from "../../platform/log.js";
import { createOutages } from "./outages.js";

function open() {
  const calls: string[] = [];
  const note = (name: string) => (node?: string) => void calls.push(node === undefined ? name : `${name} ${node}`);
  const mesos = {
    stop: note("stop"),
    start: note("start"),
    partitionAgent: note("partition"),
    killAgent: note("kill"),
    crashAgent: note("crash"),
    returnAgent: note("return"),
  };
  return { calls, outages: createOutages({ mesos, nodes: ["wedge", "blade"], log: silentLogger }) };
}

const request = { method: "GET", url: "/", headers: {} } as const;

describe("outages of the simulated rack", () => {
  it.each([
    ["node/blade", "stopped", ["kill blade", "return blade"]],
    ["node/blade", "cut", ["partition blade", "return blade"]],
    ["node/wedge", "crashed", ["crash wedge", "return wedge"]],
    ["mesos", "stopped", ["stop", "start"]],
    ["switch", "stopped", []],
  ])("begin, are listed, and end: %s %s", (part, outage, expected) => {
    const { outages, calls } = open();
    outages.begin(part, outage);
    expect(outages.list().filter((one) => one.outage !== undefined)).toEqual([{ part, outage }]);
    outages.end(part);
    expect(outages.list().every((one) => one.outage === undefined)).toBe(true);
    expect(calls).toEqual(expected);
  });

  it("end all together, and what works is left alone", () => {
    const { outages, calls } = open();
    outages.begin("mesos", "stopped");
    outages.begin("node/blade", "cut");
    outages.end(undefined);
    outages.end("node/wedge");
    expect(calls).toEqual(["stop", "partition blade", "start", "return blade"]);
  });

  it("of one node follow each other: a machine that was cut off may lose its power, too", () => {
    const { outages, calls } = open();
    outages.begin("node/blade", "cut");
    outages.begin("node/blade", "crashed");
    outages.end("node/blade");
    expect(calls).toEqual(["partition blade", "crash blade", "return blade"]);
  });

  it("leave nobody who listens", async () => {
    const { outages } = open();
    const handler = outages.listening("consul", async () => ({ status: 200, headers: {}, body: Buffer.from("") }));
    outages.begin("consul", "stopped");
    await expect(handler(request)).rejects.toMatchObject({ isSent: false });
    outages.end("consul");
    expect((await handler(request)).status).toBe(200);
  });

  it.each([
    ["node/nobody", "cut", "it has no part node/nobody, only mesos, consul, switch, node/wedge, node/blade"],
    ["blade", "cut", "it has no part blade, only mesos"],
    ["mesos", "cut", "mesos cannot be cut, only stopped"],
    ["node/blade", "gone", "node/blade cannot be gone, only stopped, cut, crashed"],
  ])("are refused where there is no such thing: %s %s", (part, outage, message) => {
    const { outages, calls } = open();
    expect(() => outages.begin(part, outage)).toThrow(message);
    expect(calls).toEqual([]);
  });
});
