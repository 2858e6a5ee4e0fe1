import { describe, expect, it } from "vitest";
import type { PlacementRule } from "../../../api-types/service/placement-rules.js";
import type { NodeFacts, NodeOffer, PlacedTask, PlaceInput, WaitingTask } from "./model.js";
import { place } from "./place.js";

type TaskFields = Partial<Omit<WaitingTask, "need" | "rules">> & {
  readonly need?: Partial<WaitingTask["need"]>;
  readonly rules?: readonly string[];
};

function task(key: string, { need, rules = [], ...fields }: TaskFields = {}): WaitingTask {
  return {
    key,
    service: "ns/shop/web",
    wanted: 1,
    need: { cpu: 1, memoryMiB: 100, diskMiB: 0, gpu: 0, ports: [], ...need },
    roles: undefined,
    nodeNames: [],
    nodeType: undefined,
    nodeFunction: undefined,
    rules: rules.map(ruleOf),
    apartFrom: [],
    near: [],
    strategy: "Spread",
    createdAt: "2026-01-01T00:00:00Z",
    ...fields,
  };
}

/** `hostname GroupBy 2` */
function ruleOf(text: string): PlacementRule {
  const [attribute = "", operator, value] = text.split(" ");
  // the rows name operators that exist
  return { attribute, operator: operator as PlacementRule["operator"], value };
}

const tasks = (keys: string, fields: TaskFields = {}) => keys.split(" ").map((key) => task(key, fields));

function node(name: string, fields: Partial<NodeFacts> = {}): NodeFacts {
  const attributes = { hostname: name, ...fields.attributes };
  return { name, type: "worker", function: "lab", closedBecause: undefined, ...fields, attributes };
}

const zone = (name: string, value: string) => node(name, { attributes: { "@zone": value } });

type PoolFields = Partial<NodeOffer["pools"][number]["resources"]> & { readonly role?: string };

/** 4 cores, 1000 MiB, 1000 MiB of disk, ports 8000 to 8010, unless said otherwise. */
function offer(nodeName: string, ...pools: readonly PoolFields[]): NodeOffer {
  const whole = { cpu: 4, memoryMiB: 1000, diskMiB: 1000, gpu: 0, ports: [{ begin: 8000, end: 8010 }] };
  const [only = {}, ...others] = pools;
  const rest = { cpu: 0, memoryMiB: 0, diskMiB: 0, gpu: 0, ports: [] };
  const poolOf = (fields: PoolFields, base: typeof whole | typeof rest) => {
    const { role = "*", ...resources } = fields;
    return { role, resources: { ...base, ...resources } };
  };
  return {
    agentId: `agent-${nodeName}`,
    offerIds: [`offer-${nodeName}`],
    node: nodeName,
    pools: [poolOf(only, whole), ...others.map((fields) => poolOf(fields, rest))],
  };
}

const fixed = (...ports: readonly number[]) =>
  ports.map((port) => ({ type: "fixed" as const, name: `p${port}`, port }));
const assigned = (...names: readonly string[]) => names.map((name) => ({ type: "assigned" as const, name }));
const here = (nodeName: string, service = "ns/shop/web"): PlacedTask => ({ node: nodeName, service });

/** `task@node` for what is placed, `task: message` for what is refused; nodes follow from the offers unless given. */
function outcome({ offers = [], nodes = offers.map((one) => node(one.node)), ...rest }: Partial<PlaceInput>) {
  const { placements, refusals } = place({ waiting: [], placed: [], portSeed: 0, ...rest, offers, nodes });
  return [
    ...placements.map((one) => `${one.key}@${one.node}`),
    ...refusals.map(({ key, message }) => `${key}: ${message}`),
  ];
}

type Row = readonly [name: string, input: Partial<PlaceInput>, expected: readonly string[]];

function check(rows: readonly Row[]): void {
  it.each(rows)("%s", (_, input, expected) => expect(outcome(input)).toEqual(expected));
}

describe("refusals", () => {
  const refused = (text: string) => [`a: 1 offering node refused: 1 by ${text}`];
  const onOne = (fields: TaskFields, one = offer("n1"), facts = node("n1")): Partial<PlaceInput> => ({
    waiting: [task("a", fields)],
    offers: [one],
    nodes: [facts],
  });
  check([
    [
      "no node of that name",
      onOne({ nodeNames: ["n9"] }),
      ["a: 1 offering node refused: 1 by node name; none of 1 node is suitable"],
    ],
    [
      "closed",
      onOne({}, offer("n1"), node("n1", { closedBecause: "draining" })),
      refused("draining; nearest: n1 is closed: draining; none of 1 node is suitable, 1 closed"),
    ],
    [
      "node type",
      onOne({ nodeType: "master" }),
      refused("node type; nearest: n1 is a worker; none of 1 node is suitable"),
    ],
    [
      "node function",
      onOne({ nodeFunction: "edge" }),
      refused("node function; nearest: n1 has function lab; none of 1 node is suitable"),
    ],
    ["role", onOne({ roles: ["web"] }), refused("role; nearest: n1 offers nothing of role web")],
    ["cpu", onOne({ need: { cpu: 4.001 } }), refused("cpu; nearest: n1 lacks 0.001 of 4.001 cpu")],
    ["memory", onOne({ need: { memoryMiB: 1024 } }), refused("memory; nearest: n1 lacks 24 of 1024 MiB of memory")],
    ["disk", onOne({ need: { diskMiB: 1500 } }), refused("disk; nearest: n1 lacks 500 of 1500 MiB of disk")],
    ["gpu", onOne({ need: { gpu: 1 } }), refused("gpu; nearest: n1 lacks 1 of 1 gpu")],
    [
      "several things at once",
      onOne({ need: { cpu: 5, gpu: 1, ports: fixed(80) } }),
      refused("cpu; nearest: n1 lacks 1 of 5 cpu, lacks 1 of 1 gpu, does not offer port 80"),
    ],
    [
      "fixed ports",
      onOne({ need: { ports: fixed(8000, 80, 443) } }),
      refused("host port; nearest: n1 does not offer port 80, 443"),
    ],
    [
      "assigned ports",
      onOne({ need: { ports: assigned("x", "y") } }, offer("n1", { ports: [{ begin: 1, end: 1 }] })),
      refused("ports; nearest: n1 lacks 1 of 2 ports"),
    ],
    [
      "a constraint",
      onOne({ rules: ["rack Like r1"] }),
      refused("constraint Like rack r1; nearest: n1 has no attribute rack; none of 1 node is suitable"),
    ],
    [
      "a service that must not be there",
      { ...onOne({ apartFrom: ["ns/shop/db"] }), placed: [here("n1", "ns/shop/db")] },
      refused("apart from ns/shop/db; nearest: n1 holds ns/shop/db"),
    ],
  ]);

  it("count each node by its first reason, and name the one that got furthest and lacks least", () => {
    const { refusals } = place({
      waiting: tasks("a", { need: { cpu: 2 }, rules: ["hostname Unique"] }),
      placed: [here("n1")],
      nodes: ["n1", "n2", "n3"].map((name) => node(name)),
      offers: [offer("n1"), offer("n2", { cpu: 1 }), offer("n3", { cpu: 1.5 })],
      portSeed: 0,
    });
    expect(refusals).toEqual([
      {
        key: "a",
        counts: new Map([
          ["constraint Unique hostname", 1],
          ["cpu", 2],
        ]),
        message: "3 offering nodes refused: 1 by constraint Unique hostname, 2 by cpu; nearest: n3 lacks 0.5 of 2 cpu",
      },
    ]);
  });

  check([
    ["no offer, no node", { waiting: tasks("a") }, ["a: no node offers resources at the moment"]],
    [
      "no offer, but nodes that would do",
      { waiting: tasks("a"), nodes: [node("n1"), node("n2", { closedBecause: "draining" })] },
      ["a: no node offers resources at the moment; 1 suitable node offers nothing now"],
    ],
    [
      "no offer, and nobody that would do",
      { waiting: tasks("a", { nodeType: "master" }), nodes: [node("n1"), node("n2")] },
      ["a: no node offers resources at the moment; none of 2 nodes is suitable"],
    ],
    [
      "the named node offers nothing now",
      { waiting: tasks("a", { nodeNames: ["n2"] }), offers: [offer("n1")], nodes: [node("n1"), node("n2")] },
      ["a: 1 offering node refused: 1 by node name; 1 suitable node offers nothing now"],
    ],
    [
      "an offer of a node that is not live is no offer",
      { waiting: tasks("a"), offers: [offer("n1")], nodes: [] },
      ["a: no node offers resources at the moment"],
    ],
  ]);
});

describe("order", () => {
  const small = (key: string, createdAt: string) => task(key, { createdAt, need: { cpu: 3 } });
  check([
    [
      "oldest first, then by key",
      { waiting: [small("b", "2026-01-02T00:00:00Z"), small("c", "2026-01-01T00:00:00Z")], offers: [offer("n1")] },
      ["c@n1", "b: 1 offering node refused: 1 by cpu; nearest: n1 lacks 2 of 3 cpu"],
    ],
    [
      "a big old one that fits nowhere holds up nobody",
      { waiting: [task("a", { need: { cpu: 9 } }), ...tasks("b c")], offers: [offer("n1")] },
      ["b@n1", "c@n1", "a: 1 offering node refused: 1 by cpu; nearest: n1 lacks 7 of 9 cpu"],
    ],
  ]);
});

describe("preference", () => {
  check([
    [
      "spreads by tasks of the same service, then by tasks",
      {
        waiting: tasks("a b c"),
        placed: [here("n1"), here("n2", "ns/shop/db")],
        offers: [offer("n1"), offer("n2"), offer("n3")],
      },
      ["a@n3", "b@n2", "c@n1"],
    ],
    [
      "then to the node with most left, then by name",
      { waiting: tasks("a b c"), offers: [offer("n1"), offer("n2"), offer("n3", { cpu: 8 })] },
      ["a@n3", "b@n1", "c@n2"],
    ],
    [
      "packs into the fullest that fits",
      {
        waiting: tasks("a b c d", { strategy: "BinPack" }),
        offers: [offer("n1"), offer("n2", { cpu: 2 }), offer("n3", { cpu: 0.5 })],
      },
      ["a@n2", "b@n2", "c@n1", "d@n1"],
    ],
    [
      "packs where another service has just been placed",
      {
        waiting: [
          task("a", { strategy: "BinPack" }),
          task("b", { service: "ns/shop/db", nodeNames: ["n3"], need: { cpu: 2 } }),
          task("c", { strategy: "BinPack" }),
          task("d", { strategy: "BinPack" }),
        ],
        offers: [offer("n1"), offer("n3")],
      },
      ["a@n1", "b@n3", "c@n3", "d@n3"],
    ],
    [
      "takes the nodes in the order in which they are named",
      {
        waiting: tasks("a b c", { nodeNames: ["n3", "n1"], need: { cpu: 2 } }),
        offers: [offer("n1"), offer("n2"), offer("n3")],
      },
      ["a@n3", "b@n3", "c@n1"],
    ],
    [
      "prefers nodes with a service that it is to be near, those of this round, too",
      {
        waiting: [
          ...tasks("a b", { near: ["ns/shop/db"], need: { cpu: 2 } }),
          task("c", { service: "ns/shop/db", nodeNames: ["n3"] }),
          ...tasks("d e", { near: ["ns/shop/db"], need: { cpu: 2 } }),
        ],
        placed: [here("n2", "ns/shop/db")],
        offers: [offer("n1"), offer("n2"), offer("n3")],
      },
      ["a@n2", "b@n2", "c@n3", "d@n3", "e@n1"],
    ],
  ]);

  const offers = [offer("n1", { gpu: 2 }), offer("n2")];
  const nodes = [node("n1", { hasGpu: true }), node("n2")];
  check([
    [
      "keeps nodes with GPUs free, however many tasks the others have, as long as those have room",
      { waiting: tasks("a b", { need: { cpu: 2 } }), placed: [here("n2"), here("n2")], offers, nodes },
      ["a@n2", "b@n2"],
    ],
    [
      "packs into others before it packs into nodes with GPUs",
      {
        waiting: tasks("a", { strategy: "BinPack" }),
        offers: [offer("n1", { cpu: 1, gpu: 2 }), offer("n2")],
        nodes,
      },
      ["a@n2"],
    ],
    [
      "takes a node with GPUs where nothing else is left",
      { waiting: tasks("a b", { need: { cpu: 3 } }), offers, nodes },
      ["a@n2", "b@n1"],
    ],
    [
      "spares no node for a task that needs a GPU",
      { waiting: tasks("a", { need: { gpu: 1 } }), offers, nodes },
      ["a@n1"],
    ],
    [
      "takes a node with GPUs that is named first",
      { waiting: tasks("a", { nodeNames: ["n1", "n2"] }), offers, nodes },
      ["a@n1"],
    ],
    [
      "takes a node with GPUs that holds what it is to be near",
      { waiting: tasks("a", { near: ["ns/shop/db"] }), placed: [here("n1", "ns/shop/db")], offers, nodes },
      ["a@n1"],
    ],
  ]);
});

describe("rules", () => {
  const offers = ["n1", "n2", "n3", "n4"].map((name) => offer(name));
  const nodes = [zone("n1", "a"), zone("n2", "a"), zone("n3", "b"), zone("n4", "c")];
  check([
    [
      "old and new instances both count",
      {
        waiting: tasks("a b", { rules: ["hostname Unique"] }),
        placed: [here("n1")],
        offers: [offer("n1"), offer("n2")],
      },
      [
        "a@n2",
        "b: 2 offering nodes refused: 2 by constraint Unique hostname; nearest: n1 has hostname n1, which is used already",
      ],
    ],
    [
      "stays in the zone where it began",
      { waiting: tasks("a b c d", { rules: ["@zone Cluster"], need: { cpu: 2 } }), offers, nodes },
      ["a@n1", "b@n2", "c@n1", "d@n2"],
    ],
    [
      "GroupBy 2: two zones, even shares",
      { waiting: tasks("a b c d", { rules: ["@zone GroupBy 2"], wanted: 4 }), offers, nodes },
      ["a@n1", "b@n2", "c@n3", "d@n3"],
    ],
    [
      "GroupBy: even over all zones",
      { waiting: tasks("a b c d e f", { rules: ["@zone GroupBy"], wanted: 6 }), offers, nodes },
      ["a@n1", "b@n3", "c@n4", "d@n2", "e@n3", "f@n4"],
    ],
    [
      "GroupBy waits for a zone that offers nothing now",
      {
        waiting: tasks("a b c", { rules: ["@zone GroupBy"], wanted: 3 }),
        offers: offers.slice(0, 3),
        nodes,
      },
      [
        "a@n1",
        "b@n3",
        "c: 3 offering nodes refused: 3 by constraint GroupBy @zone; nearest: n1 has @zone a, which has 1, while c has still 0; 1 suitable node offers nothing now",
      ],
    ],
    [
      "GroupBy does not wait for closed nodes, nor for those of another type",
      {
        waiting: tasks("a b c", { rules: ["@zone GroupBy"], wanted: 3, nodeType: "worker" }),
        offers: [offer("n1"), offer("n3")],
        nodes: [
          zone("n1", "a"),
          zone("n3", "b"),
          { ...zone("n4", "c"), closedBecause: "draining" },
          { ...zone("n5", "d"), type: "master" },
        ],
      },
      ["a@n1", "b@n3", "c@n1"],
    ],
    [
      "shares have room for new instances beside old ones while an update runs",
      {
        waiting: tasks("a b", { rules: ["@zone GroupBy 2"], wanted: 2 }),
        placed: [here("n1"), here("n3")],
        offers,
        nodes,
      },
      ["a@n2", "b@n3"],
    ],
    [
      "tries those spread evenly again once others of their service were placed",
      {
        waiting: [
          task("a", { rules: ["@zone GroupBy"], need: { cpu: 3 } }),
          task("b", { rules: ["@zone GroupBy"], need: { cpu: 0.5 } }),
        ],
        offers: [offer("n1"), offer("n3", { cpu: 0.5 })],
        nodes: [zone("n1", "a"), zone("n3", "b")],
        placed: [here("n1")],
      },
      ["b@n3", "a@n1"],
    ],
  ]);
});

describe("roles", () => {
  const reserved = offer("n1", { role: "web", cpu: 1 }, { role: "*", cpu: 2, memoryMiB: 1000 });
  check([
    [
      "what several roles offer counts together",
      { waiting: tasks("a", { need: { cpu: 3 } }), offers: [reserved] },
      ["a@n1"],
    ],
    [
      "a role that is not allowed does not count",
      { waiting: tasks("a", { roles: ["*"], need: { cpu: 2.5 } }), offers: [reserved] },
      ["a: 1 offering node refused: 1 by cpu; nearest: n1 lacks 0.5 of 2.5 cpu"],
    ],
    [
      "what is reserved is taken first, as the driver does",
      { waiting: [task("a"), task("b", { roles: ["*"], need: { cpu: 2 } })], offers: [reserved] },
      ["a@n1", "b@n1"],
    ],
    [
      "what is taken from a role is gone for it",
      {
        waiting: [
          task("a", { roles: ["*"], need: { cpu: 2 } }),
          task("b", { roles: ["*"] }),
          task("c", { roles: ["web", "*"] }),
        ],
        offers: [reserved],
      },
      ["a@n1", "c@n1", "b: 1 offering node refused: 1 by cpu; nearest: n1 lacks 1 of 1 cpu"],
    ],
  ]);

  it("adds up thousandths exactly", () => {
    const tenth = { need: { cpu: 0.1 } };
    expect(outcome({ waiting: tasks("a b c", tenth), offers: [offer("n1", { cpu: 0.3 })] })).toEqual([
      "a@n1",
      "b@n1",
      "c@n1",
    ]);
  });
});

describe("ports", () => {
  const portsOf = (input: Partial<PlaceInput>) => {
    const { placements } = place({ waiting: [], placed: [], nodes: [node("n1")], offers: [], portSeed: 0, ...input });
    return placements.map(({ ports }) => ports);
  };
  const range = (begin: number, end: number) => ({ ports: [{ begin, end }] });

  it("are told in the order of the need, fixed and assigned", () => {
    const need = { ports: [...assigned("x"), ...fixed(8000), ...assigned("y")] };
    const [ports = []] = portsOf({ waiting: tasks("a", { need }), offers: [offer("n1", range(8000, 8002))] });
    expect(ports.map(({ name }) => name)).toEqual(["x", "p8000", "y"]);
    expect(new Set(ports.map(({ port }) => port))).toEqual(new Set([8000, 8001, 8002]));
    expect(ports[1]?.port).toBe(8000);
  });

  it("never collide on a node", () => {
    const need = { cpu: 0.1, ports: assigned("x", "y") };
    const ports = portsOf({ waiting: tasks("a b c d e f", { need }), offers: [offer("n1")] }).flat();
    expect(ports.length).toBe(10);
    expect(new Set(ports.map(({ port }) => port)).size).toBe(10);
  });

  it("come from several ranges and roles", () => {
    const pools = [{ role: "web", ...range(1, 1) }, range(5, 5)];
    const [ports = []] = portsOf({
      waiting: tasks("a", { need: { ports: assigned("x", "y") } }),
      offers: [offer("n1", ...pools)],
    });
    expect(ports.map(({ port }) => port).sort()).toEqual([1, 5]);
    expect(
      portsOf({ waiting: tasks("a", { roles: ["web"], need: { ports: fixed(5) } }), offers: [offer("n1", ...pools)] }),
    ).toEqual([]);
  });

  it("leave those free that another instance of the service needs", () => {
    const waiting = [
      task("a", { need: { ports: assigned("x") } }),
      task("b", { createdAt: "2026-01-02T00:00:00Z", need: { ports: fixed(8000, 8001) } }),
    ];
    const ports = portsOf({ waiting, offers: [offer("n1", range(8000, 8002))] }).flat();
    expect(ports.map(({ port }) => port)).toEqual([8002, 8000, 8001]);
  });

  it("may be one number for TCP and UDP", () => {
    const need = { ports: [...fixed(8000), { type: "fixed" as const, name: "dns-udp", port: 8000 }] };
    expect(outcome({ waiting: tasks("a b", { need }), offers: [offer("n1")] })).toEqual([
      "a@n1",
      "b: 1 offering node refused: 1 by host port; nearest: n1 does not offer port 8000",
    ]);
  });

  it("are the same for the same seed, and others for another", () => {
    const ports = (portSeed: number) =>
      portsOf({
        waiting: tasks("a", { need: { ports: assigned("x") } }),
        offers: [offer("n1", range(31000, 32000))],
        portSeed,
      });
    expect(ports(1)).toEqual(ports(1));
    expect(ports(1)).not.toEqual(ports(2));
  });
});

it("gives the ids of the agent and of all offers", () => {
  const held = { ...offer("n1"), offerIds: ["o1", "o2"] };
  expect(
    place({ waiting: tasks("a"), placed: [], nodes: [node("n1")], offers: [held], portSeed: 0 }).placements,
  ).toEqual([{ key: "a", agentId: "agent-n1", offerIds: ["o1", "o2"], node: "n1", ports: [] }]);
});
