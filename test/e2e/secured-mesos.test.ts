import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer } from "node:tls";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { Secret } from "../../api-types/core/secret.js";
import { Instance } from "../../api-types/instance.js";
import { conditionOf, isAvailable } from "../../api-types/life.js";
import type { KubeObject } from "../../api-types/meta/object.js";
import { Node } from "../../api-types/node.js";
import { Rack } from "../../api-types/rack.js";
import { ServiceGroup } from "../../api-types/service-group.js";
import { type Certified, createAuthority, issue } from "../../apiserver/pki/authority.js";
import type { Client } from "../../client/client.js";
import { clientFromKubeconfig } from "../../client/kubeconfig.js";
import { systemClock } from "../../platform/clock.js";
import { serve } from "../../platform/http-server.js";
import { silentLogger } from "../../platform/log.js";
import { seededRandom } from "../../platform/random.js";
import type { HttpHandler } from "../../platform/transport.js";
import { authenticate } from "../../simulator/mesos/api/authenticate.js";
import { type AgentSpec, createMesosMaster } from "../../simulator/mesos/master.js";
import { pretendRunner } from "../../simulator/mesos/pretend-runner.js";
import { isMissing, startZooKeeper } from "../integration/servers.js";
import { registerMaster } from "../integration/zookeeper-master.js";
import { buildProduct } from "./product/build.js";
import { freePorts, run, start } from "./product/rackctl.js";

// rackctl against a Mesos that is found in a real ZooKeeper and speaks https with basic authentication, agents as well.

const HOST = "127.0.0.1";
const PATIENCE = { timeout: 60_000, interval: 200 };
const CREDENTIALS = { rackwright: "s3cret" };
const HOUR_MS = 3_600_000;
const clock = systemClock();

describe.skipIf(isMissing("zookeeper"))("a Mesos with ZooKeeper, TLS and credentials", () => {
  const folder = mkdtempSync(join(tmpdir(), "rackwright-secured-"));
  const data = join(folder, "data");
  const closers: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  let entry: string;
  let client: Client;

  beforeAll(async () => {
    const build = buildProduct();
    closers.unshift(() => build.remove());
    entry = build.entry;
    const now = clock.now();
    const validity = { from: now - HOUR_MS, until: now + HOUR_MS };
    const authority = await createAuthority(validity);
    const port = await openCluster(await issue(authority, { commonName: "mesos", hosts: [HOST] }, validity), closers);
    const zookeeper = await startZooKeeper();
    closers.unshift(() => zookeeper.stop());
    const registration = await registerMaster(zookeeper.port, "/mesos", { port, hostname: HOST });
    closers.unshift(() => registration.destroy());

    const [api, metrics] = await freePorts(2);
    const addresses = ["--listen", `${HOST}:${api}`, "--metrics", `${HOST}:${metrics}`];
    const product = start(process.execPath, [entry, "up", "--data", data, ...addresses]);
    closers.unshift(() => {
      product.signal("SIGINT");
      return product.ended;
    });
    await product.says(/^ready$/m, 60_000);
    const access = await clientFromKubeconfig(join(data, "kubeconfig"), { userAgent: "test" });
    closers.unshift(access.close);
    client = access.client;
    await apply(client, { authority: authority.certificate, masters: `zk://${HOST}:${zookeeper.port}/mesos` });
  });
  afterAll(async () => {
    for (const close of closers) await close();
  });

  const rackctl = (...words: readonly string[]) =>
    run(process.execPath, [entry, "--kubeconfig", join(data, "kubeconfig"), "-n", "default", ...words]);
  const available = () =>
    vi.waitFor(async () => {
      const { items } = await client.list(Instance, { namespace: "default" });
      const unavailable = items.filter((instance) => !isAvailable(instance));
      expect(
        unavailable.flatMap(({ status }) => status?.conditions?.filter(({ status }) => status !== "True")),
      ).toEqual([]);
      expect(items).toHaveLength(1);
      return items[0]?.metadata.name ?? "";
    }, PATIENCE);
  const setSecret = (secret: string) =>
    client.patch(Secret, { namespace: "rackwright-system", name: "mesos" }, { data: { secret: base64(secret) } });

  it("places a service, whose agent is reached by https", async () => {
    const name = await available();
    const instance = await client.get(Instance, { namespace: "default", name });
    await vi.waitFor(async () => {
      const node = await client.get(Node, { name: instance.status?.placement?.node ?? "" });
      expect(node.status?.agent?.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    }, PATIENCE);
  });

  it("shows logs and runs programs through agents that want credentials", async () => {
    const target = `inst/${await available()}`;
    expect(await rackctl("logs", target)).toMatchObject({ code: 0, stdout: expect.stringContaining("pretended task") });
    const exec = await rackctl("exec", target, "--", "echo", "hello");
    expect(exec).toMatchObject({ code: 0, stdout: "pretended: echo hello\n" });
  });

  it("says what is wrong while the secret is another one, and goes on with the right one", async () => {
    const name = await available();
    await setSecret("wrong");
    await vi.waitFor(async () => {
      const compute = conditionOf(await client.get(Rack, { name: "secured" }), "ComputeReady");
      expect(compute?.status).not.toBe("True");
      expect(compute?.message).toMatch(/was answered 401/);
    }, PATIENCE);
    const logs = await rackctl("logs", `inst/${name}`);
    expect(logs.code).toBe(1);
    expect(logs.stderr).toMatch(/^rackctl: .*401/);
    expect(logs.stderr).not.toContain("wrong");
    await setSecret(CREDENTIALS.rackwright);
    await vi.waitFor(async () => {
      const compute = conditionOf(await client.get(Rack, { name: "secured" }), "ComputeReady");
      expect(compute?.status).toBe("True");
    }, PATIENCE);
    expect(await available()).toBe(name);
  });

  it("tears the framework down at the master that ZooKeeper names", async () => {
    const name = await available();
    const words = ["framework", "teardown", "rack/secured", "--yes-i-know", "rackwright", "--force"];
    const torn = await rackctl(...words);
    expect(torn).toMatchObject({ code: 0, stderr: "" });
    expect(torn.stdout).toMatch(/^framework rackwright \(\S+\) is torn down$/m);
    await vi.waitFor(async () => expect(await available()).not.toBe(name), PATIENCE);
  });
});

/** A master and two agents behind TLS and basic authentication. Resolves with the master's port. */
async function openCluster(server: Certified, closers: (() => unknown)[]): Promise<number> {
  const handlers = new Map<string, HttpHandler>();
  const open = async (name: string) => {
    const plain = await serve(async (request) => (await handlers.get(name)?.(request)) ?? NOT_YET, {
      host: HOST,
      port: 0,
      isBodyStreamed: (headers) => headers["content-type"] === "application/recordio",
    });
    const secure = await terminateTls(server, plain.port);
    closers.unshift(secure.close, () => plain.close());
    return secure.port;
  };
  const agents: AgentSpec[] = [];
  for (const name of ["n1", "n2"]) {
    const attributes = { "machine-name": name };
    const resources = { cpus: "4", mem: "4096", disk: "10000", ports: "[31000-32000]" };
    agents.push({ name, hostname: HOST, ip: HOST, port: await open(name), attributes, resources });
  }
  const port = await open("master");
  const random = seededRandom(1);
  const cluster = { hostname: HOST, ip: HOST, port, agents, authentication: { credentials: CREDENTIALS } };
  const runner = pretendRunner({ clock, random, addresses: () => HOST });
  const mesos = createMesosMaster({ clock, random, log: silentLogger, runner, cluster });
  closers.unshift(() => mesos.close());
  handlers.set("master", mesos.handler);
  for (const { name } of agents) {
    handlers.set(name, async (request) => {
      const caller = authenticate(cluster.authentication, request);
      return caller.type === "refused" ? caller.response : mesos.agentHandler(name)(request);
    });
  }
  return port;
}

const NOT_YET = { status: 503, headers: {}, body: new Uint8Array() };

/** What stands in front of servers that speak no TLS themselves. */
async function terminateTls({ certificate, key }: Certified, to: number) {
  const open = new Set<Socket>();
  const server = createServer({ cert: certificate, key }, (socket) => {
    const inner = connect(to, HOST);
    for (const [one, other] of [
      [socket, inner],
      [inner, socket],
    ] as const) {
      open.add(one);
      one.on("error", () => other.destroy());
      one.on("close", () => other.destroy());
      one.pipe(other);
    }
  });
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    close() {
      for (const socket of open) socket.destroy();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Reached {
  readonly authority: string;
  readonly masters: string;
}

async function apply(client: Client, { authority, masters }: Reached): Promise<void> {
  const secret = { data: { secret: base64(CREDENTIALS.rackwright), ca: base64(authority) } };
  const namespace = "rackwright-system";
  await client.create(Secret, { metadata: { namespace, name: "mesos" }, ...secret } as unknown as KubeObject & Secret);
  const mesos = {
    masters: [masters],
    frameworkName: "rackwright",
    principal: "rackwright",
    credentialsSecretRef: { name: "mesos", key: "secret" },
    tls: { caSecretRef: { name: "mesos", key: "ca" } },
  };
  const nodes = ["n1", "n2"].map((name) => ({ name, address: HOST }));
  const services = [
    {
      name: "web",
      shell: "sleep 1000",
      resources: { cpu: "10m", memory: "8Mi" },
      restart: { delaySeconds: 0 },
      dns: { publish: "Never" },
    },
  ];
  // the server fills in the defaults
  const rack = { nodes, intervals: { observeSeconds: 1 }, compute: { mesos } } as unknown as Rack["spec"];
  const group = { rackName: "secured", services } as unknown as ServiceGroup["spec"];
  const fieldManager = "test";
  await client.apply(Rack, { metadata: { name: "secured" }, spec: rack }, { fieldManager });
  await client.apply(ServiceGroup, { metadata: { namespace: "default", name: "shop" }, spec: group }, { fieldManager });
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
