import type {
  WireEvent,
  WireFrameworkInfo,
  WireStreamCall,
  WireTaskInfo,
} from "../../../drivers/compute/mesos/wire.js";
import { type HttpHandler, type HttpResponse, TransportError } from "../../../platform/transport.js";

/** An event as it came; those the driver does not know are events too. */
export type ReceivedEvent = WireEvent | { readonly type: string };

/** A bare scheduler for tests: it collects events and acknowledges when told to. */
export interface SchedulerClient {
  readonly response: HttpResponse;
  readonly events: ReceivedEvent[];
  frameworkId(): string;
  /** Undefined while open. */
  ended(): "end" | "reset" | undefined;
  call(
    call: WireStreamCall | { readonly type: string },
    headers?: Readonly<Record<string, string>>,
  ): Promise<HttpResponse>;
  /** Closes the connection. */
  leave(): void;
}

/** POSTs JSON. */
export function post(handler: HttpHandler, url: string, body: unknown): Promise<HttpResponse> {
  const headers = { "content-type": "application/json", accept: "application/json" };
  return handler({ method: "POST", url, headers, body: Buffer.from(JSON.stringify(body)) });
}

/** The capabilities that the recorded frameworks declared. */
export const CAPABILITIES = [
  { type: "PARTITION_AWARE" },
  { type: "MULTI_ROLE" },
  { type: "REGION_AWARE" },
  { type: "TASK_KILLING_STATE" },
  { type: "RESERVATION_REFINEMENT" },
];

/** A framework in role `web` that survives 60 s of disconnection. */
export const FRAMEWORK: WireFrameworkInfo = {
  user: "root",
  name: "test",
  roles: ["web"],
  capabilities: CAPABILITIES,
  failover_timeout: 60,
  checkpoint: true,
};

/** Subscribes and reads until the stream ends. Updates are acknowledged at once unless `acknowledges` is false. */
export async function connect(
  handler: HttpHandler,
  info: WireFrameworkInfo = FRAMEWORK,
  options: { readonly acknowledges?: boolean | ((event: ReceivedEvent) => boolean) } = {},
): Promise<SchedulerClient> {
  const abort = new AbortController();
  const id = info.id === undefined ? {} : { framework_id: info.id };
  const body = { type: "SUBSCRIBE", ...id, subscribe: { framework_info: info } };
  const headers = { "content-type": "application/json", accept: "application/json" };
  const bytes = Buffer.from(JSON.stringify(body));
  const response = await handler({
    method: "POST",
    url: "/api/v1/scheduler",
    headers,
    body: bytes,
    signal: abort.signal,
  });
  const events: ReceivedEvent[] = [];
  let ended: "end" | "reset" | undefined;
  const streamId = response.headers["mesos-stream-id"] ?? "";

  const client: SchedulerClient = {
    response,
    events,
    frameworkId: () => frameworkIdOf(events) ?? info.id?.value ?? "",
    ended: () => ended,
    leave: () => abort.abort(),
    call(call, extra = {}) {
      const full = { framework_id: { value: client.frameworkId() }, ...call };
      return handler({
        method: "POST",
        url: "/api/v1/scheduler",
        headers: { ...headers, "mesos-stream-id": streamId, ...extra },
        body: Buffer.from(JSON.stringify(full)),
      });
    },
  };

  readAll(client, options.acknowledges ?? true).then(
    () => {
      ended = "end";
    },
    (error: unknown) => {
      if (!(error instanceof TransportError)) throw error;
      ended = "reset";
    },
  );
  return client;
}

async function readAll(client: SchedulerClient, acknowledges: boolean | ((event: ReceivedEvent) => boolean)) {
  if (client.response.body instanceof Uint8Array) return;
  for await (const chunk of client.response.body) {
    const line = Buffer.from(chunk).toString("utf8");
    const event = JSON.parse(line.slice(line.indexOf("\n") + 1)) as ReceivedEvent;
    client.events.push(event);
    const isWanted = typeof acknowledges === "function" ? acknowledges(event) : acknowledges;
    if (isWanted) await acknowledge(client, event);
  }
}

function frameworkIdOf(events: readonly ReceivedEvent[]): string | undefined {
  const first = events[0];
  return first !== undefined && "subscribed" in first ? first.subscribed.framework_id.value : undefined;
}

/** Acknowledges an update that asks for it. */
export async function acknowledge(client: SchedulerClient, event: ReceivedEvent): Promise<void> {
  if (!("update" in event)) return;
  const { uuid, agent_id, task_id } = event.update.status;
  if (uuid === undefined || agent_id === undefined) return;
  await client.call({ type: "ACKNOWLEDGE", acknowledge: { agent_id, task_id, uuid } });
}

/** The offers that came, oldest first. */
export function offersIn(client: SchedulerClient) {
  return client.events.flatMap((event) => ("offers" in event ? event.offers.offers : []));
}

/** The states of a task's updates, oldest first. */
export function statesOf(client: SchedulerClient, taskId: string): readonly string[] {
  return statusesOf(client, taskId).map((status) => status.state);
}

/** The updates of a task, oldest first. */
export function statusesOf(client: SchedulerClient, taskId: string) {
  return client.events.flatMap((event) =>
    "update" in event && event.update.status.task_id.value === taskId ? [event.update.status] : [],
  );
}

/** A sleeping task of 0.1 cpus and 32 MB. */
export function sleeper(taskId: string, agentId: string, more: Partial<WireTaskInfo> = {}): WireTaskInfo {
  return {
    name: taskId,
    task_id: { value: taskId },
    agent_id: { value: agentId },
    resources: [
      { name: "cpus", type: "SCALAR", scalar: { value: 0.1 } },
      { name: "mem", type: "SCALAR", scalar: { value: 32 } },
    ],
    command: { shell: true, value: "sleep 1000" },
    ...more,
  };
}

/** Launches tasks on an offer. */
export function launchOn(client: SchedulerClient, offerId: string, tasks: readonly WireTaskInfo[]) {
  return client.call({
    type: "ACCEPT",
    accept: {
      offer_ids: [{ value: offerId }],
      operations: [{ type: "LAUNCH", launch: { task_infos: tasks } }],
      filters: { refuse_seconds: 0 },
    },
  });
}
