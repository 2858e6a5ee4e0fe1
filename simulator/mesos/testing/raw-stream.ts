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
  const unmatched: RecordedEvent[] = [];
  const offers: WireOffer[] = [];
  const offerIds: string[] = [];
  const held: (() => Promise<unknown>)[] = [];
  let ended: "end" | "reset" | "left" | undefined;
  let frameworkId = "";
  const streamId = response.headers["mesos-stream-id"] ?? "";

  const stream: RawStream = {
    response,
    unmatched,
    offers,
    offerIds,
    ended: () => ended,
    leave() {
      ended = "left";
      abort.abort();
    },
    async acknowledgeHeld() {
      for (const send of held.splice(0)) await send();
    },
    call: (call) =>
      handler({
        method: "POST",
        url: "/api/v1/scheduler",
        headers: { "content-type": "application/json", "mesos-stream-id": streamId },
        body: Buffer.from(JSON.stringify({ framework_id: { value: frameworkId }, ...call })),
      }),
  };

  async function take(event: RecordedEvent): Promise<void> {
    const body = event as unknown as EventBody;
    frameworkId = body.subscribed?.framework_id?.value ?? frameworkId;
    const come = body.offers?.offers ?? [];
    offers.push(...come);
    offerIds.push(...come.map((offer) => offer.id.value));
    if (event.type === "OFFERS") return;
    if (event.type !== "HEARTBEAT") unmatched.push(event);
    const status = body.update?.status;
    if (status?.uuid === undefined) return;
    const { agent_id, task_id, uuid } = status;
    const send = () => stream.call({ type: "ACKNOWLEDGE", acknowledge: { agent_id, task_id, uuid } });
    if (acknowledges(event)) await send();
    else held.push(send);
  }

  async function read(body: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const chunk of body) {
      const record = Buffer.from(chunk).toString("utf8");
      await take(JSON.parse(record.slice(record.indexOf("\n") + 1)) as RecordedEvent);
    }
  }

  if (!(response.body instanceof Uint8Array)) {
    read(response.body).then(
      () => {
        ended ??= "end";
      },
      (error: unknown) => {
        asTransportError(error);
        ended ??= "reset";
      },
    );
  }
  return stream;
}

interface EventBody {
  readonly subscribed?: { readonly framework_id?: { readonly value: string } };
  readonly offers?: { readonly offers?: readonly WireOffer[] };
  readonly update?: {
    readonly status: { readonly uuid?: string; readonly agent_id?: unknown; readonly task_id: unknown };
  };
}

function asTransportError(error: unknown): TransportError {
  if (error instanceof TransportError) return error;
  throw error;
}
