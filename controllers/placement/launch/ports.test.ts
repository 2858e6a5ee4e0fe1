import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { service } from "../../testing/objects.js";
import { amountFaults, needOf } from "./need.js";
import { checkedPort, hostRanges, placedPorts, portFaults, portNeeds, statusPorts } from "./ports.js";

type Fields = Readonly<Record<string, unknown>>;

const withPorts = (mode: string, ports: readonly Fields[]) =>
  service({ network: { mode, ports: ports.map((port, index) => ({ name: `p${index}`, ...port })) } });

/** `fixed 80`, `assigned`, or nothing. */
function needs(mode: string, port: Fields, number = 3): string {
  const [need] = portNeeds({ service: withPorts(mode, [port]), number });
  if (need === undefined) return "none";
  return need.type === "fixed" ? `fixed ${need.port}` : "assigned";
}

describe("what a port takes of the node", () => {
  it.each([
    ["Host", { hostPort: 80 }, "fixed 80"],
    ["Host", { containerPort: 80, hostPort: 80 }, "fixed 80"],
    ["Host", { hostPort: 0 }, "assigned"],
    ["Host", {}, "assigned"],
    ["Host", { containerPort: 80 }, "none"],
    ["Host", { numberOffset: 12020 }, "fixed 12023"],
    ["Bridge", { containerPort: 80, hostPort: 8080 }, "fixed 8080"],
    ["Bridge", { containerPort: 80, hostPort: 0 }, "assigned"],
    ["Bridge", { containerPort: 80 }, "assigned"],
    ["Bridge", { containerPort: 80, numberOffset: -2 }, "fixed 1"],
    ["Container", { containerPort: 80 }, "none"],
    ["Container", { containerPort: 80, hostPort: 0 }, "assigned"],
    ["Container", { containerPort: 80, hostPort: 8080 }, "fixed 8080"],
    ["Routed", { containerPort: 80 }, "none"],
    ["None", { containerPort: 80 }, "none"],
  ])("%s %o: %s", (mode, port, expected) => expect(needs(mode, port)).toBe(expected));

  it("is taken once for TCP and UDP together", () => {
    const two = withPorts("Host", [{ hostPort: 53 }, { hostPort: 53, protocol: "UDP" }]);
    expect(portNeeds({ service: two, number: 1 })).toHaveLength(1);
    const ports = placedPorts({ service: two, number: 1 }, []);
    expect(ports.map(({ port, protocol }) => `${port}/${protocol}`)).toEqual(["53/TCP", "53/UDP"]);
    expect(hostRanges(ports)).toEqual([{ begin: 53, end: 53 }]);
  });

  it.each([
    [70_000, "port p0: number 3 and offset 69997 give 70000, which is no port"],
    [0, "port p0: number 3 and offset -3 give 0, which is no port"],
  ])("must be a port: %i", (port, message) => {
    const bound = withPorts("Host", [{ numberOffset: port - 3 }]);
    expect(portFaults({ service: bound, number: 3 })).toEqual([message]);
  });

  it("R Dynamite: numbers 1.. with an offset are the ports that Dynamite gave", () => {
    const bound = withPorts("Host", [{ numberOffset: 12020 }]);
    const given = [1, 2, 3, 4, 5].map((number) => placedPorts({ service: bound, number }, [])[0]?.port);
    expect(given).toEqual([12021, 12022, 12023, 12024, 12025]);
  });
});

describe("the ports of a placed instance", () => {
  const chosen = [{ name: "p0", port: 31000 }];
  it.each([
    ["Host", {}, { port: 31000, containerPort: 31000, hostPort: 31000 }],
    ["Host", { containerPort: 80 }, { port: 80, containerPort: 80, hostPort: undefined }],
    ["Host", { hostPort: 80 }, { port: 80, containerPort: 80, hostPort: 80 }],
    ["Bridge", { containerPort: 80 }, { port: 31000, containerPort: 80, hostPort: 31000 }],
    ["Bridge", {}, { port: 31000, containerPort: 31000, hostPort: 31000 }],
    ["Container", { containerPort: 80 }, { port: 80, containerPort: 80, hostPort: undefined }],
    ["Container", { containerPort: 80, hostPort: 0 }, { port: 80, containerPort: 80, hostPort: 31000 }],
    ["Routed", { containerPort: 80 }, { port: 80, containerPort: 80, hostPort: undefined }],
  ])("%s %o", (mode, port, expected) => {
    expect(placedPorts({ service: withPorts(mode, [port]), number: 3 }, chosen)).toEqual([
      { name: "p0", protocol: "TCP", ...expected },
    ]);
  });

  it("leave out one that nobody chose", () => {
    expect(placedPorts({ service: withPorts("Host", [{}]), number: 3 }, [])).toEqual([]);
  });

  it("name the port inside only where it is another", () => {
    const ports = placedPorts(
      { service: withPorts("Bridge", [{ containerPort: 80 }, { hostPort: 9 }]), number: 3 },
      chosen,
    );
    expect(statusPorts(ports)).toEqual([
      { name: "p0", port: 31000, containerPort: 80, protocol: "TCP" },
      { name: "p1", port: 9, protocol: "TCP" },
    ]);
  });

  it("are the same when they are made from the status again", () => {
    const port = fc.record(
      { containerPort: fc.constantFrom(0, 80), hostPort: fc.constantFrom(0, 8080), numberOffset: fc.constant(100) },
      { requiredKeys: [] },
    );
    const mode = fc.constantFrom("Host", "Bridge", "Routed");
    fc.assert(
      fc.property(mode, fc.array(port, { maxLength: 4 }), (network, list) => {
        const one = { service: withPorts(network, list), number: 3 };
        const given = portNeeds(one).map(({ name }, index) => ({ name, port: 31000 + index }));
        const ports = placedPorts(one, given);
        expect(placedPorts(one, statusPorts(ports))).toEqual(ports);
      }),
    );
  });

  it.each([
    ["p0", 80],
    ["443", 443],
    [443, 443],
    ["p9", undefined],
    ["0", undefined],
    ["70000", undefined],
  ])("a check of port %s looks at %s", (written, expected) => {
    const ports = placedPorts({ service: withPorts("Bridge", [{ containerPort: 80 }]), number: 3 }, chosen);
    expect(checkedPort(ports, written)).toBe(expected);
  });
});

describe("what an instance takes in all", () => {
  it("is its own, its executor's and what is attached to it", () => {
    const whole = service({
      resources: { cpu: "1", memory: "1Gi", disk: "1Gi", gpu: 1 },
      executor: { name: "e", command: "c" },
      attached: [
        { name: "a", shell: "x", resources: { cpu: "100m", memory: "64Mi" } },
        { name: "b", shell: "x", resources: { cpu: "100m", memory: "64Mi", gpu: 1, disk: "512Mi" } },
      ],
      network: { ports: [{ name: "a", hostPort: 80 }, { name: "b" }] },
    });
    expect(needOf(whole, 1)).toEqual({
      cpu: 1.3,
      memoryMiB: 1184,
      diskMiB: 1536,
      gpu: 2,
      ports: [
        { type: "fixed", name: "a", port: 80 },
        { type: "assigned", name: "b" },
      ],
    });
  });

  it("is little when nothing is said", () => {
    expect(needOf(service(), 1)).toEqual({ cpu: 0.2, memoryMiB: 128, diskMiB: 0, gpu: 0, ports: [] });
  });

  it.each([
    ["cpu", { resources: { cpu: "much" } }, 'resources.cpu: "much" is no quantity'],
    ["memory below zero", { resources: { memory: "-1Mi" } }, 'resources.memory: "-1Mi" is no quantity'],
    ["a limit", { resources: { limits: { cpu: "x" } } }, 'resources.limits.cpu: "x" is no quantity'],
    [
      "unlimited is a limit, not a request",
      { resources: { cpu: "unlimited" } },
      'resources.cpu: "unlimited" is no quantity',
    ],
    [
      "an executor's",
      { executor: { name: "e", command: "c", resources: { cpu: "x" } } },
      'executor.resources.cpu: "x" is no quantity',
    ],
    [
      "an attached task's",
      { attached: [{ name: "a", resources: { disk: "x" } }] },
      'attached a: resources.disk: "x" is no quantity',
    ],
  ])("is told when it is none: %s", (_, fields, message) => {
    expect(amountFaults(service(fields))).toEqual([message]);
  });

  it("may be without a limit", () => {
    expect(amountFaults(service({ resources: { limits: { cpu: "unlimited", memory: 0 } } }))).toEqual([]);
  });
});
