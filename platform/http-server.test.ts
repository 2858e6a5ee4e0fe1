import { createServer, type Server, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { sleep, systemClock } from "./clock.js";
import { type HttpServer, type ServeOptions, serve } from "./http-server.js";
import { type HttpHandler, type HttpRequest, readBody, TransportError } from "./transport.js";
import { type SocketTransport, undiciTransport } from "./undici-transport.js";

const host = "127.0.0.1";
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function start(handler: HttpHandler, options: Partial<ServeOptions> = {}) {
  const server: HttpServer = await serve(handler, { host, port: 0, ...options });
  const transport: SocketTransport = undiciTransport();
  closing.push(server.close, transport.close);
  const request = (path: string, more: Partial<HttpRequest> = {}) =>
    transport({ method: "GET", url: `http://${host}:${server.port}${path}`, headers: {}, ...more });
  return { server, transport, request };
}

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("utf8");

/** A deferred that tests resolve by hand. */
function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

describe("serve and undiciTransport", () => {
  it("carry method, path, query, headers and bodies both ways", async () => {
    const seen: HttpRequest[] = [];
    const { request } = await start(async (incoming) => {
      seen.push(incoming);
      return { status: 201, headers: { "x-answer": "ä".length.toString() }, body: Buffer.from("größe") };
    });
    const body = Buffer.from('{"a":"ö"}');
    const response = await request("/a/b?c=d%20e", { method: "PATCH", headers: { "x-question": "1" }, body });
    expect(seen).toMatchObject([{ method: "PATCH", url: "/a/b?c=d%20e", headers: { "x-question": "1" } }]);
    expect(text(seen[0]?.body ?? Buffer.of())).toBe('{"a":"ö"}');
    expect([response.status, response.headers["x-answer"]]).toEqual([201, "1"]);
    expect(text(await readBody(response))).toBe("größe");
  });

  it("begin the answer before its first chunk", async () => {
    const first = gate();
    const { request } = await start(async () => ({
      status: 200,
      headers: {},
      body: (async function* () {
        await first.opened;
        yield Buffer.from("x");
      })(),
    }));
    const response = await request("/");
    first.open();
    expect(text(await readBody(response))).toBe("x");
  });

  it("stream each chunk at once", async () => {
    const second = gate();
    const { request } = await start(async () => ({
      status: 200,
      headers: {},
      body: (async function* () {
        yield Buffer.from("one\n");
        await second.opened;
        yield Buffer.from("two\n");
      })(),
    }));
    const { body } = await request("/");
    if (body instanceof Uint8Array) throw new Error("not a stream");
    const chunks = body[Symbol.asyncIterator]();
    expect(text((await chunks.next()).value)).toBe("one\n");
    second.open();
    expect(text((await chunks.next()).value)).toBe("two\n");
    expect((await chunks.next()).done).toBe(true);
  });

  it.each(["signal", "return"])("tell the handler when the peer goes away by %s", async (how) => {
    const gone = gate();
    const { request } = await start(async ({ signal }) => ({
      status: 200,
      headers: {},
      body: (async function* () {
        yield Buffer.from("x");
        await new Promise<void>((resolve) => signal?.addEventListener("abort", () => resolve()));
        gone.open();
      })(),
    }));
    const abort = new AbortController();
    const { body } = await request("/", { signal: abort.signal });
    if (body instanceof Uint8Array) throw new Error("not a stream");
    const chunks = body[Symbol.asyncIterator]();
    if (how === "signal") {
      await chunks.next();
      abort.abort();
      await expect(chunks.next()).rejects.toBeInstanceOf(TransportError);
    } else await chunks.return?.();
    await gone.opened;
  });

  it("show a body that broke off as a fault, not as its end", async () => {
    const { request } = await start(async () => ({
      status: 200,
      headers: {},
      body: (async function* () {
        yield Buffer.from("half");
        throw new Error("disk");
      })(),
    }));
    const failure = await request("/")
      .then(readBody)
      .catch((error) => error);
    expect(failure).toBeInstanceOf(TransportError);
    expect(failure.isSent).toBe(true);
  });

  it("answer 500 for a handler that rejects, and 413 for a body above the limit", async () => {
    const { request } = await start(() => Promise.reject(new Error("bug")), { bodyBytesMax: 10 });
    expect((await request("/")).status).toBe(500);
    const large = await request("/", { method: "POST", body: Buffer.alloc(11) });
    expect(large.status).toBe(413);
  });

  it("wait for a slow reader instead of buffering", async () => {
    let produced = 0;
    const { request } = await start(async ({ signal }) => ({
      status: 200,
      headers: {},
      body: (async function* () {
        while (!signal?.aborted && produced < 2000) {
          produced += 1;
          yield Buffer.alloc(64 * 1024);
        }
      })(),
    }));
    const { body } = await request("/");
    if (body instanceof Uint8Array) throw new Error("not a stream");
    const chunks = body[Symbol.asyncIterator]();
    await chunks.next();
    let before = -1;
    while (before !== produced) {
      before = produced;
      await sleep(systemClock(), 50);
    }
    expect(produced).toBeLessThan(500);
    await chunks.return?.();
  });

  it("close while a stream is open", async () => {
    const server = await serve(
      async ({ signal }) => ({
        status: 200,
        headers: {},
        body: (async function* () {
          yield Buffer.from("x");
          await new Promise<void>((resolve) => signal?.addEventListener("abort", () => resolve()));
        })(),
      }),
      { host, port: 0 },
    );
    const transport = undiciTransport();
    closing.push(transport.close);
    const response = await transport({ method: "GET", url: `http://${host}:${server.port}/`, headers: {} });
    await server.close();
    await expect(readBody(response)).rejects.toBeInstanceOf(TransportError);
  });

  it("name the address that is in use", async () => {
    const { server } = await start(async () => ({ status: 200, headers: {}, body: Buffer.of() }));
    const failure = await serve(async () => ({ status: 200, headers: {}, body: Buffer.of() }), {
      host,
      port: server.port,
    }).catch((error) => error);
    expect(failure).toMatchObject({ name: "ListenError", code: "EADDRINUSE" });
    expect(failure.message).toBe(`listening on 127.0.0.1:${server.port}: the address is in use by another process`);
  });
});

describe("undiciTransport", () => {
  async function rawServer(onSocket: (socket: Socket) => void): Promise<number> {
    const server: Server = createServer(onSocket);
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    closing.push(() => new Promise((resolve) => server.close(resolve)));
    const address = server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  const get = async (url: string) => {
    const transport = undiciTransport({ headersTimeoutMs: 300 });
    closing.push(transport.close);
    const failure = await transport({ method: "GET", url, headers: {} }).catch((error) => error);
    expect(failure).toBeInstanceOf(TransportError);
    return failure as TransportError;
  };

  it("knows that a refused connection was not sent", async () => {
    const { server } = await start(async () => ({ status: 200, headers: {}, body: Buffer.of() }));
    const { port } = server;
    await server.close();
    closing.shift();
    const failure = await get(`http://${host}:${port}/x?token=secret`);
    expect(failure.isSent).toBe(false);
    expect(failure.message).not.toContain("secret");
  });

  it("knows that a URL without meaning was not sent", async () => {
    expect((await get("nonsense")).isSent).toBe(false);
  });

  it("takes a connection that is cut after the request for an unknown outcome", async () => {
    const port = await rawServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => socket.destroy());
    });
    expect((await get(`http://${host}:${port}/`)).isSent).toBe(true);
  });

  it("gives up on a server that does not begin to answer", async () => {
    const port = await rawServer((socket) => {
      socket.on("error", () => {});
      closing.push(async () => socket.destroy());
    });
    expect((await get(`http://${host}:${port}/`)).isSent).toBe(true);
  });
});
