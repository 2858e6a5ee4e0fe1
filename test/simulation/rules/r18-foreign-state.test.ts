import { describe, expect, it } from "vitest";
import type { HttpHandler } from "../../../platform/transport.js";
import { differences, isConverged } from "../schedule/convergence.js";
import { scaleTo, smallWorld, updateArgs } from "../schedule/small-rack.js";
import type { World } from "../world/world.js";

const COUNT = 1000;

async function send(handler: HttpHandler, target: string, body: unknown): Promise<number> {
  const [method = "", url = ""] = target.split(" ");
  const headers = { "content-type": "application/json" };
  return (await handler({ method, url, headers, body: Buffer.from(JSON.stringify(body)) })).status;
}

/** Names like ours under other nodes, and routes inside and outside the addresses that we use. */
async function addForeign(world: World): Promise<void> {
  await world.ask(async () => {
    for (let index = 0; index < COUNT; index++) {
      const service = { ID: `s${index}`, Service: index % 2 === 0 ? "web" : `other${index}`, Address: "10.9.0.1" };
      const row = { Node: `foreign${index % 10}`, Address: "10.9.0.1", Service: service };
      await send(world.consul.handler, "PUT /v1/catalog/register", row);
      const route = { DestinationNw: `10.77.${index >> 8}.${index & 255}`, NetworkMask: "255.255.255.255" };
      const hops = { Protocol: "STATIC", NextHop: [{ NextHopIp: "10.250.3.99" }] };
      await send(world.tor.handler, "POST /public/v1/config/IPv4Route", { ...route, ...hops });
    }
  });
  await world.clock.advance(100);
}

function foreignOf(world: World) {
  const names = world.consul.snapshot().services.filter(({ node }) => node.startsWith("foreign"));
  const routes = [...world.tor.routes()].filter(([prefix]) => prefix.startsWith("10.77."));
  return { names, routes };
}

describe("R18 foreign state is sacred", () => {
  it("R18 touches nothing of others while ours is created, scaled, updated and flushed", async () => {
    const world = await smallWorld({ seed: 18 });
    await addForeign(world);
    const before = foreignOf(world);
    expect(before.names).toHaveLength(COUNT);
    expect(before.routes).toHaveLength(COUNT);
    const isOurs = async () => (await differences(world)).every((what) => what.endsWith("is left over"));
    await world.until("ours is there", isOurs, 60_000);
    await world.clock.advance(10_000);
    await scaleTo(world, 2);
    await updateArgs(world, ["second"]);
    await world.clock.advance(40_000);
    expect(foreignOf(world)).toEqual(before);

    const ours = [...world.tor.routes()].filter(([prefix]) => prefix.startsWith("172.16."));
    expect(ours).toHaveLength(2);
    await world.ask(async () => {
      for (const [prefix] of ours) {
        const keys = { DestinationNw: prefix.replace("/32", ""), NetworkMask: "255.255.255.255" };
        expect(await send(world.tor.handler, "DELETE /public/v1/config/IPv4Route", keys)).toBe(410);
      }
    });
    await world.clock.advance(11_000);
    expect(
      [...world.tor.routes()].filter(([prefix]) => prefix.startsWith("172.16.")).map(([prefix]) => prefix),
    ).toEqual(ours.map(([prefix]) => prefix));
    expect(foreignOf(world)).toEqual(before);
    await world.stop();
  });

  it("R18 re-adds everything of ours after the switch lost its table", async () => {
    const world = await smallWorld({ seed: 18 });
    await world.until("converged", () => isConverged(world), 60_000);
    world.tor.restart({ wipe: true });
    await world.until("converged again", () => isConverged(world), 15_000);
    await world.stop();
  });
});
