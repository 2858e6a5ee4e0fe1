import type { Instance } from "../../../api-types/instance.js";
import { claimName, IPAddress, isReleased } from "../../../api-types/ip-address.js";
import { isDeleting } from "../../../api-types/life.js";
import { isStatus } from "../../../api-types/meta/status-error.js";
import type { Rack, RackPool } from "../../../api-types/rack.js";
import { FINALIZER, LABEL } from "../../../api-types/well-known.js";
import type { Client } from "../../../client/client.js";
import type { Cache } from "../../../runtime/cache.js";
import type { ConditionUpdate } from "../../../runtime/conditions.js";
import type { ClaimedAddress } from "../../claimed-address.js";
import { taskIdOf } from "../launch/identity.js";
import { type AddressPool, addressPool, freeAddress, isInPool } from "./pool.js";

/** What claims of one rack rest on. */
export interface ClaimTools {
  readonly client: Client;
  readonly rack: Rack;
  /** With the indexes `pool` (`rack pool`) and `claimant` (a uid). */
  readonly claims: Cache<IPAddress>;
  /** Addresses of tasks that may still run, claimed or not: a store that was restored may know less than the rack. */
  readonly inUse: () => ReadonlySet<string>;
}

/** An address that is the Instance's alone, or why there is none. */
export type Claimed =
  | { readonly type: "claimed"; readonly claimed: ClaimedAddress }
  | { readonly type: "refused"; readonly refusal: ConditionUpdate };

/** Indexes that claims are looked up by. */
export const CLAIM_INDEXES = {
  pool: ({ spec }: IPAddress) => [`${spec.rackName} ${spec.pool}`],
  claimant: ({ spec }: IPAddress) => [spec.claimant.uid],
  slot: ({ metadata, spec }: IPAddress) => [slotOf(spec.claimant.namespace, metadata.labels ?? {})],
};

/** Whose turn after turn it is: an Instance and its successors have one number of one service. */
function slotOf(namespace: string, labels: Readonly<Record<string, string>>): string {
  return [namespace, labels[LABEL.group], labels[LABEL.service], labels[LABEL.number]].join("/");
}

function slotLabels({ spec }: Instance): Readonly<Record<string, string>> {
  return {
    [LABEL.group]: spec.serviceGroup,
    [LABEL.service]: spec.service,
    [LABEL.number]: String(spec.number),
  };
}

/** An Instance that is about to be placed on an agent. */
export interface Claimant {
  readonly instance: Instance;
  readonly agentId: string;
}

/** Claims addresses for the Instances of one round; no two of them try for the same one. */
export function createClaims(tools: ClaimTools) {
  const tried = new Set<string>();
  const lastTried = new Map<string, string>();
  return async (claimant: Claimant, poolName: string): Promise<Claimed> => {
    const written = tools.rack.spec.network?.pools?.find(({ name }) => name === poolName);
    if (written === undefined) return unknown(poolName);
    const pool = addressPool(written);
    const own = ownClaim(tools, claimant.instance, { pool, poolName });
    if (own === undefined) return claimNew(tools, { claimant, pool, written, tried, lastTried });
    const claimed = { pool: poolName, address: own.spec.address };
    await noteAgent(tools, own, claimOf(tools.rack, taskOf(claimant), claimed).spec);
    return { type: "claimed", claimed };
  };
}

export type Claims = ReturnType<typeof createClaims>;

/** The task that the claim is for: whoever gives the address back has to know that it ended. */
function taskOf({ instance, agentId }: Claimant): ClaimTask {
  return { instance, taskId: taskIdOf(instance), agentId };
}

/** It was to be launched elsewhere before. */
async function noteAgent({ client }: ClaimTools, own: IPAddress, spec: IPAddress["spec"]): Promise<void> {
  const { taskID, agentID } = own.spec.claimant;
  if (taskID === spec.claimant.taskID && agentID === spec.claimant.agentID) return;
  await client.update(IPAddress, { ...own, spec });
}

/** One that it claimed before it could be placed. */
function ownClaim(
  { claims, rack }: ClaimTools,
  { metadata }: Instance,
  { pool, poolName }: { readonly pool: AddressPool; readonly poolName: string },
): IPAddress | undefined {
  return claims
    .by("claimant", metadata.uid ?? "")
    .filter(({ spec }) => spec.rackName === rack.metadata.name && spec.pool === poolName)
    .filter((claim) => !isDeleting(claim) && !isReleased(claim))
    .find(({ spec }) => isInPool(pool, spec.address));
}

interface Wanted {
  readonly claimant: Claimant;
  readonly pool: AddressPool;
  readonly written: RackPool;
  /** Taken by somebody in this round, or found taken. */
  readonly tried: Set<string>;
  /** By pool: after it the next one is looked for; gone through all claims once in a round. */
  readonly lastTried: Map<string, string>;
}

/**
 * One in quarantine that the number had before, else the next free one. The quarantine keeps an address from others, while
 * somebody may still send to it; who sends to a predecessor means its successor, too. Else each failed start of a loop of
 * crashes would take another address for a whole quarantine.
 */
async function claimNew(tools: ClaimTools, wanted: Wanted): Promise<Claimed> {
  const { claimant, written } = wanted;
  for (const former of formerClaims(tools, wanted)) {
    const claimed = { pool: written.name, address: former.spec.address };
    if (await takeOver(tools, former, claimOf(tools.rack, taskOf(claimant), claimed).spec)) {
      return { type: "claimed", claimed };
    }
  }
  return claimNext(tools, wanted);
}

/** Those that nobody has any more: their task and route are gone for sure. */
function formerClaims({ claims, rack, inUse }: ClaimTools, { claimant, written, pool }: Wanted): readonly IPAddress[] {
  const { instance } = claimant;
  return claims
    .by("slot", slotOf(instance.metadata.namespace ?? "", slotLabels(instance)))
    .filter(({ spec }) => spec.rackName === rack.metadata.name && spec.pool === written.name)
    .filter((claim) => isReleased(claim) && !isDeleting(claim) && isInPool(pool, claim.spec.address))
    .filter(({ spec }) => !inUse().has(spec.address));
}

/** Unless it is given back at this very moment, or was. */
async function takeOver({ client }: ClaimTools, former: IPAddress, spec: IPAddress["spec"]): Promise<boolean> {
  try {
    await client.update(IPAddress, { ...former, spec });
    return true;
  } catch (error) {
    if (isStatus(error, "Conflict") || isStatus(error, "NotFound")) return false;
    throw error;
  }
}

/** The creation is the claim: whoever comes second is told that it exists, and tries the next one. */
async function claimNext(tools: ClaimTools, { claimant, pool, written, tried, lastTried }: Wanted): Promise<Claimed> {
  const { rack, claims } = tools;
  const { name: poolName } = written;
  const key = (address: string) => claimName({ rackName: rack.metadata.name, pool: poolName, address });
  const inUse = tools.inUse();
  const isTaken = (address: string) => {
    const name = key(address);
    return tried.has(name) || inUse.has(address) || claims.get(name) !== undefined;
  };
  const lastOf = () => lastGiven(claims.by("pool", `${rack.metadata.name} ${poolName}`));
  for (;;) {
    const address = freeAddress(pool, isTaken, lastTried.get(poolName) ?? lastOf());
    if (address === undefined) return exhausted(tools, poolName, pool);
    tried.add(key(address));
    lastTried.set(poolName, address);
    if (await tryClaim(tools, taskOf(claimant), { pool: poolName, address })) {
      return { type: "claimed", claimed: { pool: poolName, address } };
    }
  }
}

async function tryClaim({ client, rack }: ClaimTools, task: ClaimTask, claimed: ClaimedAddress): Promise<boolean> {
  try {
    await client.create(IPAddress, claimOf(rack, task, claimed));
    return true;
  } catch (error) {
    if (isStatus(error, "AlreadyExists")) return false;
    throw error;
  }
}

/** The task of an Instance, launched or about to be. */
export interface ClaimTask {
  readonly instance: Instance;
  readonly taskId: string;
  readonly agentId: string;
}

/** The claim of an Instance and its task on an address. */
export function claimOf(rack: Rack, { instance, taskId, agentId }: ClaimTask, { pool, address }: ClaimedAddress) {
  const rackName = rack.metadata.name;
  const { namespace = "", name, uid = "" } = instance.metadata;
  const claimant = { namespace, name, uid, taskID: taskId, agentID: agentId };
  return {
    metadata: {
      name: claimName({ rackName, pool, address }),
      labels: slotLabels(instance),
      finalizers: [FINALIZER.claimed],
    },
    spec: { rackName, pool, address, claimant },
  };
}

/** The claim made last; of one second that with the highest address, as addresses are given in order. */
function lastGiven(claims: readonly IPAddress[]): string | undefined {
  let last: IPAddress | undefined;
  for (const claim of claims) if (last === undefined || orderOf(claim) > orderOf(last)) last = claim;
  return last?.spec.address;
}

function orderOf({ metadata, spec }: IPAddress): string {
  const padded = spec.address.split(".").map((part) => part.padStart(3, "0"));
  return `${metadata.creationTimestamp ?? ""} ${padded.join(".")}`;
}

function exhausted({ claims, rack }: ClaimTools, poolName: string, { size }: AddressPool): Claimed {
  const all = claims.by("pool", `${rack.metadata.name} ${poolName}`);
  const released = all.filter(isReleased).length;
  const held = all.length - released;
  const message = `pool ${poolName} of ${size} addresses has none free: ${held} are held, ${released} in quarantine`;
  return { type: "refused", refusal: { type: "Scheduled", status: "False", reason: "PoolExhausted", message } };
}

function unknown(poolName: string): Claimed {
  const message = `the Rack has no pool ${poolName}`;
  return { type: "refused", refusal: { type: "Scheduled", status: "False", reason: "PoolUnknown", message } };
}
