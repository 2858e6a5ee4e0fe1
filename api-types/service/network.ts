import { type Data, flag, integer, later, list, listByKey, object, oneOf, optional, text } from "../schema/fields.js";

const IN_PLACE = { applies: "inPlace" } as const;

const port = object("A port that the service listens on.", {
  name: text("Name of the port, a DNS label.", { minLength: 1 }),
  containerPort: integer("Port inside the task's network; 0: the same as the host port.", {
    default: 0,
    minimum: 0,
    maximum: 65535,
  }),
  hostPort: optional(
    integer("Fixed port on the node, with `mode: Host`. 0, a port from the offer, is not supported yet.", {
      minimum: 0,
      maximum: 65535,
    }),
  ),
  numberOffset: later(integer("Host port = number of the instance + this.", { minimum: -65535, maximum: 65535 })),
  servicePort: later(
    integer("Port of the load balancer; 0: assigned once and kept.", { minimum: 0, maximum: 65535, ...IN_PLACE }),
  ),
  protocol: oneOf("Transport protocol.", ["TCP", "UDP"], { default: "TCP" }),
});

/** How instances are reached. */
export const network = object(
  "How instances are reached.",
  {
    mode: oneOf(
      "`Host`: the node's network. `Routed`: an address of its own, announced by a /32 route. `None`: no network.",
      ["Host", "Bridge", "Routed", "Container", "None"],
      { default: "Host", later: ["Bridge", "Container"] },
    ),
    networkName: optional(text("Container network of a Routed task; unset: the Rack's.")),
    addressFrom: optional(
      oneOf(
        "Who chooses the address of a Routed task; `Runtime`: the container network, and the running task reports it.",
        ["Pool", "Runtime"],
        { later: ["Pool"] },
      ),
    ),
    pool: later(text("Pool of the Rack that the address is claimed from.")),
    advertise: later(oneOf("How far the route is told.", ["Rack", "World"], IN_PLACE)),
    anycast: later(text("Prefix with one route over all available instances.", IN_PLACE)),
    ports: optional(listByKey("Ports that the service listens on.", port)),
  },
  { default: {}, applies: "restart" },
);

/** Names of the instances. */
export const dns = object(
  "Names of the instances in the rack's domain.",
  {
    publish: oneOf("When an instance gets its names.", ["WhenReady", "Never"], { default: "WhenReady" }),
    name: optional(text("Name of the service; unset: the name of the service in the group.")),
    instanceName: optional(
      text("Name of one instance; unset: `$(SERVICE)-$(NUMBER)`, with `mode: EachNode` `$(SERVICE)-$(NODE)`."),
    ),
    tags: optional(list("Tags in the service catalogue.", text("A tag."))),
    ttlSeconds: later(integer("Seconds that resolvers may keep an answer; built-in DNS only.", { minimum: 0 })),
    perInstance: flag("Whether each instance also has a name of its own.", { default: true }),
    shared: later(flag("Whether other groups may add answers to the name.")),
    lastInstance: oneOf("Whether the last published instance stays in DNS when it turns bad.", ["Keep", "Remove"], {
      default: "Keep",
    }),
  },
  { default: {}, applies: "inPlace" },
);

const constraint = object("One rule about where instances run.", {
  attribute: text("`hostname`. Other attributes are not supported yet."),
  operator: text(
    "`Unique`: not two on one node. Other operators are not supported yet. Upper and lower case are equal.",
  ),
  value: optional(text("What the operator compares with.")),
});

/** Where instances run. */
export const placement = object(
  "Where instances run.",
  {
    nodeNames: optional(list("Only these nodes, in this order of preference.", text("Name of a node."))),
    nodeType: optional(oneOf("Only nodes of this type.", ["master", "worker", "slave"])),
    nodeFunction: optional(text("Only nodes with this function.")),
    roles: later(list("Only resources of these Mesos roles.", text("A role."))),
    apartFrom: later(list("Not on nodes where these services run.", text("`service` or `group/service`."))),
    near: later(list("Preferably on nodes where these services run.", text("`service` or `group/service`."))),
    strategy: oneOf("How free nodes are chosen.", ["Spread", "BinPack"], { default: "Spread", later: ["BinPack"] }),
    constraints: optional(list("Further rules.", constraint)),
  },
  { default: {}, applies: "restart" },
);

export type ServicePort = Data<typeof port>;
export type ServiceNetwork = Data<typeof network>;
export type ServiceDns = Data<typeof dns>;
export type ServicePlacement = Data<typeof placement>;
export type PlacementConstraint = Data<typeof constraint>;
