import type { WireOffer } from "../../../drivers/compute/mesos/wire.js";
import { type HttpHandler, type HttpRequest, type HttpResponse, TransportError } from "../../../platform/transport.js";
import type { RecordedEvent } from "./recording.js";

/** A stream opened for a recording: what came and was not matched yet. */
export interface RawStream {
  readonly response: HttpResponse;
  readonly unmatched: RecordedEvent[];
  readonly offers: WireOffer[];
  /** Ids of all offers that ever came. */
  readonly offerIds: string[];
  ended(): "end" | "reset" | "left" | undefined;
  leave(): void;
  /** Acknowledges the updates that `acknowledges` held back. */
  acknowledgeHeld(): Promise<void>;
  /** A call on behalf of the stream's framework. */
  call(call: { readonly type: string; readonly [part: string]: unknown }): Promise<HttpResponse>;
}

/** Sends a SUBSCRIBE and reads; acknowledges what `acknowledges` says. */
export async function openStream(
  handler: HttpHandler,
  request: HttpRequest,
  acknowledges: (event: RecordedEvent) => boolean,
): Promise<RawStream | TransportError> {
  const abort = new AbortController();
  const response = await handler({ ...request, signal: abort.signal }).catch(asTransportError);
  if (response instanceof TransportError) return response;
  const state: State = {
    response,
    unmatched: [],
    offers: [],
    offerIds: [],
    held: [],
    frameworkId: "",
    ended: undefined,
  };
  const { authorization } = request.headers;
  const call: RawStream["call"] = (body) =>
    handler({
      method: "POST",
      url: "/api/v1/scheduler",
      headers: {
        "content-type": "application/json",
        "mesos-stream-id": response.headers["mesos-stream-id"] ?? "",
        ...(authorization === undefined ? {} : { authorization }),
      },
      body: Buffer.from(JSON.stringify({ framework_id: { value: state.frameworkId }, ...body })),
    });
  void read(state, (event) => take(state, event, { call, acknowledges }));
  return {
    ...state,
    call,
    ended: () => state.ended,
    leave() {
      state.ended = "left";
      abort.abort();
    },
    async acknowledgeHeld() {
      for (const send of state.held.splice(0)) await send();
    },
  };
}

interface State extends Pick<RawStream, "response" | "unmatched" | "offers" | "offerIds"> {
  readonly held: (() => Promise<unknown>)[];
  frameworkId: string;
  ended: "end" | "reset" | "left" | undefined;
}

async function read(state: State, onEvent: (event: RecordedEvent) => Promise<void>): Promise<void> {
  const { body } = state.response;
  if (body instanceof Uint8Array) return;
  try {
    for await (const chunk of body) {
      const record = Buffer.from(chunk).toString("utf8");
      await onEvent(JSON.parse(record.slice(record.indexOf("\n") + 1)) as RecordedEvent);
    }
    state.ended ??= "end";
  } catch (error) {
    asTransportError(error);
    state.ended ??= "reset";
  }
}

interface Replies extends Pick<RawStream, "call"> {
  readonly acknowledges: (event: RecordedEvent) => boolean;
}

async function take(state: State, event: RecordedEvent, { call, acknowledges }: Replies): Promise<void> {
  const body = event as unknown as EventBody;
  state.frameworkId = body.subscribed?.framework_id?.value ?? state.frameworkId;
  const come = body.offers?.offers ?? [];
  state.offers.push(...come);
  state.offerIds.push(...come.map((offer) => offer.id.value));
  if (event.type === "OFFERS" || event.type === "HEARTBEAT") return;
  state.unmatched.push(event);
  const status = body.update?.status;
  if (status?.uuid === undefined) return;
  const { agent_id, task_id, uuid } = status;
  const send = () => call({ type: "ACKNOWLEDGE", acknowledge: { agent_id, task_id, uuid } });
  if (acknowledges(event)) await send();
  else state.held.push(send);
}

interface EventBody {
  readonly subscribed?: { readonly framework_id?: { readonly value: string } };
  readonly offers?: { readonly offers?: readonly WireOffer[] };
  readonly update?: {
    readonly status: { readonly uuid?: string; readonly agent_id?: unknown; readonly task_id: unknown };
  };
}

/** The error if it is one of the transport; a bug is thrown on. */
export function asTransportError(error: unknown): TransportError {
  if (error instanceof TransportError) return error;
  throw error;
}
