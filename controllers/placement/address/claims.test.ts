import { describe, expect, it } from "vitest";
import { IPAddress } from "../../../api-types/ip-address.js";
import type { Client } from "../../../client/client.js";
import { createCache } from "../../../runtime/cache.js";
import { instance, rack } from "../../testing/objects.js";
import { taskIdOf } from "../launch/identity.js";
import { CLAIM_INDEXES, createClaims } from "./claims.js";

const RACK = rack({ network: { pools: [{ name: "web", cidr: "10.0.0.0/29" }] } });
const INSTANCE = instance({ name: "web" });

/** Claims over a store that keeps what is written. */
function open() {
  const claims = createCache(IPAddress, CLAIM_INDEXES);
  const written: string[] = [];
  const keep = (how: string) => async (_: unknown, draft: Pick<IPAddress, "metadata" | "spec">) => {
    const { taskID, agentID } = draft.spec.claimant;
    written.push(`${how} ${draft.spec.address} ${taskID} ${agentID}`);
    const claim: IPAddress = { apiVersion: IPAddress.apiVersion, kind: IPAddress.kind, ...draft };
    claims.apply({ type: "Applied", object: claim });
    return claim;
  };
  // only this is asked of it
  const client = { create: keep("create"), update: keep("update") } as unknown as Client;
  return { written, claim: createClaims({ client, rack: RACK, claims, inUse: () => new Set() }) };
}

describe("a claim", () => {
  const task = taskIdOf(INSTANCE);

  it("names the task that is about to get the address, and its agent", async () => {
    const { claim, written } = open();
    await claim({ instance: INSTANCE, agentId: "S0" }, "web");
    expect(written).toEqual([`create 10.0.0.1 ${task} S0`]);
  });

  it("names the other agent where the task goes at last, and is written once", async () => {
    const { claim, written } = open();
    await claim({ instance: INSTANCE, agentId: "S0" }, "web");
    const again = await claim({ instance: INSTANCE, agentId: "S1" }, "web");
    await claim({ instance: INSTANCE, agentId: "S1" }, "web");
    expect(again).toEqual({ type: "claimed", claimed: { pool: "web", address: "10.0.0.1" } });
    expect(written).toEqual([`create 10.0.0.1 ${task} S0`, `update 10.0.0.1 ${task} S1`]);
  });
});
