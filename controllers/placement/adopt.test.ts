import { describe, expect, it } from "vitest";
import type { Instance } from "../../api-types/instance.js";
import { LABEL, TASK_LABEL } from "../../api-types/well-known.js";
import type { Task, TaskState } from "../../drivers/compute/driver.js";
import { atOnce } from "../../platform/steps.js";
import { instance, node, service } from "../testing/objects.js";
import { type AdoptionView, adoptedAttached, adoptedPorts, planAdoption } from "./adopt.js";
import { taskIdOf } from "./launch/identity.js";

const first = instance({ name: "shop-web-1-b", number: 1 });
const second = instance({ name: "shop-web-2-b", number: 2 });
const twin = instance({ name: "shop-web-1-c", number: 1 });

interface TaskFields {
  readonly agentId?: string;
  readonly state?: TaskState;
  /** The name of an attached task. */
  readonly attached?: string;
}

function task(id: string, number: number, { agentId = "agent-1", state = "Running", attached }: TaskFields = {}): Task {
  const labels = {
    ...(attached === undefined ? {} : { [TASK_LABEL.attached]: attached }),
    [TASK_LABEL.namespace]: first.metadata.namespace ?? "",
    [LABEL.group]: "shop",
    [LABEL.service]: "web",
    [LABEL.number]: String(number),
  };
  const status = {
    taskId: id,
    agentId,
    state,
    reason: undefined,
    message: undefined,
    timestamp: 0,
    isHealthy: undefined,
    containerId: undefined,
    mesosContainerId: undefined,
    addresses: [],
    isReconciliation: false,
    acknowledgement: undefined,
  };
  return { id, name: id, agentId, labels, status };
}

interface Scene {
  readonly waiting?: readonly Instance[];
  readonly tasks?: readonly Task[];
  readonly orphans?: readonly Task[];
}

function adoptions({ waiting = [first, second], orphans = [], tasks = orphans }: Scene): readonly string[] {
  const view: AdoptionView = {
    waiting,
    waitingOf: (group) =>
      waiting.filter(({ metadata, spec }) => group === `${metadata.namespace}/${spec.serviceGroup}`),
    tasks: new Map(tasks.map((one) => [one.id, one])),
    orphans,
    nodeOf: (agentId) => (agentId === "agent-1" ? node("node-1") : undefined),
  };
  return atOnce(planAdoption(view)).map(
    ({ heir, task, node }) => `${heir.metadata.name} <- ${task.id} on ${node?.metadata.name ?? "no Node"}`,
  );
}

const own = taskIdOf(first);

type Row = readonly [name: string, scene: Scene, expected: readonly string[]];

describe("R20 adoption", () => {
  const rows: readonly Row[] = [
    ["binds nothing without tasks", {}, []],
    ["binds an orphan to the Instance of its place", { orphans: [task("old", 2)] }, ["shop-web-2-b <- old on node-1"]],
    ["leaves an orphan whose place nobody waits for", { orphans: [task("old", 3)] }, []],
    ["binds nothing to a task that only runs beside one", { orphans: [task("old.log", 1, { attached: "log" })] }, []],
    ["binds an Instance's own task first", { tasks: [task(own, 1)] }, [`shop-web-1-b <- ${own} on node-1`]],
    ["leaves an own task that ended", { tasks: [task(own, 1, { state: "Failed" })] }, []],
    [
      "binds a task once, although another Instance waits for the same place",
      { waiting: [first, twin], orphans: [task(own, 1)] },
      [`shop-web-1-b <- ${own} on node-1`],
    ],
    [
      "gives two orphans of one place to two Instances",
      { waiting: [first, twin], orphans: [task("old", 1), task("older", 1)] },
      ["shop-web-1-b <- old on node-1", "shop-web-1-c <- older on node-1"],
    ],
    [
      "names the heir of an orphan whose agent is no Node yet, so that it is not placed",
      { orphans: [task("old", 1, { agentId: "agent-2" })] },
      ["shop-web-1-b <- old on no Node"],
    ],
  ];
  for (const [name, scene, expected] of rows) it(name, () => expect(adoptions(scene)).toEqual(expected));
});

describe("what runs beside an adopted task", () => {
  const SERVICE = service({
    network: {
      mode: "Bridge",
      ports: [
        { name: "http", containerPort: 80 },
        { name: "dns", hostPort: 53 },
      ],
    },
    attached: [
      { name: "log", image: "log" },
      { name: "sync", image: "sync" },
    ],
  });
  const tasks = [
    task("old", 1),
    task("old.log.2", 1, { attached: "log" }),
    task("old.log.10", 1, { attached: "log" }),
    task("old.sync", 1, { attached: "sync", state: "Failed" }),
    task("old.gone.1", 1, { attached: "gone" }),
    task("older.log", 1, { attached: "log" }),
  ];
  const [adoption] = atOnce(
    planAdoption({
      waiting: [first],
      waitingOf: () => [first],
      tasks: new Map(tasks.map((one) => [one.id, one])),
      orphans: [task("old", 1)],
      nodeOf: () => node("node-1"),
    }),
  );

  it("is taken over with it: the newest of each name, and the first of a name that does not run", () => {
    expect(adoption && adoptedAttached(adoption, SERVICE)).toEqual([
      { name: "log", taskID: "old.log.10" },
      { name: "sync", taskID: "old.sync" },
      { name: "gone", taskID: "old.gone.1" },
    ]);
  });

  it("its ports are those that its labels tell, and those that its service fixes", () => {
    const told = task("old", 1);
    const labelled = { ...told, labels: { ...told.labels, [TASK_LABEL.ports]: "http=31005,dns=53,broken=x" } };
    expect(adoption && adoptedPorts({ ...adoption, task: labelled }, SERVICE)).toEqual([
      { name: "http", port: 31005, containerPort: 80, protocol: "TCP" },
      { name: "dns", port: 53, protocol: "TCP" },
    ]);
    expect(adoption && adoptedPorts(adoption, undefined)).toEqual([]);
  });
});
