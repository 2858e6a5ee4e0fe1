import type { Random } from "../../../platform/random.js";
import type { Fault, FaultScript } from "../../../simulator/faults.js";
import type { World } from "../world/world.js";
import type { Scenario } from "./scenario.js";
import type { Watchdog } from "./watchdog.js";

/** Everything that will go wrong in one run, drawn beforehand from the seed. */
export interface Chaos {
  /** One line per mishap. */
  readonly script: readonly string[];
  /** Lets happen what is due. */
  strike(nowMs: number): void;
  /** Heals everything: from now on nothing goes wrong any more. */
  end(): void;
}

interface ChaosOptions {
  readonly world: World;
  readonly scenario: Scenario;
  readonly guard: Watchdog;
  readonly random: Random;
}

interface Mishap {
  readonly atMs: number;
  readonly what: string;
  run(): void;
}

/** Between 3 and 10 mishaps in the window of the scenario. */
export function drawChaos(options: ChaosOptions): Chaos {
  const { scenario, random } = options;
  const span = scenario.faultsUntilMs - scenario.faultsFromMs;
  const context: Drawing = { ...options, healers: [] };
  const mishaps = Array.from({ length: 3 + random.integer(8) }, (): Mishap => {
    const atMs = scenario.faultsFromMs + random.integer(span);
    return { atMs, ...pick(random, mishapsOf(scenario))(context) };
  }).sort((a, b) => a.atMs - b.atMs);
  const script = mishaps.map(({ atMs, what }) => `${(atMs / 1000).toFixed(3)} s ${what}`);
  return {
    script,
    strike(nowMs) {
      while ((mishaps[0]?.atMs ?? Number.POSITIVE_INFINITY) <= nowMs) mishaps.shift()?.run();
    },
    end() {
      for (const heal of context.healers) heal();
    },
  };
}

interface Drawing extends ChaosOptions {
  /** Undo what would last for ever. */
  readonly healers: (() => void)[];
}

type Draw = (drawing: Drawing) => { readonly what: string; run(): void };

/** What becomes of names and routes is not ours to answer for while the outside itself loses them, and one period after. */
const EXCUSED_MS = 30_000;

const TASK_ENDERS: readonly Draw[] = [lostAgent, killedTask];

function mishapsOf({ sparesTasks = false }: Scenario): readonly Draw[] {
  return sparesTasks ? MISHAPS.filter((draw) => !TASK_ENDERS.includes(draw)) : MISHAPS;
}

const MISHAPS: readonly Draw[] = [
  badNetwork,
  badNetwork,
  badNetwork,
  badNetwork,
  ({ world, random }) => {
    const count = 1 + random.integer(3);
    return { what: `${count} statuses are lost`, run: () => world.mesos.loseNextStatus(count) };
  },
  ({ world, random }) => {
    const count = 1 + random.integer(3);
    return { what: `${count} statuses come twice`, run: () => world.mesos.duplicateNextStatus(count) };
  },
  ({ world }) => ({ what: "the scheduler's connection breaks", run: () => world.mesos.dropConnection() }),
  ({ world, random }) => {
    const downMs = 200 + random.integer(8000);
    return { what: `master restarts, down for ${downMs} ms`, run: () => world.mesos.restart({ downMs }) };
  },
  ({ world }) => ({ what: "all offers are taken back", run: () => world.mesos.rescindOffers() }),
  slowAgent,
  lostAgent,
  killedTask,
  ({ world, guard, random }) => {
    const wipe = random.next() < 0.3;
    return {
      what: `consul restarts${wipe ? " empty" : ""}`,
      run() {
        if (wipe) guard.excuse(EXCUSED_MS);
        world.consul.restart({ wipe });
      },
    };
  },
  ({ world, guard, random }) => {
    const wipe = random.next() < 0.3;
    return {
      what: `switch restarts${wipe ? " empty" : ""}`,
      run() {
        guard.excuse(EXCUSED_MS);
        world.tor.restart({ wipe });
      },
    };
  },
  ({ world }) => ({ what: "controllers are killed", run: () => void world.restartControllers() }),
  ({ world }) => ({ what: "controllers are killed", run: () => void world.restartControllers() }),
  pausedControllers,
];

function pausedControllers({ world, random, healers }: Drawing) {
  const forMs = 1000 + random.integer(40_000);
  return {
    what: `controllers stop for ${forMs} ms beside a fresh rival`,
    run() {
      const plane = world.planes.findLast(({ gate }) => gate.state() === "running");
      if (plane === undefined) return;
      plane.gate.pause();
      world.clock.schedule(forMs, plane.gate.resume);
      healers.push(plane.gate.resume);
      world.startControllers();
    },
  };
}

function slowAgent({ world, random, healers }: Drawing) {
  const node = pick(random, world.nodeNames);
  const delayMs = 50 + random.integer(3000);
  return {
    what: `${node} answers ${delayMs} ms late`,
    run() {
      world.mesos.setAgentDelay(node, delayMs);
      healers.push(() => world.mesos.setAgentDelay(node, 0));
    },
  };
}

function lostAgent({ world, guard, random, healers }: Drawing) {
  const node = pick(random, world.nodeNames);
  const how = pick(random, ["partitionAgent", "killAgent", "crashAgent"] as const);
  const forMs = 1000 + random.integer(20_000);
  return {
    what: `${how} ${node} for ${forMs} ms`,
    run() {
      let isAway = true;
      const comeBack = () => {
        if (isAway) world.mesos.returnAgent(node);
        isAway = false;
      };
      if (how === "crashAgent") guard.excuse(forMs + EXCUSED_MS);
      world.mesos[how](node);
      world.clock.schedule(forMs, comeBack);
      healers.push(comeBack);
    },
  };
}

function killedTask({ world, scenario, random }: Drawing) {
  const chosen = random.next();
  return {
    what: `task ${chosen.toFixed(2)} dies`,
    run() {
      const tasks = world.runner.running().filter(({ task }) => scenario.routedTasks.test(task.taskId));
      const victim = tasks[Math.floor(chosen * tasks.length)];
      if (victim !== undefined) world.mesos.killTask(victim.task.taskId);
    },
  };
}

const PLACES = ["mesos", "agents", "consul", "tor", "api"] as const;

function badNetwork({ world, random, healers }: Drawing) {
  const place = pick(random, PLACES);
  const fault = drawFault(random);
  const probability = 0.2 + 0.8 * random.next();
  const forMs = 500 + random.integer(15_000);
  const script = world.scripts[place];
  return {
    what: `${place}: ${JSON.stringify(fault)} with ${probability.toFixed(2)} for ${forMs} ms`,
    run() {
      const rule = { fault, probability };
      script.rules = [...script.rules, rule];
      const heal = () => remove(script, rule);
      world.clock.schedule(forMs, heal);
      healers.push(heal);
    },
  };
}

function remove(script: FaultScript, rule: FaultScript["rules"][number]): void {
  script.rules = script.rules.filter((other) => other !== rule);
}

function drawFault(random: Random): Fault {
  const ms = 1 + random.integer(4000);
  return pick(random, [
    { type: "delay", ms: 10 + random.integer(3000), jitterMs: random.integer(3000) },
    { type: "refuse" },
    { type: "dropRequest", afterMs: ms },
    { type: "dropResponse", afterMs: ms },
    { type: "duplicate" },
    { type: "status", status: pick(random, [429, 500, 502, 503]), body: "bad gateway" },
    { type: "html" },
    { type: "truncate", bytes: random.integer(400) },
    { type: "cut", afterMs: ms },
  ] satisfies readonly Fault[]);
}

function pick<T>(random: Random, items: readonly T[]): T {
  // the lists above are never empty
  return items[random.integer(items.length)] as T;
}
