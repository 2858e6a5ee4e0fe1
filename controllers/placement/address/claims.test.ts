import { describe, expect, it } from "vitest";
import type { Instance } from "../../../api-types/instance.js";
import { IPAddress } from "../../../api-types/ip-address.js";
import { StatusError } from "../../../api-types/meta/status-error.js";
import type { Client } from "../../../client/client.js";
import { createCache } from "../../../runtime/cache.js";
import { at, instance, rack } from "../../testing/objects.js";
import { taskIdOf } from "../launch/identity.js";
import { CLAIM_INDEXES, createClaims } from "./claims.js";

const RACK = rack({ network: { pools: [{ name: "web", cidr: "10.0.0.0/29" }] } });
const INSTANCE = instance({ name: "web" });

/** Claims over a store that keeps what is written. */
function open() {
  const claims = createCache(IPAddress, CLAIM_INDEXES);
  const written: string[] = [];
  const gone = new Set<string>();
  const running = new Set<string>();
  const keep = (how: string) => async (_: unknown, draft: Pick<IPAddress, "metadata" | "spec">) => {
    if (gone.has(draft.metadata.name)) throw new StatusError("NotFound", `updating ${draft.metadata.name}`);
    const { taskID, agentID } = draft.spec.claimant;
    written.push(`${how} ${draft.spec.address} ${taskID} ${agentID}`);
    const claim: IPAddress = { apiVersion: IPAddress.apiVersion, kind: IPAddress.kind, ...draft };
    claims.apply({ type: "Applied", object: claim });
    return claim;
  };
  // only this is asked of it
  const client = { create: keep("create"), update: keep("update") } as unknown as Client;
  const tools = { client, rack: RACK, claims, inUse: () => running };
  return {
    written,
    claim: createClaims(tools),
    /** The claim on the first address, as the loop of claims leaves it; gone: only the cache still has it. */
    leave({ status = RELEASED, isGone = false, isRunning = false }: Left) {
      const known = claims.get("rack-web-10.0.0.1");
      if (known === undefined) throw new Error("nobody claimed it");
      claims.apply({ type: "Applied", object: { ...known, status } });
      if (isRunning) running.add(known.spec.address);
      if (isGone) gone.add(known.metadata.name);
    },
  };
}

interface Left {
  readonly status?: IPAddress["status"];
  readonly isGone?: boolean;
  readonly isRunning?: boolean;
}

const RELEASED = { releasedAt: at(0), releasedFrom: INSTANCE.metadata.uid ?? "" };

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

  const successor = instance({ name: "web-2" });
  const rows: readonly (readonly [string, Left, Instance, string])[] = [
    ["its predecessor's, which nobody has any more", {}, successor, "update 10.0.0.1"],
    ["another while the predecessor's task or route may be there", { status: {} }, successor, "create 10.0.0.2"],
    ["another while a task that may run has it", { isRunning: true }, successor, "create 10.0.0.2"],
    ["another for another number", {}, instance({ name: "web-3", number: 7 }), "create 10.0.0.2"],
    ["another once it was given back", { isGone: true }, successor, "create 10.0.0.2"],
    [
      "another where what is said of it is of who had it before",
      { status: { ...RELEASED, releasedFrom: "uid-of-somebody" } },
      successor,
      "create 10.0.0.2",
    ],
  ];
  it.each(rows)("of a successor is on %s", async (_, left, next, expected) => {
    const { claim, written, leave } = open();
    await claim({ instance: INSTANCE, agentId: "S0" }, "web");
    leave(left);
    await claim({ instance: next, agentId: "S0" }, "web");
    expect(written.at(-1)).toContain(expected);
  });
});
