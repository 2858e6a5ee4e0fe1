import { describe, expect, it } from "vitest";
import { silentLogger } from "../../../../platform/log.js";
import { seededRandom } from "../../../../platform/random.js";
import { virtualClock } from "../../../../platform/virtual-clock.js";
import { fakeEnsemble } from "./harness.js";
import { type Leadership, leadingNode, parseMaster, watchLeader } from "./leader.js";

const info = (port: number) =>
  JSON.stringify({ id: "m", ip: 16777343, port: 1, address: { hostname: "m.rack", ip: "10.0.0.9", port } });

function start(address = "zk://a:1,b:2,c:3/mesos") {
  const clock = virtualClock();
  const ensemble = fakeEnsemble();
  const watch = watchLeader({
    address,
    connect: ensemble.connect,
    clock,
    random: seededRandom(4),
    log: silentLogger,
  });
  const seen: Leadership[] = [];
  watch.leader$.subscribe((leadership) => seen.push(leadership));
  const last = () => seen.at(-1);
  const port = () => {
    const leadership = last();
    return leadership?.type === "leads" ? leadership.master.port : leadership?.reason;
  };
  return { clock, ensemble, watch, seen, last, port };
}

describe("the leading master", () => {
  it.each([
    ["the lowest sequence", ["json.info_0000000012", "json.info_0000000007", "log_replicas"], "json.info_0000000007"],
    ["no other node", ["info_0000000001", "json.info_1", "json.info_0000000007x", "log_replicas"], undefined],
    ["none without masters", [], undefined],
  ])("is %s", (_name, names, node) => {
    expect(leadingNode(names)).toBe(node);
  });

  it.each([
    [info(5050), { hostname: "m.rack", ip: "10.0.0.9", port: 5050 }],
    [JSON.stringify({ address: { ip: "10.0.0.9", port: 5050 } }), { hostname: undefined, ip: "10.0.0.9", port: 5050 }],
    [JSON.stringify({ ip: 16777343, port: 5050, hostname: "h" }), undefined],
    ["{", undefined],
    ["[]", undefined],
  ])("is described by %s", (text, master) => {
    expect(parseMaster(Buffer.from(text))).toEqual(master);
  });

  it("is told at once, and again when it changes", async () => {
    const { clock, ensemble, watch, port } = start();
    ensemble.set("/mesos", "");
    ensemble.set("/mesos/json.info_0000000002", info(5052));
    await clock.advance(0);
    expect(port()).toBe(5052);
    ensemble.set("/mesos/json.info_0000000003", info(5053));
    await clock.advance(0);
    expect(port()).toBe(5052);
    ensemble.remove("/mesos/json.info_0000000002");
    await clock.advance(0);
    expect(port()).toBe(5053);
    watch.close();
  });

  it("is waited for, with the reason when it does not come", async () => {
    const { clock, ensemble, watch } = start();
    const none = watch.leader().catch((error: unknown) => String(error));
    await clock.advance(10_000);
    expect(await none).toContain("ZooKeeper has no node /mesos");
    ensemble.set("/mesos", "");
    const empty = watch.leader().catch((error: unknown) => String(error));
    await clock.advance(10_000);
    expect(await empty).toContain("no master is registered in ZooKeeper below /mesos");
    const found = watch.leader();
    ensemble.set("/mesos/json.info_0000000002", info(5052));
    await clock.advance(0);
    expect(await found).toMatchObject({ port: 5052 });
    watch.close();
  });

  it("is told why it cannot be read, and stays known when it could be before", async () => {
    const { clock, ensemble, watch, port } = start();
    ensemble.set("/mesos", "");
    ensemble.denied.add("/mesos");
    const denied = watch.leader().catch((error: unknown) => String(error));
    await clock.advance(10_000);
    expect(await denied).toContain("reading /mesos from ZooKeeper:");
    expect(await denied).toContain("error -102");
    ensemble.denied.clear();
    ensemble.set("/mesos/json.info_0000000002", info(5052));
    await clock.advance(10_000);
    expect(port()).toBe(5052);
    ensemble.denied.add("/mesos");
    await clock.advance(60_000);
    expect(port()).toBe(5052);
    watch.close();
  });

  it("stays known while ZooKeeper is away", async () => {
    const { clock, ensemble, watch, port } = start();
    ensemble.set("/mesos", "");
    ensemble.set("/mesos/json.info_0000000002", info(5052));
    await clock.advance(0);
    for (const host of ["a", "b", "c"]) ensemble.down.add(host);
    ensemble.cut();
    await clock.advance(60_000);
    expect(port()).toBe(5052);
    expect(await watch.leader()).toMatchObject({ port: 5052 });
    ensemble.set("/mesos/json.info_0000000001", info(5051));
    ensemble.down.clear();
    await clock.advance(10_000);
    expect(port()).toBe(5051);
    watch.close();
  });

  it("is not known of an address that is none", async () => {
    const { watch, clock } = start("zk://a");
    const answer = watch.leader().catch((error: unknown) => String(error));
    await clock.advance(10_000);
    expect(await answer).toContain("is not an address such as zk://host:2181/mesos");
    watch.close();
  });
});

describe("an ensemble", () => {
  it("is tried server by server, with growing pauses", async () => {
    const { clock, ensemble, watch, last } = start();
    for (const host of ["a", "b", "c"]) ensemble.down.add(host);
    ensemble.cut();
    await clock.advance(60_000);
    expect(last()).toMatchObject({ type: "unknown", reason: expect.stringContaining("ECONNREFUSED") });
    expect(new Set(ensemble.asked)).toEqual(new Set(["a", "b", "c"]));
    expect(ensemble.asked.length).toBeGreaterThan(10);
    expect(ensemble.asked.length).toBeLessThan(60);
    watch.close();
    const count = ensemble.asked.length;
    await clock.advance(60_000);
    expect(ensemble.asked.length).toBe(count);
  });

  it("goes on with another server when one falls silent, in the same session", async () => {
    const { clock, ensemble, watch, port } = start();
    ensemble.set("/mesos", "");
    ensemble.set("/mesos/json.info_0000000002", info(5052));
    await clock.advance(1_000);
    ensemble.mute.add(ensemble.asked[0] ?? "");
    ensemble.remove("/mesos/json.info_0000000002");
    ensemble.set("/mesos/json.info_0000000005", info(5055));
    await clock.advance(12_000);
    expect(port()).toBe(5055);
    expect(ensemble.asked[1]).not.toBe(ensemble.asked[0]);
    expect(ensemble.presented.slice(0, 2)).toEqual([0n, 1n]);
    watch.close();
  });

  it("opens a new session when the old one has expired", async () => {
    const { clock, ensemble, watch, port } = start();
    ensemble.set("/mesos", "");
    ensemble.set("/mesos/json.info_0000000002", info(5052));
    await clock.advance(1_000);
    ensemble.expire();
    ensemble.cut();
    ensemble.remove("/mesos/json.info_0000000002");
    ensemble.set("/mesos/json.info_0000000003", info(5053));
    await clock.advance(10_000);
    expect(ensemble.presented).toEqual([0n, 1n, 0n]);
    expect(port()).toBe(5053);
    watch.close();
  });

  it("that was made anew is believed after every server refused us three times", async () => {
    const { clock, ensemble, watch, port } = start();
    ensemble.set("/mesos", "");
    ensemble.set("/mesos/json.info_0000000002", info(5052));
    await clock.advance(1_000);
    ensemble.cut();
    ensemble.recreate();
    await clock.advance(2_000);
    expect(port()).toBe(5052);
    expect(ensemble.presented.length).toBeLessThan(9);
    await clock.advance(60_000);
    ensemble.set("/mesos/json.info_0000000001", info(5051));
    await clock.advance(1_000);
    expect(port()).toBe(5051);
    watch.close();
  });
});
