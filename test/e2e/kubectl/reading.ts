import { expect, it } from "vitest";
import type { ClientVersion, Kubectl } from "./client.js";
import { readTable, readTables } from "./table.js";

const OURS = "racks,nodes,servicegroups,instances,routes,dnsrecords,scalingpolicies";
const TRUE = /^True$/;

/** What a row of each kind shows: the headings in order, and what the cells of every row match. */
const TABLES: readonly { readonly prefix: string; readonly cells: Readonly<Record<string, RegExp>> }[] = [
  {
    prefix: "rack",
    cells: {
      ...{ NAME: /^rack\..*\/torc$/, READY: TRUE, COMPUTEREADY: TRUE, DNSREADY: TRUE, SWITCHREADY: TRUE },
      ...{ NODES: /^5$/, INSTANCES: /^\d+$/, AGE: /^\d+[smh]/ },
    },
  },
  {
    prefix: "node",
    cells: {
      ...{ NAME: /^node\./, ADDRESS: /^10\.250\.3\.2\d$/, TYPE: /^(master|worker)$/, FUNCTION: /^(lab|controller)$/ },
      ...{ READY: TRUE, UNSCHEDULABLE: /^false$/, CPU: /^\d+$/, MEMORY: /^\d+Mi$/, AGE: /^\d+[smh]/ },
    },
  },
  {
    prefix: "servicegroup",
    cells: {
      ...{ NAMESPACE: /^\S+$/, NAME: /^servicegroup\./, REPLICAS: /^\d+$/, AVAILABLE: /^\d+$/ },
      ...{
        SERVICES: /^([\w-]+:\d+\/\d+,?)+$/,
        READY: TRUE,
        REASON: /^(ServicesAvailable|Suspended)$/,
        AGE: /^\d+[smh]/,
      },
    },
  },
  {
    prefix: "instance",
    cells: {
      ...{ NAMESPACE: /^\S+$/, NAME: /^instance\./, GROUP: /^\w+$/, SERVICE: /^[\w-]+$/, NUMBER: /^\d$/ },
      ...{ PHASE: /^Running$/, READY: TRUE, PUBLISHED: TRUE, NODE: /^(wedge|bladerunner\d)$/ },
      ...{ ADDRESS: /^127\.\d+\.\d+\.\d+$/, RESTARTS: /^0$/, AGE: /^\d+[smh]/ },
    },
  },
  {
    prefix: "route",
    cells: {
      ...{ NAMESPACE: /^dns-example$/, NAME: /^route\./, PREFIX: /^127\.\d+\.\d+\.\d+\/32$/ },
      ...{ "NEXT-HOPS": /^10\.250\.3\.21$/, INSTALLED: /^10\.250\.3\.21$/, READY: TRUE, AGE: /^\d+[smh]/ },
    },
  },
  {
    prefix: "dnsrecord",
    cells: {
      ...{ NAMESPACE: /^\S+$/, NAME: /^dnsrecord\./, "DNS-NAME": /^[\w-]+$/, TYPE: /^(A|Service)$/ },
      ...{ ADDRESSES: /^\d+\.\d+\.\d+\.\d+$/, READY: TRUE, AGE: /^\d+[smh]/ },
    },
  },
  {
    prefix: "scalingpolicy",
    cells: {
      ...{ NAMESPACE: /^dns-example$/, NAME: /^scalingpolicy\./, TARGET: /^dns$/, MIN: /^1$/, MAX: /^2$/ },
      ...{ CURRENT: /^1$/, DESIRED: /^1$/, READINGS: /^(received:\d+)?$/, READY: TRUE, AGE: /^\d+[smh]/ },
    },
  },
];

/** Columns that only `-o wide` has. */
const WIDE: Readonly<Record<string, string>> = {
  racks: "BALANCERREADY REASON DOMAIN FRAMEWORK",
  nodes: "DRAINED REASON RACK AGENT",
  servicegroups: "SUSPENDED RACK",
  instances: "BALANCED REVISION TASK",
  routes: "REASON ADVERTISE ADVERTISED RACK",
  dnsrecords: "REASON RACK",
  scalingpolicies: "REASON MODE LAST-SCALE",
};

/** Registers the tests of commands that change nothing; they look at the DNS example. */
export function testReading({ minor }: ClientVersion, client: () => Kubectl): void {
  it("prints a table with useful columns for each kind", async () => {
    const text = await client().ok(["get", OURS, "-A"]);
    expect(text).not.toContain("<none>");
    const tables = readTables(text);
    expect(tables.map(([row]) => row?.NAME?.split(".")[0])).toEqual(TABLES.map(({ prefix }) => prefix));
    for (const [index, { cells }] of TABLES.entries()) {
      for (const row of tables[index] ?? []) {
        expect(Object.keys(row)).toEqual(Object.keys(cells));
        for (const [name, pattern] of Object.entries(cells)) expect(row[name], `${row.NAME} ${name}`).toMatch(pattern);
      }
    }
  });

  it.each(Object.entries(WIDE))("adds columns to %s with -o wide", async (plural, columns) => {
    const headings = async (...args: string[]) =>
      Object.keys(readTable(await client().ok(["get", plural, "-A", ...args]))[0] ?? {});
    const plain = await headings();
    const wide = await headings("-o", "wide");
    expect(wide.filter((name) => !plain.includes(name))).toEqual(columns.split(" "));
    expect(wide.at(-1)).toBe("AGE");
  });

  it("prints objects as JSON, YAML, names, JSON paths and columns", async () => {
    const group = await client().read("servicegroup/dns", "-n", "dns-example");
    expect(group).toMatchObject({ kind: "ServiceGroup", metadata: { name: "dns", namespace: "dns-example" } });
    const list = await client().read("sg", "-n", "dns-example");
    expect(list).toMatchObject({ kind: "List" });
    expect(list.items?.map((item) => item.kind)).toEqual(Array(3).fill("ServiceGroup"));
    const yaml = await client().ok(["get", "sg/dns", "-n", "dns-example", "-o", "yaml"]);
    for (const line of [/^kind: ServiceGroup$/m, /^ {2}rackName: torc$/m, /^ {4}image: bind9$/m, /^ {4}name: dns-sl$/m])
      expect(yaml).toMatch(line);
    expect((await client().ok(["get", "rk", "-o", "name"])).trim()).toBe("rack.rackwright.dev/torc");
    const path = "jsonpath={.items[*].spec.rackName}";
    expect(await client().ok(["get", "sg", "-n", "torc-core", "-o", path])).toBe("torc");
    const columns = "custom-columns=N:.metadata.name,R:.spec.rackName";
    expect(await client().ok(["get", "sg", "core", "-n", "torc-core", "-o", columns])).toMatch(/^N +R\ncore +torc\n$/);
  });

  it("sorts by a field", async () => {
    const text = await client().ok(["get", "nodes.rackwright.dev", "--sort-by", ".spec.address"]);
    expect(readTable(text).map(({ NAME }) => NAME)).toEqual([
      "wedge",
      ...[1, 2, 3, 4].map((number) => `bladerunner${number}`),
    ]);
  });

  it("selects by label, by name, and page by page", async () => {
    const names = async (...args: string[]) =>
      (await client().ok(["get", "inst", "-A", "-o", "name", ...args])).trim().split("\n");
    const all = await names();
    expect(all).toHaveLength(11);
    expect(await names("--chunk-size=2")).toEqual(all);
    const pcp = await names("-l", "rackwright.dev/service=pcp");
    expect(pcp).toEqual(all.filter((name) => name.includes("/core-pcp-")));
    expect(await names("-l", "rackwright.dev/service in (pcp,dns),rackwright.dev/number!=1")).toHaveLength(4);
    const first = (all[0] ?? "").split("/")[1];
    expect(await names("--field-selector", `metadata.name=${first}`)).toEqual([all[0]]);
  });

  it("shows everything of ours, and everything of a namespace", async () => {
    const ours = await client().ok(["get", "rackwright", "-A", "-o", "name"]);
    for (const kind of ["rack", "node", "servicegroup", "instance", "route", "dnsrecord", "scalingpolicy", "revision"])
      expect(ours).toContain(`${kind}.rackwright.dev/`);
    const all = await client().ok(["get", "all", "-n", "dns-example", "-o", "name"]);
    for (const kind of ["servicegroup", "instance", "route", "dnsrecord", "scalingpolicy"])
      expect(all).toContain(`${kind}.rackwright.dev/`);
  });

  it("describes an object with its status and events", async () => {
    const text = await client().ok(["describe", "servicegroup", "dns", "-n", "dns-example"]);
    for (const line of [
      /^Name: +dns$/m,
      /^Kind: +ServiceGroup$/m,
      /^ +Rack Name: +torc$/m,
      /^ +Reason: +Suspended|Services/m,
    ])
      expect(text).toMatch(line);
    expect(text).toMatch(
      /Events:\n +Type +Reason +Age +From +Message\n[- ]+\n +Normal +InstanceCreated .* created dns-dns-sl-1-/,
    );
  });

  it("lists events", async () => {
    const rows = readTable(await client().ok(["get", "events", "-n", "torc-core"]));
    const created = rows.find(({ REASON, OBJECT }) => REASON === "InstanceCreated" && OBJECT === "servicegroup/core");
    expect(created).toMatchObject({ TYPE: "Normal", MESSAGE: expect.stringContaining("created core-") });
    if (minor < 26) return;
    expect(await client().ok(["events", "-n", "torc-core"])).toContain("ServiceGroup/core");
  });

  it("explains fields, and says when there is none", async () => {
    const text = await client().ok(["explain", "servicegroup.spec"]);
    for (const line of [
      /KIND: +ServiceGroup/,
      /suspend\s+<boolean>/,
      /services\s+<\[\]Object>.* -required-/,
      /Copies of the/,
    ])
      expect(text).toMatch(line);
    expect(await client().ok(["explain", "rack.spec.nodes", "--recursive"])).toMatch(/externalAddress\s+<string>/);
    const { code, stderr } = await client()(["explain", "servicegroup.spec.colour"]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('field "colour" does not exist') });
  });

  it("lists resources and versions", async () => {
    const rows = readTable(await client().ok(["api-resources"]));
    const groups = rows.find(({ NAME }) => NAME === "servicegroups");
    expect(groups).toMatchObject({ SHORTNAMES: "sg", NAMESPACED: "true", KIND: "ServiceGroup" });
    for (const name of ["configmaps", "secrets", "namespaces", "events", "leases", "customresourcedefinitions"])
      expect(rows.map(({ NAME }) => NAME)).toContain(name);
    expect(await client().ok(["api-versions"])).toContain("rackwright.dev/v1alpha1\n");
    expect(await client().ok(["version"])).toMatch(/Server Version.*v1\.32/);
  });

  it("reads raw paths", async () => {
    expect(await client().ok(["get", "--raw", "/readyz?verbose"])).toMatch(
      /^\[\+\]ping ok\n[\s\S]*readyz check passed\n$/,
    );
    expect(await client().ok(["get", "--raw", "/healthz"])).toBe("ok");
    expect(await client().ok(["get", "--raw", "/metrics"])).toContain("apiserver_request_total");
  });

  it("says what it may do", async () => {
    expect(await client().ok(["auth", "can-i", "create", "servicegroups"])).toBe("yes\n");
    const refused = await client()(["auth", "can-i", "create", "servicegroups", "--as=nobody"]);
    expect({ code: refused.code, stdout: refused.stdout }).toEqual({ code: 1, stdout: expect.stringMatching(/^no\b/) });
    if (minor < 28) return;
    expect(await client().ok(["auth", "whoami"])).toMatch(/^Username +rackwright-admin$/m);
  });

  it("waits for what is ready", async () => {
    const args = ["--for=condition=Ready", "servicegroup", "--all", "-n", "torc-core", "--timeout=20s"];
    expect(await client().ok(["wait", ...args])).toBe("servicegroup.rackwright.dev/core condition met\n");
    const { code, stderr } = await client()([
      "wait",
      "--for=condition=Conflict",
      "dns/etcd",
      "-n",
      "torc-core",
      "--timeout=1s",
    ]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining("timed out waiting for the condition"),
    });
  });

  it.each([
    { args: ["get", "sg", "nope", "-n", "torc-core"], says: 'servicegroups.rackwright.dev "nope" not found' },
    { args: ["get", "colours"], says: `the server doesn't have a resource type "colours"` },
    { args: ["get", "sg", "-A", "--field-selector", "spec.x=1"], says: "field label not supported: spec.x" },
    { args: ["get", "sg", "-A", "--as=nobody"], says: 'User "nobody" cannot list resource "servicegroups"' },
    { args: ["delete", "sg", "core", "-n", "torc-core", "--as=nobody"], says: 'User "nobody" cannot delete resource' },
  ])("says why not: $args", async ({ args, says }) => {
    expect(await client()(args)).toEqual({ code: 1, stdout: "", stderr: expect.stringContaining(says) });
  });

  it("finds nothing where nothing is", async () => {
    const { code, stderr } = await client()(["get", "sg", "-n", "nowhere"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "No resources found in nowhere namespace.\n" });
  });
}
