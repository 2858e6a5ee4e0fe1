import { describe, expect, it } from "vitest";
import { silentLogger } from "../../../platform/log.js";
import { seededRandom } from "../../../platform/random.js";
import { virtualClock } from "../../../platform/virtual-clock.js";
import { createMesosMaster } from "../master.js";
import { pretendRunner } from "../pretend-runner.js";
import type { Scene } from "./player.js";
import { type RecordedEvent, readRaw, statusIn } from "./recording.js";
import { always, type Case, CLUSTER, check, decline, kill, offersFor, span } from "./stage.js";

const CASES: readonly Case[] = [
  {
    name: "02-launch-command",
    phaseMs: 16,
    acknowledges: () => false,
  },
  {
    name: "03-checks",
    phaseMs: 8,
    setting: {
      behaviours: {
        "hc-cmd-bad": always(false),
        "hc-http": { probe: (count) => count > 1 },
        "hc-http-404": always(false),
        "hc-tcp": { probe: (count) => count > 1 },
        "hc-tcp-bad": always(false),
        "hc-flap": { probe: (count) => count !== 2 },
        "ck-cmd": { check: (count) => ({ exitCode: count === 1 ? 0 : 7 }) },
        "ck-http": { check: (count) => (count <= 2 ? {} : { statusCode: 200 }) },
        "ck-tcp": { check: (count) => ({ isConnected: count > 2 }) },
      },
    },
    hooks: () => ({
      12: (scene) => kill(scene, "hc-cmd"),
      31: (scene) => kill(scene, "hc-http"),
      50: (scene) => kill(scene, "hc-tcp"),
      71: (scene) => kill(scene, "hc-flap"),
      82: (scene) => kill(scene, "ck-cmd"),
      91: (scene) => kill(scene, "ck-http"),
      101: (scene) => kill(scene, "ck-tcp"),
    }),
  },
  { name: "04-kill", phaseMs: 10 },
  {
    name: "06-offers",
    phaseMs: 1,
    ignoresOffered: ({ index }) => index === 41,
  },
  {
    name: "07-errors",
    phaseMs: 798,
    gaps: { 98: "the recorder's own close, seen before its line" },
    hooks: () => ({ 256: (scene) => decline(scene, "sub1", "003bd67a-329b-4885-8753-991b68f21d4f-O54") }),
  },
  {
    name: "08-failover",
    phaseMs: 588,
    acknowledges: () => false,
    ignoresOffered: () => true,
    gaps: span(68, 69, "lists volumes that an earlier recording left behind"),
  },
  {
    name: "09-reconcile",
    phaseMs: 458,
    acknowledges: (event) => !isUpdateOf(event, "rc-unacked", "TASK_FINISHED"),
    hooks: () => ({ 62: (scene) => acknowledgeLast(scene, "sub1") }),
  },
  { name: "11-teardown", phaseMs: 224, gaps: { 4: "its snapshot was cut when recorded" } },
  {
    name: "12-agent-loss",
    phaseMs: 20,
    ignoresOffered: () => true,
    setting: { timing: { agentReturnMs: 1_100 } },
    gaps: {
      4: "its snapshot was cut when recorded",
      84: "lacks agent_info.checkpoint, which GET_AGENTS has",
      129: "lacks agent_info.checkpoint, which GET_AGENTS has",
      24: "the agent knew a later state already, by chance",
      ...span(108, 109, "the same update, repeated by the agent's recovery"),
      ...span(111, 112, "the same update, repeated by the agent's recovery"),
      ...span(151, 152, "its answer was cut when recorded"),
    },
    hooks: ({ master }) => ({
      17: offersFor("nockpt"),
      18: offersFor("aware"),
      27: offersFor("legacy"),
      35: offersFor("nockpt"),
      44: offersFor("aware"),
      47: () => master.killAgent("bladerunner2"),
      79: () => master.returnAgent("bladerunner2"),
      96: () => {
        master.killAgent("bladerunner2");
        master.returnAgent("bladerunner2");
      },
      103: () => {
        master.killAgent("bladerunner2");
        master.killTask("al-aware");
        master.killTask("al-legacy");
        master.returnAgent("bladerunner2");
      },
      122: () => master.removeAgent("bladerunner2"),
      128: () => master.returnAgent("bladerunner2"),
      150: () => master.returnAgent("bladerunner2"),
    }),
  },
  {
    name: "13-master-restart",
    phaseMs: 648,
    setting: { timing: { agentReregisterMs: 4_100, agentReturnMs: 3_050 } },
    gaps: { ...span(33, 34, "its answer was cut when recorded"), ...span(52, 53, "its answer was cut when recorded") },
    hooks: ({ master }) => ({
      15: () => master.stop(),
      23: () => master.start(),
      43: () => {
        master.killAgent("bladerunner2");
        master.stop();
      },
      47: () => master.start(),
      65: () => master.returnAgent("bladerunner2"),
    }),
  },
];

function isUpdateOf(event: RecordedEvent, taskId: string, state: string): boolean {
  const status = statusIn(event);
  return status?.task_id.value === taskId && status.state === state;
}

/** Acknowledges the update that was held back. */
async function acknowledgeLast(scene: Scene, conn: string): Promise<void> {
  const stream = scene.streams.get(conn);
  await stream?.acknowledgeHeld();
}

describe("recorded requests are answered as by the real master", () => {
  it.each(CASES)("$name", check);
});

describe("the raw subscription", () => {
  it("is answered with the recorded bytes, numbers and lengths included", async () => {
    const clock = virtualClock();
    const random = seededRandom(1);
    const runner = pretendRunner({ clock, random, addresses: () => "127.0.0.1" });
    const masterId = "262eb062-9c3f-4513-b629-ae36179a0fe7";
    const cluster = { ...CLUSTER, masterId };
    const { handler } = createMesosMaster({ clock, random, log: silentLogger, cluster, runner });
    const body = Buffer.from(readRaw("01-subscribe-raw.request.http").split(/\r?\n\r?\n/)[1] ?? "");
    const headers = { "content-type": "application/json", accept: "application/json" };
    const response = await handler({ method: "POST", url: "/api/v1/scheduler", headers, body });
    const chunks: string[] = [];
    void collect(response.body, chunks);
    await clock.advance(30_500);
    expect(chunks).toEqual(recordsIn(readRaw("01-subscribe-raw.response.http")));
  });
});

async function collect(body: AsyncIterable<Uint8Array> | Uint8Array, chunks: string[]): Promise<void> {
  if (body instanceof Uint8Array) return;
  for await (const chunk of body) chunks.push(Buffer.from(chunk).toString("utf8"));
}

/** The records of a chunked body: each came as one chunk. */
function recordsIn(raw: string): readonly string[] {
  const [, body = ""] = raw.split("\r\n\r\n");
  const lines = body.split("\r\n");
  return lines.filter((_, index) => index % 2 === 1).filter((record) => record !== "");
}
