import { describe, expect, it } from "vitest";
import { conditionOf, isAvailable } from "../../../api-types/life.js";
import { changeService, instancesOf } from "../compute/compute-world.js";
import type { World } from "../world/world.js";
import { guardAddresses } from "./guard.js";
import { addressesOf, claimsOf, poolWorld, routedGroup } from "./pool-world.js";

const QUARANTINE_MS = 30_000;
const POOL = { cidr: "172.20.0.0/29", quarantineSeconds: QUARANTINE_MS / 1000 };
/** Longer than a quarantine and a look at every claim. */
const WHILE_MS = 2 * 60_000;
/** A restarted master waits so long for its agents. */
const AGENTS_MS = 10 * 60_000;

async function availableOf(world: World): Promise<number> {
  return (await world.ask(() => instancesOf(world, "web"))).filter(isAvailable).length;
}

/** One of three instances is given up while its agent is out of reach; its task runs on there. */
async function givenUp(seed: number) {
  const group = routedGroup("web", { instances: 3, network: "pool: web" }).replace(
    "drainSeconds: 2",
    "drainSeconds: 2\n    unreachable: { replaceAfterSeconds: 30, forgetAfterSeconds: 60 }",
  );
  const world = await poolWorld({ seed, ...POOL, groups: [group] });
  const watched = guardAddresses(world, QUARANTINE_MS);
  await world.until("three are available", async () => (await availableOf(world)) === 3, 60_000);
  const [lost] = await world.ask(() => instancesOf(world, "web"));
  const node = lost?.status?.placement?.node ?? "";
  const address = lost?.status?.placement?.address ?? "";
  world.mesos.partitionAgent(node);
  const isGone = async () => {
    const left = await world.ask(() => instancesOf(world, "web"));
    return left.every(({ metadata }) => metadata.uid !== lost?.metadata.uid);
  };
  await world.until("it is given up", isGone, 600_000);
  return { world, watched, node, address };
}

/** Asks for every address of the pool, lets the agent come back, and looks whether one address was given twice. */
async function fillAndReturn({ world, watched, node, address }: Awaited<ReturnType<typeof givenUp>>) {
  await changeService(world, "web", { instances: 6 });
  await world.clock.advance(WHILE_MS);
  const claim = (await claimsOf(world)).get(address);
  expect([claim?.status?.releasedAt, conditionOf(claim ?? {}, "Ready")?.reason]).toEqual([
    undefined,
    "TaskMayHaveAddress",
  ]);
  expect(watched.faults).toEqual([]);
  world.mesos.returnAgent(node);
  await world.clock.advance(WHILE_MS);
  expect(watched.faults).toEqual([]);
  const given = addressesOf(world, "web");
  expect(given).toEqual([...new Set(given)]);
  watched.stop();
  await world.stop();
}

describe("I13 the address of a task that runs on out of reach", () => {
  it("is not given again though the master was restarted since and lists the task no more", async () => {
    const lost = await givenUp(61);
    lost.world.mesos.restart({ downMs: 3000 });
    await lost.world.clock.advance(60_000);
    await fillAndReturn(lost);
  }, 120_000);

  it("is not given again though master and control plane were restarted since: nobody remembers the task", async () => {
    const lost = await givenUp(62);
    lost.world.mesos.restart({ downMs: 3000 });
    await lost.world.clock.advance(60_000);
    lost.world.restartControllers();
    await fillAndReturn(lost);
  }, 120_000);

  it("is not given again by a control plane that starts while the master waits for its agents", async () => {
    const lost = await givenUp(63);
    for (const { gate } of lost.world.planes) gate.kill();
    lost.world.mesos.restart({ downMs: 3000 });
    await lost.world.clock.advance(5000);
    lost.world.restartControllers();
    await lost.world.clock.advance(AGENTS_MS);
    await fillAndReturn(lost);
  }, 120_000);

  it("is given back when the operator says that its agent is gone", async () => {
    const { world, watched, node, address } = await givenUp(64);
    world.mesos.restart({ downMs: 3000 });
    world.restartControllers();
    await world.clock.advance(60_000);
    world.mesos.crashAgent(node);
    const agent_id = { value: world.mesos.agentIdOf(node) ?? "" };
    const body = Buffer.from(JSON.stringify({ type: "MARK_AGENT_GONE", mark_agent_gone: { agent_id } }));
    const headers = { "content-type": "application/json" };
    await world.ask(() => world.mesos.handler({ method: "POST", url: "/api/v1", headers, body }));
    const isFree = async () => (await claimsOf(world)).get(address) === undefined;
    await world.until("the claim is given back", isFree, 180_000);
    watched.stop();
    await world.stop();
  }, 120_000);
});
