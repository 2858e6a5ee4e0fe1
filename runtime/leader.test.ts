import { describe, expect, it } from "vitest";
import { Lease } from "../api-types/core/lease.js";
import { StatusError } from "../api-types/meta/status-error.js";
import { createClient } from "../client/create-client.js";
import { type FakeApi, fakeApi } from "../client/testing/fake-api.js";
import { sleep } from "../platform/clock.js";
import { silentLogger } from "../platform/log.js";
import { seededRandom } from "../platform/random.js";
import { type HttpHandler, TransportError } from "../platform/transport.js";
import { type VirtualClock, virtualClock } from "../platform/virtual-clock.js";
import { type Election, elect } from "./leader.js";

interface Rack {
  readonly api: FakeApi;
  readonly clock: VirtualClock;
  /** Before each request of this candidate; may throw or wait. */
  readonly faults: Map<string, () => Promise<void> | void>;
  join(identity: string, takeOverHolder?: (holder: string) => boolean): Election;
  leaders(): string[];
}

function rack(): Rack {
  const api = fakeApi(Lease);
  const clock = virtualClock();
  const faults: Rack["faults"] = new Map();
  const elections = new Map<string, Election>();
  return {
    api,
    clock,
    faults,
    join(identity, takeOverHolder) {
      const handler: HttpHandler = async (request) => {
        await faults.get(identity)?.();
        return api.handler(request);
      };
      const client = createClient({ handler, baseUrl: "http://api", userAgent: identity });
      const seed = identity.charCodeAt(0);
      const common = {
        client,
        clock,
        random: seededRandom(seed),
        log: silentLogger,
        namespace: "system",
        name: "leader",
      };
      const election = elect({ ...common, identity, ...(takeOverHolder ? { takeOverHolder } : {}) });
      elections.set(identity, election);
      return election;
    },
    leaders: () => [...elections].filter(([, election]) => election.current().isLeader).map(([identity]) => identity),
  };
}

const unreachable = () => {
  throw new TransportError("connect ECONNREFUSED", { isSent: false });
};

describe("elect", () => {
  it("makes one leader, who renews and stays fresh", async () => {
    const { api, clock, join, leaders } = rack();
    const a = join("a");
    await clock.advance(10);
    join("b");
    for (let second = 0; second < 120; second++) {
      await clock.advance(1000);
      expect(leaders()).toEqual(["a"]);
      expect(a.current().isFresh()).toBe(true);
    }
    expect(api.object("system/leader")?.spec).toMatchObject({
      holderIdentity: "a",
      leaseDurationSeconds: 15,
      leaseTransitions: 0,
    });
  });

  it("writes times that Go reads: six digits", async () => {
    const { api, clock, join } = rack();
    join("a");
    await clock.advance(10);
    const spec = api.object("system/leader")?.spec;
    expect(spec).toMatchObject({ renewTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/) });
  });

  it("R5 loses leadership before anyone else can take it", async () => {
    const { clock, faults, join, leaders } = rack();
    const a = join("a");
    await clock.advance(10);
    join("b");
    await clock.advance(30_000);
    faults.set("a", unreachable);
    let without = 0;
    const taken = await clock.advanceUntil(() => {
      if (leaders().length === 0) without += 1;
      expect(leaders().length).toBeLessThan(2);
      return leaders().includes("b");
    }, 20_000);
    expect(taken).toBe(true);
    expect(without).toBeGreaterThan(0);
    expect(a.current()).toMatchObject({ isLeader: false, term: "" });
  });

  it("is stale for actions a third of the duration after its last renewal", async () => {
    const { clock, faults, join } = rack();
    const a = join("a");
    await clock.advance(10);
    const { ageMs, isFresh } = a.current();
    faults.set("a", unreachable);
    await clock.advance(4000);
    expect(isFresh()).toBe(true);
    await clock.advance(2000);
    expect(isFresh()).toBe(false);
    expect(a.current().isLeader).toBe(true);
    await clock.advance(7000);
    expect(ageMs()).toBe(Number.POSITIVE_INFINITY);
  });

  it("does not revive a term by an answer that comes too late", async () => {
    const { clock, faults, join } = rack();
    const a = join("a");
    await clock.advance(10);
    const first = a.current();
    faults.set("a", () => sleep(clock, 14_000));
    await clock.advance(15_000);
    expect(first.isFresh()).toBe(false);
    faults.delete("a");
    await clock.advance(30_000);
    expect(a.current().isLeader).toBe(true);
    expect(a.current().term).not.toBe(first.term);
    expect(first.isFresh()).toBe(false);
  });

  it("does not revive a term by a late answer to a request that was sent in time", async () => {
    const { clock, faults, join } = rack();
    const a = join("a");
    await clock.advance(10);
    const { term } = a.current();
    faults.set("a", unreachable);
    await clock.advance(9000);
    faults.set("a", () => sleep(clock, 4000));
    await clock.advance(3500);
    expect(a.current().isLeader).toBe(false);
    const seen: string[] = [];
    const subscription = a.leadership$.subscribe((leadership) => seen.push(leadership.term));
    await clock.advance(1000);
    faults.delete("a");
    await clock.advance(10_000);
    subscription.unsubscribe();
    expect(a.current().isLeader).toBe(true);
    expect(seen).not.toContain(term);
  });

  it("steps down when a namesake has taken the lease under another term", async () => {
    const { api, clock, join } = rack();
    const a = join("a");
    await clock.advance(10);
    const first = a.current();
    api.put("system/leader", { spec: { holderIdentity: "a", leaseDurationSeconds: 15, leaseTransitions: 9 } });
    await clock.advance(2010);
    expect(first.isFresh()).toBe(false);
    expect(a.current().isLeader).toBe(false);
  });

  it("goes on leading after a renewal whose answer was lost", async () => {
    const { api, clock, join, leaders } = rack();
    const a = join("a");
    await clock.advance(10);
    const { term } = a.current();
    const stored = api.object("system/leader");
    api.put("system/leader", { ...stored });
    await clock.advance(10_000);
    expect(leaders()).toEqual(["a"]);
    expect(a.current().term).toBe(term);
  });

  it("steps down when another holds the lease", async () => {
    const { api, clock, join, leaders } = rack();
    join("a");
    await clock.advance(10);
    const spec = { holderIdentity: "x", leaseDurationSeconds: 15, leaseTransitions: 5 };
    api.put("system/leader", { spec });
    await clock.advance(2100);
    expect(leaders()).toEqual([]);
  });

  it("gives the lease back, so that the next takes it at once, under a new term", async () => {
    const { clock, join, leaders } = rack();
    const a = join("a");
    await clock.advance(10);
    const b = join("b");
    const { term } = a.current();
    const released = a.release();
    await clock.advance(2500);
    await released;
    expect(leaders()).toEqual(["b"]);
    expect(Number(b.current().term)).toBeGreaterThan(Number(term));
  });

  it("takes over at once from a holder who is known to be dead", async () => {
    const { api, clock, join, leaders } = rack();
    api.put("system/leader", { spec: { holderIdentity: "dead", leaseDurationSeconds: 15 } });
    join("a", (holder) => holder === "dead");
    await clock.advance(10);
    expect(leaders()).toEqual(["a"]);
  });

  it("waits out a full duration by its own clock, whatever the stored times say", async () => {
    const { api, clock, join, leaders } = rack();
    api.put("system/leader", {
      spec: { holderIdentity: "x", leaseDurationSeconds: 15, renewTime: "2020-01-01T00:00:00.000000Z" },
    });
    join("a");
    await clock.advance(14_900);
    expect(leaders()).toEqual([]);
    await clock.advance(3000);
    expect(leaders()).toEqual(["a"]);
  });

  it("uses the term that the server returns", async () => {
    const { api, clock, join } = rack();
    api.put("system/leader", {
      metadata: { name: "leader", namespace: "system", annotations: { "rackwright.dev/term": "77" } },
      spec: {},
    });
    const a = join("a");
    await clock.advance(10);
    expect(a.current().term).toBe("77");
  });

  it("survives a failing server", async () => {
    const { api, clock, join, leaders } = rack();
    api.failWith(new StatusError("InternalError", "m"));
    join("a");
    await clock.advance(60_000);
    expect(leaders()).toEqual([]);
    api.failWith(undefined);
    await clock.advance(3000);
    expect(leaders()).toEqual(["a"]);
  });
});
