import fc from "fast-check";
import type { PlacementRule } from "../../../api-types/service/placement-rules.js";
import type { NodeFacts, NodeOffer, PlaceInput, WaitingTask } from "./model.js";

type Pool = NodeOffer["pools"][number];

const ZONES = ["a", "b", "c"];
const ROLES = ["*", "web", "db"];
const NODES = ["n1", "n2", "n3", "n4", "n5", "n6"];

const tenths = (max: number) => fc.integer({ min: 0, max: max * 10 }).map((tenth) => tenth / 10);

const nodesArb: fc.Arbitrary<readonly NodeFacts[]> = fc
  .tuple(
    ...NODES.map((name) =>
      fc.record({
        name: fc.constant(name),
        type: fc.constantFrom("worker", "worker", "master"),
        function: fc.constantFrom("lab", undefined),
        closedBecause: fc.constantFrom(undefined, undefined, undefined, "draining"),
        hasGpu: fc.constantFrom(false, false, true),
        attributes: fc
          .record({ zone: fc.constantFrom(...ZONES, undefined), rack: fc.constantFrom("1", "1.0", "2") })
          .map(({ zone, rack }) => ({ hostname: name, rack, ...(zone !== undefined && { "@zone": zone }) })),
      }),
    ),
  )
  .map((nodes) => nodes);

const poolArb = (role: string): fc.Arbitrary<Pool> =>
  fc.record({
    role: fc.constant(role),
    resources: fc.record({
      cpu: tenths(3),
      memoryMiB: fc.integer({ min: 0, max: 300 }),
      diskMiB: fc.constantFrom(0, 100),
      gpu: fc.constantFrom(0, 0, 1),
      ports: fc.constantFrom(...portsOfRole(role)),
    }),
  });

/** A port belongs to one role. */
function portsOfRole(role: string) {
  const first = 8000 + ROLES.indexOf(role) * 10;
  const range = (begin: number, end: number) => ({ begin: first + begin, end: first + end });
  return [[], [range(0, 1)], [range(0, 0), range(2, 3)]];
}

const offersArb: fc.Arbitrary<readonly NodeOffer[]> = fc.subarray(NODES).chain((names) =>
  fc.tuple(
    ...names.map((node) =>
      fc
        .subarray(ROLES, { minLength: 1 })
        .chain((roles) => fc.tuple(...roles.map(poolArb)))
        .map((pools) => ({ agentId: `agent-${node}`, offerIds: [`offer-${node}`], node, pools })),
    ),
  ),
);

const ruleArb: fc.Arbitrary<PlacementRule> = fc.oneof(
  fc.record({
    operator: fc.constantFrom("Unique", "Cluster", "GroupBy"),
    attribute: fc.constantFrom("hostname", "@zone", "rack"),
    value: fc.constant(undefined),
  }),
  fc.record({
    operator: fc.constantFrom("GroupBy", "MaxPer", "Is", "Unlike"),
    attribute: fc.constantFrom("@zone", "rack"),
    value: fc.constantFrom("1", "2"),
  }),
);

/** All tasks of a service are alike but for their need: the rules of two revisions may contradict each other. */
const serviceArb = (service: string) =>
  fc.record({
    service: fc.constant(service),
    wanted: fc.integer({ min: 1, max: 6 }),
    roles: fc.constantFrom(undefined, undefined, ["*"], ["web", "*"]),
    nodeNames: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, fc.subarray(NODES, { minLength: 1 })),
    nodeType: fc.constantFrom(undefined, undefined, "worker"),
    nodeFunction: fc.constantFrom(undefined, undefined, "lab"),
    rules: fc.array(ruleArb, { maxLength: 2 }),
    apartFrom: fc.constantFrom([], [], ["s2"]),
    near: fc.constantFrom([], ["s1"]),
    strategy: fc.constantFrom("Spread", "BinPack"),
  });

const portsArb = fc.constantFrom<WaitingTask["need"]["ports"]>(
  [],
  [{ type: "fixed", name: "web", port: 8000 }],
  [
    { type: "assigned", name: "web" },
    { type: "assigned", name: "admin" },
  ],
);

const waitingArb: fc.Arbitrary<readonly WaitingTask[]> = fc
  .tuple(...["s1", "s2", "s3"].map((service) => fc.tuple(serviceArb(service), portsArb, needsArb())))
  .map((services) =>
    services.flatMap(([service, ports, needs]) =>
      needs.flatMap(({ createdAt, copies, ...need }, index) => {
        // the arbitraries hold exactly the words of the types
        const task = { ...service, createdAt, need: { ...need, ports } } as Omit<WaitingTask, "key">;
        return Array.from({ length: copies }, (_, copy) => ({ ...task, key: `${copy}-${service.service}-${index}` }));
      }),
    ),
  );

function needsArb() {
  const need = fc.record({
    cpu: fc.constantFrom(0.1, 0.5, 1.2),
    memoryMiB: fc.constantFrom(10, 100),
    diskMiB: fc.constantFrom(0, 0, 50),
    gpu: fc.constantFrom(0, 0, 0, 1),
    // some shapes have many tasks
    copies: fc.constantFrom(1, 1, 2, 8),
    createdAt: fc.constantFrom("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
  });
  return fc.array(need, { maxLength: 5 });
}

/** Small rounds with a bit of everything: rules, roles, ports, GPUs, closed nodes. */
export const inputArb: fc.Arbitrary<PlaceInput> = fc.record({
  waiting: waitingArb,
  nodes: nodesArb,
  offers: offersArb,
  placed: fc.array(fc.record({ service: fc.constantFrom("s1", "s2", "s3"), node: fc.constantFrom(...NODES, "gone") }), {
    maxLength: 5,
  }),
  portSeed: fc.integer(),
});
