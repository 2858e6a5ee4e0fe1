import { Event } from "../../../api-types/core/event.js";
import { isAvailable } from "../../../api-types/life.js";
import type { Scenario } from "../schedule/scenario.js";
import { NAMESPACE } from "../world/lab.js";
import type { World } from "../world/world.js";
import {
  changeService,
  computeWorld,
  groupOf,
  instancesOf,
  machines,
  saidOf,
  sentSince,
  webGroup,
} from "./compute-world.js";
import { expectStill, watchBounds } from "./invariants.js";

const FAULTS = { faultsFromMs: 500, faultsUntilMs: 50_000, endMs: 60_000 };
const WEB = { names: ["web"], routedTasks: new RegExp(`^${NAMESPACE}\\.web-`) };

const UNIQUE = `
placement: { constraints: [{ attribute: hostname, operator: Unique }] }
`;

/** Every machine has one and a second is forbidden: only stop-first can update, one at a time. */
export const fullClusterUnique: Scenario = {
  name: "full-cluster-unique",
  ...WEB,
  createWorld: (options) =>
    computeWorld({ ...options, nodes: machines(6), groups: [webGroup("web", { instances: 6, more: UNIQUE })] }),
  watch: (world, isExcused) => watchBounds(world, { group: "web", floor: 5, cap: 6 }, isExcused),
  steps: [{ atMs: 20_000, run: (world) => changeService(world, "web", { args: ["second"] }) }],
  check: (world) => allUpdated(world, "web", 6),
  sparesTasks: true,
  ...FAULTS,
};

/** The leader dies again and again while ten instances are replaced. */
export const failoverInUpgrade: Scenario = {
  name: "failover-in-upgrade",
  ...WEB,
  createWorld: (options) =>
    computeWorld({
      ...options,
      nodes: machines(5),
      groups: [webGroup("web", { instances: 10, more: "update: { maxUnavailable: 20%, maxSurge: 30% }" })],
    }),
  watch: (world, isExcused) => watchBounds(world, { group: "web", floor: 8, cap: 13 }, isExcused),
  steps: [
    { atMs: 20_000, run: (world) => changeService(world, "web", { args: ["second"] }) },
    ...[20_500, 22_000, 25_000, 31_000].map((atMs) => ({
      atMs,
      run: async (world: World) => void world.restartControllers(),
    })),
  ],
  check: (world) => allUpdated(world, "web", 10),
  sparesTasks: true,
  ...FAULTS,
};

/** A label is changed: it reaches the Instances, and nothing is started or ended for it. */
export const labelOnlyEdit: Scenario = {
  name: "label-only-edit",
  ...WEB,
  createWorld: (options) =>
    computeWorld({ ...options, nodes: machines(3), groups: [webGroup("web", { instances: 4 })] }),
  watch: (world) => afterwards(world, 30_000, () => expectStill(world, "web", ["launch", "kill"])),
  steps: [{ atMs: 30_000, run: (world) => changeService(world, "web", { labels: { tier: "front" } }) }],
  async check(world) {
    const without = (await instancesOf(world, "web")).filter(({ metadata }) => metadata.labels?.tier !== "front");
    return without.map(({ metadata }) => `${metadata.name} did not get the label`);
  },
  sparesTasks: true,
  faultsFromMs: 30_500,
  faultsUntilMs: 50_000,
  endMs: 60_000,
};

/** A new version that never gets ready: deadline, rollback, and the old ones never stopped serving. */
export const rollbackOnDeadline: Scenario = {
  name: "rollback-on-deadline",
  ...WEB,
  createWorld: (options) =>
    computeWorld({
      ...options,
      nodes: machines(4),
      groups: [
        webGroup("web", { instances: 4 }).replace(
          "rackName: lab",
          "rackName: lab\n  progressDeadlineSeconds: 20\n  rollback: OnDeadline",
        ),
      ],
      behaviour: (task) => (task.argv.includes("broken") ? { probe: () => false } : {}),
    }),
  watch: (world, isExcused) => watchBounds(world, { group: "web", floor: 4, cap: 8 }, isExcused),
  steps: [{ atMs: 20_000, run: (world) => changeService(world, "web", { args: ["broken"] }) }],
  isDone: async (world) => (await instancesOf(world, "web")).length === 4,
  async check(world) {
    const group = await groupOf(world, "web");
    const failed = group.status?.services?.[0]?.failedRevision;
    const members = await instancesOf(world, "web");
    const old = members.filter((one) => one.spec.revisionName !== failed && isAvailable(one));
    const said = await saidOf(world, "web", "Progressing");
    const { items } = await world.client.list(Event, { namespace: NAMESPACE });
    const told = items.filter(({ reason }) => reason === "RollbackBegun").length;
    return [
      // a leader that dies between the note and the event tells nobody
      ...(told === 1 || world.planes.length > 1 ? [] : [`the rollback was told of ${told} times`]),
      ...(failed === undefined ? [`no failed revision is named; Progressing is ${said}`] : []),
      ...(old.length === 4 ? [] : [`${old.length} of 4 instances run the last good revision`]),
    ];
  },
  sparesTasks: true,
  faultsFromMs: 500,
  faultsUntilMs: 70_000,
  endMs: 80_000,
};

async function allUpdated(world: World, name: string, count: number): Promise<readonly string[]> {
  const { status } = await groupOf(world, name);
  const service = status?.services?.[0];
  const members = (await instancesOf(world, name)).filter((one) => one.spec.revisionName === service?.revision);
  const launches = new Set(sentSince(world, "launch", { group: name, from: 0 }));
  return [
    ...(members.length === count ? [] : [`${members.length} of ${count} instances are of ${service?.revision}`]),
    ...(launches.size >= 2 * count ? [] : [`only ${launches.size} tasks were ever launched`]),
  ];
}

/** A watch that begins at a certain time. */
export function afterwards(world: World, atMs: number, begin: () => ReturnType<typeof expectStill>) {
  let inner: ReturnType<typeof expectStill> | undefined;
  return {
    get breaches() {
      return inner?.breaches ?? [];
    },
    look() {
      if (inner === undefined && world.clock.monotonic() >= atMs) inner = begin();
      inner?.look();
    },
  };
}
