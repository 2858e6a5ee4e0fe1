import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { Namespace } from "../../api-types/core/namespace.js";
import { Instance } from "../../api-types/instance.js";
import { conditionOf, isAvailable, isDeleting } from "../../api-types/life.js";
import { Node } from "../../api-types/node.js";
import { type Service, ServiceGroup } from "../../api-types/service-group.js";
import type { Client } from "../../client/client.js";
import { clientFromKubeconfig } from "../../client/kubeconfig.js";
import { buildProduct } from "./product/build.js";
import { type Ended, freePorts, type Running, type RunOptions, run, start } from "./product/rackctl.js";

// The verbs of rackctl against one `rackctl up --simulate`, whose tasks are real processes.

const folder = mkdtempSync(join(tmpdir(), "rackwright-verbs-"));
const data = join(folder, "data");
const NAMESPACE = "verbs";
const PATIENCE = { timeout: 60_000, interval: 200 };
const closers: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
let entry: string;
let client: Client;

beforeAll(async () => {
  const build = buildProduct();
  closers.unshift(() => build.remove());
  entry = build.entry;
  const [api, dns, metrics] = await freePorts(3);
  const addresses = ["--listen", `127.0.0.1:${api}`, "--dns", `127.0.0.1:${dns}`, "--metrics", `127.0.0.1:${metrics}`];
  const product = start(process.execPath, [entry, "up", "--simulate", "--data", data, ...addresses]);
  closers.unshift(() => {
    product.signal("SIGINT");
    return product.ended;
  });
  await product.says(/all \d+ objects are Ready\n/, 100_000);
  const access = await clientFromKubeconfig(join(data, "kubeconfig"), { userAgent: "test" });
  closers.unshift(access.close);
  client = access.client;
  await client.create(Namespace, { metadata: { name: NAMESPACE } });
});

afterAll(async () => {
  for (const close of closers) await close();
});

const access = () => ["--kubeconfig", join(data, "kubeconfig"), "-n", NAMESPACE];

/** Runs a verb to its end; its words come first, options of access before them. */
function rackctl(words: readonly string[], options: RunOptions = {}): Promise<Ended> {
  return run(process.execPath, [entry, ...access(), ...words], { timeoutMs: 100_000, ...options });
}

function rackctlStart(...words: readonly string[]): Running {
  return start(process.execPath, [entry, ...access(), ...words]);
}

/** What a verb that must succeed printed. */
async function ok(...words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await rackctl(words);
  if (code !== 0) throw new Error(`rackctl ${words.join(" ")} ended with ${code}: ${stdout}${stderr}`);
  return stdout;
}

/** One sentence for people, and no stack. */
function expectRefusal({ code, stderr }: Ended, sentence: string): void {
  expect(stderr).toContain(`rackctl: ${sentence}`);
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(code).toBe(1);
}

const script = (word: string) => `echo "${word} $NUMBER"; echo "trouble $NUMBER" >&2; while :; do sleep 0.2; done`;

async function apply(name: string, fields: object): Promise<void> {
  // names of one service in several groups would be in each other's way
  const dns = { publish: name === "shop" ? "WhenReady" : "Never" };
  const service = {
    name: "web",
    dns,
    resources: { cpu: "10m", memory: "8Mi" },
    restart: { delaySeconds: 0 },
    ...fields,
  };
  const spec = { rackName: "torc", services: [service] } as unknown as ServiceGroup["spec"]; // the server fills in the defaults
  await client.apply(ServiceGroup, { metadata: { namespace: NAMESPACE, name }, spec }, { fieldManager: "test" });
}

const serviceOf = async (name: string): Promise<Service | undefined> =>
  (await client.get(ServiceGroup, { namespace: NAMESPACE, name })).spec.services[0];

async function instancesOf(group: string): Promise<readonly Instance[]> {
  const { items } = await client.list(Instance, { namespace: NAMESPACE });
  return items.filter((instance) => instance.spec.serviceGroup === group && !isDeleting(instance));
}

/** The instances of a group once so many can be used, and none is left of an update. */
async function available(group: string, count: number): Promise<readonly Instance[]> {
  return vi.waitFor(async () => {
    const all = await instancesOf(group);
    expect(all.map((instance) => isAvailable(instance))).toEqual(new Array(count).fill(true));
    return all;
  }, PATIENCE);
}

describe("rackctl rollout", () => {
  it("follows an update, tells what changed, and goes back", async () => {
    await apply("shop", { shell: script("first"), instances: 2 });
    expect(await ok("rollout", "status", "sg/shop", "--timeout", "60s")).toMatch(
      /^web: rolled out, 2 instances are available with shop-web-1$/m,
    );
    await apply("shop", { shell: script("second"), instances: 2 });
    const followed = await ok("rollout", "status", "sg/shop", "--timeout", "60s");
    // counts are written once a second: a quick update may show few of them, but not none of its states
    expect(followed).toMatch(/^(shop: waiting for|shop: all services are updated|web: \d of 2 updated, \d available)/);
    expect(followed).toMatch(/\nweb: rolled out, 2 instances are available with shop-web-2\n$/);
    const history = await ok("rollout", "history", "sg/shop");
    expect(history).toMatch(/^SERVICE +REVISION +CREATED +STATE +INSTANCES +CHANGE$/m);
    expect(history).toMatch(/^web +2 +\S+ +current +2 +shell echo "first .*… → echo "second .*…$/m);
    await ok("scale", "sg/shop", "web=1");
    expect(await ok("rollout", "undo", "sg/shop")).toContain("web goes back to revision 1");
    await ok("rollout", "status", "sg/shop", "--timeout", "60s");
    expect((await serviceOf("shop"))?.shell).toBe(script("first"));
    const [only] = await available("shop", 1);
    expect(only?.spec.revisionName).toBe("shop-web-1");
  });

  it("holds an update that is paused, and lets it go on", async () => {
    await apply("held", { shell: script("first") });
    await ok("rollout", "status", "sg/held", "--timeout", "60s");
    await ok("rollout", "pause", "sg/held");
    await client.patch(
      ServiceGroup,
      { namespace: NAMESPACE, name: "held" },
      { spec: { services: [{ ...(await serviceOf("held")), shell: script("second") }] } },
    );
    const waiting = rackctlStart("rollout", "status", "sg/held", "--timeout", "60s");
    await waiting.says(/paused .*\(rackctl rollout resume sg\/held/, 30_000);
    await ok("rollout", "resume", "sg/held");
    expect((await waiting.ended).code).toBe(0);
    expect(waiting.stdout()).toMatch(/rolled out, 1 instance is available with held-web-2\n$/);
  });
});

describe("rackctl scale, suspend and resume", () => {
  it("sets absolute sizes, multiplies once, stops and starts", async () => {
    await apply("sized", { shell: script("sized") });
    expect(await ok("scale", "sg/sized", "web=2")).toBe("servicegroup.rackwright.dev/sized scaled: web 1 → 2\n");
    await available("sized", 2);
    expect(await ok("scale", "sg/sized", "--by", "1.5")).toBe("servicegroup.rackwright.dev/sized scaled: web 2 → 3\n");
    await available("sized", 3);
    await ok("suspend", "sg/sized");
    expect(await ok("rollout", "status", "sg/sized", "--timeout", "60s")).toContain("sized is suspended");
    expect(await instancesOf("sized")).toEqual([]);
    await ok("resume", "sg/sized");
    await available("sized", 3);
  });

  it("shows the server's warning that a policy decides the size", async () => {
    const { code, stderr } = await rackctl(["-n", "dns-example", "scale", "sg/dns", "--replicas", "2", "--dry-run"]);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^Warning: the size of this group is decided by the Active ScalingPolicy "dns"/);
  });
});

describe("rackctl logs", () => {
  it("shows what tasks wrote, of one and of several, stdout and stderr apart", async () => {
    await apply("talking", { shell: script("hello"), instances: 2 });
    const [first, second] = await available("talking", 2);
    const one = await rackctl(["logs", `inst/${first?.metadata.name}`]);
    expect(one.stdout).toContain(`hello ${first?.spec.number}\n`);
    expect(one.stderr).toContain(`trouble ${first?.spec.number}\n`);
    const quiet = await rackctl(["logs", `inst/${first?.metadata.name}`, "--stdout", "--tail", "1"]);
    expect(quiet).toMatchObject({ code: 0, stdout: `hello ${first?.spec.number}\n`, stderr: "" });
    const both = await ok("logs", "sg/talking", "--stdout");
    for (const instance of [first, second])
      expect(both).toContain(`[${instance?.metadata.name}] hello ${instance?.spec.number}\n`);
  });

  it("shows the task that ran before a restart", async () => {
    await apply("again", { shell: `echo "begun at $(date +%s%N) on $NODE"; sleep 1000` });
    const [before] = await available("again", 1);
    const first = await ok("logs", `inst/${before?.metadata.name}`);
    expect(await ok("rollout", "restart", "sg/again")).toBe("servicegroup.rackwright.dev/again restarted\n");
    await ok("rollout", "status", "sg/again", "--timeout", "60s");
    const [after] = await available("again", 1);
    expect(after?.metadata.name).not.toBe(before?.metadata.name);
    expect(await ok("logs", `inst/${after?.metadata.name}`)).not.toBe(first);
    expect(await ok("logs", `inst/${after?.metadata.name}`, "--previous")).toBe(first);
  });

  it("follows a task until it ends", async () => {
    await apply("counting", { shell: "for i in 1 2 3 4 5 6 7 8 9; do echo line $i; sleep 0.5; done; sleep 600" });
    const [counting] = await available("counting", 1);
    const following = rackctlStart("logs", `inst/${counting?.metadata.name}`, "-f", "--stdout");
    await following.says(/^line 9$/m, 30_000);
    await ok("suspend", "sg/counting");
    expect((await following.ended).code).toBe(0);
    const lines = following
      .stdout()
      .split("\n")
      .filter((line) => line.startsWith("line "));
    expect(lines).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9].map((number) => `line ${number}`));
  });
});

describe("rackctl exec", () => {
  it("runs a program beside a task: output, input and exit code", async () => {
    await apply("open", { shell: script("open"), env: [{ name: "COLOUR", value: "red" }] });
    const [instance] = await available("open", 1);
    const exec = (argv: readonly string[], flags: readonly string[] = [], input = "") =>
      rackctl(["exec", `inst/${instance?.metadata.name}`, ...flags, "--", ...argv], { input });
    expect(await exec(["echo", "-n", "hello"])).toMatchObject({ code: 0, stdout: "hello", stderr: "" });
    expect(await exec(["sh", "-c", "echo out; echo err >&2; exit 3"])).toMatchObject({
      code: 3,
      stdout: "out\n",
      stderr: "err\n",
    });
    expect(await exec(["cat"], ["-i"], "through and back\n")).toMatchObject({ code: 0, stdout: "through and back\n" });
    expect((await exec(["sh", "-c", "kill -9 $$"])).code).toBe(137);
  });

  it("answers each line of input before the input ends", async () => {
    await apply("echoing", { shell: script("echoing") });
    const [instance] = await available("echoing", 1);
    const words = ["exec", `inst/${instance?.metadata.name}`, "-i", "--", "cat"];
    const cat = start(process.execPath, [entry, ...access(), ...words], { isInputOpen: true, timeoutMs: 100_000 });
    let heard = "";
    for (const line of ["first\n", "second\n", "third\n"]) {
      cat.write(line);
      heard += line;
      await cat.says(new RegExp(`^${heard}$`), 30_000);
    }
    cat.write();
    expect(await cat.ended).toMatchObject({ code: 0, stdout: heard, stderr: "" });
  });

  // elsewhere `script` has other flags
  it.runIf(process.platform === "linux")("gives a program a terminal where it has one itself", async () => {
    await apply("typing", { shell: script("typing") });
    const [instance] = await available("typing", 1);
    const program = "'test -t 0 && echo ready; read line; echo \"heard $line\"; exit 4'";
    const words = [...access(), "exec", `inst/${instance?.metadata.name}`, "-it", "--", "sh", "-c", program];
    // a terminal for what it runs
    const inTerminal = ["-qefc", [process.execPath, entry, ...words].join(" "), "/dev/null"];
    const typing = start("script", inTerminal, { isInputOpen: true, timeoutMs: 100_000 });
    await typing.says(/^ready\r$/m, 30_000);
    typing.write("some words\r");
    await typing.says(/^heard some words\r$/m, 30_000);
    typing.write();
    expect((await typing.ended).code).toBe(4);
  });
});

describe("rackctl drain", () => {
  it("moves instances away, waits for it, and opens the node again", async () => {
    await apply("moving", { shell: script("moving"), placement: { nodeType: "worker" } });
    const [before] = await available("moving", 1);
    const from = before?.status?.placement?.node ?? "";
    const drained = await ok("drain", `node/${from}`, "--deadline", "45s", "--wait", "--timeout", "80s");
    expect(drained).toContain(`node.rackwright.dev/${from} draining, deadline in 45 s\n`);
    expect(drained).toMatch(new RegExp(`^${from}: no instance is left$`, "m"));
    const [after] = await available("moving", 1);
    expect(after?.status?.placement?.node).not.toBe(from);
    const node = await client.get(Node, { name: from });
    expect(conditionOf(node, "Drained")?.status).toBe("True");
    expect(node.status?.drainingSince).toBeDefined();
    await ok("uncordon", `node/${from}`);
    await vi.waitFor(async () => {
      const open = await client.get(Node, { name: from });
      expect(open.spec.unschedulable).toBe(false);
      expect(conditionOf(open, "Drained")).toBeUndefined();
      expect(open.status?.drainingSince).toBeUndefined();
    }, PATIENCE);
  });
});

describe("rackctl framework teardown", () => {
  it("tells what would end, and refuses without the exact name and while groups are meant to run", async () => {
    const loss = /^framework \S+ \(\S+\) of Rack torc: \d+ running tasks would end at once/m;
    expect(await ok("framework", "teardown", "rack/torc", "--dry-run")).toMatch(loss);
    expectRefusal(
      await rackctl(["framework", "teardown", "rack/torc"]),
      "the framework of Rack torc is not torn down: confirm",
    );
    const name = "rackwright";
    const kept = await rackctl(["framework", "teardown", "rack/torc", "--yes-i-know", `${name}x`]);
    expectRefusal(kept, `the framework of Rack torc is not torn down: confirm with --yes-i-know`);
  });
});

describe("rackctl says what is wrong", () => {
  it.each([
    [["rollout", "status", "sg/nothing"], "there is no ServiceGroup nothing in namespace verbs; kubectl get sg -A"],
    [["logs", "inst/nothing"], "there is no Instance nothing in namespace verbs"],
    [["exec", "inst/nothing", "--", "ls"], "there is no Instance nothing in namespace verbs"],
    [["drain", "node/nothing"], "there is no Node nothing; kubectl get rn lists what there is"],
    [["scale", "deployment/web", "web=1"], '"deployment/web" names no object here: it must be sg/NAME'],
    [["scale"], "missing required argument 'sg/NAME'; rackctl help scale tells how it is used"],
    [["rollout", "undo", "--too"], "unknown option '--too'; rackctl rollout help undo tells how it is used"],
  ])("%j", async (words, sentence) => expectRefusal(await rackctl(words), sentence));

  it("names the API server that it cannot reach", async () => {
    const kubeconfig = join(folder, "away");
    writeFileSync(
      kubeconfig,
      readFileSync(join(data, "kubeconfig"), "utf8").replace(/127\.0\.0\.1:\d+/, "127.0.0.1:1"),
    );
    const ended = await run(process.execPath, [entry, "cordon", "node/n1", "--kubeconfig", kubeconfig]);
    expectRefusal(ended, "reaching the API server https://127.0.0.1:1 of kubeconfig");
    expect(ended.stderr).toContain("is rackctl up running?");
  });
});
