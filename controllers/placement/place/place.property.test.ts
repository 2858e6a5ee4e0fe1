import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PlacementRule } from "../../../api-types/service/placement-rules.js";
import type { NodeFacts, NodeOffer, PlaceInput, Placement, PlaceResult, WaitingTask } from "./model.js";
import { place } from "./place.js";
import { inputArb } from "./testing.js";

type Pool = NodeOffer["pools"][number];

const check = (claim: (input: PlaceInput, result: PlaceResult) => void) =>
  fc.assert(
    fc.property(inputArb, (input) => claim(input, place(input))),
    { numRuns: 300 },
  );

describe("placement", { timeout: 60_000 }, () => {
  it("decides about every task once", () => {
    check(({ waiting }, { placements, refusals }) => {
      const keys = [...placements, ...refusals].map(({ key }) => key).sort();
      expect(keys).toEqual(waiting.map(({ key }) => key).sort());
    });
  });

  it("never gives away more than is offered, and only what roles allow", () => {
    check((input, { placements }) => {
      const left = remaining(input, placements);
      for (const { pools } of left) {
        for (const { resources } of pools) {
          for (const scalar of SCALARS) expect(resources[scalar]).toBeGreaterThanOrEqual(-1e-9);
        }
      }
    });
  });

  it("names every port that was asked for, and none twice on a node", () => {
    check((input, { placements }) => {
      const used = new Set<string>();
      for (const { key, node, ports } of placements) {
        const task = taskOf(input, key);
        expect(ports.map(({ name }) => name)).toEqual(task.need.ports.map(({ name }) => name));
        for (const [index, { port }] of ports.entries()) {
          const need = task.need.ports[index];
          if (need?.type === "fixed") expect(port).toBe(need.port);
          expect(used.has(`${node}:${port}`)).toBe(false);
          used.add(`${node}:${port}`);
        }
      }
    });
  });

  it("keeps every rule at every step", () => {
    check((input, { placements }) => {
      const placed = [...input.placed];
      let waiting = input.waiting;
      for (const { key, node } of placements) {
        const task = taskOf(input, key);
        expect(broken(task, node, { ...input, placed, waiting })).toEqual([]);
        waiting = waiting.filter((other) => other.key !== key);
        placed.push({ service: task.service, node });
      }
    });
  });

  it("refuses nothing that would fit in the end", () => {
    check((input, { placements, refusals }) => {
      const placed = [
        ...input.placed,
        ...placements.map(({ key, node }) => ({ service: taskOf(input, key).service, node })),
      ];
      const refused = new Set(refusals.map(({ key }) => key));
      const waiting = input.waiting.filter(({ key }) => refused.has(key));
      const left = remaining(input, placements);
      for (const task of waiting) {
        const fitting = left.filter((offer) => isRoomFor(task, offer));
        for (const { node } of fitting) expect(broken(task, node, { ...input, placed, waiting })).not.toEqual([]);
      }
    });
  });

  it("finds nothing new in what it left", () => {
    check((input, { placements, refusals }) => {
      const refused = new Set(refusals.map(({ key }) => key));
      const again = place({
        ...input,
        waiting: input.waiting.filter(({ key }) => refused.has(key)),
        placed: [
          ...input.placed,
          ...placements.map(({ key, node }) => ({ service: taskOf(input, key).service, node })),
        ],
        offers: remaining(input, placements),
      });
      expect(again.placements).toEqual([]);
      expect(again.refusals).toEqual(refusals);
    });
  });

  it("does not depend on the order of anything", () => {
    check((input, result) => {
      const reversed = {
        ...input,
        waiting: input.waiting.toReversed(),
        placed: input.placed.toReversed(),
        nodes: input.nodes.toReversed(),
        offers: input.offers.toReversed(),
      };
      expect(place(reversed)).toEqual(result);
    });
  });

  it("prefers the same nodes whether tasks are judged together or each alone", () => {
    check((input, { placements }) => {
      // those that wait for others are tried again shape by shape
      const isEvenSpread = input.waiting.some(({ rules }) =>
        rules.some(({ operator, value }) => operator === "GroupBy" && value === undefined),
      );
      if (isEvenSpread) return;
      // the same thousandths, but a shape for each task
      const waiting = input.waiting.map((task, index) => ({
        ...task,
        need: { ...task.need, cpu: task.need.cpu + index * 1e-6 },
      }));
      expect(place({ ...input, waiting }).placements).toEqual(placements);
    });
  });

  it("gives nodes with GPUs to others only where nothing else fits, or what is named or near is there", () => {
    check((input, { placements }) => {
      const hasGpu = (name: string) => input.nodes.some((node) => node.name === name && node.hasGpu);
      const placed = [...input.placed];
      for (const [index, { key, node }] of placements.entries()) {
        const task = taskOf(input, key);
        const before = placed.slice();
        placed.push({ service: task.service, node });
        if (task.need.gpu > 0 || !hasGpu(node) || task.nodeNames.length > 0 || task.near.length > 0) continue;
        const earlier = new Set(placements.slice(0, index).map((one) => one.key));
        const waiting = input.waiting.filter((other) => !earlier.has(other.key));
        const spared = remaining(input, placements.slice(0, index)).filter(
          (offer) => !hasGpu(offer.node) && isRoomFor(task, offer),
        );
        for (const offer of spared) {
          expect(broken(task, offer.node, { ...input, placed: before, waiting })).not.toEqual([]);
        }
      }
    });
  });

  it("counts every offering node in every refusal", () => {
    check(({ offers }, { refusals }) => {
      for (const { counts } of refusals) {
        expect([...counts.values()].reduce((sum, count) => sum + count, 0)).toBe(offers.length);
      }
    });
  });
});

const SCALARS = ["cpu", "memoryMiB", "diskMiB", "gpu"] as const;

function taskOf({ waiting }: PlaceInput, key: string): WaitingTask {
  const task = waiting.find((one) => one.key === key);
  if (task === undefined) throw new Error(`nobody waits as ${key}`);
  return task;
}

/** The offers less what was given away, taken as the driver takes: reserved first, in their order. */
function remaining(input: PlaceInput, placements: readonly Placement[]): readonly NodeOffer[] {
  return input.offers.map((offer) => {
    const here = placements.filter(({ agentId }) => agentId === offer.agentId);
    const order = [...offer.pools].sort((a, b) => Number(a.role === "*") - Number(b.role === "*"));
    let pools: readonly Pool[] = order;
    for (const placement of here) pools = taken(pools, taskOf(input, placement.key), placement);
    return { ...offer, pools };
  });
}

function isRoomFor({ need, roles }: WaitingTask, { pools }: NodeOffer): boolean {
  const allowed = pools.filter(({ role }) => roles?.includes(role) ?? true).map(({ resources }) => resources);
  const ports = allowed.flatMap((resources) => resources.ports);
  const free = ports.reduce((sum, { begin, end }) => sum + end - begin + 1, 0);
  const isFree = (port: number) => ports.some(({ begin, end }) => begin <= port && port <= end);
  const scalars = SCALARS.every(
    (scalar) => allowed.reduce((sum, resources) => sum + resources[scalar], 0) >= need[scalar] - 1e-9,
  );
  const fixed = need.ports.every((port) => port.type === "assigned" || isFree(port.port));
  return scalars && fixed && free >= need.ports.length;
}

function taken(pools: readonly Pool[], { need, roles }: WaitingTask, { ports }: Placement): readonly Pool[] {
  const missing = { cpu: need.cpu, memoryMiB: need.memoryMiB, diskMiB: need.diskMiB, gpu: need.gpu };
  const wanted = new Set(ports.map(({ port }) => port));
  const left = pools.map(({ role, resources }) => {
    if (roles !== undefined && !roles.includes(role)) return { role, resources };
    const rest = { ...resources };
    for (const scalar of SCALARS) {
      const part = Math.min(missing[scalar], rest[scalar]);
      rest[scalar] = Math.round((rest[scalar] - part) * 1000) / 1000;
      missing[scalar] = Math.round((missing[scalar] - part) * 1000) / 1000;
    }
    const numbers = rest.ports.flatMap(({ begin, end }) =>
      Array.from({ length: end - begin + 1 }, (_, at) => begin + at),
    );
    const kept = numbers.filter((port) => !wanted.delete(port));
    return { role, resources: { ...rest, ports: kept.map((port) => ({ begin: port, end: port })) } };
  });
  expect({ ...missing, ports: [...wanted] }).toEqual({ cpu: 0, memoryMiB: 0, diskMiB: 0, gpu: 0, ports: [] });
  return left;
}

/** What a placement breaks, judged without anything of the round. */
function broken(task: WaitingTask, nodeName: string, { nodes, placed, waiting }: PlaceInput): readonly string[] {
  const node = nodes.find(({ name }) => name === nodeName);
  if (node === undefined) return ["no such node"];
  const here = placed.filter((one) => one.node === nodeName).map(({ service }) => service);
  const faults = [
    task.nodeNames.length > 0 && !task.nodeNames.includes(nodeName) ? "name" : "",
    node.closedBecause ?? "",
    task.nodeType !== undefined && task.nodeType !== node.type ? "type" : "",
    task.nodeFunction !== undefined && task.nodeFunction !== node.function ? "function" : "",
    task.apartFrom.some((service) => here.includes(service)) ? "apart" : "",
    ...task.rules.map((rule) => (keeps(rule, { task, node, nodes, placed, waiting }) ? "" : JSON.stringify(rule))),
  ];
  return faults.filter((fault) => fault !== "");
}

interface Board {
  readonly task: WaitingTask;
  readonly node: NodeFacts;
  readonly nodes: PlaceInput["nodes"];
  readonly placed: PlaceInput["placed"];
  readonly waiting: PlaceInput["waiting"];
}

function keeps({ operator, attribute, value }: PlacementRule, board: Board): boolean {
  const { task, node, nodes, placed } = board;
  const textOf = (facts: NodeFacts | undefined) => facts?.attributes[attribute]?.toString().replace("1.0", "1");
  const own = placed
    .filter(({ service }) => service === task.service)
    .map((one) => nodes.find(({ name }) => name === one.node));
  const values = own.flatMap((facts) => (facts === undefined ? [] : [textOf(facts)]));
  const text = textOf(node);
  if (text === undefined) return operator === "Unlike";
  const size = values.filter((one) => one === text).length;
  switch (operator) {
    case "Unique":
      return size === 0;
    case "Cluster":
      return values.length === 0 || text === mostFrequent(values);
    case "Is":
      return text === value;
    case "Unlike":
      return text !== value;
    case "MaxPer":
      return size < Number(value);
    case "GroupBy":
      return value === undefined ? isEven(board, textOf) : isShare(values, text, { groupsMax: Number(value), board });
    default:
      return false;
  }
}

/** Of equals the first in the alphabet. */
function mostFrequent(values: readonly (string | undefined)[]): string | undefined {
  const sizeOf = (text: string) => values.filter((one) => (one ?? "") === text).length;
  const texts = [...new Set(values.map((one) => one ?? ""))].sort();
  return texts.reduce((best, text) => (sizeOf(text) > sizeOf(best) ? text : best));
}

/** After the placement no usable value has fewer than one less. */
function isEven(
  { task, node, nodes, placed, waiting }: Board,
  textOf: (facts: NodeFacts | undefined) => string | undefined,
) {
  const alone = task.rules.filter(({ operator }) => operator === "Is" || operator === "Unlike");
  const usable = nodes.filter(
    (facts) =>
      broken({ ...task, rules: alone, apartFrom: [] }, facts.name, { nodes, placed, waiting, offers: [], portSeed: 0 })
        .length === 0,
  );
  const sizeOf = (text: string | undefined) =>
    placed.filter((one) => one.service === task.service && textOf(nodes.find(({ name }) => name === one.node)) === text)
      .length;
  const sizes = usable.map(textOf).flatMap((text) => (text === undefined ? [] : [sizeOf(text)]));
  return sizeOf(textOf(node)) <= Math.min(...sizes);
}

function isShare(
  values: readonly (string | undefined)[],
  text: string,
  { groupsMax, board: { task, placed, waiting } }: { readonly groupsMax: number; readonly board: Board },
): boolean {
  const sizes = new Map<string | undefined, number>();
  for (const value of [...values, text]) sizes.set(value, (sizes.get(value) ?? 0) + 1);
  const ofService = (tasks: readonly { readonly service: string }[]) =>
    tasks.filter(({ service }) => service === task.service).length;
  const wanted = Math.max(task.wanted, ofService(placed) + ofService(waiting));
  const share = Math.floor(wanted / groupsMax);
  const size = sizes.get(text) ?? 0;
  if (size === 1) return sizes.size <= groupsMax;
  const above = [...sizes.values()].reduce((sum, one) => sum + Math.max(0, one - share), 0);
  return size <= share || (size === share + 1 && above <= wanted % groupsMax);
}
