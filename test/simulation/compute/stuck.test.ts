import { describe, expect, it } from "vitest";
import { Node } from "../../../api-types/node.js";
import { createMetrics, type Metrics } from "../../../platform/metrics.js";
import { isHousekeeping } from "../world/store-writes.js";
import type { World } from "../world/world.js";
import { changeService, computeWorld, instancesOf, machines, saidOf, webGroup } from "./compute-world.js";

const MINUTES = 30;
/** One loop may look at its objects this often a minute, and at each Instance as often as its check reports. */
const PER_MINUTE_MAX = 65;
const PER_INSTANCE_MAX = 32;
const WRITES_PER_MINUTE_MAX = 30;

const FIXED = `
placement: { nodeNames: [n1] }
`;

interface Stuck {
  readonly name: string;
  readonly groups: readonly string[];
  /** Brings it about. */
  readonly stick: (world: World) => Promise<void>;
  /** Condition and reason that stand at the end. */
  readonly says: readonly [condition: string, said: string];
  /** Tasks are started again and again. */
  readonly isRetried?: boolean;
}

const one = (more = "") => webGroup("web", { instances: 1, more });

function withSpec(text: string, line: string): string {
  return text.replace("rackName: lab", `rackName: lab\n  ${line}`);
}

/** What all tasks need, whenever they were started. */
const shared = { isAway: false };

const STUCK: readonly Stuck[] = [
  {
    name: "a dependency that does not exist",
    groups: [withSpec(one(), "dependsOn: [nobody]")],
    stick: async () => {},
    says: ["Blocked", "True:DependencyUnknown"],
  },
  {
    name: "an update that missed its deadline",
    groups: [withSpec(one(), "progressDeadlineSeconds: 20")],
    stick: (world) => changeService(world, "web", { args: ["broken"] }),
    says: ["Progressing", "False:DeadlineExceeded"],
    isRetried: true,
  },
  {
    name: "an update that was rolled back",
    groups: [withSpec(one(), "progressDeadlineSeconds: 20\n  rollback: OnDeadline")],
    stick: (world) => changeService(world, "web", { args: ["broken"] }),
    says: ["Progressing", "False:DeadlineExceeded"],
  },
  {
    name: "a Secret that is not there",
    groups: [one()],
    stick: (world) =>
      changeService(world, "web", {
        env: [{ name: "T", valueFrom: { secretKeyRef: { name: "tok", key: "t" } } }],
      }),
    says: ["Unschedulable", "True:InstancesWait"],
  },
  {
    name: "more than fits",
    groups: [one()],
    stick: (world) => changeService(world, "web", { instances: 200, resources: { cpu: "4" } }),
    says: ["Unschedulable", "True:InstancesWait"],
  },
  {
    name: "a drain whose deadline passed, with a service that has no other node",
    groups: [one(FIXED)],
    async stick(world) {
      await world.ask(() => world.client.patch(Node, { name: "n1" }, { spec: { drain: { deadlineSeconds: 30 } } }));
    },
    says: ["Unschedulable", "True:InstancesWait"],
  },
  {
    name: "many that are unhealthy at once, whatever takes their place",
    groups: [webGroup("web", { instances: 6 })],
    stick: async () => {
      shared.isAway = true;
    },
    says: ["Held", "True:ManyUnhealthy"],
    isRetried: true,
  },
  {
    name: "a task that fails at once, again and again",
    groups: [one("restart: { backoff: { initialSeconds: 30, factor: 2, maxSeconds: 300 } }")],
    stick: (world) => changeService(world, "web", { args: ["crash"] }),
    says: ["Ready", "False:ServicesNotAvailable"],
    isRetried: true,
  },
  {
    name: "an agent that stays away",
    groups: [one(FIXED)],
    stick: (world) => world.ask(() => world.mesos.partitionAgent("n1")),
    says: ["Ready", "False:ServicesNotAvailable"],
  },
];

/** Reconciles by loop since it was asked for the last time. */
function reconciles(metrics: Metrics): () => Promise<ReadonlyMap<string, number>> {
  let before = new Map<string, number>();
  return async () => {
    const now = new Map<string, number>();
    for (const line of (await metrics.text()).split("\n")) {
      const [, loop, count] = /^controller_runtime_reconcile_total\{controller="([^"]+)".*\} (\d+)$/.exec(line) ?? [];
      if (loop !== undefined) now.set(loop, (now.get(loop) ?? 0) + Number(count));
    }
    const since = new Map([...now].map(([loop, count]) => [loop, count - (before.get(loop) ?? 0)]));
    before = now;
    return since;
  };
}

describe("what is stuck", () => {
  for (const { name, groups, stick, says, isRetried = false } of STUCK) {
    it(`${name}: keeps no loop busy, and is said`, async () => {
      const metrics = createMetrics();
      shared.isAway = false;
      const world = await computeWorld({
        seed: 1,
        nodes: machines(4),
        groups,
        metrics,
        behaviour: ({ argv }) => ({
          probe: () => !shared.isAway && !argv.includes("broken"),
          ...(argv.includes("crash") ? { exit: { afterMs: 500, code: 1 } } : {}),
        }),
      });
      await world.clock.advance(30_000);
      await stick(world);
      await world.clock.advance(180_000);
      const since = reconciles(metrics);
      await since();
      const before = world.writes.length;
      await world.clock.advance(MINUTES * 60_000);
      const [condition, said] = says;
      expect(await world.ask(() => saidOf(world, "web", condition))).toBe(said);
      const instances = (await world.ask(() => instancesOf(world, "web"))).length;
      const bound = MINUTES * (PER_MINUTE_MAX + PER_INSTANCE_MAX * instances);
      expect([...(await since())].filter(([, count]) => count > bound)).toEqual([]);
      const written = world.writes.slice(before).filter((write) => !isHousekeeping(write));
      // what is tried again is written; all else was said before
      expect(written.length).toBeLessThan(isRetried ? MINUTES * WRITES_PER_MINUTE_MAX : 5);
      await world.stop();
    });
  }
});
