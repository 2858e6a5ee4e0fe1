import type { NodeFacts, NodeOffer, PlaceInput, WaitingTask } from "../../controllers/placement/place/model.js";
import { place, placing } from "../../controllers/placement/place/place.js";
import { longestTurns } from "./setup/placement-round.js";
import type { Findings, Row } from "./table/benchmark.js";
import { format, median } from "./table/measure.js";

const TASKS = 50_000;
const NODES = 5_000;
const SERVICES = 10;
const ZONES = 5;
const ROUNDS = 5;
/** What the design promises for all tasks on all nodes, in seconds of CPU. */
const CPU_MAX = 10;
/** Four times as many tasks on four times as many nodes may take four times as long, and half as much again for logarithms, caches and noise. */
const GROWTH_MAX = 4 * 1.5;

/**
 * Placement: every service once on every node, evenly over the zones; the same where nothing is free; as many services as
 * nodes. Then a round of the loop as it runs, in turns of the event loop.
 */
export async function placement(): Promise<Findings> {
  const fit = sizesOf(inputOf);
  const full = sizesOf(fullInputOf);
  const different = sizesOf(servicesOf);
  const step = longestStepMs(inputOf(1));
  const turns = await longestTurns();
  const rows = [
    growthRow("placing 50,000 tasks on 5,000 nodes", fit, "Ten services, each Unique by hostname and GroupBy @zone"),
    growthRow("refusing 50,000 tasks on 5,000 nodes", full, "The same where no node has a core left; with the reasons"),
    growthRow("placing 5,000 services on 5,000 nodes", different, "Ten tasks each, without a rule"),
    turnRow(step, turns),
  ];
  return {
    rows,
    failures: [
      ...failuresOf("placing", fit),
      ...failuresOf("refusing", full),
      ...failuresOf("placing services", different),
    ],
  };
}

/** The least of several runs: what else the machine does is not of interest. */
function longestStepMs(input: PlaceInput): number {
  return Math.min(...Array.from({ length: ROUNDS }, () => longestOf(input)));
}

function longestOf(input: PlaceInput): number {
  const work = placing(input);
  let longest = 0;
  for (let isDone = false; !isDone; ) {
    const since = performance.now();
    isDone = work.next().done === true;
    longest = Math.max(longest, performance.now() - since);
  }
  return longest;
}

function turnRow(stepMs: number, turns: readonly number[]): Row {
  return {
    what: "longest turn of a round of placement",
    measured: `${format(median(turns))} ms`,
    yardstick: `${format(stepMs)} ms, the longest step of placing 50,000`,
    meaning:
      "The middle of several rounds, each of 500 of 50,000 that wait, on 5,000 nodes with 50,000 instances; a turn is meant to end after 8 ms.",
  };
}

interface Sizes {
  readonly quarter: number;
  readonly whole: number;
}

/** Seconds of CPU of a quarter and of the whole, in turns; the first turn warms up. */
function sizesOf(make: (share: number) => PlaceInput): Sizes {
  const inputs = { quarter: make(0.25), whole: make(1) };
  const quarters: number[] = [];
  const wholes: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const times = { quarter: cpuSeconds(inputs.quarter), whole: cpuSeconds(inputs.whole) };
    if (round === 0) continue;
    quarters.push(times.quarter);
    wholes.push(times.whole);
  }
  return { quarter: median(quarters), whole: median(wholes) };
}

function cpuSeconds(input: PlaceInput): number {
  const before = process.cpuUsage();
  const { placements, refusals } = place(input);
  const { user, system } = process.cpuUsage(before);
  if (placements.length + refusals.length !== input.waiting.length) throw new Error("tasks were lost");
  return (user + system) / 1e6;
}

function growthRow(what: string, { quarter, whole }: Sizes, setting: string): Row {
  return {
    what,
    measured: `${format(whole)} s of CPU`,
    yardstick: `${format(quarter)} s for 12,500 on 1,250`,
    ratio: whole / quarter,
    meaning: `${setting}; a ratio of 4 is linear. Promised: at most ${CPU_MAX} s.`,
  };
}

function failuresOf(what: string, { quarter, whole }: Sizes): readonly string[] {
  return [
    ...(whole > CPU_MAX ? [`${what} took ${format(whole)} s of CPU, at most ${CPU_MAX} are promised`] : []),
    ...(whole / quarter > GROWTH_MAX
      ? [`${what} four times as much took ${format(whole / quarter)} times as long`]
      : []),
  ];
}

function inputOf(share: number): PlaceInput {
  const nodes = Array.from({ length: NODES * share }, (_, index) => nodeOf(index));
  const offers = nodes.map((node) => offerOf(node, 4));
  return { waiting: waitingOf(share), placed: [], nodes, offers, portSeed: 1 };
}

function fullInputOf(share: number): PlaceInput {
  const input = inputOf(share);
  return { ...input, offers: input.nodes.map((node) => offerOf(node, 0.05)) };
}

/** As many services as nodes, ten tasks each: nothing is alike but what is asked. */
function servicesOf(share: number): PlaceInput {
  const input = inputOf(share);
  const waiting = input.waiting.map((task, index) => ({
    ...task,
    service: `default/shop/service${index % (NODES * share)}`,
    wanted: TASKS / NODES,
    rules: [],
  }));
  return { ...input, waiting };
}

function waitingOf(share: number): readonly WaitingTask[] {
  const wanted = (TASKS * share) / SERVICES;
  return Array.from({ length: TASKS * share }, (_, index): WaitingTask => {
    const second = String(index % 60).padStart(2, "0");
    return {
      key: `default/shop-${index}`,
      service: `default/shop/service${index % SERVICES}`,
      wanted,
      need: { cpu: 0.1, memoryMiB: 128, diskMiB: 0, gpu: 0, ports: [{ type: "assigned", name: "http" }] },
      roles: undefined,
      nodeNames: [],
      nodeType: "worker",
      nodeFunction: undefined,
      rules: [
        { operator: "Unique", attribute: "hostname", value: undefined },
        // half of them with exactly as many groups as there are zones, half even over what is there
        { operator: "GroupBy", attribute: "@zone", value: index % 2 === 0 ? String(ZONES) : undefined },
      ],
      apartFrom: [],
      near: [],
      strategy: "Spread",
      createdAt: `2026-01-01T00:00:${second}Z`,
    };
  });
}

function nodeOf(index: number): NodeFacts {
  const name = `node${index}`;
  const attributes = { hostname: name, "@zone": `zone${index % ZONES}` };
  return { name, type: "worker", function: undefined, attributes, closedBecause: undefined };
}

function offerOf({ name }: NodeFacts, cpu: number): NodeOffer {
  const resources = { cpu, memoryMiB: 8192, diskMiB: 10_000, gpu: 0, ports: [{ begin: 31_000, end: 32_000 }] };
  return { agentId: `agent-${name}`, offerIds: [`offer-${name}`], node: name, pools: [{ role: "*", resources }] };
}
