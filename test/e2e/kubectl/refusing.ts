import { expect, it } from "vitest";
import type { Workplace } from "./changing.js";
import type { ClientVersion } from "./client.js";
import { groupYaml } from "./manifests.js";

/** One wrong manifest. */
interface Wrong {
  readonly title: string;
  readonly manifest: string;
  /** What stderr must contain: the field and what it accepts. */
  readonly says: readonly string[];
  /** The same for old clients, which check the types of fields themselves. */
  readonly saysOld?: readonly string[];
}

const group = (service: string, more = "") => groupYaml({ name: "wrong", service, more });
const ours = (kind: string, spec: string) =>
  `apiVersion: rackwright.dev/v1alpha1\nkind: ${kind}\nmetadata: {name: wrong}\nspec: {rackName: torc, ${spec}}\n`;
const route = (prefix: string, hop = "10.250.3.21") =>
  ours("Route", `prefix: ${prefix}, nextHops: [{address: ${hop}}]`);

const WRONG: readonly Wrong[] = [
  {
    title: "an unknown field",
    manifest: group("image: vector, colour: red"),
    says: ['unknown field "spec.services[0].colour"', "spec.services[0] takes: annotations, args,"],
    saysOld: ["ServiceGroup.spec.services[0]", 'unknown field "colour"'],
  },
  {
    title: "a number that is text",
    manifest: group("image: vector").replace("replicas: 1", "replicas: three"),
    says: ["spec.replicas", "must be of type integer"],
    saysOld: ["ServiceGroup.spec.replicas", 'got "string", expected "integer"'],
  },
  {
    title: "a value that is none of the choices",
    manifest: group("image: vector, network: {mode: Bridged}"),
    says: [
      'spec.services[0].network.mode: Unsupported value: "Bridged"',
      'supported values: "Host", "Bridge", "Routed", "Container", "None"',
    ],
  },
  {
    title: "a field that is not built yet",
    manifest: ours("DnsRecord", "name: wrong, targets: [{id: a, address: 10.9.9.9}], leaseName: x"),
    says: ["spec.leaseName: not supported yet"],
  },
  {
    title: "a constraint that nobody knows",
    manifest: group("image: vector, placement: {constraints: [{attribute: hostname, operator: Near}]}"),
    says: [
      'spec.services[0].placement.constraints[0].operator: Unsupported value: "Near"',
      'supported values: "Unique", "Cluster", "GroupBy", "Like", "Unlike", "MaxPer", "Is"',
    ],
  },
  {
    title: "a regular expression that is none",
    manifest: group('image: vector, placement: {constraints: [{attribute: rack, operator: LIKE, value: "(a"}]}'),
    says: [
      "spec.services[0].placement.constraints[0].value",
      "must be a regular expression as RE2 reads it: missing closing ): (a",
    ],
  },
  {
    title: "a share that is none",
    manifest: group("image: vector, update: {maxSurge: a third}"),
    says: ["spec.services[0].update.maxSurge", "a whole number of at least 0, or a percentage such as 25% or 12.5%"],
  },
  {
    title: "two checks by one agent",
    manifest: group("image: vector, healthChecks: [{name: a, exec: {shell: w}}, {name: b, exec: {shell: w}}]"),
    says: ["spec.services[0].healthChecks[1]: Forbidden", 'room for one check by its agent, which is "a"'],
  },
  {
    title: "a port of the node for what has an address of its own",
    manifest: group("image: vector, network: {mode: Routed, ports: [{name: a, containerPort: 80, hostPort: 80}]}"),
    says: ["spec.services[0].network.ports[0].hostPort: Forbidden", "mode Routed takes no port of the node"],
  },
  {
    title: "ports by number that overlap",
    manifest: group(
      "image: vector, ordinals: {start: 8080, slots: 3}, network: {ports: [{name: a, numberOffset: 0}, {name: b, numberOffset: 2}]}",
    ),
    says: [
      "spec.services[0].network.ports[1].numberOffset",
      'ports 8082 to 8084 of the instances overlap with those of port "a"',
    ],
  },
  {
    title: "one port of the load balancer twice",
    manifest: `${group("image: vector, network: {ports: [{name: a, servicePort: 10500}]}")}  - {name: other, image: vector, network: {ports: [{name: a, servicePort: 10500}]}}\n`,
    says: ["spec.services[1].network.ports[0].servicePort: Duplicate value: 10500"],
  },
  {
    title: "a job that is none",
    manifest: group("image: vector, job: {completions: 3}"),
    says: ["spec.services[0].job: Forbidden: needs mode Job"],
  },
  {
    title: "a value from two places",
    manifest: group("image: vector, env: [{name: A, value: a, valueFrom: {secretKeyRef: {name: a, key: b}}}]"),
    says: ["spec.services[0].env[0].valueFrom: Forbidden: may not be set together with value"],
  },
  {
    title: "a file of the node that the Rack does not allow",
    manifest: group('image: vector, fetch: [{uri: "file:///etc/shadow"}]'),
    says: ["spec.services[0].fetch[0].uri: Forbidden", 'spec.safety.allow of Rack "torc"'],
  },
  {
    title: "an executor that the Rack does not allow",
    manifest: group("executor: {name: e, command: ./e}"),
    says: ["spec.services[0].executor: Forbidden", 'spec.safety.allow of Rack "torc"'],
  },
  {
    title: "10,000 services",
    manifest:
      group("image: vector") + Array.from({ length: 10_000 }, (_, n) => `  - {name: s${n}, image: vector}\n`).join(""),
    says: ["spec.services: Too many: 10001: must have at most 200 items"],
  },
  {
    title: "a variable of 1 MB",
    manifest: group(`image: vector, env: [{name: A, value: ${"x".repeat(1_000_000)}}]`),
    says: ["spec.services[0].env[0].value: Too long: may not be more than 131000 bytes"],
  },
  {
    title: "a missing list",
    manifest: group("image: vector").replace(/ {2}services:[\s\S]*/, ""),
    says: ["spec.services: Required value"],
    saysOld: ["ServiceGroup.spec", 'missing required field "services"'],
  },
  {
    title: "an empty list",
    manifest: group("image: vector").replace(/services:[\s\S]*/, "services: []\n"),
    says: ["spec.services", "should have at least 1 items"],
  },
  {
    title: "a service without a name",
    manifest: group("image: vector").replace("name: main, ", ""),
    says: ["spec.services[0].name: Required value"],
    saysOld: ["spec.services[0]", 'missing required field "name"'],
  },
  {
    title: "nothing to run",
    manifest: group("user: root"),
    says: ["spec.services[0].image: Required value: one of image, command and shell must be set"],
  },
  {
    title: "two services of one name",
    manifest: `${group("image: vector")}  - {name: main, image: dns}\n`,
    says: ['spec.services[1]: Duplicate value: {"name":"main"}'],
  },
  {
    title: "a name with capitals",
    manifest: group("image: vector").replace("name: wrong", "name: Wrong_Name"),
    says: ['metadata.name: Invalid value: "Wrong_Name"', "lower case alphanumeric characters"],
  },
  {
    title: "a label with a blank",
    manifest: group("image: vector")
      .replace("name: wrong", 'name: wrong, labels: {"a b": c}')
      .replace(/metadata:\n {2}(.*)/, "metadata: {$1}"),
    says: ["metadata.labels", "must consist of alphanumeric characters"],
  },
  {
    title: "a quantity that is none",
    manifest: group("image: vector, resources: {memory: 12 apples}"),
    says: ["spec.services[0].resources.memory", "must be a quantity such as 500m, 2 or 128Mi"],
  },
  {
    title: "a negative number",
    manifest: group("image: vector").replace("replicas: 1", "replicas: -1"),
    says: ["spec.replicas: Invalid value: -1", "greater than or equal to 0"],
  },
  {
    title: "a size for a service that is on every node",
    manifest: group("image: vector, mode: EachNode, instances: 2"),
    says: ["spec.services[0].instances: Forbidden", "EachNode"],
  },
  {
    title: "services that wait for each other",
    manifest: `${group("image: vector, dependsOn: [other]")}  - {name: other, image: vector, dependsOn: [main]}\n`,
    says: ["spec.services[0].dependsOn", "cycle: main → other → main"],
  },
  {
    title: "privileges that the Rack does not allow",
    manifest: group("image: vector, privileged: true"),
    says: ["spec.services[0].privileged: Forbidden", 'spec.safety.allow of Rack "torc"'],
  },
  {
    title: "a folder of the host that the Rack does not allow",
    manifest: group("image: vector, volumes: [{hostPath: /etc, containerPath: /x}]"),
    says: ["spec.services[0].volumes[0].hostPath: Forbidden", 'spec.safety.allow of Rack "torc"'],
  },
  {
    title: "a prefix with host bits",
    manifest: route("192.168.7.5/24"),
    says: ['spec.prefix: Invalid value: "192.168.7.5/24"', "192.168.7.0/24"],
  },
  {
    title: "a management prefix",
    manifest: route("10.250.3.0/25"),
    says: ["spec.prefix: Forbidden", "management prefix 10.250.3.0/24"],
  },
  {
    title: "a next hop that is no address",
    manifest: route("192.168.7.0/24", "somewhere"),
    says: ['spec.nextHops[0].address: Invalid value: "somewhere"', "must be an IPv4 address"],
  },
  {
    title: "a DNS name that is none",
    manifest: ours("DnsRecord", 'name: "a_b!", type: A, targets: [{id: a, address: 10.0.0.1}]'),
    says: ["spec.name: Invalid value", "lower-case letters, digits and `-`"],
  },
  {
    title: "bounds the wrong way round, and a rule about nothing",
    manifest: ours("ScalingPolicy", "").replace(
      "rackName: torc, ",
      "scaleTargetRef: {name: dns}, minReplicas: 3, maxReplicas: 1, metrics: [{name: cpu, source: instances, query: cpu_usage_user}], rules: [{name: r, metric: heat, above: 1, change: {delta: 1}, atLeast: {count: 1, of: 1}}]",
    ),
    says: ["spec.minReplicas: Invalid value: 3", "maxReplicas (1)", "spec.rules[0].metric", '"heat"'],
  },
  {
    title: "an unknown kind",
    manifest: group("image: vector").replace("ServiceGroup", "ServiceGrup"),
    says: ['no matches for kind "ServiceGrup" in version "rackwright.dev/v1alpha1"'],
  },
  {
    title: "an unknown version",
    manifest: group("image: vector").replace("v1alpha1", "v7"),
    says: ['no matches for kind "ServiceGroup" in version "rackwright.dev/v7"'],
  },
  {
    title: "YAML that is none",
    manifest: "kind: ServiceGroup\n metadata: {name: wrong}\n",
    says: ["mapping values are not allowed"],
  },
];

/** Registers the tests of manifests that are refused: the message helps, and nothing is stored. */
export function testRefusing({ minor }: ClientVersion, place: () => Workplace): void {
  const apply = (input: string, ...args: string[]) =>
    place().kubectl(["apply", "-n", place().namespace, "-f", "-", ...args], { input });

  it.each(WRONG)("refuses $title", async ({ manifest, says, saysOld }) => {
    const { code, stdout, stderr } = await apply(manifest);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    for (const text of minor < 25 && saysOld !== undefined ? saysOld : says) expect(stderr).toContain(text);
    expect(await stored()).not.toMatch(/\/wrong/i);
  });

  it("refuses wrong fields on the server too, where an old client was told not to look", async () => {
    const { code, stderr } = await apply(WRONG[1]?.manifest ?? "", "--validate=false");
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining("must be of type integer") });
  });

  it("refuses a key that is written twice, which clients drop silently", async () => {
    const path = `/apis/rackwright.dev/v1alpha1/namespaces/${place().namespace}/servicegroups?fieldValidation=Strict`;
    const input =
      '{"apiVersion":"rackwright.dev/v1alpha1","kind":"ServiceGroup","metadata":{"name":"twice"},"spec":{"suspend":true,"suspend":false,"services":[{"name":"a","image":"vector"}]}}';
    const { code, stderr } = await place().kubectl(["create", "--raw", path, "-f", "-"], { input });
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('duplicate field "spec.suspend"') });
    expect((await place().kubectl(["get", "sg", "twice", "-n", place().namespace])).code).toBe(1);
  });

  it("leaves an object as it was when its change is refused", async () => {
    expect((await apply(groupYaml({ name: "kept" }))).code).toBe(0);
    const read = () => place().kubectl.read("sg", "kept", "-n", place().namespace);
    // the loop's first status is not what is looked for here
    await place().kubectl.ok(["wait", "--for=condition=Ready", "sg/kept", "-n", place().namespace, "--timeout=20s"]);
    const { metadata, spec } = await read();
    const refused = await apply(groupYaml({ name: "kept", service: "image: vector, network: {mode: Bridged}" }));
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("spec.services[0].network.mode") });
    const after = await read();
    expect([after.metadata.generation, after.spec]).toEqual([metadata.generation, spec]);
  });

  /** The names of what is stored in the namespace. */
  async function stored(): Promise<string> {
    return place().kubectl.ok(["get", "sg,rt,dns,sp", "-n", place().namespace, "-o", "name"]);
  }
}
