import { writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { BalancerItem, ServerTarget } from "../../drivers/load-balancer/driver.js";
import { balancerDriverSuite } from "../../drivers/load-balancer/suite.js";
import type { Observation } from "../../drivers/observation.js";
import { sleep, systemClock } from "../../platform/clock.js";
import { ask, driverOf, fetchOnce, type RunningHaproxy, startHaproxy, startLoad, startWeb } from "./haproxy-server.js";
import { freePorts, isMissing } from "./servers.js";

const clock = systemClock();

async function until(isDone: () => boolean): Promise<void> {
  const end = clock.monotonic() + 20_000;
  while (!isDone()) {
    if (clock.monotonic() > end) throw new Error("never happened");
    await sleep(clock, 10);
  }
}

async function workerPid({ masterSocket }: RunningHaproxy): Promise<string> {
  return /^(\d+)\s+worker/m.exec(await ask(masterSocket, "show proc"))?.[1] ?? "";
}

describe.skipIf(isMissing("haproxy"))("a real HAProxy", () => {
  balancerDriverSuite("a real HAProxy", async () => {
    const haproxy = await startHaproxy();
    const driver = driverOf(haproxy);
    const [first = 0, second = 0, a = 0, b = 0] = await freePorts(4);
    const blockers: Server[] = [];
    const pids = new Set<string>();
    return {
      driver,
      ports: [first, second],
      targets: [
        { id: "demo.a.1", address: "127.0.0.1", port: a },
        { id: "demo.b.2", address: "127.0.0.1", port: b },
      ],
      async occupy(port) {
        const blocker = createServer();
        blockers.push(blocker);
        await new Promise<void>((resolve) => blocker.listen(port, "127.0.0.1", resolve));
      },
      // another worker, another reload
      reloads: async () => pids.add(await workerPid(haproxy)).size,
      async restart() {
        await haproxy.kill();
        await haproxy.start();
      },
      until,
      async close() {
        driver.close();
        for (const blocker of blockers) blocker.close();
        await haproxy.stop();
      },
    };
  });
});

describe.skipIf(isMissing("haproxy"))("a real HAProxy under load", () => {
  let haproxy: RunningHaproxy;
  let webs: Awaited<ReturnType<typeof startWeb>>[] = [];
  const servers = (): ServerTarget[] =>
    webs.map(({ port }, at) => ({ id: `demo.web-${at}.u${at}`, address: "127.0.0.1", port }));
  const drivers: ReturnType<typeof driverOf>[] = [];
  const open = () => {
    const driver = driverOf(haproxy);
    drivers.push(driver);
    return driver;
  };
  beforeAll(async () => {
    webs = await Promise.all(["a", "b", "c"].map(startWeb));
  });
  afterAll(() => Promise.all(webs.map((web) => web.close())));
  afterEach(async () => {
    for (const driver of drivers.splice(0)) driver.close();
    await haproxy.stop();
  });

  it("adds, drains and removes servers without one failed request", async () => {
    haproxy = await startHaproxy();
    const driver = open();
    const [servicePort = 0] = await freePorts(1);
    const [first, ...others] = servers();
    if (first === undefined) throw new Error("no server");
    await driver.apply({ type: "layout", ports: [{ servicePort, servers: [first] }] });
    const load = startLoad(servicePort);
    for (const server of others) {
      await driver.apply({ type: "ready", servicePort, server });
      await sleep(clock, 200);
    }
    for (const { id } of [first, ...others.slice(0, 1)]) {
      await driver.apply({ type: "drain", servicePort, id });
      await sleep(clock, 200);
      await driver.apply({ type: "remove", servicePort, id });
    }
    await sleep(clock, 200);
    await load.stop();
    expect(load.failures).toEqual([]);
    expect([...load.answers.keys()].sort()).toEqual(["a", "b", "c"]);
  });

  it("reloads for new ports without one failed request, and keeps servers that were added at run time", async () => {
    haproxy = await startHaproxy();
    const driver = open();
    const [servicePort = 0, ...more] = await freePorts(4);
    const [first, second] = servers();
    if (first === undefined || second === undefined) throw new Error("no server");
    await driver.apply({ type: "layout", ports: [{ servicePort, servers: [first] }] });
    await driver.apply({ type: "ready", servicePort, server: second });
    const load = startLoad(servicePort);
    for (let count = 1; count <= more.length; count++) {
      const added = more.slice(0, count).map((port) => ({ servicePort: port, servers: [] }));
      await driver.apply({ type: "layout", ports: [{ servicePort, servers: [first, second] }, ...added] });
      await sleep(clock, 300);
    }
    load.answers.clear();
    await sleep(clock, 200);
    await load.stop();
    expect(load.failures).toEqual([]);
    expect([...load.answers.keys()].sort()).toEqual(["a", "b"]);
  });

  it("R1 says Unknown when it is killed, and what it is when it is back empty", async () => {
    haproxy = await startHaproxy();
    const driver = open();
    const [servicePort = 0] = await freePorts(1);
    const [server] = servers();
    if (server === undefined) throw new Error("no server");
    let latest: Observation<BalancerItem> | undefined;
    driver.observe$.subscribe((observation) => {
      latest = observation;
    });
    await driver.apply({ type: "layout", ports: [{ servicePort, servers: [server] }] });
    await until(() => latest?.type === "Complete" && latest.items.size === 2);
    await haproxy.kill();
    await until(() => latest?.type === "Unknown");
    await writeFile(haproxy.configFile, "");
    await haproxy.start();
    await until(() => latest?.type === "Complete");
    expect(latest?.type === "Complete" && latest.items.size).toBe(0);
    await driver.apply({ type: "layout", ports: [{ servicePort, servers: [server] }] });
    expect(await fetchOnce(servicePort)).toBe("a");
  });

  it("R18 overwrites no file of somebody else, and touches nothing of another rack", async () => {
    haproxy = await startHaproxy();
    await writeFile(haproxy.configFile, "frontend theirs\n");
    await expect(open().apply({ type: "layout", ports: [] })).rejects.toThrow("is not ours");
    expect((await open().read("80")).type).toBe("absent");
  });
});
