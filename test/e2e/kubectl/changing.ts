import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { sleep, systemClock } from "../../../platform/clock.js";
import type { ClientVersion, Kubectl } from "./client.js";
import { groupYaml } from "./manifests.js";
import { readTable } from "./table.js";

const clock = systemClock();
const PATIENCE = { timeout: 30_000, interval: 200 };

/** Where a client changes things. */
export interface Workplace {
  readonly kubectl: Kubectl;
  readonly namespace: string;
  /** A folder for files. */
  readonly folder: string;
}

/** Registers the tests of commands that change something: in a namespace of the client's own, on suspended groups. */
export function testChanging({ minor }: ClientVersion, place: () => Workplace): void {
  const kubectl = (...args: string[]) => place().kubectl([...args, "-n", place().namespace]);
  const ok = (...args: string[]) => place().kubectl.ok([...args, "-n", place().namespace]);
  const read = (...names: string[]) => place().kubectl.read(...names, "-n", place().namespace);
  const send = (input: string, ...args: string[]) =>
    place().kubectl([...args, "-f", "-", "-n", place().namespace], { input });
  const make = async (name: string, replicas = 1) =>
    expect(await send(groupYaml({ name, replicas }), "apply")).toMatchObject({ code: 0, stderr: "" });
  const line = (name: string, what: string) => `servicegroup.rackwright.dev/${name} ${what}\n`;

  it("creates core objects", async () => {
    expect(await ok("create", "configmap", "settings", "--from-literal=colour=red")).toBe(
      "configmap/settings created\n",
    );
    expect(await read("cm", "settings")).toMatchObject({ data: { colour: "red" } });
    expect(await ok("create", "secret", "generic", "key", "--from-literal=token=abc")).toBe("secret/key created\n");
    expect(await read("secret", "key")).toMatchObject({ data: { token: "YWJj" }, type: "Opaque" });
    const [row] = readTable(await ok("get", "secret", "key"));
    expect(row).toMatchObject({ NAME: "key", TYPE: "Opaque", DATA: "1" });
    expect(await ok("describe", "secret", "key")).toMatch(/^token: +3 bytes$/m);
    const twice = await kubectl("create", "configmap", "settings");
    expect(twice).toMatchObject({ code: 1, stderr: expect.stringContaining('configmaps "settings" already exists') });
  });

  it("applies: created, unchanged, configured", async () => {
    const apply = async (replicas: number) => (await send(groupYaml({ name: "applied", replicas }), "apply")).stdout;
    expect(await apply(1)).toBe(line("applied", "created"));
    await ok("wait", "--for=condition=Ready", "sg/applied", "--timeout=20s");
    const first = await read("sg", "applied");
    // kubectl says "configured" of every list whose items have defaults; nothing is stored
    await apply(1);
    expect((await read("sg", "applied")).metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    expect(await apply(3)).toBe(line("applied", "configured"));
    const { spec, metadata } = await read("sg", "applied");
    expect([first.spec.replicas, first.metadata.generation]).toEqual([1, 1]);
    expect([spec.replicas, metadata.generation]).toEqual([3, 2]);
    const settings = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: twice}\ndata: {a: b}\n";
    expect((await send(settings, "apply")).stdout).toBe("configmap/twice created\n");
    expect((await send(settings, "apply")).stdout).toBe("configmap/twice unchanged\n");
    expect((await send(settings.replace("b}", "c}"), "apply")).stdout).toBe("configmap/twice configured\n");
  });

  it("applies on the server, and tells whose fields are in the way", async () => {
    const apply = (replicas: number, ...args: string[]) =>
      send(groupYaml({ name: "ssa", replicas }), "apply", "--server-side", ...args);
    expect((await apply(1)).stdout).toBe(line("ssa", "serverside-applied"));
    const conflict = await apply(2, "--field-manager=other");
    expect(conflict.code).toBe(1);
    expect(conflict.stderr).toContain('conflict with "kubectl": .spec.replicas');
    expect((await read("sg", "ssa")).spec.replicas).toBe(1);
    expect((await apply(2, "--field-manager=other", "--force-conflicts")).code).toBe(0);
    const shown = ["get", "sg", "ssa", "-o", "json", ...(minor >= 21 ? ["--show-managed-fields"] : [])];
    const { spec, metadata } = JSON.parse(await ok(...shown));
    expect(spec.replicas).toBe(2);
    const managers = metadata.managedFields.filter(({ operation }: { operation: string }) => operation === "Apply");
    expect(managers.map(({ manager }: { manager: string }) => manager)).toEqual(
      expect.arrayContaining(["kubectl", "other"]),
    );
  });

  it("diffs: 0 when the same, 1 when not, and changes nothing", async () => {
    await make("compared");
    const before = await read("sg", "compared");
    expect(await send(groupYaml({ name: "compared" }), "diff")).toMatchObject({ code: 0, stdout: "" });
    const other = await send(groupYaml({ name: "compared", replicas: 4 }), "diff");
    expect(other.code).toBe(1);
    expect(other.stdout).toMatch(/^- {2}replicas: 1\n\+ {2}replicas: 4$/m);
    expect((await read("sg", "compared")).metadata.resourceVersion).toBe(before.metadata.resourceVersion);
    const wrong = await send(groupYaml({ name: "compared", service: "image: vector, mode: Sometimes" }), "diff");
    expect(wrong.code).toBeGreaterThan(1);
    expect(wrong.stderr).toContain("spec.services[0].mode");
  });

  it("tries without storing", async () => {
    const tried = await send(groupYaml({ name: "tried" }), "apply", "--dry-run=server");
    expect(tried.stdout).toBe(line("tried", "created (server dry run)"));
    expect((await kubectl("get", "sg", "tried")).code).toBe(1);
    await make("tried-delete");
    expect((await kubectl("delete", "sg", "tried-delete", "--dry-run=server")).code).toBe(0);
    expect((await read("sg", "tried-delete")).kind).toBe("ServiceGroup");
  });

  it("patches by merge and by JSON patch", async () => {
    await make("patched");
    const patch = (type: string, body: string) => kubectl("patch", "sg", "patched", `--type=${type}`, "-p", body);
    expect((await patch("merge", '{"spec":{"replicas":5}}')).stdout).toBe(line("patched", "patched"));
    expect((await read("sg", "patched")).spec.replicas).toBe(5);
    expect((await patch("merge", '{"spec":{"replicas":5}}')).stdout).toBe(line("patched", "patched (no change)"));
    expect((await patch("json", '[{"op":"replace","path":"/spec/replicas","value":6}]')).code).toBe(0);
    expect((await read("sg", "patched")).spec.replicas).toBe(6);
    const failed = await patch("json", '[{"op":"test","path":"/spec/replicas","value":7}]');
    expect(failed.code).toBe(1);
    const wrong = await patch("merge", '{"spec":{"replicas":"many"}}');
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining("spec.replicas") });
    expect((await read("sg", "patched")).spec.replicas).toBe(6);
  });

  it("scales", async () => {
    await make("scaled");
    expect(await ok("scale", "servicegroup/scaled", "--replicas=2")).toBe(line("scaled", "scaled"));
    expect((await read("sg", "scaled")).spec.replicas).toBe(2);
    const stale = await kubectl("scale", "sg/scaled", "--current-replicas=9", "--replicas=3");
    expect(stale).toMatchObject({ code: 1, stderr: expect.stringMatching(/[Ee]xpected replicas to be 9, was 2/) });
    expect(await ok("scale", "sg/scaled", "--current-replicas=2", "--replicas=0")).toBe(line("scaled", "scaled"));
    expect((await read("sg", "scaled")).spec.replicas).toBe(0);
    expect(await kubectl("scale", "sg/absent", "--replicas=1")).toMatchObject({ code: 1 });
  });

  it("edits", async () => {
    await make("edited");
    const editor = join(place().folder, `edit-${minor}`);
    const edit = (command: string) => {
      writeFileSync(editor, `#!/bin/sh\nsed -i '${command}' "$1"\n`, { mode: 0o755 });
      const args = ["edit", "sg", "edited", "-n", place().namespace];
      return place().kubectl(args, { env: { EDITOR: editor, KUBE_EDITOR: editor, TMPDIR: place().folder } });
    };
    expect(await edit("s/^  replicas: 1$/  replicas: 4/")).toMatchObject({ code: 0, stdout: line("edited", "edited") });
    expect((await read("sg", "edited")).spec.replicas).toBe(4);
    const wrong = await edit("s/^  replicas: .*$/  replicas: many/");
    // the editor opened a second time with the reason on top; nothing was changed then, so that kubectl gives up
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('"edited" is invalid') });
    const copy = /stored to "([^"]+)"/.exec(wrong.stderr)?.[1] ?? "";
    expect(readFileSync(copy, "utf8")).toMatch(/^# \* .*spec\.replicas.*(type integer|expected "integer")/m);
    expect((await read("sg", "edited")).spec.replicas).toBe(4);
  });

  it("labels and annotates", async () => {
    await make("marked");
    await ok("label", "sg", "marked", "row=b");
    await ok("annotate", "sg", "marked", "why=because");
    const { metadata } = await read("sg", "marked");
    expect([metadata.labels?.row, metadata.annotations?.why, metadata.generation]).toEqual(["b", "because", 1]);
    expect(await ok("get", "sg", "-l", "row=b", "-o", "name")).toBe("servicegroup.rackwright.dev/marked\n");
    expect((await kubectl("label", "sg", "marked", "row=c")).code).toBe(1);
    await ok("label", "sg", "marked", "row-");
    expect((await read("sg", "marked")).metadata.labels?.row).toBeUndefined();
  });

  it("shows changes while they happen", async () => {
    await make("watched");
    const watch = place().kubectl.start(["get", "sg", "watched", "-n", place().namespace, "-w"]);
    try {
      await watch.says(/^watched +1 /m, 10_000);
      await ok("scale", "sg/watched", "--replicas=7");
      await watch.says(/^watched +7 /m, 10_000);
    } finally {
      watch.signal("SIGTERM");
    }
    await watch.ended;
    expect(watch.stdout().match(/NAME/g)).toHaveLength(1);
  });

  it("waits for a condition and for the end", async () => {
    await make("awaited");
    const waited = await ok("wait", "--for=condition=Ready", "sg/awaited", "--timeout=20s");
    expect(waited).toBe(line("awaited", "condition met"));
    const [row] = readTable(await ok("get", "sg", "awaited"));
    expect(row).toMatchObject({ READY: "True", REASON: "Suspended" });
    const end = place().kubectl(["wait", "--for=delete", "sg/awaited", "--timeout=20s", "-n", place().namespace]);
    await sleep(clock, 300);
    await ok("delete", "sg", "awaited", "--wait=false");
    expect(await end).toMatchObject({ code: 0 });
    expect((await kubectl("get", "sg", "awaited")).code).toBe(1);
  });

  it("replaces and deletes", async () => {
    await make("first");
    await make("second");
    const replaced = await send(groupYaml({ name: "first", replicas: 8 }), "replace");
    expect(replaced).toMatchObject({ code: 0, stdout: line("first", "replaced") });
    expect((await read("sg", "first")).spec.replicas).toBe(8);
    await ok("label", "sg", "first", "second", "end=soon");
    expect(await ok("delete", "sg", "-l", "end=soon")).toMatch(/"first" deleted[\s\S]*"second" deleted/);
    const absent = await kubectl("delete", "sg", "first");
    expect(absent).toMatchObject({ code: 1, stderr: expect.stringContaining('"first" not found') });
    expect((await kubectl("delete", "sg", "first", "--ignore-not-found")).code).toBe(0);
    await make("third");
    expect((await send(groupYaml({ name: "third" }), "delete")).stdout).toContain('"third" deleted');
    expect((await kubectl("get", "sg", "third")).code).toBe(1);
  });

  it("runs, scales and ends real tasks", async () => {
    const running = groupYaml({ name: "tasks", suspend: false });
    expect((await send(running, "apply")).code).toBe(0);
    const count = () => ok("get", "inst", "-l", "rackwright.dev/group=tasks", "-o", "name");
    await ok("wait", "--for=condition=Ready", "sg/tasks", "--timeout=30s");
    await ok("scale", "sg/tasks", "--replicas=2");
    const wanted = { REPLICAS: "2", AVAILABLE: "2", SERVICES: "main:2/2", REASON: "ServicesAvailable" };
    await vi.waitFor(async () => expect(readTable(await ok("get", "sg", "tasks"))[0]).toMatchObject(wanted), PATIENCE);
    expect((await count()).trim().split("\n")).toHaveLength(2);
    await ok("delete", "sg", "tasks", "--timeout=40s");
    expect(await count()).toBe("");
  });

  it("tells why a group does not run: in its row, its events and a warning", async () => {
    const broken = [
      { name: "huge", service: "image: vector, resources: {memory: 900Gi}", reason: "InstancesWait" },
      { name: "crash", service: 'shell: "exit 3"', reason: "ServicesNotAvailable" },
      { name: "waits", service: "image: vector", more: "  dependsOn: [nobody]\n", reason: "DependencyUnknown" },
    ];
    const manifests = broken.map((group) => groupYaml({ ...group, suspend: false })).join("---\n");
    expect((await send(manifests, "apply")).code).toBe(0);
    await vi.waitFor(async () => {
      const rows = readTable(await ok("get", "sg", ...broken.map(({ name }) => name)));
      expect(rows.map(({ READY, REASON }) => [READY, REASON])).toEqual(broken.map(({ reason }) => ["False", reason]));
      expect(await ok("describe", "sg", "crash")).toMatch(/Warning +InstanceFailed .*exited with status 3/);
    }, PATIENCE);
    expect(await ok("describe", "sg", "huge")).toMatch(/Message: .* nodes refused: 5 by memory/);
    const elsewhere = groupYaml({ name: "typo", suspend: false }).replace("rackName: torc", "rackName: tork");
    const typo = await send(elsewhere, "apply");
    expect(typo.code).toBe(0);
    expect(typo.stderr).toContain('spec.rackName: there is no Rack "tork"');
    await vi.waitFor(
      async () => expect(await ok("describe", "sg", "typo")).toContain("waits for Rack tork, which is not stored"),
      PATIENCE,
    );
    await ok("delete", "sg", "--all", "--timeout=40s");
  });

  it("empties a namespace that is deleted", async () => {
    const namespace = `${place().namespace}-end`;
    await place().kubectl.ok(["create", "namespace", namespace]);
    const created = await place().kubectl(["apply", "-n", namespace, "-f", "-"], {
      input: groupYaml({ name: "last" }),
    });
    expect(created.code).toBe(0);
    expect(await place().kubectl.ok(["delete", "namespace", namespace, "--timeout=30s"])).toContain("deleted");
    expect((await place().kubectl(["get", "sg", "last", "-n", namespace])).code).toBe(1);
    const late = await place().kubectl(["create", "configmap", "late", "-n", namespace]);
    expect(late).toMatchObject({ code: 1, stderr: expect.stringContaining(`namespaces "${namespace}" not found`) });
  });
}
