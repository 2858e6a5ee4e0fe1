import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  isNewsOfRefusal,
  NO_NODE_FITS,
  type NodeOffer,
  type PlacedTask,
  place,
  WAITING_FOR_OFFERS,
  type WaitingTask,
} from "./place.js";

function task(
  key: string,
  fields: Partial<Omit<WaitingTask, "need">> & { readonly need?: Partial<WaitingTask["need"]> } = {},
): WaitingTask {
  const { need, ...rest } = fields;
  return {
    key,
    service: "ns/shop/web",
    need: { cpu: 1, memoryMiB: 100, diskMiB: 0, ports: [], ...need },
    nodeNames: [],
    nodeType: undefined,
    nodeFunction: undefined,
    isUniqueByNode: false,
    createdAt: "2026-01-01T00:00:00Z",
    ...rest,
  };
}

function offer(
  node: string,
  fields: Partial<Omit<NodeOffer, "resources">> & { readonly resources?: Partial<NodeOffer["resources"]> } = {},
): NodeOffer {
  const { resources, ...rest } = fields;
  return {
    agentId: `agent-${node}`,
    offerIds: [`offer-${node}`],
    node,
    nodeType: "worker",
    nodeFunction: "lab",
    isSchedulable: true,
    resources: { cpu: 4, memoryMiB: 1000, diskMiB: 1000, gpu: 0, ports: [{ begin: 8000, end: 8010 }], ...resources },
    ...rest,
  };
}

/** `task@node` for what is placed, `task: reason` for what is refused. */
function outcome(
  waiting: readonly WaitingTask[],
  placed: readonly PlacedTask[],
  offers: readonly NodeOffer[],
): readonly string[] {
  const { placements, refusals } = place(waiting, placed, offers);
  return [
    ...placements.map(({ key, node }) => `${key}@${node}`),
    ...refusals.map(({ key, message }) => `${key}: ${message}`),
  ];
}

type Row = readonly [
  name: string,
  waiting: readonly WaitingTask[],
  placed: readonly PlacedTask[],
  offers: readonly NodeOffer[],
  expected: readonly string[],
];

function check(rows: readonly Row[]): void {
  it.each(rows)("%s", (_, waiting, placed, offers, expected) => {
    expect(outcome(waiting, placed, offers)).toEqual(expected);
  });
}

const refused = (reason: string) => [`a: 1 offering nodes refused: 1 by ${reason}`];
const here = { service: "ns/shop/web", node: "n1" };

describe("refusals", () => {
  check([
    ["unschedulable node", [task("a")], [], [offer("n1", { isSchedulable: false })], refused("unschedulable")],
    ["another node is named", [task("a", { nodeNames: ["n2"] })], [], [offer("n1")], refused("node name")],
    ["another type", [task("a", { nodeType: "master" })], [], [offer("n1")], refused("node type")],
    ["another function", [task("a", { nodeFunction: "db" })], [], [offer("n1")], refused("node function")],
    [
      "no function",
      [task("a", { nodeFunction: "db" })],
      [],
      [offer("n1", { nodeFunction: undefined })],
      refused("node function"),
    ],
    [
      "Unique with one there, whatever its revision",
      [task("a", { isUniqueByNode: true })],
      [here],
      [offer("n1")],
      refused("unique by node"),
    ],
    ["too little cpu", [task("a", { need: { cpu: 4.001 } })], [], [offer("n1")], refused("cpu")],
    ["too little memory", [task("a", { need: { memoryMiB: 1001 } })], [], [offer("n1")], refused("memory")],
    ["too little disk", [task("a", { need: { diskMiB: 1001 } })], [], [offer("n1")], refused("disk")],
    [
      "a port that is not offered",
      [task("a", { need: { ports: [8000, 8011] } })],
      [],
      [offer("n1")],
      refused("host port"),
    ],
    ["nobody offers", [task("a")], [], [], ["a: no node offers resources at the moment"]],
    [
      "every reason is counted",
      [task("a", { need: { cpu: 9 }, nodeType: "worker" })],
      [],
      [offer("n1"), offer("n2"), offer("n3", { nodeType: "master" })],
      ["a: 3 offering nodes refused: 2 by cpu, 1 by node type"],
    ],
  ]);
});

describe("choice", () => {
  check([
    [
      "what exactly fits is taken",
      [task("a", { need: { cpu: 4, memoryMiB: 1000, diskMiB: 1000, ports: [8000, 8010] } })],
      [],
      [offer("n1")],
      ["a@n1"],
    ],
    ["rounding of the back end is forgiven", [task("a", { need: { cpu: 4.0004 } })], [], [offer("n1")], ["a@n1"]],
    [
      "named nodes in the order of preference",
      [task("a", { nodeNames: ["n2", "n1"] })],
      [{ ...here, node: "n2" }],
      [offer("n1"), offer("n2")],
      ["a@n2"],
    ],
    [
      "fewest of the same service first",
      [task("a")],
      [here, { service: "ns/shop/db", node: "n2" }, { service: "ns/shop/db", node: "n2" }],
      [offer("n1"), offer("n2")],
      ["a@n2"],
    ],
    ["fewest tasks then", [task("a")], [{ service: "ns/shop/db", node: "n1" }], [offer("n1"), offer("n2")], ["a@n2"]],
    ["the name then", [task("a")], [], [offer("n2"), offer("n1")], ["a@n1"]],
    ["spreads", [task("a"), task("b"), task("c")], [], [offer("n1"), offer("n2")], ["a@n1", "b@n2", "c@n1"]],
    [
      "Unique counts those of this round",
      [task("a", { isUniqueByNode: true }), task("b", { isUniqueByNode: true })],
      [],
      [offer("n1")],
      ["a@n1", "b: 1 offering nodes refused: 1 by unique by node"],
    ],
    [
      "Unique of another service does not count",
      [task("a", { isUniqueByNode: true })],
      [{ service: "ns/shop/db", node: "n1" }],
      [offer("n1")],
      ["a@n1"],
    ],
    [
      "a port is given once",
      [task("a", { need: { ports: [8005] } }), task("b", { need: { ports: [8005] } })],
      [],
      [offer("n1")],
      ["a@n1", "b: 1 offering nodes refused: 1 by host port"],
    ],
    [
      "the ports around it stay",
      [task("a", { need: { ports: [8005] } }), task("b", { need: { ports: [8004, 8006] } })],
      [],
      [offer("n1")],
      ["a@n1", "b@n1"],
    ],
    [
      "the oldest goes first",
      [task("a", { createdAt: "2026-01-02T00:00:00Z", need: { cpu: 4 } }), task("b", { need: { cpu: 4 } })],
      [],
      [offer("n1")],
      ["b@n1", "a: 1 offering nodes refused: 1 by cpu"],
    ],
    [
      "of one age the name decides",
      [task("b", { need: { cpu: 4 } }), task("a", { need: { cpu: 4 } })],
      [],
      [offer("n1")],
      ["a@n1", "b: 1 offering nodes refused: 1 by cpu"],
    ],
    [
      "a small one passes a big one that finds no room",
      [task("a", { need: { cpu: 9 } }), task("b")],
      [],
      [offer("n1")],
      ["b@n1", "a: 1 offering nodes refused: 1 by cpu"],
    ],
  ]);

  it("hands over all offers of the agent", () => {
    const { placements } = place([task("a")], [], [offer("n1", { offerIds: ["o1", "o2"] })]);
    expect(placements).toEqual([{ key: "a", agentId: "agent-n1", offerIds: ["o1", "o2"], node: "n1" }]);
  });
});

describe("any tasks and offers", () => {
  const node = fc.constantFrom("n1", "n2", "n3");
  const tasks = fc
    .array(
      fc.record({
        cpu: fc.integer({ min: 1, max: 3 }),
        memoryMiB: fc.integer({ min: 50, max: 500 }),
        ports: fc.uniqueArray(fc.integer({ min: 8000, max: 8004 }), { maxLength: 2 }),
        isUniqueByNode: fc.boolean(),
        age: fc.integer({ min: 0, max: 9 }),
        service: fc.constantFrom("x", "y"),
      }),
      { maxLength: 20 },
    )
    .map((list) =>
      list.map(({ cpu, memoryMiB, ports, isUniqueByNode, age, service }, index) =>
        task(`t${index}`, {
          need: { cpu, memoryMiB, ports },
          isUniqueByNode,
          service,
          createdAt: `2026-01-0${9 - age || 1}T00:00:00Z`,
        }),
      ),
    );
  const offers = fc.uniqueArray(node).map((names) => names.map((name) => offer(name)));
  const placed = fc.array(fc.record({ service: fc.constantFrom("x", "y"), node }));

  it("never over-commits, places each at most once, and says of each what became of it", () => {
    fc.assert(
      fc.property(tasks, placed, offers, (waiting, running, offered) => {
        const { placements, refusals } = place(waiting, running, offered);
        const keys = [...placements, ...refusals].map(({ key }) => key);
        expect([...keys].sort()).toEqual(waiting.map(({ key }) => key).sort());
        for (const one of offered) {
          const here = placements
            .filter(({ agentId }) => agentId === one.agentId)
            .flatMap(({ key }) => waiting.filter((candidate) => candidate.key === key));
          const ports = here.flatMap(({ need }) => need.ports);
          expect(here.reduce((sum, { need }) => sum + need.cpu, 0)).toBeLessThanOrEqual(one.resources.cpu);
          expect(here.reduce((sum, { need }) => sum + need.memoryMiB, 0)).toBeLessThanOrEqual(one.resources.memoryMiB);
          expect(new Set(ports).size).toBe(ports.length);
        }
      }),
    );
  });

  it("is the same whatever the order of its input", () => {
    fc.assert(
      fc.property(tasks, placed, offers, (waiting, running, offered) => {
        const reversed = place([...waiting].reverse(), [...running].reverse(), [...offered].reverse());
        const sorted = (list: readonly { readonly key: string }[]) =>
          [...list].sort((a, b) => a.key.localeCompare(b.key));
        expect(sorted(reversed.placements)).toEqual(sorted(place(waiting, running, offered).placements));
      }),
    );
  });
});

describe("what is worth reporting of a refusal", () => {
  const fits = (message: string) => ({ reason: NO_NODE_FITS, message });
  const none = { reason: WAITING_FOR_OFFERS, message: "no node offers resources at the moment" };
  it.each([
    ["the first", undefined, none, true],
    ["the same again", none, none, false],
    ["nodes refuse after nothing was offered", none, fits("1 offering nodes refused: 1 by cpu"), true],
    ["no offers for a moment", fits("1 offering nodes refused: 1 by cpu"), none, false],
    ["more nodes refuse", fits("1 offering nodes refused: 1 by cpu"), fits("2 offering nodes refused: 2 by cpu"), true],
    [
      "fewer nodes refuse",
      fits("2 offering nodes refused: 2 by cpu"),
      fits("1 offering nodes refused: 1 by cpu"),
      false,
    ],
    [
      "they refuse for another reason",
      fits("2 offering nodes refused: 2 by cpu"),
      fits("1 offering nodes refused: 1 by memory"),
      true,
    ],
  ])("%s", (_, before, next, isNews) => {
    expect(isNewsOfRefusal(before, next)).toBe(isNews);
  });
});
