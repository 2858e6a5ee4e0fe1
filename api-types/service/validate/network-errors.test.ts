import { describe, expect, it } from "vitest";
import { checkServices, groupFaults } from "./testing.js";

const ports = (mode: string, ...list: readonly object[]) => ({
  network: { mode, ports: list.map((port, index) => ({ name: `p${index}`, ...port })) },
});
const at = "network.ports[0]";

describe("the network of a service", () => {
  checkServices({
    good: [
      ["a fixed port of the node", ports("Host", { hostPort: 80 })],
      ["a fixed port by its own number", ports("Host", { containerPort: 80 })],
      ["the same number twice", ports("Host", { containerPort: 80, hostPort: 80 })],
      ["any port", ports("Host", {}, { hostPort: 0 })],
      ["a port by number of the instance", ports("Host", { numberOffset: 8079 })],
      [
        "any port of the node for one inside",
        ports("Bridge", { containerPort: 80 }, { containerPort: 81, hostPort: 0 }),
      ],
      ["a port of the node for one inside", ports("Bridge", { containerPort: 80, hostPort: 8080 })],
      ["the same port inside as on the node", ports("Bridge", { hostPort: 8080 }, {})],
      [
        "two ports of the node for one inside",
        ports("Bridge", { containerPort: 80, hostPort: 1 }, { containerPort: 80, hostPort: 2 }),
      ],
      ["a number-bound port for one inside", ports("Bridge", { containerPort: 80, numberOffset: 8079 })],
      ["a port that is not mapped", ports("Container", { containerPort: 80 })],
      ["a port that is mapped", ports("Container", { containerPort: 80, hostPort: 8080 }, { hostPort: 0 })],
      [
        "a routed port",
        {
          network: {
            mode: "Routed",
            addressFrom: "Runtime",
            networkName: "n",
            ports: [{ name: "dns", containerPort: 53, protocol: "UDP" }],
          },
        },
      ],
      ["an anycast prefix", { network: { mode: "Host", anycast: "10.0.0.1/32" } }],
      ["an anycast prefix with a variable", { network: { mode: "Routed", anycast: "$(ANYCAST)/32" } }],
      ["a route that is told", { network: { mode: "Routed", advertise: "World" } }],
      ["an anycast route that is told", { network: { mode: "Host", advertise: "World", anycast: "10.0.0.1/32" } }],
      ["how far no route is told", { network: { mode: "Host", advertise: "Rack" } }],
      ["an address of a pool", { network: { mode: "Routed", pool: "web" } }],
      ["an address of a pool, said twice", { network: { mode: "Routed", pool: "web", addressFrom: "Pool" } }],
      ["a network of its own by name", { network: { mode: "Container", networkName: "n" } }],
      ["no network", { network: { mode: "None" } }],
      ["the same port for TCP and UDP", ports("Host", { hostPort: 53 }, { hostPort: 53, protocol: "UDP" })],
      ["a port of the load balancer", ports("Host", { servicePort: 0 }, { servicePort: 10_000 })],
      ["names with variables", { dns: { instanceName: "$(SERVICE)$(NUMBER)" } }],
    ],
    bad: [
      [
        "an anycast prefix without a network",
        { network: { mode: "None", anycast: "10.0.0.1/32" } },
        "network.anycast: Forbidden: there are no routes without a network",
      ],
      [
        "an anycast prefix that is none",
        { network: { anycast: "10.0.0.1" } },
        'network.anycast: Invalid value: "10.0.0.1": must be an IPv4 prefix such as 192.168.2.3/32',
      ],
      [
        "an anycast prefix with host bits",
        { network: { anycast: "10.0.0.1/24" } },
        'network.anycast: Invalid value: "10.0.0.1/24": must be canonical, without host bits: 10.0.0.0/24',
      ],
      [
        "to be told without a route",
        { network: { mode: "Host", advertise: "World" } },
        "network.advertise: Forbidden: there is no route to tell: needs mode Routed or an anycast prefix",
      ],
      [
        "an address of no pool",
        { network: { mode: "Routed", addressFrom: "Pool" } },
        "network.pool: Required value: addressFrom is Pool",
      ],
      [
        "an address of a pool on the node's network",
        { network: { mode: "Host", pool: "web" } },
        "network.pool: Forbidden: needs mode Routed",
      ],
      [
        "an address of a pool that the network chooses",
        { network: { mode: "Routed", pool: "web", addressFrom: "Runtime" } },
        "network.pool: Forbidden: may not be set together with addressFrom Runtime",
      ],
      [
        "two addresses",
        { image: "i", dockerParameters: [{ key: "ip", value: "a" }], network: { mode: "Routed", pool: "web" } },
        "dockerParameters[0]: Forbidden: network.pool gives the address",
      ],
      [
        "a port name that is no label",
        ports("Host", { name: "HTTP" }),
        `${at}.name: Invalid value: "HTTP": must consist of lower case alphanumeric characters or '-', start and end with one, and be at most 63 characters long`,
      ],
      [
        "two numbers for one port",
        ports("Host", { hostPort: 80, numberOffset: 1 }),
        `${at}.numberOffset: Forbidden: may not be set together with hostPort`,
      ],
      ...["Routed", "Container"].map(
        (mode) =>
          [
            `a number-bound port with ${mode}`,
            ports(mode, { containerPort: 80, numberOffset: 1 }),
            `${at}.numberOffset: Forbidden: needs mode Host or Bridge: mode ${mode} takes no port by number`,
          ] as const,
      ),
      [
        "a host port that differs from its own",
        ports("Host", { hostPort: 80, containerPort: 81 }),
        `${at}.hostPort: Invalid value: 80: must equal containerPort: the network of the node has one port for both`,
      ],
      [
        "any port for a program with one",
        ports("Host", { hostPort: 0, containerPort: 81 }),
        `${at}.hostPort: Invalid value: 0: must equal containerPort: the network of the node has one port for both`,
      ],
      [
        "a number-bound port and one of its own",
        ports("Host", { numberOffset: 80, containerPort: 81 }),
        `${at}.containerPort: Invalid value: 81: must be 0 with numberOffset: the network of the node has one port for both`,
      ],
      [
        "a routed port without a number",
        ports("Routed", {}),
        `${at}.containerPort: Required value: mode Routed has no host port to follow`,
      ],
      [
        "a routed port of the node",
        ports("Routed", { containerPort: 80, hostPort: 80 }),
        `${at}.hostPort: Forbidden: mode Routed takes no port of the node: the address is its own`,
      ],
      [
        "an unmapped port without a number",
        ports("Container", {}),
        `${at}.containerPort: Required value: mode Container has no host port to follow`,
      ],
      [
        "ports without a network",
        ports("None", { containerPort: 1 }),
        "network.ports: Forbidden: there are none without a network",
      ],
      [
        "an address source on the node's network",
        { network: { addressFrom: "Runtime" } },
        "network.addressFrom: Forbidden: needs mode Routed",
      ],
      [
        "a network by name on the node's network",
        { network: { mode: "Bridge", networkName: "n" } },
        "network.networkName: Forbidden: needs mode Routed or Container",
      ],
      [
        "two ports with one number",
        ports("Host", { hostPort: 80 }, { containerPort: 80 }),
        'network.ports[1]: Duplicate value: "TCP/80"',
      ],
      [
        "one port of the node twice",
        ports("Bridge", { containerPort: 1, hostPort: 80 }, { containerPort: 2, hostPort: 80 }),
        'network.ports[1]: Duplicate value: "TCP/80"',
      ],
      [
        "one port of its address twice",
        ports("Routed", { containerPort: 80 }, { containerPort: 80 }),
        'network.ports[1]: Duplicate value: "TCP/80"',
      ],
      [
        "a port twice by name",
        {
          network: {
            ports: [
              { name: "a", hostPort: 80 },
              { name: "a", hostPort: 81 },
            ],
          },
        },
        'network.ports[1]: Duplicate value: {"name":"a"}',
      ],
      [
        "one port of the load balancer twice",
        ports("Host", { servicePort: 80 }, { servicePort: 80 }),
        "network.ports[1].servicePort: Duplicate value: 80",
      ],
      [
        "a port beyond all ports",
        ports("Host", { hostPort: 65_536 }),
        `${at}.hostPort: Invalid value: 65536: spec.services[0].${at}.hostPort in body should be less than or equal to 65535`,
      ],
      [
        "a DNS name that is none",
        { dns: { name: "a_b" } },
        'dns.name: Invalid value: "a_b": must be DNS labels of lower-case letters, digits and `-`, joined by dots',
      ],
    ],
  });

  it("no two services of a group may have one port of the load balancer", () => {
    const services = ["a", "b"].map((name) => ({ name, ...ports("Host", { servicePort: 10_001 }) }));
    expect(groupFaults(services)).toEqual(["spec.services[1].network.ports[0].servicePort: Duplicate value: 10001"]);
  });
});

describe("ports that follow the number of their instance", () => {
  const bound = (ordinals: object, ...offsets: readonly (number | object)[]) => ({
    ordinals,
    ...ports("Host", ...offsets.map((offset) => (typeof offset === "number" ? { numberOffset: offset } : offset))),
  });

  checkServices({
    good: [
      ["the number itself", bound({ start: 8080 }, 0)],
      ["every port there is", bound({ start: 1, slots: 65_535 }, 0)],
      ["two ports beside each other, numbers two apart", bound({ start: 8080, step: 2, slots: 3 }, 0, 1)],
      ["ranges that touch", bound({ start: 8080, slots: 3 }, 0, 3)],
      ["the same numbers for TCP and UDP", bound({ start: 8080, slots: 3 }, 0, { numberOffset: 0, protocol: "UDP" })],
      ["a fixed port between two numbers", bound({ start: 8080, step: 2, slots: 3 }, 0, { hostPort: 8081 })],
      ["a fixed port after the last", bound({ start: 8080, slots: 3 }, 0, { hostPort: 8083 })],
    ],
    bad: [
      [
        "port 0",
        bound({ start: 1 }, -1),
        `${at}.numberOffset: Invalid value: -1: every number must give a port from 1 to 65535, and numbers 1 to 1 give ports 0; ordinals.slots limits the numbers`,
      ],
      [
        "a port beyond all ports",
        bound({ start: 1, step: 100, slots: 10 }, 65_000),
        `${at}.numberOffset: Invalid value: 65000: every number must give a port from 1 to 65535, and numbers 1 to 901 give ports 65001 to 65901; ordinals.slots limits the numbers`,
      ],
      [
        "ranges that overlap",
        bound({ start: 8080, slots: 3 }, 0, 2),
        'network.ports[1].numberOffset: Invalid value: 2: ports 8082 to 8084 of the instances overlap with those of port "p0"',
      ],
      [
        "ranges that overlap, numbers two apart",
        bound({ start: 8080, step: 2, slots: 3 }, 0, 4),
        'network.ports[1].numberOffset: Invalid value: 4: ports 8084 to 8088 of the instances overlap with those of port "p0"',
      ],
      [
        "a fixed port of another number",
        bound({ start: 8080, slots: 3 }, 0, { hostPort: 8082 }),
        `${at}.numberOffset: Invalid value: 0: ports 8080 to 8082 of the instances overlap with those of port "p1"`,
      ],
    ],
  });

  it("are counted by the sizes where slots are not: of the service, of the group and of its scale", () => {
    const service = { ...bound({ start: 65_530 }, 0), instances: 3 };
    expect(groupFaults([service], { replicas: 2 })).toEqual([]);
    expect(groupFaults([service], { replicas: 3 })).toHaveLength(1);
    expect(groupFaults([service], { replicas: 2, scale: { web: 4 } })).toHaveLength(1);
  });
});
