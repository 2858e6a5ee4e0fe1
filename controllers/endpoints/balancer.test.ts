import { describe, expect, it } from "vitest";
import { ANNOTATION, FINALIZER } from "../../api-types/well-known.js";
import { at, available, condition, ended, group, instance, NOW, placed, rack, service } from "../testing/objects.js";
import { balancedOf } from "./objects/balanced.js";
import { type EndpointsView, planEndpoints } from "./plan.js";
import { ALL_LAYERS, describeStep, namesGoing, namesThere, viewOf } from "./testing.js";

const PORTS = [{ name: "http", containerPort: 8080, servicePort: 10_000 }];
const BALANCED = service({ network: { mode: "Routed", ports: PORTS } });
const ROUTED = service({ network: { mode: "Routed" }, drainSeconds: 20 });
/** Clients come by the service port only. */
const HOST = service({ network: { mode: "Host" }, dns: { publish: "Never" }, drainSeconds: 20 });
const used: EndpointsView["balanced"] = { type: "used", ports: [10_000], proxies: ["a", "b"] };

const known = (state: string, isUnconfirmed?: boolean) =>
  ["a", "b"].map((name) => ({
    name,
    port: 10_000,
    state,
    ...(isUnconfirmed === undefined || name === "a" ? {} : { isUnconfirmed }),
  }));
const finalizers = [FINALIZER.balancer, ...ALL_LAYERS];
const going = { name: "web", leave: "Replaced", finalizers };
const leaving = (balancers: object[], fields: object = {}) => available({ ...going, status: { balancers, ...fields } });

type Row = readonly [string, Partial<EndpointsView>, steps: readonly string[], condition: string];

function check(type: string, rows: readonly Row[]): void {
  it.each(rows)("%s", (_, fields, steps, expected) => {
    const plan = planEndpoints(viewOf({ service: ROUTED, balanced: used, ...fields }));
    expect(plan.steps.map(describeStep)).toEqual(steps);
    const found = plan.conditions.find((one) => one.type === type);
    expect(`${found?.status} ${found?.reason}`).toBe(expected);
  });
}

const serving = (balancers?: object[]) =>
  available({ name: "web", finalizers, status: balancers === undefined ? {} : { balancers } });

describe("behind a load balancer", () => {
  check("Balanced", [
    ["no proxy knows it yet: no name", { instance: serving(), dnsRecord: undefined }, [], "False AwaitingBalancer"],
    [
      "one of two is not enough",
      { instance: serving(known("Ready").slice(0, 1)), dnsRecord: undefined },
      [],
      "False AwaitingBalancer",
    ],
    [
      "every proxy confirms it: now it gets its name",
      { instance: serving(known("Ready")), dnsRecord: undefined },
      ["name web+web-1 as 192.168.2.3"],
      "True BalancerConfirmed",
    ],
    ["a silent proxy said so before", { instance: serving(known("Ready", true)) }, [], "True BalancerLastConfirmed"],
    ["a drained one keeps its name", { instance: serving(known("Draining")) }, [], "False AwaitingBalancer"],
    [
      "its port belongs to another service: what is published stays",
      { instance: serving(), balanced: { type: "lost", port: 80, owner: "default/old/web" } },
      [],
      "False ServicePortNotOurs",
    ],
    ["it has no service port", { instance: serving(), balanced: { type: "unused" } }, [], "True NotUsed"],
  ]);
});

describe("R6 leaving a load balancer", () => {
  check("Leaving", [
    ["first every proxy drains it", { instance: leaving(known("Ready")) }, [], "True WithdrawingBalancer"],
    ["a silent proxy holds it", { instance: leaving(known("Ready", true)) }, [], "True WithdrawingBalancer"],
    ["then the name goes", { instance: leaving(known("Draining")) }, ["delete names"], "True WithdrawingName"],
    [
      "then time goes by, with the server still there",
      { instance: leaving(known("Draining"), { drainUntil: at(10) }), dnsRecord: undefined },
      ["release dns"],
      "True Draining",
    ],
    [
      "R6 no session left is no reason to hurry while clients may know its name or its route",
      { instance: leaving(known("Drained"), { drainUntil: at(10) }), dnsRecord: undefined },
      ["release dns"],
      "True Draining",
    ],
    [
      "then every proxy forgets it, before its route goes",
      { instance: leaving(known("Drained"), { drainUntil: at(-1) }), dnsRecord: undefined },
      ["release dns"],
      "True RemovingServer",
    ],
    [
      "then the route goes",
      {
        instance: available({ ...going, finalizers: ALL_LAYERS, status: { drainUntil: at(-1) } }),
        dnsRecord: undefined,
      },
      ["release dns", "delete route"],
      "True WithdrawingRoute",
    ],
    [
      "a person's word stands for that of the proxies",
      {
        instance: available({
          ...going,
          annotations: { [ANNOTATION.release]: "balancer" },
          status: { balancers: known("Ready", true) },
        }),
      },
      ["delete names"],
      "True WithdrawingName",
    ],
    [
      "a dead one waits until every proxy has forgotten it",
      {
        instance: ended({ ...going, status: { balancers: known("Draining") } }),
        dnsRecord: namesThere,
      },
      [],
      "True WithdrawingBalancer",
    ],
    ["and then goes on at once", { instance: ended({ ...going }), dnsRecord: namesGoing }, [], "True WithdrawingName"],
  ]);

  const only = { service: HOST, route: undefined, dnsRecord: undefined };
  /** Without names Published means that every other layer serves it. */
  const nameless = (balancers: object[], drainUntil?: string, reason?: string) =>
    instance({
      ...going,
      finalizers: balancers.length === 0 ? [FINALIZER.task] : [FINALIZER.balancer, FINALIZER.dns, FINALIZER.task],
      conditions: [
        condition("Published", "True", { reason: "NotUsed" }),
        ...(reason === undefined ? [] : [condition("Leaving", "True", { reason })]),
      ],
      status: { ...placed("web"), balancers, ...(drainUntil === undefined ? {} : { drainUntil }) },
    });
  check("Leaving", [
    [
      "without a name its sessions have drainSeconds",
      { ...only, instance: nameless(known("Draining")) },
      [],
      "True Draining",
    ],
    [
      "it ends early when no proxy has a session of it",
      { ...only, instance: nameless(known("Drained"), at(10)) },
      ["release dns"],
      "True RemovingServer",
    ],
    [
      "not by the old word of a silent proxy",
      { ...only, instance: nameless(known("Drained", true), at(10)) },
      [],
      "True Draining",
    ],
    [
      "what ended early does not begin to drain again",
      { ...only, instance: nameless([], at(10), "RemovingServer") },
      [],
      "True Ending",
    ],
  ]);

  it("gives sessions their time from when no new ones come", () => {
    const plan = planEndpoints(viewOf({ ...only, balanced: used, instance: nameless(known("Draining")) }));
    expect(plan.drainUntil).toBe(new Date(NOW + 20_000).toISOString());
    expect(plan.requeueAfterMs).toBe(20_000);
  });
});

describe("what a load balancer owes an instance", () => {
  const proxied = rack({
    loadBalancer: {
      haproxy: { endpoints: [{ name: "a", adminSocket: "/a", masterSocket: "/m", configFile: "/c" }] },
    },
  });
  const own = group({ services: [{ ...BALANCED, name: "web" }] });
  const elder = group({ services: [{ ...BALANCED, name: "old" }] }, { name: "elder", creationTimestamp: at(-9999) });
  it.each<[string, Parameters<typeof balancedOf>[1], string]>([
    ["its service port at every proxy", { rack: proxied, group: own, claimants: () => [own] }, "used"],
    ["nothing without proxies", { rack: rack(), group: own, claimants: () => [own] }, "unused"],
    ["nothing when its group is gone", { rack: proxied, group: undefined, claimants: () => [] }, "unused"],
    [
      "nothing when the port is another group's",
      {
        rack: proxied,
        group: group({ services: [{ ...BALANCED, name: "web" }] }, { creationTimestamp: at(-1) }),
        claimants: () => [elder],
      },
      "lost",
    ],
  ])("%s", (_, inputs, expected) => {
    expect(balancedOf(available({ name: "web" }), inputs).type).toBe(expected);
  });
});
