import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { conditionOf } from "../../api-types/life.js";
import { Rack } from "../../api-types/rack.js";
import { fetchOnce, type RunningHaproxy, startHaproxy, startLoad } from "../integration/haproxy-server.js";
import { freePorts, isMissing } from "../integration/servers.js";
import { createWorkplace, PATIENCE, type Workplace } from "./rackctl/workplace.js";

// A real HAProxy before services of one `rackctl up --simulate`, whose tasks are real processes.

describe.skipIf(isMissing("haproxy"))("a service behind a real HAProxy", () => {
  let place: Workplace;
  let haproxy: RunningHaproxy;
  let ports: readonly number[] = [];

  beforeAll(async () => {
    place = createWorkplace();
    await place.open();
    haproxy = await startHaproxy();
    ports = await freePorts(2);
    const { adminSocket, masterSocket, configFile } = haproxy;
    const endpoints = [{ name: "front", adminSocket, masterSocket, configFile }];
    await place
      .client()
      .patch(Rack, { name: "torc" }, { spec: { loadBalancer: { haproxy: { endpoints, bindAddress: "127.0.0.1" } } } });
  });
  afterAll(async () => {
    await place.close();
    await haproxy.stop();
  });

  const web = (version: string, servicePort: number, fields: object = {}) => ({
    image: "web",
    instances: 2,
    network: { mode: "Host", ports: [{ name: "http", hostPort: 0, servicePort }] },
    env: [{ name: "VERSION", value: version }],
    healthChecks: [
      { name: "up", httpGet: { port: "http", path: "/health" }, periodSeconds: 1, gracePeriodSeconds: 10 },
    ],
    drainSeconds: 1,
    ...fields,
  });
  const versions = (answers: ReadonlyMap<string, number>) =>
    new Set([...answers.keys()].map((text) => text.split("\n")[0])).size;
  const condition = async () => conditionOf(await place.client().get(Rack, { name: "torc" }), "BalancerReady");

  it("answers at the service port, without one failed request during a rolling update and a new port", async () => {
    const [port = 0, other = 0] = ports;
    await place.apply("front", web("1", port));
    await place.available("front", 2);
    expect(await fetchOnce(port)).toContain("version 1");
    const load = startLoad(port);
    await place.apply("second", web("1", other, { dns: { publish: "WhenReady", name: "second" } }));
    await place.apply("front", web("2", port));
    await place.ok("rollout", "status", "sg/front", "--timeout", "90s");
    await place.available("second", 2);
    await vi.waitFor(async () => {
      expect(await fetchOnce(port)).toContain("version 2");
      expect(await fetchOnce(other)).toContain("version 1");
    }, PATIENCE);
    await load.stop();
    expect(load.failures).toEqual([]);
    expect(versions(load.answers)).toBe(2);
    expect((await condition())?.status).toBe("True");
  });

  it("is there again soon after HAProxy was killed and came back without anything", async () => {
    const [port = 0] = ports;
    await haproxy.kill();
    await vi.waitFor(async () => expect((await condition())?.status).toBe("Unknown"), PATIENCE);
    expect((await place.instancesOf("front")).map((one) => conditionOf(one, "Balanced")?.status)).toEqual([
      "True",
      "True",
    ]);
    await haproxy.forget();
    await haproxy.start();
    await vi.waitFor(async () => expect(await fetchOnce(port)).toContain("version 2"), PATIENCE);
  });
});
