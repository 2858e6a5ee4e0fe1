import { AGE, conditionColumn, reasonColumn, textColumn, wide } from "./meta/columns.js";
import { defineKind } from "./meta/define-kind.js";
import type { ObjectOf } from "./meta/kind.js";
import { statusOf } from "./meta/status-fields.js";
import { type Data, flag, integer, mapOf, object, oneOf, optional, text } from "./schema/fields.js";

const amounts = {
  cpu: optional(text("Cores, e.g. `4` or `3500m`.")),
  memory: optional(text("Memory, e.g. `15Gi`.")),
  disk: optional(text("Disk space, e.g. `100Gi`.")),
  gpu: optional(text("Devices.")),
};

const agent = object("The Mesos agent that runs on the node.", {
  id: text("Identifier given by the Mesos master."),
  hostname: optional(text("Host name that the agent advertises.")),
  address: optional(text("IP address of the agent.")),
  url: optional(text("Where its API answers, e.g. `http://10.0.0.21:5051`: what `rackctl logs` and `exec` talk to.")),
  state: optional(text("Active, Deactivated, Draining, Unreachable or Recovering.")),
});

const spec = object("Where the node is and what it is for.", {
  rackName: text("The Rack that the node belongs to.", { default: "default" }),
  address: optional(text("Address inside the rack.")),
  externalAddress: optional(
    text("Address by which the switch reaches the node: the next hop of its routed instances."),
  ),
  managementAddress: optional(text("Address of the management network.")),
  type: oneOf("What the node is; `slave` is read as `worker`.", ["master", "worker", "slave"], { default: "worker" }),
  function: optional(text("Free word for what the node is used for, e.g. `lab`.")),
  switchPort: optional(text("Port of the switch that the node is connected to.")),
  unschedulable: flag("Start nothing new on the node.", { default: false }),
  drain: optional(
    object("Move everything away: successors elsewhere first, where there is room; nothing new starts here.", {
      deadlineSeconds: optional(
        integer("Seconds after the drain was first seen until what is left leaves at once; unset: it is waited for.", {
          minimum: 0,
        }),
      ),
    }),
  ),
});
export type NodeSpec = Data<typeof spec>;

/** A machine of a rack; the rack loop makes one per `Rack.spec.nodes[]`. */
export const Node = defineKind({
  kind: "Node",
  plural: "nodes",
  shortNames: ["rn"],
  scope: "Cluster",
  description: "A machine of a rack. The system makes one for each node that its Rack names.",
  spec,
  status: statusOf("What is known of the node; written on changes only.", {
    agent: optional(agent),
    drainingSince: optional(
      text("When the drain was first seen, one that planned maintenance of the agent demands included; RFC 3339."),
    ),
    attributes: optional(mapOf("Attributes of the agent.", text("A value."))),
    region: optional(text("Region of the agent: what constraints compare as `@region`.")),
    zone: optional(text("Zone of the agent: what constraints compare as `@zone`.")),
    capacity: optional(object("What the agent offers in all.", amounts)),
    allocated: optional(object("What instances were given.", amounts)),
  }),
  columns: [
    textColumn("Address", ".spec.address", "Address inside the rack."),
    textColumn("Type", ".spec.type", "master or worker."),
    textColumn("Function", ".spec.function", "What the node is used for."),
    conditionColumn("Ready", "Whether its agent is active."),
    {
      name: "Unschedulable",
      type: "boolean",
      description: "Nothing new starts on it.",
      jsonPath: ".spec.unschedulable",
    },
    textColumn("CPU", ".status.capacity.cpu", "Cores."),
    textColumn("Memory", ".status.capacity.memory", "Memory."),
    wide(conditionColumn("Drained", "Whether a node that is drained holds no instance any more.")),
    wide(reasonColumn("Ready")),
    wide(textColumn("Rack", ".spec.rackName", "The Rack.")),
    wide(textColumn("Agent", ".status.agent.id", "Mesos agent.")),
    AGE,
  ],
});
export type Node = ObjectOf<typeof Node>;
