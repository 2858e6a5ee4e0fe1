import { encodeRecord } from "../../../../drivers/compute/mesos/recordio.js";
import type { HttpHandler } from "../../../../platform/transport.js";

/** A task and where it runs. */
export interface Target {
  readonly taskId: string;
  readonly agentId: string;
}

/** A simulated master, on whose stream further statuses are sent. */
export interface InjectingMaster {
  /** What it serves instead of the master's own handler. */
  readonly handler: HttpHandler;
  send(target: Target, isHealthy: boolean): void;
  /** How many of those that were sent here were acknowledged. */
  acknowledged(): number;
  /** Sent, and not yet acknowledged. */
  open(): number;
  isOpen(taskId: string): boolean;
}

/** Marks the statuses that come from here. */
const MARK = "bench-";

export function injectingMaster(inner: HttpHandler): InjectingMaster {
  let push: (chunk: Uint8Array) => void = () => {};
  let sent = 0;
  let acknowledged = 0;
  const unanswered = new Set<string>();
  const isOurs = (call: Call): boolean => {
    if (call.type !== "ACKNOWLEDGE" || !call.acknowledge?.uuid.startsWith(MARK)) return false;
    acknowledged += 1;
    unanswered.delete(call.acknowledge.task_id.value);
    return true;
  };
  return {
    acknowledged: () => acknowledged,
    open: () => unanswered.size,
    isOpen: (taskId) => unanswered.has(taskId),
    send({ taskId, agentId }, isHealthy) {
      sent += 1;
      unanswered.add(taskId);
      push(encodeRecord(updateEvent({ taskId, agentId, isHealthy, uuid: `${MARK}${sent}` })));
    },
    async handler(request) {
      if (!request.url.startsWith("/api/v1/scheduler")) return inner(request);
      const call: Call = JSON.parse(Buffer.from(request.body ?? []).toString());
      if (isOurs(call)) return { status: 202, headers: {}, body: new Uint8Array() };
      const response = await inner(request);
      if (call.type !== "SUBSCRIBE" || response.body instanceof Uint8Array) return response;
      const merged = mergedBody(response.body);
      push = merged.push;
      return { ...response, body: merged.body };
    },
  };
}

interface Call {
  readonly type: string;
  readonly acknowledge?: { readonly uuid: string; readonly task_id: { readonly value: string } };
}

function updateEvent(update: Target & { readonly isHealthy: boolean; readonly uuid: string }) {
  const { taskId, agentId, isHealthy, uuid } = update;
  const status = {
    task_id: { value: taskId },
    agent_id: { value: agentId },
    state: "TASK_RUNNING",
    source: "SOURCE_EXECUTOR",
    reason: "REASON_TASK_HEALTH_CHECK_STATUS_UPDATED",
    timestamp: Date.now() / 1000,
    healthy: isHealthy,
    uuid,
  };
  return { type: "UPDATE", update: { status } };
}

/** What the master sends, and what is pushed in between; the master ends each chunk with a record. */
function mergedBody(inner: AsyncIterable<Uint8Array>) {
  const pushed: Uint8Array[] = [];
  let wake = () => {};
  async function* merge(): AsyncGenerator<Uint8Array> {
    const source = inner[Symbol.asyncIterator]();
    let next = source.next();
    for (;;) {
      const woken = new Promise<undefined>((resolve) => {
        wake = () => resolve(undefined);
      });
      const found = pushed.length > 0 ? undefined : await Promise.race([next, woken]);
      if (found?.done) return;
      if (found !== undefined) {
        next = source.next();
        yield found.value;
      }
      if (pushed.length > 0) yield Buffer.concat(pushed.splice(0));
    }
  }
  const push = (chunk: Uint8Array) => {
    pushed.push(chunk);
    wake();
  };
  return { body: merge(), push };
}
