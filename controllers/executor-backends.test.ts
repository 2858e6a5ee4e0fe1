import { describe, expect, it } from "vitest";
import type { Action } from "../actuation/action.js";
import type { ComputeDriver, Task } from "../drivers/compute/driver.js";
import { createMemoryDns } from "../drivers/dns/memory.js";
import { createMemoryAdvertising } from "../drivers/network/advertising/memory.js";
import { createMemoryNetwork } from "../drivers/network/memory.js";
import type { Observation, Stamp } from "../drivers/observation.js";
import { virtualClock } from "../platform/virtual-clock.js";
import type { Backends, RackDrivers } from "./context.js";
import { executorBackends } from "./executor-backends.js";

const NONE: RackDrivers = {
  compute: undefined,
  dns: undefined,
  network: undefined,
  metrics: undefined,
  balancers: new Map(),
};
const stamp: Stamp = { identity: "rack", kind: "DnsRecord", namespace: "default", name: "web", uid: "u", term: 1 };
const entry = { name: "web", id: "one", address: "192.168.2.3", tags: [], stamp };
const PREFIX = "192.168.2.3/32";

function action(type: "dns.register" | "route.set" | "task.launch" | "advertising.set", change: unknown): Action {
  return { type, rack: "rack", key: "key", change, message: "sample", cause: [], evidence: [] };
}

function setUp(drivers: Partial<RackDrivers> = {}) {
  const clock = virtualClock();
  const dns = createMemoryDns({ clock, identity: "rack", periodMs: 5000 });
  const advertising = createMemoryAdvertising({ clock, periodMs: 5000 });
  const network = createMemoryNetwork({ clock, periodMs: 5000, holdsStamps: false, advertising });
  const kept = {
    value: () => ({ type: "Unknown", reason: "", since: 0, source: "" }) as const,
    changes$: dns.observe$ as never,
  };
  const all: RackDrivers = {
    ...NONE,
    dns: { driver: dns, entries: kept },
    network: { driver: network, routes: kept, told: kept },
    ...drivers,
  };
  const backends: Backends = {
    of: (rack) => (rack === "rack" ? all : NONE),
    each$: () => dns.observe$ as never,
    reopen: () => undefined,
    close: () => undefined,
  };
  const { get } = executorBackends(backends, clock);
  const backend = (type: string) => {
    const found = get("rack", type);
    if (found === undefined) throw new Error(`no back end for ${type}`);
    return found;
  };
  return { clock, dns, network, advertising, get, backend };
}

const signal = new AbortController().signal;

describe("whom an action is sent to", () => {
  it.each([
    ["dns.register", "rack", true],
    ["route.set", "rack", true],
    ["advertising.set", "rack", true],
    ["task.kill", "rack", false],
    ["mail.send", "rack", false],
    ["dns.register", "other", false],
  ])("%s on %s", (type, rack, isThere) => {
    expect(setUp().get(rack, type) !== undefined).toBe(isThere);
  });

  it("an action without a change is a bug that is told", async () => {
    await expect(setUp().backend("route.set").isDone(action("route.set", undefined))).rejects.toThrow(
      "carries no change",
    );
  });
});

describe("reading back a name", () => {
  const register = action("dns.register", { type: "register", entry });
  const deregister = action("dns.register", { type: "deregister", name: "web", id: "one" });
  it("tells whether it is there as wanted", async () => {
    const { dns, backend } = setUp();
    const names = backend("dns.register");
    expect([await names.isDone(register), await names.isDone(deregister)]).toEqual(["notDone", "done"]);
    await names.apply(register, signal);
    expect([await names.isDone(register), await names.isDone(deregister)]).toEqual(["done", "notDone"]);
    for (const other of [{ address: "192.168.2.4" }, { port: 53 }, { stamp: { ...stamp, uid: "other" } }]) {
      dns.load([{ ...entry, ...other }]);
      expect(await names.isDone(register)).toBe("notDone");
    }
  });

  it("R1 tells nothing when nobody answers", async () => {
    const { dns, backend } = setUp();
    dns.breakReads("timeout");
    const names = backend("dns.register");
    expect([await names.isDone(register), await names.isDone(deregister)]).toEqual(["unknown", "unknown"]);
  });
});

describe("reading back a route", () => {
  const hops = [{ address: "10.0.0.1" }, { address: "10.0.0.2" }];
  const set = action("route.set", { type: "set", prefix: PREFIX, nextHops: hops, stamp });
  const remove = action("route.set", { type: "remove", prefix: PREFIX });
  const held = { prefix: PREFIX, nextHops: [...hops].reverse(), protocol: "STATIC" };

  it("takes next hops in any order", async () => {
    const { network, backend } = setUp();
    network.load([held]);
    expect(await backend("route.set").isDone(set)).toBe("done");
  });

  it("tells shares apart", async () => {
    const { clock, network, backend } = setUp();
    network.load([
      { ...held, nextHops: held.nextHops.map((hop, index) => (index === 0 ? { ...hop, weight: 2 } : hop)) },
    ]);
    const answer = backend("route.set").isDone(set);
    await clock.advance(1000);
    expect(await answer).toBe("notDone");
  });

  it("waits for a switch that is slow to do what it accepted", async () => {
    const { clock, network, backend } = setUp();
    const answer = backend("route.set").isDone(set);
    await clock.advance(120);
    network.load([held]);
    await clock.advance(100);
    expect(await answer).toBe("done");
  });

  it("gives up after a while", async () => {
    const { clock, network, backend } = setUp();
    network.load([held]);
    const answer = backend("route.set").isDone(remove);
    await clock.advance(1000);
    expect(await answer).toBe("notDone");
  });

  it("R1 tells nothing when the switch does not answer", async () => {
    const { network, backend } = setUp();
    network.breakReads("timeout");
    expect(await backend("route.set").isDone(remove)).toBe("unknown");
  });
});

describe("tasks", () => {
  function compute(tasks: Observation<Task>) {
    const calls: unknown[] = [];
    // only what the executor uses
    const driver = {
      launch: async (...args: unknown[]) => void calls.push(args),
      kill: async (task: unknown) => void calls.push(task),
    } as unknown as ComputeDriver;
    const kept = <T>(value: T) => ({ value: () => value, changes$: undefined as never });
    const one = {
      driver,
      connection: kept({ type: "connecting", reason: "", since: 0 } as const),
      tasks: kept(tasks),
      agents: kept({ type: "Unknown", reason: "", since: 0, source: "" } as const),
      offers: kept([]),
    };
    return { calls, backend: setUp({ compute: one }).backend("task.launch") };
  }
  const listed: Observation<Task> = {
    type: "Complete",
    items: new Map([["t1", {} as Task]]),
    origin: { source: "m", epoch: "1", index: 1, takenAt: 0 },
  };
  const silent: Observation<Task> = { type: "Unknown", reason: "timeout", since: 0, source: "m" };
  const launch = (...ids: string[]) =>
    action("task.launch", { type: "launch", offerIds: ["o1"], tasks: ids.map((taskId) => ({ taskId })) });
  const kill = (taskId: string) => action("task.launch", { type: "kill", taskId, agentId: "a", graceSeconds: 1 });

  it("are launched and killed by the driver", async () => {
    const { calls, backend } = compute(listed);
    await backend.apply(launch("t1"), signal);
    await backend.apply(kill("t1"), signal);
    expect(calls).toEqual([
      [["o1"], [{ taskId: "t1" }]],
      { type: "kill", taskId: "t1", agentId: "a", graceSeconds: 1 },
    ]);
  });

  it.each([
    ["a launch that is listed", listed, launch("t1"), "done"],
    ["a launch of which one is not listed is never repeated blindly", listed, launch("t1", "t2"), "unknown"],
    ["a kill of a task that is listed may be repeated", listed, kill("t1"), "notDone"],
    ["a kill of a task that is not listed", listed, kill("t2"), "done"],
    ["R1 nothing is known of a launch without an answer", silent, launch("t1"), "unknown"],
    ["R1 nothing is known of a kill without an answer", silent, kill("t2"), "unknown"],
  ])("%s", async (_, tasks, what, done) => {
    expect(await compute(tasks).backend.isDone(what)).toBe(done);
  });
});

describe("reading back what is told", () => {
  const tell = action("advertising.set", { type: "advertise", prefix: PREFIX });
  const withdraw = action("advertising.set", { type: "withdraw", prefix: PREFIX });

  it("tells whether the prefix is told wholly, or no part of it is left", async () => {
    const { clock, advertising, backend } = setUp();
    const told = backend("advertising.set");
    const answers = async () => {
      const both = Promise.all([told.isDone(tell), told.isDone(withdraw)]);
      await clock.advance(1000);
      return both;
    };
    expect(await answers()).toEqual(["notDone", "done"]);
    advertising.load([{ type: "prefix", prefix: PREFIX, isWhole: false }]);
    expect(await answers()).toEqual(["notDone", "notDone"]);
    await told.apply(tell, signal);
    expect(await answers()).toEqual(["done", "notDone"]);
  });

  it("R1 tells nothing when the switch does not answer, and is nobody's where there is nobody to tell", async () => {
    const { advertising, backend } = setUp();
    advertising.breakReads("timeout");
    expect(await backend("advertising.set").isDone(withdraw)).toBe("unknown");
    expect(setUp({ network: undefined }).get("rack", "advertising.set")).toBeUndefined();
  });
});
