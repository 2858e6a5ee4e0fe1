import { Registry } from "prom-client";
import { KINDS } from "../../../api-types/kinds.js";
import { silentLogger } from "../../../platform/log.js";
import { seededRandom } from "../../../platform/random.js";
import { type HttpResponse, readBody } from "../../../platform/transport.js";
import { type VirtualClock, virtualClock } from "../../../platform/virtual-clock.js";
import { type ApiServer, createApiServer } from "../../main.js";
import { memoryStore } from "../../storage/memory.js";
import type { Store } from "../../storage/store.js";
import type { Identity } from "../contract.js";

/** What a test sends. */
export interface Sent {
  readonly body?: unknown;
  readonly raw?: string;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly identity?: Identity | undefined;
}

/** What a test reads; `body` is parsed JSON, or the text when it is none. */
export interface Received {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly body: any;
}

/** A server over a memory store and a virtual clock, and the ways to talk to it. */
export interface ApiHarness {
  readonly clock: VirtualClock;
  readonly store: Store;
  readonly server: ApiServer;
  call(method: string, url: string, sent?: Sent): Promise<Received>;
  /** Opens a watch. */
  watch(url: string, sent?: Sent): Promise<WatchReader>;
}

/** Reads the lines of a watch. */
export interface WatchReader {
  readonly status: number;
  /** All events that arrive until nothing more does. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into events of every shape
  read(): Promise<any[]>;
  isDone(): boolean;
  close(): Promise<void>;
}

export const ADMIN: Identity = { user: "admin", groups: ["system:masters"] };

/** Starts a server for one test. */
export async function startHarness(
  options: { readonly store?: Store; readonly clock?: VirtualClock } = {},
): Promise<ApiHarness> {
  const clock = options.clock ?? virtualClock();
  const store = options.store ?? memoryStore({ clock });
  const server = await createApiServer({
    store,
    kinds: KINDS,
    clock,
    random: seededRandom(1),
    log: silentLogger,
    metrics: new Registry(),
    version: "0.1.0",
  });
  const send = (method: string, url: string, sent: Sent = {}) => {
    const text = sent.raw ?? (sent.body === undefined ? undefined : JSON.stringify(sent.body));
    const headers = { "user-agent": "test/1.0", "content-type": sent.type ?? "application/json", ...sent.headers };
    const request = { method, url, headers, ...(text !== undefined && { body: Buffer.from(text) }) };
    return server.handle(request, "identity" in sent ? sent.identity : ADMIN);
  };
  return {
    clock,
    store,
    server,
    call: async (method, url, sent) => received(await send(method, url, sent)),
    watch: async (url, sent) => watchReader(await send("GET", url, sent)),
  };
}

async function received(response: HttpResponse): Promise<Received> {
  const text = Buffer.from(await readBody(response)).toString("utf8");
  return { status: response.status, headers: response.headers, body: parsedOr(text) };
}

function parsedOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function watchReader(response: HttpResponse): WatchReader {
  if (response.body instanceof Uint8Array) throw new Error(`no stream: ${Buffer.from(response.body).toString("utf8")}`);
  const iterator = response.body[Symbol.asyncIterator]();
  let text = "";
  let isDone = false;
  const pump = async () => {
    for (;;) {
      const next = await iterator.next();
      if (next.done) break;
      text += Buffer.from(next.value).toString("utf8");
    }
    isDone = true;
  };
  const pumping = pump();
  return {
    status: response.status,
    async read() {
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
      const lines = text.split("\n");
      text = lines.pop() ?? "";
      return lines.map((line) => JSON.parse(line));
    },
    isDone: () => isDone,
    async close() {
      await iterator.return?.();
      await pumping;
    },
  };
}
