import { AGE, conditionColumn, countColumn, reasonColumn, textColumn, wide } from "./meta/columns.js";
import { defineKind } from "./meta/define-kind.js";
import type { ObjectOf } from "./meta/kind.js";
import { statusOf } from "./meta/status-fields.js";
import { compute, rackDns, rackNetwork } from "./rack/backends.js";
import { loadBalancer } from "./rack/load-balancer.js";
import { collector, metricSources } from "./rack/metrics.js";
import { rackNode } from "./rack/nodes.js";
import { intervals, safety } from "./rack/safety.js";
import { validateRack } from "./rack/validate.js";
import { type Data, decimal, integer, listByKey, mapOf, object, optional, text } from "./schema/fields.js";

export type { RackDns, RackMesos, RackNetwork, RackPool, RackSwitch } from "./rack/backends.js";
export type { RackHaproxy } from "./rack/load-balancer.js";
export type { MetricSource, RackCollector } from "./rack/metrics.js";
export type { RackNode } from "./rack/nodes.js";
export type { RackAllowance, RackSafety } from "./rack/safety.js";

const budgetStatus = object("What the last draw left of one budget; nothing is written while it refills.", {
  class: text("tasks, names or routes."),
  available: optional(decimal("Removals left at `updatedAt`; `refillPerMinute` came back each minute since.")),
  capacity: optional(decimal("Removals when full.")),
  updatedAt: optional(text("When it was last drawn from; RFC 3339.")),
});

const counts = object("How many there are.", {
  nodes: optional(integer("Nodes.")),
  agents: optional(integer("Active agents.")),
  instances: optional(integer("Instances.")),
  routes: optional(integer("Routes.")),
  names: optional(integer("Names in DNS.")),
});

const headroom = object("How many more there may be.", {
  routes: optional(integer("Routes.")),
  ecmpWidth: optional(integer("Next hops of one route.")),
  dnsAnswers: optional(integer("Answers of one name.")),
});

const spec = object("The machines of the rack and the systems that drive them.", {
  identity: optional(
    text("Stamped on everything we create outside; unset: the name of the Rack. Cannot be changed.", { minLength: 1 }),
  ),
  variables: optional(
    mapOf("Values for `$(NAME)` in Racks, ServiceGroups, Routes and DnsRecords.", text("The value.")),
  ),
  nodes: optional(listByKey("The machines.", rackNode)),
  compute: optional(compute),
  dns: optional(rackDns),
  network: optional(rackNetwork),
  metricSources: optional(metricSources),
  collector: optional(collector),
  loadBalancer: optional(loadBalancer),
  intervals,
  safety,
});
export type RackSpec = Data<typeof spec>;

/** A rack: its machines, and the systems that run tasks, publish names and route. */
export const Rack = defineKind({
  kind: "Rack",
  plural: "racks",
  shortNames: ["rk"],
  scope: "Cluster",
  description: "A rack: its machines, and the systems that run tasks, publish names and route.",
  spec,
  status: statusOf("How the rack is.", {
    frameworkID: optional(text("Our framework id at the Mesos master.")),
    counts: optional(counts),
    headroom: optional(headroom),
    budgets: optional(listByKey("The disruption budgets as the last draw left them.", budgetStatus, { key: "class" })),
  }),
  columns: [
    conditionColumn("Ready", "Whether the rack can be driven."),
    conditionColumn("ComputeReady", "Whether Mesos answers."),
    conditionColumn("DnsReady", "Whether the DNS back end answers."),
    conditionColumn("SwitchReady", "Whether the switch answers."),
    wide(conditionColumn("BalancerReady", "Whether the load balancer answers and has every port.")),
    countColumn("Nodes", ".status.counts.nodes", "Nodes."),
    countColumn("Instances", ".status.counts.instances", "Instances."),
    wide(reasonColumn("Ready")),
    wide(textColumn("Domain", ".spec.dns.domain", "Domain of all names.")),
    wide(textColumn("Framework", ".status.frameworkID", "Our framework id at the Mesos master.")),
    AGE,
  ],
  notYet: [
    "`spec.dns.consul.address`, `spec.network.switch.address`: https addresses.",
    "`spec.nodes[]`, `spec.network.managementPrefixes[]`, `spec.network.pools[]`: IPv6 addresses.",
  ],
  validate: validateRack,
});
export type Rack = ObjectOf<typeof Rack>;
