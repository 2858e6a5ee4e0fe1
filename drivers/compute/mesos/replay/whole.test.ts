import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { TransportError } from "../../../../platform/transport.js";
import { virtualClock } from "../../../../platform/virtual-clock.js";
import { readAgents, readTasks } from "../listing/answers.js";
import { agentOf, recoveringAgentOf } from "../mapping/agent.js";
import { parseEvent, parseFrameworks, parseMasterId, parseTask, parseWindows } from "../mapping/event.js";
import { refusalOf } from "../mapping/refusal.js";
import { NO_CONTAINER, statusOf, taskOf } from "../mapping/status.js";
import { parseMaster } from "../zookeeper/leader.js";
import { createBench } from "./bench.js";
import { type RecordedLine, recording } from "./recording.js";
import { textResponse } from "./scripted-master.js";

/**
 * What becomes of each line of each recording. Everything that a scheduler hears is played through the driver or its
 * mapping; the rest is named here, with the reason.
 */
type Fate =
  /** A record of a scheduler stream: goes through the driver. */
  | "event"
  /** How such a stream ended: the driver subscribes again, or stops. */
  | "ending"
  /** The answer to a SUBSCRIBE that was refused: the driver says so and tries again. */
  | "refusal"
  /** The answer to another scheduler call: judged as the driver judges it. */
  | "answer"
  /** An answer of the operator API that the driver asks for: translated. */
  | "listing"
  /** A record of the operator's stream, which the driver does not follow (it lists): what it carries is translated. */
  | "operator's event"
  /** A node of ZooKeeper: read as the driver reads it. */
  | "znode"
  | Unplayed;

/** Lines that nothing is made of. */
type Unplayed =
  /** Comments of the recorder. */
  | "note"
  /** What the recorder did; what came of it is in the lines that follow. */
  | "stimulus"
  /** Answers to operator calls that the driver never makes, and the frame of the operator's stream. */
  | "not asked by the driver"
  /** Endpoints of the agent, played in `agent/api.test.ts`; of them the driver asks what `AgentApi` offers. */
  | "agent"
  /** Endpoints of before the v1 API that the driver never asks. */
  | "legacy"
  /** Looked up by the recorder beside Mesos: docker, wget, the other masters. */
  | "beside Mesos"
  /** Bytes of HTTP itself, which is the transport's. */
  | "http";

const FILES = readdirSync(new URL("../../../../test/recordings/mesos-whole/", import.meta.url))
  .filter((file) => file.endsWith(".jsonl"))
  .map((file) => file.replace(".jsonl", ""));

/** A line with what it belongs to. */
interface Placed {
  readonly line: RecordedLine;
  /** Of a response and of an event: the request. */
  readonly request: RecordedLine | undefined;
}

/** A response belongs to the latest request of its stream, or else to the latest without one. */
function placed(lines: readonly RecordedLine[]): readonly Placed[] {
  const open: RecordedLine[] = [];
  const byStream = new Map<string, RecordedLine>();
  return lines.map((line) => {
    const { kind, conn } = line;
    if (kind === "request") {
      if (conn === undefined) open.push(line);
      else byStream.set(conn, line);
      return { line, request: undefined };
    }
    if (conn !== undefined) return { line, request: byStream.get(conn) };
    return { line, request: kind === "response" || kind === "error" ? open.pop() : undefined };
  });
}

const ASKED = new Set(["GET_TASKS", "GET_AGENTS", "GET_FRAMEWORKS", "GET_MASTER", "GET_MAINTENANCE_SCHEDULE"]);
const isOfAgent = ({ to = "" }: RecordedLine) =>
  to.endsWith(":5051") || to.endsWith(":5052") || to.startsWith("10.0.0.1");
const isScheduler = ({ path = "" }: RecordedLine) => path.includes("/scheduler");

function fateOf({ line, request }: Placed, file: string): Fate {
  switch (line.kind) {
    case "note":
      return "note";
    case "request":
      return "stimulus";
    case "raw":
      return "http";
    case "zookeeper":
      return line.command?.startsWith("get") === true ? "znode" : "beside Mesos";
    case "docker":
    case "probe":
      return "beside Mesos";
    case "client-closes":
      return "stimulus";
    case "event":
      return isOfScheduler(line, request, file) ? "event" : "operator's event";
    case "response-head":
    case "stream-end":
    case "stream-error":
      return isOfScheduler(line, request, file) ? "ending" : "not asked by the driver";
    default:
      return fateOfAnswer(line, request);
  }
}

/** 14 holds a part of a scheduler's stream without its beginning. */
function isOfScheduler(line: RecordedLine, request: RecordedLine | undefined, file: string): boolean {
  return request === undefined ? file === "14-operator" && line.conn === "scheduler" : isScheduler(request);
}

function fateOfAnswer(line: RecordedLine, request: RecordedLine | undefined): Fate {
  if (request === undefined) return "http";
  if (isScheduler(request)) return request.body?.type === "SUBSCRIBE" ? "refusal" : "answer";
  if (isOfAgent(request)) return "agent";
  if (request.path?.includes("/api/v1") !== true) return "legacy";
  return ASKED.has(request.body?.type) && line.status === 200 ? "listing" : "not asked by the driver";
}

/** One stream of a scheduler as it was recorded. */
function streamsIn(lines: readonly Placed[], file: string): ReadonlyMap<string, readonly RecordedLine[]> {
  const streams = new Map<string, RecordedLine[]>();
  for (const each of lines) {
    const fate = fateOf(each, file);
    if (fate !== "event" && fate !== "ending") continue;
    const { conn = "" } = each.line;
    streams.set(conn, [...(streams.get(conn) ?? []), each.line]);
  }
  return streams;
}

describe.each(FILES)("recording %s", (file) => {
  const lines = placed(recording(file));
  const fates = lines.map((each) => fateOf(each, file));
  const of = (fate: Fate) => lines.filter((_each, index) => fates[index] === fate);

  it("has a fate for every line, and few that nothing is made of", () => {
    const counts: Record<string, number> = {};
    for (const fate of fates) counts[fate] = (counts[fate] ?? 0) + 1;
    const { note: _note, stimulus: _stimulus, ...told } = counts;
    expect(told).toEqual(TOLD[file]);
  });

  it("is heard by the driver, from the first to the last record of each stream", async () => {
    for (const stream of streamsIn(lines, file).values()) await playStream(stream);
  });

  it("has its refusals told, and tried again", async () => {
    for (const { line } of of("refusal").filter(({ line: { status } }) => status !== undefined)) {
      const bench = createBench();
      const location = line.headers?.Location;
      const text = line.body_text ?? "";
      bench.master.state.intercept = () =>
        textResponse(line.status ?? 0, text, location === undefined ? {} : { location });
      await bench.clock.advance(40_000);
      const last = bench.connections.at(-1);
      expect(last?.type).toBe("connecting");
      // a redirect leads to a master that is not there
      expect(last).toMatchObject({
        reason: expect.stringContaining(location === undefined ? text.trim() : "ECONNREFUSED"),
      });
      expect(bench.master.subscribes.length).toBeGreaterThan(1);
      expect(bench.master.subscribes.length).toBeLessThan(25);
      bench.driver.close();
    }
  });

  it("has its answers judged", () => {
    for (const { line, request } of of("answer")) {
      const { status = 0, headers = {}, body_text = "" } = line;
      const refusal = refusalOf("testing", { status, headers, bytes: Buffer.from(body_text), url: "" });
      expect(refusal === undefined).toBe(status >= 200 && status < 300);
      if (refusal === undefined) continue;
      const isDisowned = /cannot be found|stream ID|is not subscribed/.test(body_text);
      // what was sent without a stream is no word about ours
      const isOurs = request?.headers?.["Mesos-Stream-Id"] !== undefined || isDisowned;
      if (isOurs)
        expect([body_text, refusal.isDisowned || status === 307]).toEqual([body_text, isDisowned || status === 403]);
      if (!(refusal.error instanceof TransportError)) expect(refusal.error).toHaveProperty("reason");
      expect(refusal.error.message).toContain(String(status));
    }
  });

  it("has its listings translated without loss", async () => {
    for (const { line, request } of of("listing")) await expectTranslated(request?.body.type, line.body, file);
  });

  it("has the tasks and agents of its operator events translated", async () => {
    for (const { line } of of("operator's event")) {
      const { task_added, task_updated, agent_added, subscribed } = line.event;
      if (task_added !== undefined) expect(taskOf(task_added.task).id).toBe(task_added.task.task_id.value);
      if (task_updated !== undefined) {
        const { status, state } = task_updated;
        expect(statusOf(status, NO_CONTAINER).state).not.toBe("Unknown");
        expect(state).toMatch(/^TASK_/);
      }
      if (agent_added !== undefined) expect(agentOf(agent_added.agent, CONTEXT)?.url).toMatch(/^http:/);
      const tasks = subscribed?.get_state?.get_tasks;
      if (tasks !== undefined) expect(await tasksIn({ type: "GET_TASKS", get_tasks: tasks })).not.toContain(undefined);
    }
  });

  it("has its znodes read", () => {
    for (const { line } of of("znode")) {
      const info = JSON.parse(line.output ?? "");
      expect(parseMaster(Buffer.from(line.output ?? ""))).toEqual(info.address);
    }
  });
});

async function playStream(stream: readonly RecordedLine[]): Promise<void> {
  const bench = createBench({ frameworkId: undefined });
  await bench.settle();
  if (!stream.some(({ event }) => event?.type === "SUBSCRIBED" || event?.type === "ERROR")) await bench.subscribed();
  const errors = stream.filter(({ event }) => event?.type === "ERROR").map(({ event }) => event.error.message);
  for (const { kind, event } of stream) {
    if (kind === "event") {
      expect(parseEvent(event) !== undefined || PASSED_OVER.has(event.type), `${event.type} is understood`).toBe(true);
      bench.master.push(event);
    } else if (kind !== "response-head") bench.master.endStream(kind === "stream-end" ? "clean" : "broken");
    await bench.settle();
  }
  const updates = stream.filter(({ event }) => event?.type === "UPDATE");
  expect(bench.statuses.length).toBe(updates.length);
  const last = bench.connections.at(-1);
  const [error] = errors;
  if (error !== undefined) expect(last).toMatchObject({ reason: error });
  if (error === "Framework failed over" || error === "Framework has been removed") expect(last?.type).toBe("stopped");
  else if (stream.some(({ kind }) => kind.startsWith("stream-"))) {
    expect(last?.type).toBe("connecting");
    const before = bench.master.subscribes.length;
    await bench.clock.advance(16_000);
    expect(bench.master.subscribes.length).toBeGreaterThan(before);
  }
  bench.driver.close();
}

/** Events that only a framework with operations of its own gets. */
const PASSED_OVER = new Set(["UPDATE_OPERATION_STATUS"]);

const bytesOf = (body: unknown) => Buffer.from(JSON.stringify(body));

/** The tasks of an answer; undefined ones are damaged. */
async function tasksIn(body: unknown) {
  const pieces = (await readTasks(bytesOf(body), virtualClock())) ?? expect.fail("not such an answer");
  return pieces.map((piece) => parseTask(piece.parse()));
}

// biome-ignore lint/suspicious/noExplicitAny: recorded JSON of every type
async function expectTranslated(type: string, body: any, file: string): Promise<void> {
  const { agents = [], recovered_agents = [] } = body.get_agents ?? {};
  if ([...agents, ...recovered_agents].some((agent: unknown) => typeof agent === "string")) {
    // the recorder left a line of text of each agent: that must not be taken for a listing
    expect(await readAgents(bytesOf(body), virtualClock())).toBeUndefined();
    expect(CUT).toContain(file);
    return;
  }
  switch (type) {
    case "GET_TASKS": {
      const names = ["tasks", "pending_tasks", "unreachable_tasks", "orphan_tasks"];
      const ids = (await tasksIn(body)).map((task) => task && taskOf(task).id);
      expect(ids).toEqual(names.flatMap((name) => body.get_tasks[name] ?? []).map(({ task_id }) => task_id.value));
      return;
    }
    case "GET_AGENTS": {
      const agents = await readAgents(bytesOf(body), virtualClock());
      expect(agents?.agents.every((agent) => agentOf(agent, CONTEXT) !== undefined)).toBe(true);
      expect(agents?.recovered.every((info) => recoveringAgentOf(info, CONTEXT) !== undefined)).toBe(true);
      return;
    }
    case "GET_FRAMEWORKS":
      expect(parseFrameworks(body)?.length).toBe((body.get_frameworks.frameworks ?? []).length);
      return;
    case "GET_MASTER":
      expect(parseMasterId(body)).toBe(body.get_master.master_info.id);
      return;
    default:
      expect(parseWindows(body)).toEqual(body.get_maintenance_schedule.schedule.windows ?? []);
  }
}

const CONTEXT = { windows: [], scheme: "http:" };

/** Recordings with listings of which the recorder kept a part. */
const CUT: readonly string[] = ["12-agent-loss", "13-master-restart"];

/** How many lines of each recording have which fate, besides notes and what the recorder did. */
const TOLD: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  "02-launch-command": { ending: 2, event: 50, answer: 54 },
  "03-checks": { ending: 2, event: 70, answer: 11 },
  "04-kill": { ending: 4, event: 43, answer: 20 },
  "05-launch-group": { ending: 2, event: 78, answer: 17 },
  "06-offers": { ending: 2, event: 21, answer: 23, "not asked by the driver": 2 },
  "07-errors": { answer: 54, refusal: 8, ending: 18, event: 66, "not asked by the driver": 7, legacy: 1 },
  "08-failover": { ending: 12, event: 29, answer: 12, listing: 1 },
  "09-reconcile": { ending: 4, event: 30, answer: 16 },
  "10-reservations": { ending: 8, event: 32, answer: 16 },
  "11-teardown": { "not asked by the driver": 2, "operator's event": 20, ending: 8, event: 17, answer: 5, legacy: 1 },
  "12-agent-loss": {
    "not asked by the driver": 2,
    "operator's event": 34,
    ending: 6,
    event: 60,
    answer: 18,
    listing: 3,
  },
  "13-master-restart": { ending: 6, event: 20, answer: 13, refusal: 2, listing: 2 },
  "14-operator": { "not asked by the driver": 16, listing: 5, event: 4 },
  "15-operator-events": { "not asked by the driver": 2, "operator's event": 17 },
  "16-drain": { ending: 2, event: 16, answer: 2, "not asked by the driver": 5, listing: 5, legacy: 1 },
  "17-legacy": { legacy: 12, agent: 21 },
  "18-auth": { refusal: 4, ending: 6, event: 10, answer: 6, "not asked by the driver": 2, legacy: 5 },
  "19-zookeeper-ha": {
    "beside Mesos": 4,
    znode: 3,
    refusal: 1,
    legacy: 13,
    "not asked by the driver": 5,
    ending: 4,
    event: 10,
    answer: 4,
  },
  "20-docker": { ending: 2, event: 87, answer: 28, "beside Mesos": 6, agent: 1 },
  "21-mesos-images-cni": { ending: 2, event: 87, answer: 18, "beside Mesos": 2, agent: 2 },
  "22-http-details": { http: 15, "not asked by the driver": 11, ending: 2, event: 18, answer: 1 },
};
