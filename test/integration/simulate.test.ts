import { createSocket } from "node:dgram";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createProduct, eventually, type Product, rackctl } from "./product.js";

interface WireAgent {
  readonly agent_info: { readonly id: { readonly value: string } };
}

describe("rackctl simulate", () => {
  let product: Product;
  let directory: string;

  beforeEach(async () => {
    product = await createProduct();
    directory = join(product.directory, "simulator");
  });
  afterEach(() => product.remove());

  const agentIds = async () => {
    const [master] = product.rack.file().spec.compute.mesos.masters;
    const response = await fetch(`${master}/api/v1`, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json" },
      body: JSON.stringify({ type: "GET_AGENTS" }),
    });
    // as the master answers
    const answer = (await response.json()) as { get_agents: { agents?: readonly WireAgent[] } };
    return (answer.get_agents.agents ?? []).map(({ agent_info }) => agent_info.id.value);
  };
  const addresses = () => {
    const { compute, dns, network } = product.rack.file().spec;
    return [...compute.mesos.masters, dns.consul.address, network.switch.address];
  };

  it("writes rack.yaml with addresses that answer as Mesos, Consul and the switch do", async () => {
    const running = await product.simulate();
    expect(running.stdout()).toContain(join(directory, "rack.yaml"));
    expect(await agentIds()).toHaveLength(5);
    const { dns, network } = product.rack.file().spec;
    expect(await (await fetch(`${dns.consul.address}/v1/catalog/services`)).json()).toBeTypeOf("object");
    expect((await fetch(`${network.switch.address}/public/v1/state/IPv4Routes`)).status).toBe(200);
    expect(await product.rack.resolve("nothing.service.torc")).toEqual([]);
  });

  it("goes wrong as it is told to, over its sockets, and is well again when the faults are taken away", async () => {
    await product.simulate();
    const { metadata, spec } = product.rack.file();
    const control = metadata.annotations["rackwright.dev/simulator-status"];
    const put = (faults: unknown) => fetch(`${control}/faults`, { method: "PUT", body: JSON.stringify(faults) });
    const services = () => fetch(`${spec.dns.consul.address}/v1/catalog/services`);

    expect(
      (await put({ consul: [{ fault: { type: "status", status: 500 }, path: "/v1/catalog", times: 1 }] })).status,
    ).toBe(200);
    expect([(await services()).status, (await services()).status]).toEqual([500, 200]);
    await put({ consul: [{ fault: { type: "refuse" } }] });
    await expect(services()).rejects.toThrow();
    await put({});
    expect((await services()).status).toBe(200);
    expect((await fetch(`${control}/restart?backend=switch&wipe=true`, { method: "POST" })).status).toBe(200);
    expect((await fetch(`${spec.network.switch.address}/public/v1/state/IPv4Routes`)).status).toBe(503);

    const wrong = await put({ consul: [{ fault: { type: "gremlins" } }] });
    expect([wrong.status, await wrong.text()]).toEqual([
      400,
      expect.stringContaining("consul[0].fault.type: must be one of"),
    ]);
  });

  it("ends at SIGTERM with code 0, leaves no lock and no rack.yaml, and comes back where it was", async () => {
    const first = await product.simulate();
    const [before, ids] = [addresses(), await agentIds()];
    first.signal("SIGTERM");
    expect(await first.ended).toMatchObject({ code: 0 });
    expect(["_lock", "rack.yaml"].filter((file) => existsSync(join(directory, file)))).toEqual([]);
    await product.simulate();
    expect(addresses()).toEqual(before);
    // agents are found again as they register
    await eventually(agentIds, (again) => again.length === ids.length);
    expect(await agentIds()).toEqual(ids);
  });

  it("is refused where another runs, and told its pid", async () => {
    const first = await product.simulate();
    const second = rackctl("simulate", "--data", directory, "--dns", "127.0.0.1:0");
    const { code, stderr } = await second.ended;
    expect(code).toBe(1);
    expect(stderr.trim()).toBe(
      `rackctl: starting the simulator: ${directory} is in use by process ${first.pid}; ` +
        "stop it or choose another --data directory",
    );
  });

  it.each([
    ["a dead process", { pid: 4_194_999, startTicks: "x/1" }],
    ["a process whose pid is somebody else's now", { pid: process.pid, startTicks: "an earlier boot/77" }],
  ])("takes over the lock of %s", async (_, holder) => {
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, "_lock"), JSON.stringify(holder));
    const running = await product.simulate();
    expect(JSON.parse(readFileSync(join(directory, "_lock"), "utf8")).pid).toBe(running.pid);
  });

  it("says that the DNS address is in use, and which flag changes it", async () => {
    const taken = createSocket("udp4");
    await once(taken.bind(product.dnsPort, "127.0.0.1"), "listening");
    const { code, stderr } = await rackctl("simulate", "--data", directory, "--dns", `127.0.0.1:${product.dnsPort}`)
      .ended;
    taken.close();
    expect(code).toBe(1);
    expect(stderr).toContain(`127.0.0.1:${product.dnsPort}`);
    expect(stderr).toContain("--dns");
  });

  it("takes a free port where its own is in use", async () => {
    const first = await product.simulate();
    const [mesos = "", consul = ""] = addresses();
    first.signal("SIGTERM");
    await first.ended;
    const { hostname, port } = new URL(consul);
    const intruder = createServer((socket) => socket.destroy());
    await once(intruder.listen(Number(port), hostname), "listening");
    await product.simulate();
    intruder.close();
    expect(addresses()[0]).toBe(mesos);
    expect(addresses()[1]).not.toBe(consul);
    expect((await fetch(`${addresses()[1]}/v1/catalog/services`)).status).toBe(200);
  });

  it("repeats its random choices with the same seed, and only then", async () => {
    const other = await createProduct();
    const third = await createProduct();
    const own = product;
    const seen: unknown[] = [];
    for (const [each, seed] of [
      [own, "7"],
      [other, "7"],
      [third, "8"],
    ] as const) {
      product = each;
      const running = await each.simulate("--seed", seed);
      seen.push(await agentIds());
      running.signal("SIGTERM");
      await running.ended;
    }
    product = own;
    await Promise.all([other.remove(), third.remove()]);
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[2]).not.toEqual(seen[0]);
  });
});
