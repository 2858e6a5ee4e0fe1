import type { Scenario } from "../schedule/scenario.js";
import { NAMESPACE } from "../world/lab.js";
import type { World } from "../world/world.js";
import {
  apply,
  availableOf,
  changeGroup,
  computeWorld,
  groupOf,
  instancesOf,
  machines,
  saidOf,
  sentSince,
  tasksOf,
  webGroup,
} from "./compute-world.js";
import { expectStill } from "./invariants.js";
import { afterwards } from "./upgrades.js";

const WEB = { names: ["web"], routedTasks: new RegExp(`^${NAMESPACE}\\.web-`) };

/** 200 are wanted where 20 fit; then 5: the waiting ones go without a trace, and no more than 15 tasks are ended. */
export const moreThanFits: Scenario = {
  name: "more-than-fits",
  ...WEB,
  createWorld: (options) =>
    computeWorld({
      ...options,
      nodes: machines(4, 5),
      groups: [webGroup("web", { instances: 200, more: "resources: { cpu: 1 }" })],
    }),
  steps: [
    {
      atMs: 40_000,
      async run(world) {
        const said = await world.ask(async () => saidOf(world, "web", "Unschedulable"));
        if (said !== "True:InstancesWait") throw new Error(`Unschedulable is ${said}`);
        const running = tasksOf(world, "web").length;
        if (running !== 20) throw new Error(`${running} tasks run where 20 fit`);
      },
    },
    { atMs: 41_000, run: (world) => changeGroup(world, "web", { scale: { web: 5 } }) },
  ],
  async check(world) {
    const killed = new Set(sentSince(world, "kill", { group: "web", from: 0 })).size;
    const left = (await instancesOf(world, "web")).length;
    return [
      ...(left === 5 ? [] : [`${left} instances are left instead of 5`]),
      ...(killed === 15 ? [] : [`${killed} tasks were ended instead of 15`]),
    ];
  },
  sparesTasks: true,
  faultsFromMs: 45_000,
  faultsUntilMs: 80_000,
  endMs: 90_000,
};

const UNIQUE = `
placement: { constraints: [{ attribute: hostname, operator: Unique }] }
`;

/** A machine leaves: one of four cannot be placed, which is said; the others stay; it comes back and all is well. */
export const constraintAfterNodeLeft: Scenario = {
  name: "constraint-after-node-left",
  ...WEB,
  createWorld: (options) =>
    computeWorld({ ...options, nodes: machines(4), groups: [webGroup("web", { instances: 4, more: UNIQUE })] }),
  watch: (world) => afterwards(world, 21_000, () => expectStill(world, "web", ["kill"])),
  steps: [
    { atMs: 20_000, run: async (world) => world.mesos.crashAgent("n3") },
    {
      atMs: 140_000,
      async run(world) {
        const available = await world.ask(() => availableOf(world, "web"));
        if (available !== 3) throw new Error(`${available} of 3 are available while the machine is away`);
      },
    },
    { atMs: 150_000, run: async (world) => world.mesos.returnAgent("n3") },
  ],
  async check(world) {
    const available = await availableOf(world, "web");
    return available === 4 ? [] : [`${available} of 4 are available`];
  },
  sparesTasks: true,
  faultsFromMs: 150_000,
  faultsUntilMs: 190_000,
  endMs: 200_000,
};

/** What a group depends on does not exist, is created, and everything starts. */
export const dependencyCreatedLater: Scenario = {
  name: "dependency-created-later",
  names: [],
  routedTasks: /^shop\./,
  createWorld: (options) =>
    computeWorld({
      ...options,
      nodes: machines(3),
      groups: [webGroup("web", { instances: 2 }).replace("rackName: lab", "rackName: lab\n  dependsOn: [base]")],
    }),
  steps: [
    {
      atMs: 20_000,
      async run(world) {
        const said = await world.ask(() => saidOf(world, "web", "Blocked"));
        if (said !== "True:DependencyUnknown") throw new Error(`Blocked is ${said}`);
        if (tasksOf(world, "web").length > 0) throw new Error("a blocked group runs");
      },
    },
    { atMs: 21_000, run: (world) => apply(world, webGroup("base", { instances: 1 })) },
  ],
  async check(world) {
    const available = await availableOf(world, "web");
    return available === 2 ? [] : [`${available} of 2 are available`];
  },
  faultsFromMs: 21_000,
  faultsUntilMs: 50_000,
  endMs: 60_000,
};

const onPort = (name: string, servicePort: number) =>
  webGroup(name, { instances: 1 }).replace("containerPort: 8080", `containerPort: 8080, servicePort: ${servicePort}`);

/** Port 80 has one owner: a second one is refused when it asks for it by number, and given another when it does not. */
export const twoOwnersOfPort80: Scenario = {
  name: "two-owners-of-port-80",
  ...WEB,
  createWorld: (options) => computeWorld({ ...options, nodes: machines(3), groups: [onPort("web", 80)] }),
  steps: [
    {
      atMs: 15_000,
      async run(world) {
        const refusal = await apply(world, onPort("second", 80)).then(
          () => "accepted",
          (error: unknown) => String(error),
        );
        if (!/servicePort/.test(refusal) || !/web/.test(refusal)) throw new Error(`port 80 twice: ${refusal}`);
      },
    },
    { atMs: 16_000, run: (world) => apply(world, onPort("second", 0)) },
  ],
  async check(world) {
    const ports = await Promise.all(
      ["web", "second"].map(
        async (name) => (await groupOf(world, name)).spec.services[0]?.network.ports?.[0]?.servicePort,
      ),
    );
    const [first, second = 0] = ports;
    return first === 80 && second > 80 ? [] : [`the ports are ${ports.join(" and ")}`];
  },
  faultsFromMs: 17_000,
  faultsUntilMs: 40_000,
  endMs: 50_000,
};

/** A stored group that no schema accepts: it is left alone, the good ones go on. */
export const oneInvalidGroup: Scenario = {
  name: "one-invalid-group",
  ...WEB,
  createWorld: (options) =>
    computeWorld({ ...options, nodes: machines(3), groups: [webGroup("web", { instances: 2 }), webGroup("bad", {})] }),
  steps: [
    { atMs: 15_000, run: (world) => spoil(world, "bad") },
    { atMs: 20_000, run: (world) => changeGroup(world, "web", { scale: { web: 4 } }) },
    { atMs: 25_000, run: async (world) => void world.restartControllers() },
    { atMs: 30_000, run: (world) => apply(world, webGroup("third", { instances: 1 })) },
  ],
  isDone: async (world) => (await availableOf(world, "web")) === 4 && (await availableOf(world, "third")) === 1,
  async check(world) {
    const kept = tasksOf(world, "bad").length;
    return kept === 1 ? [] : [`the group that cannot be read has ${kept} tasks instead of the 1 that it had`];
  },
  sparesTasks: true,
  faultsFromMs: 30_000,
  faultsUntilMs: 50_000,
  endMs: 60_000,
};

/** Writes nonsense into the store behind the server's back, as a faulty restore would. */
async function spoil(world: World, name: string): Promise<void> {
  const { entries } = await world.ask(() => world.store.list(""));
  const entry = entries.find(({ key }) => key.endsWith(`/servicegroups/${NAMESPACE}/${name}`));
  if (entry === undefined) throw new Error(`group ${name} is not stored`);
  const object = JSON.parse(Buffer.from(entry.value).toString("utf8"));
  object.spec.services = [{ name: 7, instances: "many", placement: null }];
  const value = Buffer.from(JSON.stringify(object));
  await world.ask(() => world.store.write({ type: "update", key: entry.key, value, revision: entry.revision }));
}
