import type { Clock } from "../../../../platform/clock.js";
import { type HttpHandler, type HttpResponse, readBody, TransportError } from "../../../../platform/transport.js";
import { leaderUrl } from "../redirect.js";
import type { MesosAccess } from "./access.js";

/** Where to send and what to say. */
export interface Post {
  /** Absolute. */
  readonly url: string;
  readonly body: unknown;
  readonly streamId?: string;
}

/** A whole answer. `url` gave it, which after redirects is another than the one asked. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array;
  readonly url: string;
}

/** What an answer says. */
export function textOf({ bytes }: Pick<Answer, "bytes">): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}

/** An answer whose body is still to be read. */
export interface OpenAnswer {
  readonly response: HttpResponse;
  readonly url: string;
}

/** Sends calls to masters as Mesos wants them. Rejects with TransportError only; statuses are the caller's to judge. */
export interface MasterClient {
  /** One exchange without redirects, for calls that only this master may answer. */
  post(request: Post, signal?: AbortSignal): Promise<Answer>;
  /** Follows 307 to the leader, with body and, where that is a master that we know, authorization. */
  postToLeader(request: Post, signal?: AbortSignal): Promise<Answer>;
  /** As postToLeader, for an answer that streams until `abort`. */
  open(request: Post, abort: AbortController): Promise<OpenAnswer>;
}

/** What a master client needs. */
export interface MasterClientOptions {
  readonly transport: HttpHandler;
  readonly clock: Clock;
  /** As last read. */
  readonly access: () => MesosAccess;
  /** URLs of the masters that credentials may go to, beside the one that is asked. */
  readonly trusted: readonly string[];
}

/** A redirect to a dead leader or in a circle ends here. */
const REDIRECTS_MAX = 3;

/** A cluster of 100,000 tasks is listed in some 200 MB. */
const ANSWER_BYTES_MAX = 512 * 1024 * 1024;

/** A master that has not answered by then counts as silent. */
const ANSWER_TIMEOUT_MS = 10_000;

/** Makes a client for any number of masters. */
export function masterClient({ transport, clock, access, trusted }: MasterClientOptions): MasterClient {
  /** Where an answer sends us on to; undefined: nowhere. */
  function nextUrl(request: Post, { status, headers }: Pick<Answer, "status" | "headers">, url: string) {
    const hasCredentials = access().authorization !== undefined;
    return leaderUrl({ status, headers, url }, { hasCredentials, masters: [request.url, ...trusted] });
  }

  function send({ url, body, streamId }: Post, signal: AbortSignal): Promise<HttpResponse> {
    const { authorization, tls } = access();
    const headers = {
      // exactly this: a charset makes the master answer 415
      "content-type": "application/json",
      accept: "application/json",
      ...(authorization === undefined ? {} : { authorization }),
      ...(streamId === undefined ? {} : { "mesos-stream-id": streamId }),
    };
    const secured = tls === undefined ? {} : { tls };
    return transport({
      method: "POST",
      url,
      headers,
      body: Buffer.from(JSON.stringify(body), "utf8"),
      signal,
      ...secured,
    });
  }

  async function exchange(request: Post, signal: AbortSignal): Promise<Answer> {
    const response = await send(request, signal);
    const { status, headers } = response;
    return { status, headers, bytes: await readBody(response, ANSWER_BYTES_MAX), url: request.url };
  }

  async function post(request: Post, signal?: AbortSignal): Promise<Answer> {
    const abort = new AbortController();
    const onAbort = () => abort.abort();
    if (signal?.aborted === true) throw new TransportError("aborted", { isSent: false });
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      return await withinTime(exchange(request, abort.signal), abort, clock);
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  async function postToLeader(request: Post, signal?: AbortSignal): Promise<Answer> {
    let answer = await post(request, signal);
    for (let hop = 0; hop < REDIRECTS_MAX; hop++) {
      const url = nextUrl(request, answer, answer.url);
      if (url === undefined) break;
      answer = await post({ ...request, url }, signal);
    }
    return answer;
  }

  async function open(request: Post, abort: AbortController): Promise<OpenAnswer> {
    let url = request.url;
    for (let hop = 0; ; hop++) {
      const response = await withinTime(send({ ...request, url }, abort.signal), abort, clock);
      const next = nextUrl(request, response, url);
      if (next === undefined || hop === REDIRECTS_MAX) return { response, url };
      url = next;
    }
  }

  return { post, postToLeader, open };
}

/** The outcome of `work`; a TransportError when it is aborted or takes too long, which aborts it. */
function withinTime<Value>(work: Promise<Value>, abort: AbortController, clock: Clock): Promise<Value> {
  return new Promise((resolve, reject) => {
    const fail = (message: string) => reject(new TransportError(message, { isSent: true }));
    const onAbort = () => fail("aborted");
    const timer = clock.schedule(ANSWER_TIMEOUT_MS, () => {
      fail(`no answer within ${ANSWER_TIMEOUT_MS / 1000} s`);
      abort.abort();
    });
    const finish = () => {
      timer.cancel();
      abort.signal.removeEventListener("abort", onAbort);
    };
    abort.signal.addEventListener("abort", onAbort, { once: true });
    work.then(resolve, reject).finally(finish);
  });
}
