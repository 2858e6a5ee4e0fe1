import { describe, expect, it } from "vitest";
import { virtualClock } from "../../../platform/virtual-clock.js";
import type { Observation } from "../../observation.js";
import type { DnsEntry } from "../driver.js";
import { dnsDriverSuite } from "../suite.js";
import { inProcessMessages } from "./network/in-process.js";
import { ask, linesOf } from "./testing/ask.js";
import { emptyServer, entry, LISTEN, startServer } from "./testing/server.js";

dnsDriverSuite("builtin", async () => {
  const clock = virtualClock();
  const server = await startServer(inProcessMessages(), clock);
  const driver = server.openDriver({ identity: "torc", periodMs: 5000 });
  const foreign: DnsEntry[] = [];
  return {
    driver,
    identity: "torc",
    occupy: async (occupant) => server.restore("somebody", [occupant]),
    async addForeign(count) {
      for (let number = 0; number < count; number += 1) {
        const name = number % 2 === 0 ? "shared" : `other-${number}`;
        foreign.push({ name, id: `foreign-${number}`, address: "10.1.1.1", tags: [], stamp: undefined });
      }
      server.restore("somebody", foreign);
    },
    async countForeign() {
      const seen = await Promise.all(foreign.map(({ name, id }) => driver.read(`${name}/${id}`)));
      return seen.filter((reading, index) => reading.type === "present" && reading.item === foreign[index]).length;
    },
    async until(isDone) {
      if (!(await clock.advanceUntil(isDone, 60_000))) throw new Error("never happened");
    },
    async close() {
      driver.close();
      await server.close();
    },
  };
});

async function open() {
  const clock = virtualClock();
  const network = inProcessMessages();
  const server = await startServer(network, clock);
  const addresses = async (name: string) => linesOf((await ask(`${name}.service.torc`, "A", { network })).answers);
  return { clock, network, server, addresses };
}

describe("the driver of the built-in name server", () => {
  it("changes what is answered at once", async () => {
    const { server, addresses } = await open();
    const driver = server.openDriver({ identity: "torc", periodMs: 5000 });
    await driver.apply({ type: "register", entry: entry({ ttlSeconds: 5 }) });
    expect(await addresses("web")).toEqual(["web.service.torc 5 A 10.0.0.1"]);
    await driver.apply({ type: "deregister", name: "web", id: "web-1" });
    expect(await addresses("web")).toEqual([]);
  });

  it("R23 knows nothing before what is stored is known, and then the same as is answered", async () => {
    const clock = virtualClock();
    const network = inProcessMessages();
    const server = emptyServer(network, clock);
    const driver = server.openDriver({ identity: "torc", periodMs: 5000 });
    const seen: Observation<DnsEntry>[] = [];
    driver.observe$.subscribe((observation) => seen.push(observation));
    server.restore("u-1", [entry()]);
    await clock.advance(100);
    expect(new Set(seen.map(({ type }) => type))).toEqual(new Set(["Unknown"]));
    expect(await driver.read("web/web-1")).toEqual({ type: "unknown", reason: "the stored names are not known yet" });
    await expect(driver.apply({ type: "deregister", name: "web", id: "web-1" })).rejects.toThrow("not known yet");
    server.begin();
    await clock.advance(100);
    const last = seen.at(-1);
    expect(last?.type === "Complete" && [...last.items.keys()]).toEqual(["web/web-1"]);
  });

  it("knows nothing and says why while nobody can ask the server", async () => {
    const clock = virtualClock();
    const network = inProcessMessages();
    await network.listen({ host: "127.0.0.1", port: 5300 }, async function* () {});
    const server = await startServer(network, clock, { entries: [entry()] });
    const driver = server.openDriver({ identity: "torc", periodMs: 5000 });
    const reason = `${LISTEN} is in use by another program or Rack`;
    expect(await driver.read("web/web-1")).toEqual({ type: "unknown", reason });
    expect(driver.problem?.()).toBe(reason);
  });

  it("keeps what it changed and is not stored yet, when it is closed", async () => {
    const { server, addresses } = await open();
    server.restore("u-1", [entry()]);
    const driver = server.openDriver({ identity: "torc", periodMs: 5000 });
    await driver.apply({ type: "register", entry: entry({ name: "new" }) });
    await driver.apply({ type: "deregister", name: "web", id: "web-1" });
    driver.close();
    expect(await addresses("new")).toHaveLength(1);
    expect(await addresses("web")).toEqual([]);
    server.restore("u-1", [entry({ name: "new" })]);
    expect(await addresses("new")).toHaveLength(1);
    expect(await addresses("web")).toEqual([]);
  });

  it("R7 does not go back to what is stored while its changes are on their way to the store", async () => {
    const { server, addresses } = await open();
    server.restore("u-1", [entry()]);
    const driver = server.openDriver({ identity: "torc", periodMs: 5000 });
    await driver.apply({ type: "deregister", name: "web", id: "web-1" });
    // an older word of the store, told late
    server.restore("u-1", [entry()]);
    expect(await addresses("web")).toEqual([]);
    server.restore("u-1", undefined);
    server.restore("u-2", [entry({ stamp: { ...entry().stamp, uid: "u-2" } })]);
    expect(await addresses("web")).toHaveLength(1);
  });

  it("tells thousands of changes in few observations", async () => {
    const { server, clock } = await open();
    const driver = server.openDriver({ identity: "torc", periodMs: 5000 });
    const seen: Observation<DnsEntry>[] = [];
    driver.observe$.subscribe((observation) => seen.push(observation));
    for (let number = 0; number < 2000; number += 1) {
      await driver.apply({ type: "register", entry: entry({ id: `web-${number}` }) });
    }
    await clock.advance(100);
    expect(seen.length).toBeLessThan(5);
    const last = seen.at(-1);
    expect(last?.type === "Complete" && last.items.size).toBe(2000);
  });
});
