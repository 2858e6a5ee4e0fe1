import { createSocket } from "node:dgram";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DnsRecord } from "../../api-types/dns-record.js";
import { conditionOf } from "../../api-types/life.js";
import { Rack } from "../../api-types/rack.js";
import type { Client } from "../../client/client.js";
import { sleep, systemClock } from "../../platform/clock.js";
import { freePorts, type Running, run } from "../e2e/product/rackctl.js";
import { converged, createProduct, eventually, isRunning, type Product, processes } from "./product.js";
import { isMissing, programOf } from "./servers.js";

const clock = systemClock();

// One story, told in order: every sentence rests on the one before it.
describe.skipIf(isMissing("dig"))("rackctl up --simulate with names of its own", () => {
  let product: Product;
  let up: Running;
  let client: Client;
  let port: number;

  /** Addresses that dig finds; a server that does not answer has none. */
  const dig = async (name: string, ...args: readonly string[]) => {
    const server = ["@127.0.0.1", "-p", `${port}`, "+short", "+tries=1", "+time=1"];
    const { code, stdout } = await run(programOf("dig") ?? "dig", [...server, `${name}.service.torc`, ...args]);
    return code === 0
      ? stdout
          .trim()
          .split("\n")
          .filter((line) => line !== "" && !line.startsWith(";"))
          .sort()
      : [];
  };
  /** Of every stored record, the names and addresses that it has published. */
  const stored = async () => {
    const { items } = await client.list(DnsRecord);
    return items.flatMap(({ status }) => (status?.published ?? []).map(({ name, address }) => ({ name, address })));
  };
  const unanswered = async () => {
    const all = await stored();
    const found = await Promise.all(all.map(async ({ name, address }) => (await dig(name)).includes(address)));
    return all.filter((_, index) => !found[index]).map(({ name }) => name);
  };
  const dnsReady = async () => {
    const {
      status = "",
      reason = "",
      message = "",
    } = conditionOf(await client.get(Rack, { name: "torc" }), "DnsReady") ?? {};
    return `${status} ${reason} ${message}`;
  };
  const changeDns = (dns: object) => client.patch(Rack, { name: "torc" }, { spec: { dns } });

  beforeAll(async () => {
    [port = 0] = await freePorts(1);
    product = await createProduct();
    up = await product.up("--simulate");
    client = await product.client();
    await converged(client);
  });
  afterAll(() => product?.remove());

  it("says that the address is taken, and which one", async () => {
    const occupant = createSocket("udp4").bind(port, "127.0.0.1");
    await once(occupant, "listening");
    await changeDns({ type: "Builtin", ttlSeconds: 30, builtin: { listen: `127.0.0.1:${port}` } });
    const said = await eventually(dnsReady, (text) => text.startsWith("False"));
    expect(said).toContain(`NameServerNotListening 127.0.0.1:${port} is in use by another program or Rack; give`);
    occupant.close();
  });

  it("answers every name of the example once it is free, though the rack is simulated", async () => {
    await eventually(dnsReady, (text) => text.startsWith("True"));
    await eventually(unanswered, (names) => names.length === 0);
    const addresses = await dig("dns-sl");
    expect(addresses.length).toBeGreaterThan(0);
    expect(await dig("_dns-sl._udp", "SRV")).toHaveLength(addresses.length);
    expect((await stored()).length).toBeGreaterThan(11);
  });

  it("answers a service with its own time to live", async () => {
    const record = { rackName: "torc", name: "printer", ttlSeconds: 7, targets: [{ id: "p", address: "10.9.9.9" }] };
    const metadata = { namespace: "default", name: "printer" };
    await client.apply(DnsRecord, { metadata, spec: record } as never, { fieldManager: "person" }); // defaults fill it
    await eventually(
      () => dig("printer"),
      (found) => found.join() === "10.9.9.9",
    );
    expect((await dig("printer", "+noshort", "+noall", "+answer"))[0]).toMatch(
      /^printer\.service\.torc\.\s+7\s+IN\s+A\s+10\.9\.9\.9$/,
    );
  });

  it("R23 answers all names again after kill -9, at once and from what is stored, and starts nothing anew", async () => {
    const before = processes(await product.rack.tasks());
    const names = await stored();
    up.signal("SIGKILL");
    await up.ended;
    expect(await dig("printer")).toEqual([]);
    const startedAt = clock.monotonic();
    const starting = product.up("--simulate");
    const first = async () => {
      while ((await dig("printer")).length === 0) await sleep(clock, 20);
      return clock.monotonic() - startedAt;
    };
    const [firstMs] = await Promise.all([first(), starting]);
    // the first answer and all others come together
    const answers = await Promise.all(names.map(async ({ name, address }) => (await dig(name)).includes(address)));
    expect(answers).not.toContain(false);
    expect(firstMs).toBeLessThan(15_000);
    up = await starting;
    expect(processes(await product.rack.tasks())).toEqual(before);
    expect([...before.values()].every(isRunning)).toBe(true);
  });

  it("moves to another address while the old one is answered", async () => {
    const [next = 0] = await freePorts(1);
    await changeDns({ builtin: { listen: `127.0.0.1:${next}` } });
    port = next;
    await eventually(
      () => dig("printer"),
      (found) => found.length === 1,
    );
  });

  it("withdraws the name of a record that is deleted", async () => {
    await client.delete(DnsRecord, { namespace: "default", name: "printer" });
    await eventually(
      () => dig("printer"),
      (found) => found.length === 0,
    );
    expect(await unanswered()).toEqual([]);
  });

  it("tells Prometheus what it answered", async () => {
    const metrics = /metrics +(\S+)/.exec(up.stdout())?.[1] ?? "";
    const text = await (await fetch(metrics)).text();
    expect(text).toMatch(/dns_answers_total\{rack="torc",rcode="NOERROR"\} [1-9]/);
  });
});
