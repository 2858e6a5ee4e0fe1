import { describe, expect, it } from "vitest";
import { ANNOTATION } from "../../api-types/well-known.js";
import {
  available,
  condition,
  dnsRecord,
  ended,
  instance,
  route,
  service,
  unhealthy,
  unreachable,
} from "../testing/objects.js";
import { type EndpointsView, planEndpoints, usesDnsLayer, usesRouteLayer } from "./plan.js";
import {
  ALL_LAYERS,
  describeStep,
  namesGoing,
  namesPending,
  namesThere,
  ROUTED,
  routeGoing,
  routePending,
  routeThere,
  viewOf,
} from "./testing.js";

type Row = readonly [
  name: string,
  fields: Partial<EndpointsView>,
  steps: readonly string[],
  conditions: readonly string[],
];

/** Conditions: Routed, Published, each with its reason; Leaving where the row names it. */
function check(rows: readonly Row[]): void {
  it.each(rows)("%s", (_, fields, steps, conditions) => {
    const plan = planEndpoints(viewOf(fields));
    expect(plan.steps.map(describeStep)).toEqual(steps);
    const told = plan.conditions.map(({ type, status, reason }) => `${type}=${status} ${reason}`);
    expect(told).toEqual(expect.arrayContaining([...conditions]));
    expect(plan.conditions.map(({ type }) => type)).toEqual(["Routed", "Balanced", "Published", "Leaving"]);
  });
}

const ready = available({ name: "web", finalizers: ALL_LAYERS });
const starting = instance({ name: "web", finalizers: ALL_LAYERS });
const nothing = { route: undefined, dnsRecord: undefined };

const shared = service({ network: { mode: "Routed" }, dns: { shared: true } });
const sharedThere = {
  ...namesThere,
  metadata: { ...namesThere.metadata, annotations: { [ANNOTATION.shared]: "true" } },
};

describe("the time to live of the names", () => {
  const told = (ttlSeconds: number | undefined, dnsRecordTtl: number | undefined) => {
    const dns = ttlSeconds === undefined ? {} : { ttlSeconds };
    const spec = { ...namesThere.spec, ...(dnsRecordTtl === undefined ? {} : { ttlSeconds: dnsRecordTtl }) };
    const view = { service: service({ network: { mode: "Routed" }, dns }), dnsRecord: { ...namesThere, spec } };
    return planEndpoints(viewOf(view)).steps.map((step) => step.type === "applyDnsRecord" && step.ttlSeconds);
  };

  it.each([
    ["is given with them", 7, undefined, [7]],
    ["follows the service", 7, 8, [7]],
    ["is that of the rack again when the service says none", undefined, 8, [undefined]],
    ["changes nothing while it is as wanted", 7, 7, []],
  ])("%s", (...[, wanted, known, steps]) => {
    expect(told(wanted, known)).toEqual(steps);
  });
});

describe("whether other groups may join the names", () => {
  check([
    [
      "is said with the names",
      { service: shared, dnsRecord: undefined },
      ["name web+web-1 as 192.168.2.3, shared"],
      [],
    ],
    ["is said in place", { service: shared }, ["name web+web-1 as 192.168.2.3, shared"], []],
    ["is said once", { service: shared, dnsRecord: sharedThere }, [], []],
    ["is taken back in place", { dnsRecord: sharedThere }, ["name web+web-1 as 192.168.2.3"], []],
    [
      "is taken back for a dead one that is kept",
      { instance: ended({ name: "web", finalizers: ALL_LAYERS }), dnsRecord: sharedThere },
      ["name web+web-1 as 192.168.2.3"],
      [],
    ],
    ["changes nothing else of a dead one", { instance: ended({ name: "web" }), address: "192.168.2.9" }, [], []],
  ]);
});

describe("publishing, each layer after the one before it", () => {
  check([
    [
      "nothing before it is ready",
      { ...nothing, instance: starting },
      [],
      ["Routed=False NotRequested", "Published=False NotRequested"],
    ],
    [
      "nothing while the task is at another address than the one claimed for it",
      { ...nothing, instance: ready, address: undefined, otherAddress: "192.168.2.9" },
      [],
      ["Routed=False AddressMismatch"],
    ],
    [
      "nothing while its address is not known",
      { ...nothing, instance: ready, address: undefined },
      [],
      ["Routed=False NotRequested"],
    ],
    [
      "nothing while the next hop is not known",
      { ...nothing, instance: ready, nodeExternalAddress: undefined },
      [],
      ["Routed=False NotRequested"],
    ],
    [
      "the route first",
      nothing,
      ["set 192.168.2.3/32 via 10.0.0.1"],
      ["Routed=False NotRequested", "Published=False NotRequested"],
    ],
    [
      "no name before the route is read back",
      { route: routePending, dnsRecord: undefined },
      [],
      ["Routed=False AwaitingConfirmation"],
    ],
    [
      "the name then",
      { dnsRecord: undefined },
      ["name web+web-1 as 192.168.2.3"],
      ["Routed=True Confirmed", "Published=False NotRequested"],
    ],
    [
      "not Published before the name is read back",
      { dnsRecord: namesPending },
      [],
      ["Published=False AwaitingConfirmation"],
    ],
    [
      "nothing is left to do when all is there",
      {},
      [],
      ["Routed=True Confirmed", "Published=True Confirmed", "Leaving=False Staying"],
    ],
    [
      "a confirmation of an older generation does not count",
      {
        dnsRecord: dnsRecord(
          { names: ["web-1"] },
          { generation: 2 },
          { conditions: [condition("Ready", "True", { observedGeneration: 1 })] },
        ),
      },
      [],
      ["Published=False AwaitingConfirmation"],
    ],
    [
      "what was confirmed stays so while the catalogue does not answer",
      { dnsRecord: dnsRecord({ names: ["web-1"] }, {}, { conditions: [condition("Ready", "Unknown")] }) },
      [],
      ["Routed=True Confirmed", "Published=True LastConfirmed"],
    ],
    [
      "what was confirmed stays so while the switch does not answer",
      { route: route({}, {}, { conditions: [condition("Ready", "Unknown")] }) },
      [],
      ["Routed=True LastConfirmed", "Published=True Confirmed"],
    ],
    [
      "what was never confirmed is not believed because the catalogue does not answer",
      {
        instance: starting,
        dnsRecord: dnsRecord({ names: ["web-1"] }, {}, { conditions: [condition("Ready", "Unknown")] }),
      },
      [],
      ["Published=False AwaitingConfirmation"],
    ],
    ["no name while the route goes", { route: routeGoing, dnsRecord: undefined }, [], ["Routed=False BeingWithdrawn"]],
    [
      "a new address is routed",
      { address: "192.168.2.9" },
      ["set 192.168.2.9/32 via 10.0.0.1", "name web+web-1 as 192.168.2.9"],
      [],
    ],
    ["another next hop is routed", { nodeExternalAddress: "10.0.0.2" }, ["set 192.168.2.3/32 via 10.0.0.2"], []],
    ["other names are published", { names: ["web"] }, ["name web as 192.168.2.3"], []],
    [
      "other tags are published",
      { service: service({ network: { mode: "Routed" }, dns: { tags: ["x"] } }) },
      ["name web+web-1 as 192.168.2.3"],
      [],
    ],
    [
      "other ports are published",
      { service: service({ network: { mode: "Routed", ports: [{ name: "dns", containerPort: 53 }] } }) },
      ["name web+web-1 as 192.168.2.3"],
      [],
    ],
    [
      "without a switch routes are not used",
      { hasSwitch: false, route: undefined, dnsRecord: undefined },
      ["name web+web-1 as 192.168.2.3"],
      ["Routed=True NotUsed"],
    ],
    [
      "on the host network routes are not used",
      { service: service(), route: undefined, dnsRecord: undefined },
      ["name web+web-1 as 192.168.2.3"],
      ["Routed=True NotUsed"],
    ],
    [
      "without names Published follows the route",
      { service: service({ network: { mode: "Routed" }, dns: { publish: "Never" } }), dnsRecord: undefined },
      [],
      ["Published=True NotUsed"],
    ],
    [
      "without names it is not Published before it is routed",
      { service: service({ network: { mode: "Routed" }, dns: { publish: "Never" } }), ...nothing },
      ["set 192.168.2.3/32 via 10.0.0.1"],
      ["Published=False NotUsed"],
    ],
    [
      "a name is withdrawn when names are no longer wanted",
      { service: service({ network: { mode: "Routed" }, dns: { publish: "Never" } }) },
      ["delete names"],
      ["Published=True NotUsed"],
    ],
    [
      "somebody else's Route of that name is left alone",
      { ...nothing, foreign: "Route" },
      [],
      ["Routed=False NameTaken"],
    ],
    [
      "somebody else's DnsRecord of that name is left alone",
      { dnsRecord: undefined, foreign: "DnsRecord" },
      [],
      ["Published=False NameTaken"],
    ],
    [
      "one that a person deleted goes on serving",
      { instance: available({ name: "web", isDeleted: true }) },
      [],
      ["Leaving=False WaitingForSuccessor"],
    ],
  ]);
});

describe("the ports of a name", () => {
  const placedWith = (ports?: readonly object[]) => {
    const placement = { node: "n1", agentID: "agent-n1", taskID: "t", ...(ports === undefined ? {} : { ports }) };
    return available({ name: "web", finalizers: ALL_LAYERS, status: { placement } });
  };
  const fixed = { mode: "Host", ports: [{ name: "dns", containerPort: 53, hostPort: 5353 }] };
  const given = [{ name: "dns", port: 31_005, containerPort: 53, protocol: "UDP" }];
  it.each([
    ["Host: those of the node", fixed, given, [31_005]],
    ["Bridge: those of the node", { mode: "Bridge", ports: [{ name: "dns", containerPort: 53 }] }, given, [31_005]],
    ["Routed: those of its own address", { mode: "Routed" }, [{ name: "dns", port: 53, protocol: "UDP" }], [53]],
    ["an instance placed before: those that are fixed", fixed, undefined, [5353]],
    ["an instance placed before: none that is not known", { mode: "Host", ports: [{ name: "dns" }] }, undefined, []],
  ])("%s", (_, network, ports, published) => {
    const fields = { instance: placedWith(ports), service: service({ network }), dnsRecord: undefined };
    const [step] = planEndpoints(viewOf(fields)).steps.filter(({ type }) => type === "applyDnsRecord");
    expect(step?.type === "applyDnsRecord" && step.ports.map(({ port }) => port)).toEqual(published);
  });
});

describe("R11 bad health", () => {
  const sick = unhealthy({ name: "web", finalizers: ALL_LAYERS });
  check([
    [
      "takes the name away beside another Published one",
      { instance: sick, hasOtherPublished: true },
      ["delete names"],
      [],
    ],
    [
      "R3 keeps names where so many turned bad at once that it is doubted",
      { instance: sick, hasOtherPublished: true, isDoubted: true },
      [],
      ["Published=True Confirmed"],
    ],
    ["keeps the last Published one", { instance: sick }, [], ["Published=True Confirmed"]],
    [
      "does not withdraw twice",
      { instance: sick, hasOtherPublished: true, dnsRecord: namesGoing },
      [],
      ["Published=False BeingWithdrawn"],
    ],
    [
      "keeps the route",
      { instance: sick, hasOtherPublished: true, dnsRecord: undefined },
      [],
      ["Routed=True Confirmed"],
    ],
    [
      "R2 one out of reach keeps its name beside others",
      { instance: unreachable({ name: "web" }), hasOtherPublished: true },
      [],
      ["Published=True Confirmed"],
    ],
    [
      "publishes again when it is well",
      { dnsRecord: undefined, hasOtherPublished: true },
      ["name web+web-1 as 192.168.2.3"],
      [],
    ],
  ]);
});

describe("a dead instance", () => {
  const dead = ended({ name: "web", finalizers: ALL_LAYERS });
  const remove = service({ network: { mode: "Routed" }, dns: { lastInstance: "Remove" } });
  check([
    ["leaves DNS at once beside another one", { instance: dead, hasOtherPublished: true }, ["delete names"], []],
    [
      "R6 keeps its route until the name is gone",
      { instance: dead, hasOtherPublished: true, dnsRecord: namesGoing },
      [],
      [],
    ],
    ["loses its route then", { instance: dead, hasOtherPublished: true, dnsRecord: undefined }, ["delete route"], []],
    ["has nothing left to do", { instance: dead, hasOtherPublished: true, ...nothing }, [], []],
    [
      "R11 stays when it is the last Published one",
      { instance: dead },
      [],
      ["Routed=True Confirmed", "Published=True Confirmed"],
    ],
    ["leaves although it is the last one when told so", { instance: dead, service: remove }, ["delete names"], []],
    [
      "leaves although it is the last one when it is a job's",
      { instance: dead, service: service({ mode: "Job", network: { mode: "Routed" } }) },
      ["delete names"],
      [],
    ],
    ["loses its route when it was never Published", { instance: dead, dnsRecord: undefined }, ["delete route"], []],
    [
      "R11 keeps the route where the route is the last layer",
      {
        instance: dead,
        dnsRecord: undefined,
        service: service({ network: { mode: "Routed" }, dns: { publish: "Never" } }),
      },
      [],
      [],
    ],
    ["is not published again", { instance: dead, ...nothing }, [], []],
  ]);
});

describe("layers of a service", () => {
  it.each([
    ["Routed with a switch", "Routed", true, "WhenReady", [true, true]],
    ["Routed without a switch", "Routed", false, "WhenReady", [false, true]],
    ["Host", "Host", true, "WhenReady", [false, true]],
    ["None", "None", true, "WhenReady", [false, false]],
    ["never published", "Routed", true, "Never", [true, false]],
  ])("%s", (_, mode, hasSwitch, publish, used) => {
    const one = service({ network: { mode }, dns: { publish } });
    expect([usesRouteLayer({ service: one, hasSwitch }), usesDnsLayer({ service: one })]).toEqual(used);
  });
});

it("a converged instance gives the same empty plan again", () => {
  expect(planEndpoints(viewOf())).toEqual(
    planEndpoints(viewOf({ route: routeThere, dnsRecord: namesThere, service: ROUTED })),
  );
});
