import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LeaderWatch, watchLeader } from "../../drivers/compute/mesos/zookeeper/leader.js";
import { connectTcp } from "../../drivers/compute/mesos/zookeeper/socket.js";
import { sleep, systemClock } from "../../platform/clock.js";
import { silentLogger } from "../../platform/log.js";
import { seededRandom } from "../../platform/random.js";
import { isMissing, startZooKeeper } from "./servers.js";
import { registerMaster } from "./zookeeper-master.js";

const clock = systemClock();

describe.skipIf(isMissing("zookeeper"))(
  "a real ZooKeeper",
  () => {
    let server: Awaited<ReturnType<typeof startZooKeeper>>;
    beforeAll(async () => {
      server = await startZooKeeper();
    });
    afterAll(() => server?.stop());

    it("names the leader, follows it, and is found again after a restart", async () => {
      const first = await registerMaster(server.port, "/mesos", { port: 5051 });
      const second = await registerMaster(server.port, "/mesos", { port: 5052 });
      const watch = watchOf(`zk://127.0.0.1:1,127.0.0.1:${server.port}/mesos`);
      const seen: (number | undefined)[] = [];
      watch.leader$.subscribe((leadership) =>
        seen.push(leadership.type === "leads" ? leadership.master.port : undefined),
      );
      expect(await watch.leader()).toEqual({ hostname: "m.rack", ip: "127.0.0.1", port: 5051 });
      // as after kill -9: the node goes when the session of the master ends
      first.destroy();
      await until(() => seen.at(-1) === 5052, "the second leads");
      await server.kill();
      await sleep(clock, 1_000);
      expect(await watch.leader()).toMatchObject({ port: 5052 });
      await server.restart();
      const third = await registerMaster(server.port, "/mesos", { port: 5053 });
      second.destroy();
      await until(() => seen.at(-1) === 5053, "the third leads");
      expect(seen.filter((port) => port === undefined).length).toBeLessThanOrEqual(2);
      third.destroy();
      watch.close();
    });

    it("has an expired session replaced", async () => {
      const master = await registerMaster(server.port, "/late", { port: 5060 });
      const watch = watchOf(`zk://127.0.0.1:${server.port}/late`);
      expect(await watch.leader()).toMatchObject({ port: 5060 });
      await server.kill();
      // longer than any session of this server lasts
      await sleep(clock, 5_000);
      await server.restart();
      master.destroy();
      const successor = await registerMaster(server.port, "/late", { port: 5061 });
      let port: number | undefined;
      watch.leader$.subscribe((leadership) => {
        port = leadership.type === "leads" ? leadership.master.port : undefined;
      });
      await until(() => port === 5061, "the successor leads");
      successor.destroy();
      watch.close();
    });

    it("says that nobody is there", async () => {
      const watch = watchOf(`zk://127.0.0.1:${server.port}/nobody`);
      await expect(watch.leader()).rejects.toThrow("ZooKeeper has no node /nobody");
      watch.close();
    });
  },
  60_000,
);

function watchOf(address: string): LeaderWatch {
  return watchLeader({ address, connect: connectTcp, clock, random: seededRandom(1), log: silentLogger });
}

async function until(isDone: () => boolean, what: string): Promise<void> {
  const end = clock.monotonic() + 25_000;
  while (!isDone()) {
    if (clock.monotonic() > end) throw new Error(`never happened: ${what}`);
    await sleep(clock, 20);
  }
}
