import { Instance } from "../../api-types/instance.js";
import { isTrue } from "../../api-types/life.js";
import { ServiceGroup } from "../../api-types/service-group.js";
import type { JournalEntry } from "../../simulator/rack/journal.js";
import type { Stage, StageTask } from "./stage.js";
import { hold, type Timeline, until } from "./timeline.js";

const NAMESPACE = "dns-example";
/** Longer than a generator waits for an answer (5 s) and for its next up check (6 s). */
const QUIET_MS = 7000;

/** The whole scenario; throws at the first step that does not hold. */
export async function play(stage: Stage, timeline: Timeline): Promise<void> {
  const { say } = timeline;
  await stage.up();
  say("control plane and simulated rack are up");
  await until("every group Ready", 60, () => areGroupsReady(stage));
  say("every object of the DNS example is Ready");
  await firstServerIsReached(stage, timeline);

  await suspend(stage, "normalload200", false);
  say("normalload200 starts: about 192 queries a second");
  const light = await reading(stage, 60, (value) => value > 11_000 && value < 17_500);
  say(`each server receives ${kilo(light)}: about 14 kB/s`);

  await crashInMidScenario(stage, timeline);

  await suspend(stage, "normalload400", false);
  say("normalload400 starts beside it: about 384 queries a second more");
  const heavy = await reading(stage, 60, (value) => value > 30_000);
  say(`the server receives ${kilo(heavy)}: above the policy's 30 kB/s`);
  await secondServerJoins(stage, timeline);
  await loadIsShared(stage, timeline);
  await serverComesBack(stage, timeline);
  await secondServerLeaves(stage, timeline);

  const { packetsWithoutRoute } = await stage.tasks();
  hold(
    `no packet reached a routed task without its route, but ${JSON.stringify(packetsWithoutRoute)}`,
    Object.keys(packetsWithoutRoute).length === 0,
  );
  say("no packet reached a routed task while the switch had no /32 for it");
}

async function areGroupsReady(stage: Stage): Promise<boolean> {
  const { items } = await stage.client().list(ServiceGroup);
  return (
    items.length > 0 &&
    items.every((group) => isTrue(group, "Ready") && group.status?.observedGeneration === group.metadata.generation)
  );
}

async function suspend(stage: Stage, name: string, isSuspended: boolean): Promise<void> {
  await stage
    .client()
    .patch(ServiceGroup, { namespace: NAMESPACE, name }, { spec: { suspend: isSuspended } }, { fieldManager: "demo" });
}

async function firstServerIsReached(stage: Stage, { say }: Timeline): Promise<void> {
  const address = await until("dns-sl1 resolves", 20, async () => (await stage.resolve("dns-sl1.service.torc"))[0]);
  hold(`the name server at ${address} answers`, await stage.asks(address));
  const nextHop = (await stage.routes()).get(`${address}/32`);
  hold(`the switch routes ${address}/32`, nextHop === "10.250.3.21" || nextHop === "10.250.3.22");
  say(`dns-sl1.service.torc is ${address}; it answers, and the switch routes its /32 via ${nextHop}`);
}

async function reading(stage: Stage, limitSeconds: number, fits: (value: number) => boolean): Promise<number> {
  let last: number | undefined;
  try {
    return await until("the policy's reading fits", limitSeconds, async () => {
      last = await stage.received();
      return last !== undefined && fits(last) ? last : undefined;
    });
  } catch (error) {
    throw new Error(
      `${error instanceof Error ? error.message : String(error)}; it is ${last === undefined ? "absent" : kilo(last)}`,
    );
  }
}

function kilo(value: number): string {
  return `${(value / 1000).toFixed(1)} kB/s`;
}

/** The rack must not notice that its control plane died and came back. */
async function crashInMidScenario(stage: Stage, { say }: Timeline): Promise<void> {
  const before = await stage.tasks();
  const mark = (await stage.journal(0)).at(-1)?.number ?? 0;
  await stage.crash();
  say("the control plane is killed (-9); the rack runs on");
  await new Promise((resolve) => setTimeout(resolve, 3000));
  await stage.up();
  await until("every group Ready again", 40, () => areGroupsReady(stage));
  const pids = (tasks: readonly StageTask[]) =>
    tasks
      .map((task) => `${task.taskId}=${task.pid}`)
      .sort()
      .join();
  hold(
    "the restarted control plane finds every task running",
    pids((await stage.tasks()).tasks) === pids(before.tasks),
  );
  const removals = (await stage.journal(mark)).filter(isRemoval);
  hold(
    `it withdraws nothing, but ${removals.map((entry) => `${entry.call} ${entry.subject}`).join(", ")}`,
    removals.length === 0,
  );
  say(`it is back: ${before.tasks.length} tasks as before, nothing withdrawn`);
}

function isRemoval({ call }: JournalEntry): boolean {
  return call === "KILL" || call.startsWith("DELETE ") || call.includes("deregister");
}

async function secondServerJoins(stage: Stage, { say }: Timeline): Promise<void> {
  await until("the policy asks for two", 60, async () => {
    const group = await stage.client().get(ServiceGroup, { namespace: NAMESPACE, name: "dns" });
    return group.spec.replicas === 2;
  });
  say("the policy adds a server");
  const address = await until("dns-sl2 resolves", 40, async () => (await stage.resolve("dns-sl2.service.torc"))[0]);
  hold(`the second server at ${address} answers`, await stage.asks(address));
  say(`dns-sl2.service.torc is ${address}`);
}

/** Answers of each server within some seconds: neither has more than two thirds. */
async function loadIsShared(stage: Stage, { say }: Timeline): Promise<void> {
  await until("both servers get about half", 40, async () => {
    const before = await servers(stage);
    await new Promise((resolve) => setTimeout(resolve, 4000));
    const after = await servers(stage);
    const answers = after.map(
      (task) =>
        (task.counters.answers ?? 0) - (before.find((other) => other.taskId === task.taskId)?.counters.answers ?? 0),
    );
    const all = answers.reduce((sum, count) => sum + count, 0);
    return answers.length === 2 && all > 1000 && Math.max(...answers) < all * 0.6;
  });
  say("each server gets about half of the questions");
}

async function servers(stage: Stage): Promise<readonly StageTask[]> {
  return (await stage.tasks()).tasks.filter((task) => task.image === "bind9");
}

/** `kill -9` of a name server: a successor has its number and its name. */
async function serverComesBack(stage: Stage, { say }: Timeline): Promise<void> {
  const { items } = await stage.client().list(Instance, { namespace: NAMESPACE });
  const first = items.find((instance) => instance.spec.service === "dns-sl" && instance.spec.number === 1);
  const task = (await servers(stage)).find((candidate) => candidate.taskId === first?.status?.placement?.taskID);
  if (first === undefined || task === undefined) throw new Error("not so: dns-sl1 has a task");
  process.kill(task.pid, "SIGKILL");
  say(`the name server dns-sl1 (process ${task.pid}) is killed (-9)`);
  const address = await until("dns-sl1 is back under its name", 60, async () => {
    const addresses = await stage.resolve("dns-sl1.service.torc");
    const now = addresses.find((candidate) => candidate !== task.address);
    return addresses.length === 1 && now !== undefined && (await stage.asks(now)) ? now : undefined;
  });
  await until("the group is Ready again", 30, () => areGroupsReady(stage));
  say(`dns-sl1.service.torc is back as ${address}, under its own number`);
}

async function secondServerLeaves(stage: Stage, { say }: Timeline): Promise<void> {
  await lossesAreCounted(stage);
  await suspend(stage, "normalload400", true);
  say("normalload400 stops");
  const mark = (await stage.journal(0)).at(-1)?.number ?? 0;
  const leaving = await instanceOf(stage, 2);
  const lostBefore = await lost(stage);
  await until("the policy asks for one", 60, async () => {
    const group = await stage.client().get(ServiceGroup, { namespace: NAMESPACE, name: "dns" });
    return group.spec.replicas === 1;
  });
  say("the policy takes a server away");
  await until("dns-sl2 is gone", 60, async () => (await instanceOf(stage, 2)) === undefined);
  const taskId = leaving?.status?.placement?.taskID ?? "";
  provesOrder(await stage.journal(mark), {
    instance: leaving?.metadata.name ?? "",
    address: leaving?.status?.addresses?.[0] ?? "",
    taskId,
  });
  say("on the wire: deregister, then route delete, then KILL");
  await until("one server is left and Ready", 30, () => areGroupsReady(stage));
  const lostAfter = await lost(stage);
  hold(`no query is lost by the scale-down, but ${lostAfter - lostBefore}`, lostAfter === lostBefore);
  hold("dns-sl2 no longer resolves", (await stage.resolve("dns-sl2.service.torc")).length === 0);
  say("dns-sl2 has left; no generator lost a query");
}

/** What the kill cost is known a time-out and an up check later; only then a loss can be blamed on what follows. */
async function lossesAreCounted(stage: Stage): Promise<void> {
  await until("no query is lost any more", 60, async () => {
    const before = await lost(stage);
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    return (await lost(stage)) === before;
  });
}

async function instanceOf(stage: Stage, number: number): Promise<Instance | undefined> {
  const { items } = await stage.client().list(Instance, { namespace: NAMESPACE });
  return items.find((instance) => instance.spec.service === "dns-sl" && instance.spec.number === number);
}

/** Queries without an answer, of the generator that goes on. */
async function lost(stage: Stage): Promise<number> {
  const { tasks } = await stage.tasks();
  const generators = tasks.filter((task) => task.image === "normalload" && task.taskId.includes("normalload200"));
  return generators.reduce((sum, task) => sum + (task.counters.lost ?? 0), 0);
}

function provesOrder(
  journal: readonly JournalEntry[],
  leaving: { instance: string; address: string; taskId: string },
): void {
  const last = (fits: (entry: JournalEntry) => boolean) => journal.findLast(fits)?.number;
  const first = (fits: (entry: JournalEntry) => boolean) => journal.find(fits)?.number;
  const deregister = last(
    (entry) => entry.call.includes("deregister") && decodeURIComponent(entry.subject).includes(leaving.instance),
  );
  const route = first((entry) => entry.call.startsWith("DELETE ") && entry.subject.startsWith(leaving.address));
  const kill = first((entry) => entry.call === "KILL" && entry.subject === leaving.taskId);
  hold(
    `deregister (${deregister}) comes before route delete (${route}) before KILL (${kill})`,
    deregister !== undefined && route !== undefined && kill !== undefined && deregister < route && route < kill,
  );
}
