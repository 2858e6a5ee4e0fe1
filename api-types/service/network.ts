import { type Data, flag, integer, list, listByKey, object, oneOf, optional, text } from "../schema/fields.js";

const IN_PLACE = { applies: "inPlace" } as const;

const port = object("A port that the service listens on.", {
  name: text("Name of the port, a DNS label.", { minLength: 1 }),
  containerPort: integer("Port inside the task's network; 0: the same as the host port.", {
    default: 0,
    minimum: 0,
    maximum: 65535,
  }),
  hostPort: optional(
    integer(
      "Port on the node; 0: one from the offer. Unset: the same, but with `mode: Host` the container port if there is one, and with `Container` none.",
      {
        minimum: 0,
        maximum: 65535,
      },
    ),
  ),
  numberOffset: optional(
    integer("Host port = number of the instance + this, instead of `hostPort`; with `mode: Host` or `Bridge`.", {
      minimum: -65535,
      maximum: 65535,
    }),
  ),
  servicePort: optional(
    integer(
      "Port of the load balancer, one owner per rack, TCP only; 0: the lowest free one of the Rack's `servicePortRange`, and kept.",
      {
        minimum: 0,
        maximum: 65535,
        ...IN_PLACE,
      },
    ),
  ),
  protocol: oneOf("Transport protocol.", ["TCP", "UDP"], { default: "TCP" }),
});

/** How instances are reached. */
export const network = object(
  "How instances are reached.",
  {
    mode: oneOf(
      "`Host`: the node's network. `Bridge`: ports of the node are mapped to those of the container. `Routed`: an address of its own, announced by a /32 route. `Container`: an address of its own, not announced. `None`: no network.",
      ["Host", "Bridge", "Routed", "Container", "None"],
      { default: "Host" },
    ),
    networkName: optional(
      text("Container network of a Routed or Container task; unset: the Rack's.", { minLength: 1 }),
    ),
    addressFrom: optional(
      oneOf(
        "Who chooses the address of a Routed task; `Pool`: it is claimed from `pool` and handed over; `Runtime`: the container network, and the running task reports it. Unset: `Pool` if `pool` is set.",
        ["Pool", "Runtime"],
      ),
    ),
    pool: optional(
      text("Pool of the Rack that the address of a Routed task is claimed from.", { minLength: 1, maxLength: 63 }),
    ),
    advertise: optional(
      oneOf(
        "How far its routes are told, its own and the anycast route; `World`: also beyond the rack, by BGP of a SnapRoute switch. Unset: `Rack`.",
        ["Rack", "World"],
        IN_PLACE,
      ),
    ),
    anycast: optional(
      text("Prefix with one route over the nodes of all available instances; needs a switch.", IN_PLACE),
    ),
    ports: optional(listByKey("Ports that the service listens on.", port, { maxItems: 64 })),
  },
  { default: {}, applies: "restart" },
);

/** A leaving instance waits for so long. */
const TTL = { minimum: 0, maximum: 86_400 };

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
    ttlSeconds: optional(
      integer("Seconds that resolvers may keep an answer; unset: as the Rack says. Built-in DNS only.", TTL),
    ),
    perInstance: flag("Whether each instance also has a name of its own.", { default: true }),
    shared: flag("Whether services of other groups that say so, too, may add answers to the names.", {
      default: false,
    }),
    lastInstance: oneOf("Whether the last published instance stays in DNS when it turns bad.", ["Keep", "Remove"], {
      default: "Keep",
    }),
  },
  { default: {}, applies: "inPlace" },
);

const constraint = object("One rule about where instances run.", {
  attribute: text("`hostname`, `@region`, `@zone` or an attribute of the agents.", { minLength: 1, maxLength: 255 }),
  operator: text(
    "`Unique`, `Cluster`, `GroupBy`, `Like`, `Unlike`, `MaxPer` or `Is`; case and underscores do not count.",
  ),
  value: optional(
    text(
      "Unique: none. Cluster: the value, unset: that of the first instance. GroupBy: how many groups, unset: all that live nodes have. Like, Unlike: a regular expression for the whole value, without back references and look-around. MaxPer: how many per value. Is: the value.",
      { maxLength: 1000 },
    ),
  ),
});

/** Where instances run. */
export const placement = object(
  "Where instances run.",
  {
    nodeNames: optional(
      list("Only these nodes, in this order of preference.", text("Name of a node."), { maxItems: 10_000 }),
    ),
    nodeType: optional(oneOf("Only nodes of this type.", ["master", "worker", "slave"])),
    nodeFunction: optional(text("Only nodes with this function.")),
    roles: optional(
      list("Only resources reserved for these Mesos roles; `*`: unreserved ones.", text("A role.", { minLength: 1 }), {
        maxItems: 16,
      }),
    ),
    apartFrom: optional(
      list("Not on nodes where these services run.", text("`service` or `group/service`."), { maxItems: 64 }),
    ),
    near: optional(
      list("Preferably on nodes where these services run.", text("`service` or `group/service`."), { maxItems: 64 }),
    ),
    strategy: oneOf("How free nodes are chosen: the emptiest or the fullest that fits.", ["Spread", "BinPack"], {
      default: "Spread",
      applies: "inPlace",
    }),
    constraints: optional(list("Further rules.", constraint, { maxItems: 32 })),
  },
  { default: {}, applies: "restart" },
);

export type ServicePort = Data<typeof port>;
export type ServiceNetwork = Data<typeof network>;
export type ServiceDns = Data<typeof dns>;
export type ServicePlacement = Data<typeof placement>;
export type PlacementConstraint = Data<typeof constraint>;
