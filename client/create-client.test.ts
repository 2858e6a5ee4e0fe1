import { lastValueFrom, type Subscription, toArray } from "rxjs";
import { describe, expect, it } from "vitest";
import { StatusError } from "../api-types/meta/status-error.js";
import { type HttpHandler, type HttpRequest, TransportError } from "../platform/transport.js";
import type { Client, WatchEvent } from "./client.js";
import { createClient } from "./create-client.js";
import { fakeApi } from "./testing/fake-api.js";
import { Widget } from "./testing/fake-kind.js";

const key = { namespace: "default", name: "a" };

function clientOf(handler: HttpHandler): Client {
  return createClient({ handler, baseUrl: "http://api", userAgent: "test/1" });
}

function answering(status: number, body: string, headers: Record<string, string> = {}): HttpHandler {
  return async () => ({ status, headers, body: Buffer.from(body) });
}

async function* pieces(bytes: Uint8Array, size: number): AsyncIterable<Uint8Array> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

describe("createClient", () => {
  const sent: { readonly name: string; readonly call: (client: Client) => Promise<unknown>; readonly wire: string }[] =
    [
      { name: "get", call: (c) => c.get(Widget, key), wire: "GET /apis/example.dev/v1/namespaces/default/widgets/a" },
      { name: "list everywhere", call: (c) => c.list(Widget), wire: "GET /apis/example.dev/v1/widgets" },
      {
        name: "list a page of a namespace",
        call: (c) => c.list(Widget, { namespace: "x", labelSelector: "a=b", limit: 5, continue: "5" }),
        wire: "GET /apis/example.dev/v1/namespaces/x/widgets?labelSelector=a%3Db&limit=5&continue=5",
      },
      {
        name: "dry create",
        call: (c) => c.create(Widget, { metadata: { ...key, name: "b" } }, { isDryRun: true, fieldManager: "m" }),
        wire: "POST /apis/example.dev/v1/namespaces/default/widgets?fieldManager=m&dryRun=All",
      },
      {
        name: "apply",
        call: (c) => c.apply(Widget, { metadata: key }, { fieldManager: "m" }),
        wire: "PATCH /apis/example.dev/v1/namespaces/default/widgets/a?fieldManager=m&force=true",
      },
      {
        name: "apply status",
        call: (c) => c.applyStatus(Widget, key, { status: { ready: 1 }, fieldManager: "m", uid: "u" }),
        wire: "PATCH /apis/example.dev/v1/namespaces/default/widgets/a/status?fieldManager=m&force=true",
      },
      {
        name: "patch",
        call: (c) => c.patch(Widget, key, { spec: { size: 2 } }, { subresource: "scale" }),
        wire: "PATCH /apis/example.dev/v1/namespaces/default/widgets/a/scale",
      },
      {
        name: "delete",
        call: (c) => c.delete(Widget, key),
        wire: "DELETE /apis/example.dev/v1/namespaces/default/widgets/a",
      },
    ];
  it.each(sent)("sends $name to its path", async ({ call, wire }) => {
    const api = fakeApi(Widget);
    api.put("default/a", { spec: { size: 1 } });
    await call(clientOf(api.handler));
    expect(api.requests).toEqual([wire]);
  });

  it("fills in type and returns what the server stored", async () => {
    const client = clientOf(fakeApi(Widget).handler);
    const created = await client.create(Widget, { metadata: key, spec: { size: 3 } });
    expect(created).toMatchObject({ apiVersion: "example.dev/v1", kind: "Widget", spec: { size: 3 } });
    const updated = await client.update(Widget, { ...created, spec: { size: 4 } });
    expect(updated.spec.size).toBe(4);
    await expect(client.update(Widget, created)).rejects.toMatchObject({ reason: "Conflict", code: 409 });
  });

  it("sends the fence with writes only", async () => {
    const seen: HttpRequest[] = [];
    const api = fakeApi(Widget);
    const client = clientOf((request) => {
      seen.push(request);
      return api.handler(request);
    }).withFence({ namespace: "system", lease: "leader", term: "42" });
    await client.create(Widget, { metadata: key });
    await client.get(Widget, key);
    expect(seen.map(({ headers }) => headers["rackwright-fence"])).toEqual(["system/leader/42", undefined]);
  });

  const failures = [
    {
      name: "a Status keeps reason, message and details",
      handler: answering(
        422,
        JSON.stringify({ kind: "Status", reason: "Invalid", message: "bad", code: 422, details: { name: "a" } }),
      ),
      expected: { reason: "Invalid", message: "bad", details: { name: "a" } },
    },
    {
      name: "an unknown reason follows the code",
      handler: answering(409, JSON.stringify({ kind: "Status", reason: "Odd", message: "m", code: 409 })),
      expected: { reason: "Conflict", message: "m" },
    },
    {
      name: "a page of a proxy names the operation",
      handler: answering(502, "<html>Bad Gateway</html>"),
      expected: {
        reason: "ServiceUnavailable",
        message: 'reading widgets.example.dev "a": HTTP 502: <html>Bad Gateway</html>',
      },
    },
    {
      name: "Retry-After is kept",
      handler: answering(429, "", { "retry-after": "7" }),
      expected: { reason: "TooManyRequests", details: { retryAfterSeconds: 7 } },
    },
    { name: "410 is Expired", handler: answering(410, "gone"), expected: { reason: "Expired" } },
    {
      name: "a truncated answer is an unknown outcome",
      handler: answering(200, '{"kind"'),
      expected: { reason: "Timeout" },
    },
    {
      name: "a refused connection was not sent",
      handler: () => Promise.reject(new TransportError("connect ECONNREFUSED", { isSent: false })),
      expected: { reason: "ServiceUnavailable" },
    },
    {
      name: "a lost answer is an unknown outcome",
      handler: () => Promise.reject(new TransportError("reset", { isSent: true })),
      expected: { reason: "Timeout" },
    },
  ];
  it.each(failures)("turns failures into StatusError: $name", async ({ handler, expected }) => {
    const failure = await clientOf(handler)
      .get(Widget, key)
      .catch((error) => error);
    expect(failure).toBeInstanceOf(StatusError);
    expect(failure).toMatchObject(expected);
  });

  it("refuses an object without namespace before it is sent", async () => {
    const api = fakeApi(Widget);
    await expect(clientOf(api.handler).get(Widget, { name: "a" })).rejects.toMatchObject({ reason: "BadRequest" });
    expect(api.requests).toEqual([]);
  });
});

describe("watch$", () => {
  it("tells of an own write with the very object of its answer, and of another state with another one", async () => {
    const state = (version: string) =>
      JSON.stringify({ kind: "Widget", metadata: { ...key, resourceVersion: version } });
    const events = ["5", "6"].map((version) => `{"type":"MODIFIED","object":${state(version)}}\n`).join("");
    const client = clientOf(async (request) => {
      const body = Buffer.from(request.method === "GET" ? events : state("5"));
      return { status: 200, headers: {}, body };
    });
    const answer = await client.withFence({ namespace: "n", lease: "l", term: "1" }).patch(Widget, key, {});
    const seen = await lastValueFrom(client.watch$(Widget, { resourceVersion: "4" }).pipe(toArray()));
    const objects = seen.map((event) => (event.type === "BOOKMARK" ? undefined : event.object));
    expect(objects[0]).toBe(answer);
    expect(objects[1]?.metadata.resourceVersion).toBe("6");
  });

  const events = [
    { type: "ADDED", object: { metadata: { name: "ä€😀", resourceVersion: "5" } } },
    { type: "BOOKMARK", object: { metadata: { resourceVersion: "6" } } },
    { type: "DELETED", object: { metadata: { name: "ä€😀", resourceVersion: "7" } } },
  ];
  const bytes = Buffer.from(events.map((event) => `${JSON.stringify(event)}\n`).join(""));

  it.each([1, 2, 3, 7, 64, 10_000])("reads lines from pieces of %i bytes", async (size) => {
    const client = clientOf(async () => ({ status: 200, headers: {}, body: pieces(bytes, size) }));
    const seen = await lastValueFrom(client.watch$(Widget, { resourceVersion: "4" }).pipe(toArray()));
    expect(seen).toEqual([
      { type: "ADDED", object: events[0]?.object },
      { type: "BOOKMARK", resourceVersion: "6" },
      { type: "DELETED", object: events[2]?.object },
    ]);
  });

  it.each([
    {
      line: '{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Gone","message":"m"}}\n',
      reason: "Expired",
    },
    { line: '{"type":"ERROR","object":{"kind":"Status","code":504,"reason":"Timeout"}}\n', reason: "Timeout" },
    { line: '{"type":"ADDED"', reason: undefined },
    { line: "nonsense\n", reason: "InternalError" },
    { line: '{"type":"OTHER","object":{}}\n', reason: "InternalError" },
  ])("ends with $reason after $line", async ({ line, reason }) => {
    const client = clientOf(answering(200, line));
    const seen = await lastValueFrom(client.watch$(Widget, { resourceVersion: "1" }).pipe(toArray())).catch((e) => e);
    if (reason === undefined) expect(seen).toEqual([]);
    else expect(seen).toMatchObject({ reason });
  });

  it("resumes after a version, hears changes, and aborts the request when unsubscribed", async () => {
    const api = fakeApi(Widget);
    api.put("default/a", { spec: { size: 1 } });
    let signal: AbortSignal | undefined;
    const client = clientOf((request) => {
      signal = request.signal;
      return api.handler(request);
    });
    const seen: WatchEvent<unknown>["type"][] = [];
    const subscription: Subscription = client
      .watch$(Widget, { resourceVersion: "100" })
      .subscribe((event) => seen.push(event.type));
    await new Promise(setImmediate);
    api.put("default/a", { spec: { size: 2 } });
    api.put("default/a", undefined);
    await new Promise(setImmediate);
    expect(seen).toEqual(["ADDED", "MODIFIED", "DELETED"]);
    subscription.unsubscribe();
    expect(signal?.aborted).toBe(true);
    await new Promise(setImmediate);
    api.put("default/b", {});
    await new Promise(setImmediate);
    expect(seen).toHaveLength(3);
  });
});
