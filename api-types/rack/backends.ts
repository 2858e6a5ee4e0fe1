import {
  type Data,
  integer,
  later,
  list,
  listByKey,
  object,
  oneOf,
  optional,
  secretRef,
  text,
} from "../schema/fields.js";

/** How a server is trusted and a client proves itself. */
export const tls = object("Transport security.", {
  caSecretRef: optional(secretRef("Certificate authority of the server.")),
  certificateSecretRef: optional(secretRef("Our certificate.")),
  keySecretRef: optional(secretRef("Our key.")),
  serverName: optional(text("Name in the certificate of the server.")),
});

/** Where tasks run. */
export const compute = object("Where tasks run.", {
  mesos: optional(
    object("The Apache Mesos cluster of the rack.", {
      masters: list(
        "Masters, e.g. `http://10.0.0.1:5050` or `https://…`, or one single `zk://host:2181,host:2181/mesos`: then ZooKeeper says who leads.",
        text("An address."),
        { minItems: 1, maxItems: 16 },
      ),
      frameworkName: text("Name under which we register.", { default: "rackwright" }),
      roles: optional(list("Mesos roles to take offers of; unset: `*`.", text("A role."))),
      user: optional(text("User that tasks run as; unset: the agent's.")),
      principal: optional(text("Principal under which we register.")),
      credentialsSecretRef: optional(
        secretRef("Secret of the principal, for basic authentication; needs `principal`."),
      ),
      failoverTimeout: text("How long Mesos keeps our tasks while we are away, as a Go duration.", { default: "168h" }),
      tls: optional(tls),
      nodeAttributes: object(
        "Which attributes of an agent say what node it is.",
        {
          name: text("Attribute with the name of the node.", { default: "machine-name" }),
          type: text("Attribute with the type of the node.", { default: "machine-type" }),
          function: text("Attribute with the function of the node.", { default: "machine-function" }),
        },
        { default: {} },
      ),
    }),
  ),
});

const resolvers = optional(
  list("Servers that other names are asked of, in this order.", text("`address[:port]`."), { maxItems: 16 }),
);

/** Where names are published. */
export const rackDns = object("Where names are published.", {
  type: oneOf("The DNS back end.", ["Consul", "Builtin"], { default: "Consul" }),
  domain: text("Domain of all names, e.g. `service.torc`.", { minLength: 1 }),
  ttlSeconds: integer(
    "Seconds that resolvers may keep an answer. Consul: as its `service_ttl` is configured. Built-in: unless the record says otherwise.",
    { default: 0, minimum: 0 },
  ),
  consul: optional(
    object("The Consul of the rack.", {
      address: text("Address of the HTTP API, e.g. `http://10.0.0.1:8500`."),
      datacenter: optional(text("Datacenter; unset: that of the agent.")),
      tokenSecretRef: later(secretRef("Access token.")),
      tls: later(tls),
    }),
  ),
  builtin: optional(
    object("The DNS server inside the control plane.", {
      listen: text("`address:port` to listen on, over UDP and TCP; `0.0.0.0`: all addresses of the machine."),
      allowTransfer: optional(
        list("Whose addresses may transfer the zone; unset: nobody's.", text("A prefix."), { maxItems: 64 }),
      ),
      resolvers,
    }),
  ),
  mesosDns: later(
    object("Names as mesos-dns gives them.", {
      domain: text("Domain.", { default: "mesos" }),
      framework: text("Name of the framework in names.", { default: "marathon" }),
      listen: optional(text("Address and port of DNS.")),
      httpListen: optional(text("Address and port of the HTTP API.")),
      resolvers,
    }),
  ),
});

const switchFields = object(
  "The top-of-rack switch.",
  {
    type: oneOf(
      "What the switch speaks; `None`: nothing is routed.",
      ["SnapRoute", "FBOSS", "Linux", "GoBGP", "None"],
      {
        default: "None",
        later: ["FBOSS", "Linux", "GoBGP"],
      },
    ),
    address: optional(text("Address of its API, e.g. `http://10.0.0.1:8080`.")),
    clientId: later(integer("Our client id; FBOSS only.", { minimum: 0 })),
    tableLimit: later(integer("Routes that the table holds.", { minimum: 1 })),
    ecmpWidth: later(integer("Next hops that one route may have.", { minimum: 1 })),
    tls: later(tls),
    credentialsSecretRef: later(secretRef("Credentials of the API.")),
    fboss: later(object("FBOSS.", { framing: oneOf("Framing of thrift messages.", ["Header", "Framed", "Rocket"]) })),
  },
  { default: {} },
);

const pool = object("Addresses that instances may be given.", {
  name: text("Name of the pool, a DNS label.", { minLength: 1, maxLength: 63 }),
  cidr: text("The addresses, as a prefix; its first and last address are not given."),
  exclude: optional(
    list("Addresses and prefixes that are left out.", text("An address or a prefix."), { maxItems: 1000 }),
  ),
  quarantineSeconds: integer("Seconds until a released address is given again.", { default: 300, minimum: 0 }),
});

/** How instances are reached. */
export const rackNetwork = object("How instances are reached.", {
  networkName: optional(text("Container network of Routed services.")),
  pools: optional(
    listByKey("Addresses that instances may be given; everything in them is ours.", pool, { maxItems: 64 }),
  ),
  managementPrefixes: optional(
    list("Prefixes that are never routed by us, nor withdrawn, whatever is asked.", text("A prefix.")),
  ),
  switch: switchFields,
});

export type RackMesos = NonNullable<Data<typeof compute>["mesos"]>;
export type RackDns = Data<typeof rackDns>;
export type RackNetwork = Data<typeof rackNetwork>;
export type RackPool = Data<typeof pool>;
export type RackSwitch = Data<typeof switchFields>;
