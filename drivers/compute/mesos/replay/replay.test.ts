import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TaskLaunch } from "../../driver.js";
import { recordDecoder } from "../recordio.js";
import { createBench, launchOf } from "./bench.js";
import { recordedBytes, recording, requestsOf, streamsOf } from "./recording.js";

const RECORDINGS = [
  "02-launch-command",
  "03-checks",
  "04-kill",
  "05-launch-group",
  "06-offers",
  "07-errors",
  "08-failover",
  "09-reconcile",
  "10-reservations",
  "11-teardown",
  "12-agent-loss",
  "13-master-restart",
  "16-drain",
  "18-auth",
  "19-zookeeper-ha",
  "20-docker",
  "21-mesos-images-cni",
  "22-http-details",
];

/** Plays one recorded stream to a driver that acknowledges everything. */
async function play(events: readonly { readonly type: string }[]) {
  const bench = createBench({ frameworkId: undefined });
  bench.driver.statuses$.subscribe((status) => void bench.driver.acknowledge(status).catch(() => {}));
  await bench.settle();
  for (const event of events) {
    bench.master.push(event);
    await bench.settle();
  }
  return bench;
}

/** The offers that are held after `events`. */
// biome-ignore lint/suspicious/noExplicitAny: recorded JSON
function heldAfter(events: readonly any[]): readonly string[] {
  const held = new Set<string>();
  for (const event of events) {
    for (const offer of event.offers?.offers ?? []) held.add(offer.id.value);
    if (event.type === "RESCIND") held.delete(event.rescind.offer_id.value);
    if (event.type === "ERROR") held.clear();
  }
  return [...held];
}

describe("a recorded master", () => {
  const streams = RECORDINGS.flatMap((name) =>
    [...streamsOf(recording(name))].map(([conn, events]) => ({ name, conn, events })),
  );

  it("was recorded in many streams", () => {
    expect(streams.length).toBeGreaterThan(25);
    expect(streams.flatMap(({ events }) => events).filter(({ type }) => type === "UPDATE").length).toBeGreaterThan(400);
  });

  it.each(streams)("is understood without loss: $name $conn", async ({ events }) => {
    const bench = await play(events);
    const sent = events.filter(({ type }) => type === "UPDATE").map(({ update }) => update.status);
    expect(bench.statuses.map((status) => [status.taskId, `TASK_${status.state}`.toUpperCase()])).toEqual(
      sent.map((status) => [status.task_id.value, status.state.replaceAll("_", "").replace("TASK", "TASK_")]),
    );
    expect(bench.statuses.map(({ message }) => message)).toEqual(sent.map(({ message }) => message));
    expect(bench.statuses.map(({ isHealthy }) => isHealthy)).toEqual(sent.map(({ healthy }) => healthy));
    expect(bench.offers().map(({ id }) => id)).toEqual(heldAfter(events));
    expect(bench.master.callsOf("ACKNOWLEDGE").map(({ body }) => body.acknowledge)).toEqual(
      sent.filter(({ uuid }) => uuid !== undefined).map(({ task_id, agent_id, uuid }) => ({ task_id, agent_id, uuid })),
    );
    bench.driver.close();
  });

  it("gets the acknowledgements that were recorded", async () => {
    const lines = recording("02-launch-command");
    const [events = []] = streamsOf(lines).values();
    const bench = await play(events);
    const recorded = requestsOf(lines, "ACKNOWLEDGE").map(({ body }) => JSON.stringify(sorted(body)));
    const streamId = requestsOf(lines, "ACKNOWLEDGE")[0]?.headers?.["Mesos-Stream-Id"];
    expect(streamId).toBeDefined();
    expect(recorded.length).toBeGreaterThan(20);
    expect(bench.master.callsOf("ACKNOWLEDGE").map(({ body }) => JSON.stringify(sorted(body)))).toEqual(recorded);
    expect(new Set(bench.master.callsOf("ACKNOWLEDGE").map(({ headers }) => headers["mesos-stream-id"]))).toEqual(
      new Set(["stream-1"]),
    );
    bench.driver.close();
  });

  it("is the same records however its bytes are cut", () => {
    const body = unchunked(recordedBytes("01-subscribe-raw.response.http"));
    const whole = recordDecoder().push(body);
    expect(whole.length).toBe(5);
    for (let cut = 0; cut <= body.length; cut++) {
      const decoder = recordDecoder();
      const records = [...decoder.push(body.subarray(0, cut)), ...decoder.push(body.subarray(cut))];
      expect(Buffer.concat(records).equals(Buffer.concat(whole)), `cut at ${cut}`).toBe(true);
      expect(records.length).toBe(5);
    }
  });

  it("is understood in single bytes, and when cut anywhere", async () => {
    const body = unchunked(recordedBytes("01-subscribe-raw.response.http"));
    for (const size of [1, 2, 3, 61, 530, 534, 1_000]) {
      const bench = createBench({ frameworkId: undefined });
      await bench.settle();
      for (let at = 0; at < body.length; at += size) bench.master.pushBytes(body.subarray(at, at + size));
      await bench.settle();
      const hosts = bench.offers().map(({ hostname }) => hostname);
      expect(hosts, `in pieces of ${size}`).toEqual(["bladerunner1", "bladerunner2"]);
      bench.driver.close();
    }
  });

  it("never breaks the driver with flipped bits: it subscribes again", async () => {
    const body = unchunked(recordedBytes("01-subscribe-raw.response.http"));
    await fc.assert(
      fc.asyncProperty(fc.nat(body.length - 1), fc.nat(7), async (at, bit) => {
        const bench = createBench({ frameworkId: undefined });
        await bench.settle();
        const damaged = Buffer.from(body);
        damaged.writeUInt8(damaged.readUInt8(at) ^ (1 << bit), at);
        bench.master.pushBytes(damaged);
        await bench.clock.advance(200_000);
        expect(bench.connections.at(-1)?.type).not.toBe("stopped");
        bench.driver.close();
      }),
      { numRuns: 40, seed: 1 },
    );
  });

  it("gets the subscription that was recorded", async () => {
    const bench = createBench({ frameworkId: undefined });
    await bench.settle();
    const recorded = requestsOf(recording("02-launch-command"), "SUBSCRIBE")[0];
    const sent = bench.master.subscribes[0];
    expect(sent?.body.framework_id).toBeUndefined();
    expect(sent?.headers).toMatchObject({ "content-type": "application/json", accept: "application/json" });
    const info = recorded?.body.subscribe.framework_info;
    expect(Object.keys(info)).toEqual(expect.arrayContaining(Object.keys(sent?.body.subscribe.framework_info)));
    const types = (list: readonly { type: string }[]) => list.map(({ type }) => type).toSorted();
    expect(types(sent?.body.subscribe.framework_info.capabilities)).toEqual(
      // the recorded agents had no devices
      types([...info.capabilities, { type: "GPU_RESOURCES" }]),
    );
    bench.driver.close();
  });
});

describe("launching as recorded", () => {
  const shell = recording("02-launch-command");
  const docker = recording("20-docker");
  const cni = recording("21-mesos-images-cni");

  /** label, the stream's lines, the task as we describe it. */
  const cases: readonly (readonly [string, readonly ReturnType<typeof recording>[number][], Partial<TaskLaunch>])[] = [
    ["shell-1", shell, { command: { type: "shell", script: "echo hello; sleep 1" } }],
    ["argv-1", shell, { command: { type: "exec", argv: ["/bin/echo", "one", "two words"] } }],
    ["dk-cmd", docker, { containerizer: "Docker", image: "svc:latest", command: { type: "entrypoint", args: [] } }],
    [
      "dk-args",
      docker,
      {
        containerizer: "Docker",
        image: "busybox:latest",
        command: { type: "exec", argv: ["echo", "one", "two words"] },
      },
    ],
    [
      "dk-none",
      docker,
      {
        containerizer: "Docker",
        image: "busybox:latest",
        command: { type: "shell", script: "sleep 300" },
        network: { mode: "None" },
      },
    ],
    [
      "dk-user",
      docker,
      {
        containerizer: "Docker",
        image: "busybox",
        command: { type: "shell", script: "sleep 300" },
        network: { mode: "Routed", networkName: "usernet" },
      },
    ],
    [
      "cni-noimg",
      cni,
      { command: { type: "shell", script: "sleep 300" }, network: { mode: "Routed", networkName: "mynet" } },
    ],
  ];

  it.each(cases)("%s", async (label, lines, changes) => {
    const recorded = lines.find((line) => line.kind === "request" && line.label === label)?.body;
    const [offerId] = recorded.accept.offer_ids;
    const offers = lines.filter(({ event }) => event?.type === "OFFERS");
    const offer = offers.flatMap(({ event }) => event.offers.offers).find(({ id }) => id.value === offerId.value);
    const wanted = recorded.accept.operations[0].launch.task_infos[0];
    const bench = createBench();
    await bench.subscribed();
    bench.master.push({ type: "OFFERS", offers: { offers: [offer] } });
    await bench.settle();
    const launched = bench.driver.launch(
      [offerId.value],
      [launchOf(label, { agentId: offer.agent_id.value, ...changes })],
    );
    await bench.settle();
    await launched;
    const sent = bench.master.callsOf("ACCEPT")[0]?.body;
    const [info] = sent.accept.operations[0].launch.task_infos;
    expect(sent.accept.offer_ids).toEqual(recorded.accept.offer_ids);
    expect(info).toMatchObject({
      name: wanted.name,
      task_id: wanted.task_id,
      agent_id: wanted.agent_id,
      resources: wanted.resources,
    });
    const { shell: isShell = true, value, arguments: args } = wanted.command;
    // argv[0] of the recording is a nickname of the program; ours is the program
    const argv = offer.hostname === "bladerunner3" ? args : args?.with(0, value);
    expect(info.command).toMatchObject(JSON.parse(JSON.stringify({ shell: isShell, value, arguments: argv })));
    expect(info.container?.network_infos).toEqual(wanted.container?.network_infos);
    expect(info.container?.docker?.image).toEqual(wanted.container?.docker?.image);
    bench.driver.close();
  });
});

describe("recorded docker containers", () => {
  it("keep the address and id of the running container", async () => {
    const [events = []] = streamsOf(recording("20-docker")).values();
    const bench = await play(events);
    const of = (taskId: string) => bench.statuses.filter((status) => status.taskId === taskId);
    expect(of("dk-bridge").map(({ state, addresses, containerId }) => [state, addresses, containerId])).toEqual(
      of("dk-bridge").map(({ state }) => [
        state,
        state === "Starting" ? [] : ["172.17.0.2"],
        state === "Starting" ? undefined : "docker://a456c1f50c3a7dd4a0286b064650a3cf3b7b29786684bf6cc8d047a3944b5eea",
      ]),
    );
    expect(of("dk-bridge").length).toBeGreaterThan(2);
    expect(of("dk-user").at(-1)).toMatchObject({ state: "Killed", addresses: ["172.30.0.2"] });
    bench.driver.close();
  });
});

/** The body of a recorded chunked answer. */
function unchunked(bytes: Uint8Array): Buffer {
  const buffer = Buffer.from(bytes);
  const chunks: Buffer[] = [];
  let at = buffer.indexOf("\r\n\r\n") + 4;
  while (at < buffer.length) {
    const end = buffer.indexOf("\r\n", at);
    const size = Number.parseInt(buffer.subarray(at, end).toString("latin1"), 16);
    chunks.push(buffer.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
  return Buffer.concat(chunks);
}

/** The same JSON with its keys in order. */
function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
