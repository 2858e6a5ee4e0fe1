import { Etcd3 } from "etcd3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { create, follow, told } from "../../apiserver/storage/conformance/harness/suite.js";
import { openEtcdStore } from "../../apiserver/storage/etcd.js";
import type { Store } from "../../apiserver/storage/store.js";
import { storeSuite } from "../../apiserver/storage/suite.js";
import { systemClock } from "../../platform/clock.js";
import { silentLogger } from "../../platform/log.js";
import { isMissing, type RunningServer, startEtcd } from "./servers.js";

const clock = systemClock();
const openAt = (endpoint: string, prefix: string) =>
  openEtcdStore({ endpoints: [endpoint], prefix, clock, log: silentLogger });

for (const program of ["etcd", "etcd-3.4"]) {
  describe.skipIf(isMissing(program))(program, () => {
    let server: RunningServer;
    let client: Etcd3;
    let tests = 0;
    beforeAll(async () => {
      server = await startEtcd(program);
      client = new Etcd3({ hosts: server.endpoint });
    });
    afterAll(async () => {
      client.close();
      await server.stop();
    });

    storeSuite(
      "the etcd store",
      async () => {
        const store = openAt(server.endpoint, `test-${tests++}`);
        return {
          store: () => store,
          async compact() {
            await client.kv.compact({ revision: await store.current(), physical: true });
          },
          restart: () => server.restart(),
          close: () => store.close(),
        };
      },
      { histories: 25 },
    );

    it("keeps its keys below its prefix, readable for others", async () => {
      const store = openAt(server.endpoint, "rack");
      await create(store, "rackwright.dev/routes/default/a", "{}");
      expect(await client.get("/rack/rackwright.dev/routes/default/a").string()).toBe("{}");
      const neighbour = openAt(server.endpoint, "rack2");
      await create(neighbour, "x", "");
      expect((await store.list("")).entries.map((entry) => entry.key)).toEqual(["rackwright.dev/routes/default/a"]);
      await Promise.all([store.close(), neighbour.close()]);
    });

    it("refuses a value that is too large for etcd with a reason", async () => {
      const store = openAt(server.endpoint, "large");
      const writing = store.write({ type: "create", key: "a", value: new Uint8Array(3 << 20) });
      await expect(writing).rejects.toMatchObject({ name: "StatusError", reason: "RequestEntityTooLarge" });
      await store.close();
    });
  });
}

describe.skipIf(isMissing("etcd"))("the etcd store without its server", () => {
  const withServer = async (run: (server: RunningServer, store: Store) => Promise<void>) => {
    const server = await startEtcd();
    const store = openAt(server.endpoint, "test");
    try {
      await run(server, store);
    } finally {
      await store.close();
      await server.stop();
    }
  };

  it("says where nobody listens and what to do, and that nothing was sent", () =>
    withServer(async (server, store) => {
      await server.kill();
      const failed = await store.get("a").catch((error: unknown) => error);
      expect(failed).toMatchObject({ name: "StoreUnavailableError", isSent: false });
      expect(String(failed)).toContain(server.endpoint);
      expect(String(failed)).toContain("start etcd there");
      await expect(create(store, "a")).rejects.toMatchObject({ isSent: false });
    }));

  it("says that the outcome of writes in flight is unknown, and recovers", () =>
    withServer(async (server, store) => {
      await create(store, "warm");
      const watch = follow(() => store, "", await store.current());
      const writes = Array.from({ length: 300 }, (_, index) => create(store, `a/${index}`));
      const outcomes = Promise.allSettled(writes);
      await writes[0];
      await server.restart();
      const done = (await outcomes).flatMap((each, index) => (each.status === "fulfilled" ? [`a/${index}`] : []));
      const failed = (await outcomes).flatMap((each) => (each.status === "rejected" ? [each.reason] : []));
      for (const error of failed) expect(error).toMatchObject({ name: "StoreUnavailableError" });
      const { entries } = await store.list("a/");
      const found = new Set(entries.map((entry) => entry.key));
      expect(done.filter((key) => !found.has(key))).toEqual([]);
      await create(store, "last");
      await watch.until((events) => events.some((event) => event.type === "put" && event.key === "last"));
      const seen = told(watch.events);
      expect(seen).toHaveLength(new Set(seen).size);
      expect(seen).toHaveLength(entries.length + 1);
      watch.stop();
    }));

  it("tells an idle watch how far everything is when somebody asks for the present", () =>
    withServer(async (_, store) => {
      const idle = follow(() => store, "idle/", await store.current());
      const busy = follow(() => store, "busy/", await store.current());
      await create(store, "busy/first");
      await busy.until((events) => events.length > 0);
      const revision = await create(store, "busy/a");
      const asking = clock.schedule(50, () => void store.current());
      await idle.until((events) => events.some((event) => event.revision >= revision));
      asking.cancel();
      expect(told(idle.events)).toEqual([]);
      idle.stop();
      busy.stop();
    }));
});
