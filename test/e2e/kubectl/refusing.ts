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
    manifest: group("image: vector", "  rollback: OnDeadline\n"),
    says: ["spec.rollback: not supported yet"],
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
