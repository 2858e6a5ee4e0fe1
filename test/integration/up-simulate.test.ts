import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DnsRecord } from "../../api-types/dns-record.js";
import { Instance } from "../../api-types/instance.js";
import { Rack } from "../../api-types/rack.js";
import { Route } from "../../api-types/route.js";
import type { Client } from "../../client/client.js";
import { sleep, systemClock } from "../../platform/clock.js";
import type { Running } from "../e2e/product/rackctl.js";
import {
  converged,
  createProduct,
  eventually,
  isRunning,
  type Product,
  processes,
  type RackTask,
  rackctl,
  removals,
} from "./product.js";

// One story, told in order: every sentence rests on the one before it.
describe("rackctl up --simulate", () => {
  let ours: Product;
  let theirs: Product;
  let up: Running;
  let theirUp: Running;
  let client: Client;
  let tasks: readonly RackTask[];
  let theirTasks: readonly RackTask[];

  const overlaid = async (name: string) => {
    const rack = await client.get(Rack, { name });
    return rack.status?.conditions?.find(({ type }) => type === "AddressesOverlaid");
  };
  const dnsServer = () => tasks.find(({ image }) => image === "bind9");

  beforeAll(async () => {
    [ours, theirs] = await Promise.all([createProduct(), createProduct()]);
    [up, theirUp] = await Promise.all([ours.up("--simulate"), theirs.up("--simulate")]);
    client = await ours.client();
    await Promise.all([converged(client), converged(await theirs.client())]);
    // so that what a loop would take away is gone in seconds
    await client.patch(Rack, { name: "torc" }, { spec: { intervals: { observeSeconds: 1 } } });
    tasks = await ours.rack.tasks();
    theirTasks = await theirs.rack.tasks();
  });
  afterAll(() => Promise.all([ours.remove(), theirs.remove()]));

  it("applies the example to an empty store, whose eleven tasks run as processes", () => {
    expect(up.stdout()).toMatch(/^example +\d+ objects/m);
    expect(tasks).toHaveLength(11);
    expect(tasks.filter(({ pid }) => !isRunning(pid))).toEqual([]);
  });

  it("gives two instances on one machine a block of addresses each", () => {
    const blocks = [ours, theirs].map(({ rack }) => new URL(rack.file().spec.compute.mesos.masters[0] ?? "").hostname);
    expect(new Set(blocks).size).toBe(2);
    for (const block of blocks) expect(Number(block.split(".")[1])).toBeGreaterThanOrEqual(64);
  });

  it("runs the rack in a process of its own", () => {
    expect(ours.rack.pid()).not.toBe(up.pid);
    expect(isRunning(ours.rack.pid())).toBe(true);
  });

  it("says on every Rack which addresses are used, and leaves the spec alone", async () => {
    await client.create(Rack, { metadata: { name: "another" }, spec: {} } as never); // defaults fill the spec
    const { spec } = ours.rack.file();
    for (const name of ["torc", "another"]) {
      const condition = await eventually(() => overlaid(name), Boolean);
      expect(condition).toMatchObject({ status: "True", reason: "SimulatedRack" });
      expect(condition?.message).toContain(spec.compute.mesos.masters[0]);
      expect(condition?.message).toContain(spec.dns.consul.address);
      expect(condition?.message).toContain(spec.network.switch.address);
    }
    const torc = await client.get(Rack, { name: "torc" });
    expect(torc.spec.compute?.mesos?.masters).toEqual(["http://$(MASTER_IP):5050"]);
    await client.delete(Rack, { name: "another" });
  });

  it("answers DNS where it was told to, with the address that a Routed task has", async () => {
    expect(await ours.rack.resolve("dns-sl1.service.torc")).toEqual([dnsServer()?.address]);
    expect((await ours.rack.routes()).get(`${dnsServer()?.address}/32`)).toBe("10.250.3.21");
  });

  it("probes a Routed task at the task's own address", async () => {
    const items = (await client.list(Instance, { namespace: "dns-example" })).items;
    const ready = items[0]?.status?.conditions?.find(({ type }) => type === "Ready");
    expect(ready).toMatchObject({ status: "True", reason: "Healthy" });
    // the probed port is open there, and nowhere on the task's node
    const node = tasks.find((task) => task.node === dnsServer()?.node && task.image !== "bind9");
    expect(await canConnect(dnsServer()?.address, 10053)).toBe(true);
    expect(await canConnect(node?.address, 10053)).toBe(false);
  });

  it("refuses a second simulator and a second control plane on the directory, naming the holder", async () => {
    const simulate = rackctl("simulate", "--data", `${ours.directory}/simulator`, "--dns", "127.0.0.1:0");
    const second = rackctl("up", "--simulate", "--data", ours.directory, "--listen", "127.0.0.1:0");
    expect(await simulate.ended).toMatchObject({ code: 1, stderr: expect.stringContaining(`${ours.rack.pid()}`) });
    expect(await second.ended).toMatchObject({ code: 1, stderr: expect.stringContaining(`${up.pid}`) });
    expect(processes(await ours.rack.tasks())).toEqual(processes(tasks));
  });

  it("lets the rack live on when the control plane is killed, and finds it again", async () => {
    const rack = ours.rack.pid();
    up.signal("SIGKILL");
    await up.ended;
    expect(isRunning(rack)).toBe(true);
    expect(await ours.rack.resolve("dns-sl1.service.torc")).toEqual([dnsServer()?.address]);
    up = await ours.up("--simulate");
    expect(up.stdout()).toContain(`process ${rack} (was running)`);
    expect(up.stdout()).not.toMatch(/^example/m);
    await converged(client);
    await settled(client);
    expect(processes(await ours.rack.tasks())).toEqual(processes(tasks));
    expect(removals(await ours.rack.journal())).toEqual([]);
  });

  it("starts a killed simulator again, which takes over its living tasks; nothing is withdrawn", async () => {
    const rack = ours.rack.pid();
    process.kill(rack, "SIGKILL");
    await up.says(new RegExp(`simulator ${rack} ended; process \\d+ took over`), 20_000);
    expect(ours.rack.pid()).not.toBe(rack);
    await settled(client);
    await converged(client);
    expect(processes(await ours.rack.tasks())).toEqual(processes(tasks));
    expect(removals(await ours.rack.journal())).toEqual([]);
    expect(await ours.rack.resolve("dns-sl1.service.torc")).toEqual([dnsServer()?.address]);
    expect((await ours.rack.routes()).get(`${dnsServer()?.address}/32`)).toBe("10.250.3.21");
  });

  it("follows a simulator that had to take other addresses", async () => {
    const before = ours.rack.file().spec.dns.consul.address;
    up.signal("SIGSTOP");
    const { hostname, port } = new URL(before);
    process.kill(ours.rack.pid(), "SIGKILL");
    const intruder = await eventually(
      () => listenOn(hostname, Number(port)),
      () => true,
    );
    up.signal("SIGCONT");
    const after = await eventually(
      () => ours.rack.file().spec.dns.consul.address,
      (address) => address !== before,
    );
    await eventually(
      () => overlaid("torc"),
      (condition) => condition?.message?.includes(after) === true,
    );
    await settled(client);
    intruder.close();
    await converged(client);
    expect(processes(await ours.rack.tasks())).toEqual(processes(tasks));
    expect(removals(await ours.rack.journal())).toEqual([]);
  });

  it("picks up everything when both were killed", async () => {
    for (const pid of [up.pid, ours.rack.pid()]) process.kill(pid, "SIGKILL");
    await up.ended;
    up = await ours.up("--simulate");
    await settled(client);
    await converged(client);
    expect(processes(await ours.rack.tasks())).toEqual(processes(tasks));
    expect(removals(await ours.rack.journal())).toEqual([]);
  });

  it("ends control plane, simulator and tasks at Ctrl-C, and nothing else", async () => {
    await client.delete(DnsRecord, { namespace: "torc-core", name: "etcd" });
    tasks = await ours.rack.tasks();
    const rack = ours.rack.pid();
    up.signal("SIGINT");
    expect(await up.ended).toMatchObject({ code: 0, stderr: "" });
    expect([rack, ...tasks.map(({ pid }) => pid)].filter(isRunning)).toEqual([]);
    expect(processes(await theirs.rack.tasks())).toEqual(processes(theirTasks));
    expect(theirTasks.filter(({ pid }) => !isRunning(pid))).toEqual([]);
    expect(removals(await theirs.rack.journal())).toEqual([]);
  });

  it("relaunches from what is stored at the next start", async () => {
    const ended = new Set(tasks.map(({ pid }) => pid));
    up = await ours.up("--simulate");
    expect(up.stdout()).not.toMatch(/^example/m);
    const again = await eventually(
      () => ours.rack.tasks(),
      (now) => now.length === 11 && now.every(({ pid }) => !ended.has(pid)),
      50_000,
    );
    expect(again.filter(({ pid }) => !isRunning(pid))).toEqual([]);
    const records = (await client.list(DnsRecord, { namespace: "torc-core" })).items;
    expect(records.map(({ metadata }) => metadata.name)).not.toContain("etcd");
    // the server has another address now: its route and name follow it
    const server = again.find(({ image }) => image === "bind9");
    await eventually(
      () => ours.rack.resolve("dns-sl1.service.torc"),
      (addresses) => addresses.join() === server?.address,
    );
    const routes = (await client.list(Route)).items.flatMap(({ spec }) => spec.prefix);
    expect(routes).toContain(`${server?.address}/32`);
  });

  it("says why the simulator cannot be started again, and ends its tasks all the same at Ctrl-C", async () => {
    theirUp.signal("SIGSTOP");
    process.kill(theirs.rack.pid(), "SIGKILL");
    const intruder = await eventually(
      () => bindTo(theirs.dnsPort),
      () => true,
    );
    theirUp.signal("SIGCONT");
    await theirUp.says(new RegExp(`127.0.0.1:${theirs.dnsPort} is in use.*trying again`), 20_000);
    expect(theirTasks.filter(({ pid }) => !isRunning(pid))).toEqual([]);
    theirUp.signal("SIGINT");
    expect(await theirUp.ended).toMatchObject({ code: 0 });
    intruder.close();
    expect(theirTasks.filter(({ pid }) => isRunning(pid))).toEqual([]);
  });
});

/** Several observations later: time enough for a loop that would take something away. */
async function settled(client: Client): Promise<void> {
  const observed = async () => (await client.get(Rack, { name: "torc" })).status?.conditions;
  const isTrue = (conditions: Awaited<ReturnType<typeof observed>>) =>
    conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true;
  await eventually(observed, isTrue);
  await sleep(systemClock(), SETTLE_MS);
}

/** Four periods of observation. */
const SETTLE_MS = 4000;

function canConnect(host: string | undefined, port: number): Promise<boolean> {
  return fetch(`http://${host}:${port}/`, { signal: AbortSignal.timeout(2000) }).then(
    () => true,
    // a name server answers no HTTP: refused is another failure than cut
    (error: { cause?: { code?: string } }) => error.cause?.code !== "ECONNREFUSED",
  );
}

function listenOn(host: string, port: number): Promise<ReturnType<typeof createServer>> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.on("error", reject);
    server.listen(port, host, () => resolve(server));
  });
}

function bindTo(port: number): Promise<ReturnType<typeof createSocket>> {
  const socket = createSocket("udp4");
  return once(socket.bind(port, "127.0.0.1"), "listening").then(() => socket);
}
