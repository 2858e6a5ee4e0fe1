import { describe, expect, it } from "vitest";
import { ConfigMap } from "../../api-types/core/config-map.js";
import type { Client } from "../../client/client.js";
import { readOptional } from "../../client/read-optional.js";
import { loopWorld } from "../testing/loops.js";
import { garbageCollectionController } from "./controller.js";

const KEY = { namespace: "default", name: "dependent" };
const owned = (name: string, uid: string) => ({ apiVersion: "v1", kind: "ConfigMap", name, uid });
const named = (name: string, ...ownerReferences: readonly ReturnType<typeof owned>[]) => ({
  metadata: { namespace: "default", name, ownerReferences: [...ownerReferences] },
});

/** A world with the loop; `beforeDelete` happens between its decision and its request. */
async function openWorld(beforeDelete: (client: Client) => Promise<unknown>) {
  let isFirst = true;
  const world = await loopWorld({
    loops: [
      (context) => {
        const remove: Client["delete"] = async (kind, key, options) => {
          if (isFirst) await beforeDelete(context.client);
          isFirst = false;
          return context.client.delete(kind, key, options);
        };
        return garbageCollectionController({ ...context, client: { ...context.client, delete: remove } });
      },
    ],
  });
  const owner = await world.settle(world.client.create(ConfigMap, named("owner")));
  await world.settle(world.client.create(ConfigMap, named(KEY.name, owned("gone", "uid-gone"))));
  return { world, owner, found: () => world.settle(readOptional(world.client, ConfigMap, KEY)) };
}

describe("a dependent whose owner is gone", () => {
  it("is deleted", async () => {
    const { world, found } = await openWorld(async () => undefined);
    world.start();
    await world.clock.advance(1000);
    expect(await found()).toBeUndefined();
    await world.close();
  });

  it("R22 is kept when it got another owner before it was deleted", async () => {
    const uidOf = async (client: Client) => (await client.get(ConfigMap, { ...KEY, name: "owner" })).metadata.uid ?? "";
    const { world, owner, found } = await openWorld(async (client) =>
      client.patch(ConfigMap, KEY, named(KEY.name, owned("owner", await uidOf(client)))),
    );
    world.start();
    await world.clock.advance(10_000);
    expect((await found())?.metadata.ownerReferences?.map(({ uid }) => uid)).toEqual([owner.metadata.uid]);
    await world.close();
  });
});
