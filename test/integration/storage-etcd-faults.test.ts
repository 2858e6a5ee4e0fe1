import { connect, createServer, type Socket } from "node:net";
import { Etcd3 } from "etcd3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { create, follow, told } from "../../apiserver/storage/conformance/harness/suite.js";
import { type EtcdStoreOptions, openEtcdStore } from "../../apiserver/storage/etcd.js";
import { CompactedError, type Store } from "../../apiserver/storage/store.js";
import { systemClock } from "../../platform/clock.js";
import { silentLogger } from "../../platform/log.js";
import { isMissing, type RunningServer, startEtcd } from "./servers.js";

const clock = systemClock();

/** A wire to a server that can be cut after so many bytes, or altogether. */
interface Wire {
  readonly endpoint: string;
  /** Each connection breaks after this many bytes to the client; undefined: never. */
  cutAfter(bytes: number | undefined): void;
  /** Breaks all connections; new ones are refused until `mend`. */
  cut(): void;
  mend(): void;
  cuts(): number;
  close(): Promise<void>;
}

async function wireTo(target: string): Promise<Wire> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let limit: number | undefined;
  let isCut = false;
  let cuts = 0;
  const server = createServer((near) => {
    if (isCut) return near.destroy();
    const far = connect(Number(port), hostname);
    let passed = 0;
    const end = () => {
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("error", end).on("close", () => {
        sockets.delete(socket);
        end();
      });
    }
    near.on("data", (chunk) => far.write(chunk));
    far.on("data", (chunk) => {
      passed += chunk.length;
      near.write(chunk);
      if (limit === undefined || passed <= limit) return;
      cuts += 1;
      end();
    });
    return undefined;
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const address = server.address();
  const cut = () => {
    isCut = true;
    for (const socket of sockets) socket.destroy();
  };
  return {
    endpoint: `http://127.0.0.1:${address !== null && typeof address === "object" ? address.port : 0}`,
    cutAfter: (bytes) => {
      limit = bytes;
    },
    cut,
    mend: () => {
      isCut = false;
    },
    cuts: () => cuts,
    close: () => {
      cut();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

describe.skipIf(isMissing("etcd"))("the etcd store over a bad wire", () => {
  let server: RunningServer;
  let wire: Wire;
  let direct: Store;
  let store: Store;
  const open = (endpoint: string, rest: Partial<EtcdStoreOptions> = {}) =>
    openEtcdStore({ endpoints: [endpoint], prefix: "test", clock, log: silentLogger, ...rest });
  beforeEach(async () => {
    server = await startEtcd();
    wire = await wireTo(server.endpoint);
    direct = open(server.endpoint);
    store = open(wire.endpoint);
  });
  afterEach(async () => {
    await Promise.all([store.close(), direct.close(), wire.close()]);
    await server.stop();
  });
  const putCount = (count: number) => (events: readonly { type: string }[]) =>
    events.filter((event) => event.type === "put").length >= count;

  it("replays eight thousand changes once and in order over a wire that breaks again and again", async () => {
    const before = await direct.current();
    const keys = Array.from({ length: 8_000 }, (_, index) => `a/${index}`);
    const expected = [];
    for (let index = 0; index < keys.length; index += 500) {
      const part = keys.slice(index, index + 500);
      await Promise.all(part.map((key) => create(direct, key, "x".repeat(200))));
    }
    expected.push(...(await direct.list("a/")).entries.map((entry) => entry.revision).sort((a, b) => a - b));
    wire.cutAfter(300_000);
    const watch = follow(() => store, "a/", before);
    await watch.until((events) => wire.cuts() >= 3 || putCount(8_000)(events));
    // one response may hold everything that is left: it has to pass once
    wire.cutAfter(undefined);
    await watch.until(putCount(8_000));
    expect(wire.cuts()).toBeGreaterThanOrEqual(3);
    const revisions = watch.events.flatMap((event) => (event.type === "put" ? [event.revision] : []));
    expect(revisions).toEqual(expected);
    watch.stop();
  });

  it("tells a watch that was cut off while its past was compacted, and does not skip over the hole", async () => {
    const watch = follow(() => store, "a/", await store.current());
    await create(direct, "a/seen");
    await watch.until(putCount(1));
    wire.cut();
    await create(direct, "a/missed");
    await create(direct, "a/last");
    const client = new Etcd3({ hosts: server.endpoint });
    await client.kv.compact({ revision: await direct.current(), physical: true });
    client.close();
    wire.mend();
    await expect(watch.until(putCount(2))).rejects.toBeInstanceOf(CompactedError);
    expect(told(watch.events)).toEqual(["+a/seen=a/seen"]);
  });

  it("keeps other watches when one is left", async () => {
    const stays = follow(() => store, "a/", await store.current());
    for (let round = 0; round < 5; round++) {
      const leaves = follow(() => store, "a/", await store.current());
      await create(store, `a/${round}`);
      await leaves.until(putCount(1));
      leaves.stop();
    }
    await stays.until(putCount(5));
    expect(told(stays.events)).toHaveLength(5);
    stays.stop();
  });

  it("goes on after a restart of a server that asks for a password, whose tokens are then void", async () => {
    const client = new Etcd3({ hosts: server.endpoint });
    await client.auth.userAdd({ name: "root", password: "secret" });
    await client.auth.userGrantRole({ user: "root", role: "root" }).catch(async () => {
      await client.auth.roleAdd({ name: "root" });
      await client.auth.userGrantRole({ user: "root", role: "root" });
    });
    await client.auth.authEnable();
    client.close();
    const guarded = open(server.endpoint, { auth: { username: "root", password: "secret" } });
    const wrong = open(server.endpoint, { auth: { username: "root", password: "wrong" } });
    await expect(wrong.get("a")).rejects.toThrow(/correct user and password/);
    const watch = follow(() => guarded, "a/", await guarded.current());
    await create(guarded, "a/1");
    await watch.until(putCount(1));
    await server.restart();
    await create(guarded, "a/2");
    await watch.until(putCount(2));
    expect(told(watch.events)).toEqual(["+a/1=a/1", "+a/2=a/2"]);
    watch.stop();
    await Promise.all([guarded.close(), wrong.close()]);
  });
});
