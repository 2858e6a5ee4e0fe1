import fc from "fast-check";
import { expect, it } from "vitest";
import type { Instance } from "../../../api-types/instance.js";
import { IPAddress, isReleased } from "../../../api-types/ip-address.js";
import { StatusError } from "../../../api-types/meta/status-error.js";
import type { Client } from "../../../client/client.js";
import { createCache } from "../../../runtime/cache.js";
import { type ClaimView, planClaim } from "../../ip-address/plan.js";
import { instance, NOW, rack } from "../../testing/objects.js";
import { CLAIM_INDEXES, createClaims } from "./claims.js";

const QUARANTINE_MS = 10_000;
const RACK = rack({
  network: { pools: [{ name: "web", cidr: "10.0.0.0/29", exclude: ["10.0.0.2"], quarantineSeconds: 10 }] },
});

/** One Instance of the model: what of it is left in the world. */
interface Member {
  readonly object: Instance;
  address: string | undefined;
  hasObject: boolean;
  hasTask: boolean;
  hasRoute: boolean;
}

type MemberStep = "claim" | "claimAndCrash" | "delete" | "endTask" | "withdraw" | "retire";

type Step =
  | { readonly type: MemberStep; readonly member: number }
  | { readonly type: "look"; readonly claim: number; readonly isBlind: boolean }
  | { readonly type: "wait"; readonly ms: number }
  | { readonly type: "lookAtAll" | "crash" | "hear" };

const ofMember = (type: MemberStep) => fc.record({ type: fc.constant(type), member: fc.nat({ max: 7 }) });
const plain = (type: "lookAtAll" | "crash" | "hear") => fc.constant({ type });
const look = { type: fc.constant("look" as const), claim: fc.nat({ max: 7 }), isBlind: fc.boolean() };
const wait = { type: fc.constant("wait" as const), ms: fc.nat({ max: 15_000 }) };
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: ofMember("claim") },
  { weight: 1, arbitrary: ofMember("claimAndCrash") },
  { weight: 2, arbitrary: ofMember("delete") },
  { weight: 2, arbitrary: ofMember("endTask") },
  { weight: 2, arbitrary: ofMember("withdraw") },
  { weight: 4, arbitrary: ofMember("retire") },
  { weight: 3, arbitrary: fc.record(look) },
  { weight: 5, arbitrary: plain("lookAtAll") },
  { weight: 6, arbitrary: fc.record(wait) },
  { weight: 1, arbitrary: plain("crash") },
  { weight: 4, arbitrary: plain("hear") },
);

const isLeft = ({ hasObject, hasTask, hasRoute }: Member) => hasObject || hasTask || hasRoute;

/** The store, a process with a cache that hears of changes late, and what runs outside. */
function createModel() {
  const store = new Map<string, IPAddress>();
  const members: (Member | undefined)[] = [];
  const freed = new Map<string, { readonly at: number; readonly number: number }>();
  const numbers = new Map<string, number>();
  const given = { count: 0, reused: 0, inherited: 0 };
  let now = 0;
  let version = 0;
  let cache = createCache(IPAddress, CLAIM_INDEXES);
  let since = new Map<string, number>();
  const hear = () => {
    cache = createCache(IPAddress, CLAIM_INDEXES);
    cache.apply({ type: "Synced", objects: [...store.values()], resourceVersion: String(version) });
  };
  const put = (claim: IPAddress) => {
    version += 1;
    store.set(claim.metadata.name, { ...claim, metadata: { ...claim.metadata, resourceVersion: String(version) } });
  };
  const create = async (_: unknown, { metadata, spec }: IPAddress): Promise<IPAddress> => {
    if (store.has(metadata.name)) throw new StatusError("AlreadyExists", `creating ${metadata.name}`);
    version += 1;
    const creationTimestamp = new Date(NOW + now).toISOString();
    put({ ...object, metadata: { ...metadata, uid: `claim-${version}`, creationTimestamp }, spec });
    return store.get(metadata.name) as IPAddress; // it was put there just now
  };
  const object = { apiVersion: IPAddress.apiVersion, kind: IPAddress.kind } as const;
  const update = async (_: unknown, claim: IPAddress): Promise<IPAddress> => {
    const known = store.get(claim.metadata.name);
    if (known === undefined) throw new StatusError("NotFound", `updating ${claim.metadata.name}`);
    if (known.metadata.resourceVersion !== claim.metadata.resourceVersion) {
      throw new StatusError("Conflict", `updating ${claim.metadata.name}`);
    }
    put({ ...known, spec: claim.spec });
    return claim;
  };
  // nothing else is asked of it
  const client = { create, update } as unknown as Client;
  const isOf = (claim: IPAddress, one: Member | undefined): one is Member =>
    one?.object.metadata.uid === claim.spec.claimant.uid;
  const left = () => members.filter((one) => one !== undefined);

  const memberAt = (index: number): Member => {
    const known = members[index];
    if (known !== undefined && isLeft(known)) return known;
    given.count += 1;
    const object = instance({ name: `i${index}-${given.count}`, number: index });
    const one = { object, address: undefined, hasObject: true, hasTask: false, hasRoute: false };
    members[index] = one;
    numbers.set(object.metadata.uid ?? "", index);
    return one;
  };

  const check = (one: Member, address: string): void => {
    const others = left().filter((other) => other !== one && isLeft(other) && other.address === address);
    expect(others.map(({ object }) => object.metadata.name)).toEqual([]);
    const before = freed.get(address);
    // a successor may have it at once
    if (before?.number === one.object.spec.number) given.inherited += 1;
    else if (before !== undefined) {
      given.reused += 1;
      expect(now - before.at).toBeGreaterThanOrEqual(QUARANTINE_MS);
    }
    expect(["10.0.0.1", "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6"]).toContain(address);
  };

  /** The address that it claims now; undefined: it has one already, or there is none. */
  const claimFor = async (one: Member): Promise<string | undefined> => {
    if (!one.hasObject || one.address !== undefined) return undefined;
    const running = left().filter(({ hasTask }) => hasTask);
    const inUse = new Set(running.flatMap(({ address }) => address ?? []));
    const claimed = await createClaims({ client, rack: RACK, claims: cache, inUse: () => inUse })(
      { instance: one.object, agentId: "agent" },
      "web",
    );
    if (claimed.type === "refused") {
      expect(claimed.refusal.reason).toBe("PoolExhausted");
      return undefined;
    }
    check(one, claimed.claimed.address);
    return claimed.claimed.address;
  };

  const lookAt = (index: number, isBlind: boolean): void => {
    const claim = [...store.values()][index];
    if (claim === undefined) return;
    const owner = left().find((one) => isOf(claim, one));
    const holds = (has: (one: Member) => boolean) => {
      const isThere = left().some((one) => one.address === claim.spec.address && has(one));
      return isBlind ? "unknown" : isThere ? "present" : "absent";
    };
    const uid = claim.metadata.uid ?? "";
    const key = `${uid} ${claim.spec.claimant.uid}`;
    if (isReleased(claim) && !since.has(key)) since.set(key, now);
    const seen = since.get(key);
    const view: ClaimView = {
      claim,
      hasClaimant: owner?.hasObject === true,
      route: holds(({ hasRoute }) => hasRoute),
      task: holds(({ hasTask }) => hasTask),
      quarantineMs: QUARANTINE_MS,
      releasedForMs: !isReleased(claim) || seen === undefined ? undefined : now - seen,
    };
    const plan = planClaim(view);
    if (plan.type === "release") {
      freed.set(claim.spec.address, { at: now, number: numbers.get(claim.spec.claimant.uid) ?? -1 });
      const releasedFrom = claim.spec.claimant.uid;
      put({ ...claim, status: { releasedAt: new Date(NOW + now).toISOString(), releasedFrom } });
    }
    if (plan.type === "free") store.delete(claim.metadata.name);
  };

  const restart = () => {
    since = new Map();
    hear();
  };
  hear();
  /** What is outside ends only after its object has gone, or is on its way. */
  const once = (change: Partial<Member>) => async (one: Member) => {
    if (!one.hasObject) Object.assign(one, change);
  };
  const ofOne: Readonly<Record<MemberStep, (one: Member) => Promise<void>>> = {
    async claim(one) {
      const address = await claimFor(one);
      // launched: what was a claim only is outside now
      if (address !== undefined) Object.assign(one, { address, hasTask: true, hasRoute: true });
    },
    async claimAndCrash(one) {
      await claimFor(one);
      restart();
    },
    async delete(one) {
      one.hasObject = false;
    },
    endTask: once({ hasTask: false }),
    withdraw: once({ hasRoute: false }),
    async retire(one) {
      Object.assign(one, { hasObject: false, hasTask: false, hasRoute: false });
    },
  };
  const plainSteps = {
    lookAtAll: () => [...store.keys()].reverse().forEach((_, index, all) => void lookAt(all.length - 1 - index, false)),
    crash: restart,
    hear,
  };
  return {
    given,
    async apply(next: Step): Promise<void> {
      if (next.type === "look") lookAt(next.claim, next.isBlind);
      else if (next.type === "wait") now += next.ms;
      else if ("member" in next) await ofOne[next.type](memberAt(next.member));
      else plainSteps[next.type]();
    },
  };
}

it("I13 no order of claims, crashes and releases gives one address to two, or before its quarantine is over", async () => {
  let [reused, inherited] = [0, 0];
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 100, maxLength: 250 }), async (steps) => {
      const model = createModel();
      for (const one of steps) await model.apply(one);
      reused += model.given.reused;
      inherited += model.given.inherited;
    }),
    { numRuns: 300 },
  );
  // else it would hold of a pool that gives nothing twice
  expect(reused).toBeGreaterThan(50);
  expect(inherited).toBeGreaterThan(50);
}, 60_000);
