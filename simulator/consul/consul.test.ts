import { describe, expect, it } from "vitest";
import { silentLogger } from "../../platform/log.js";
import { seededRandom } from "../../platform/random.js";
import { readBody } from "../../platform/transport.js";
import { virtualClock } from "../../platform/virtual-clock.js";
import { createConsul } from "./consul.js";
import type { ConsulState } from "./state.js";

function setUp(state?: ConsulState) {
  const clock = virtualClock();
  let changes = 0;
  const consul = createConsul({
    clock,
    random: seededRandom(1),
    log: silentLogger,
    datacenter: "dc1",
    domain: "torc",
    ...(state && { state }),
    onChange: () => {
      changes += 1;
    },
  });
  const call = async (method: string, url: string, body?: unknown) => {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const payload = body === undefined ? {} : { body: Buffer.from(text) };
    const response = await consul.handler({ method, url, headers: {}, ...payload });
    const answer = Buffer.from(await readBody(response)).toString();
    const index = Number(response.headers["x-consul-index"]);
    return { status: response.status, text: answer, json: () => JSON.parse(answer), index, headers: response.headers };
  };
  const register = (id: string, parts: object = {}) =>
    call("PUT", "/v1/catalog/register", {
      Node: "x",
      Address: "192.0.2.1",
      Service: { ID: id, Service: "a", Address: `10.0.0.${id}`, Port: 10053, Tags: ["t1"], ...parts },
    });
  return { clock, consul, call, register, changes: () => changes };
}

/** What a Consul 1.8.7 answered to the same requests. */
const RECORDED: readonly (readonly [string, string, unknown, number, string])[] = [
  ["GET", "/v1/status/leader", undefined, 200, '"127.0.0.1:8300"'],
  ["GET", "/v1/catalog/node-services/nope", undefined, 200, '{"Node":null,"Services":null}'],
  ["GET", "/v1/catalog/node/nope", undefined, 200, "null"],
  ["GET", "/v1/catalog/service/nope", undefined, 200, "[]"],
  ["GET", "/v1/catalog/services", undefined, 200, '{"consul":[]}'],
  ["GET", "/v1/catalog/service/", undefined, 400, "Missing service name"],
  ["GET", "/v1/catalog/services?dc=zz", undefined, 500, "No path to datacenter"],
  ["GET", "/v1/catalog/service/a?index=5&wait=junk", undefined, 400, "Invalid wait time"],
  ["GET", "/v1/catalog/service/a?index=zz", undefined, 400, "Invalid index"],
  ["GET", "/v1/bogus", undefined, 404, ""],
  ["GET", "/v1/kv/none", undefined, 404, ""],
  ["POST", "/v1/catalog/register", {}, 405, "method POST not allowed"],
  ["POST", "/v1/agent/service/register", { Name: "web" }, 405, "method POST not allowed"],
  ["PUT", "/v1/catalog/register", {}, 500, "Must provide node"],
  ["PUT", "/v1/catalog/register", { Node: "x" }, 500, "Must provide address if SkipNodeUpdate is not set"],
  ["PUT", "/v1/catalog/deregister", {}, 500, "Must provide node"],
  [
    "PUT",
    "/v1/catalog/register",
    { Node: "x", Address: "192.0.2.1", Service: { Name: "a" } },
    400,
    'Request decode failed: json: unknown field "Name"',
  ],
  [
    "PUT",
    "/v1/agent/service/register",
    { Name: "web", Foo: 1 },
    400,
    'Request decode failed: json: unknown field "Foo"',
  ],
  ["PUT", "/v1/agent/service/register", {}, 400, "Missing service name"],
  ["PUT", "/v1/agent/service/register", { Name: "web", Address: "10.0.0.9" }, 200, ""],
  ["PUT", "/v1/agent/service/deregister/nope", undefined, 200, ""],
  ["PUT", "/v1/kv/", "x", 400, "Missing key name"],
  ["PUT", "/v1/kv/a/b?cas=1", "x", 200, "false"],
];

describe("createConsul", () => {
  it.each(RECORDED)("answers %s %s with %j as the real one does", async (...[method, url, body, status, text]) => {
    const { call } = setUp();
    const answer = await call(method, url, body);
    expect([answer.status, answer.text]).toEqual([status, text]);
  });

  it("refuses wrong types and junk", async () => {
    const { call } = setUp();
    for (const body of ["junk", "[]", { Node: 1 }, { Node: "x", Address: "y", Service: { Service: "a", Tags: "t" } }]) {
      expect((await call("PUT", "/v1/catalog/register", body)).status).toBe(400);
    }
  });

  it("answers a blocked query when its service changes, not when another or the same is registered", async () => {
    const { call, register, clock } = setUp();
    await register("1");
    const { index } = await call("GET", "/v1/catalog/service/a");
    let isAnswered = false;
    const blocked = call("GET", `/v1/catalog/service/a?index=${index}&wait=60s`).then((answer) => {
      isAnswered = true;
      return answer;
    });
    await register("1");
    await call("PUT", "/v1/agent/service/register", { Name: "other" });
    await clock.advance(1000);
    expect(isAnswered).toBe(false);
    await register("2");
    const answer = await blocked;
    expect(answer.json()).toHaveLength(2);
    expect(answer.index).toBeGreaterThan(index);
  });

  it("ends a blocked query after its wait plus at most a sixteenth", async () => {
    const { call, register, clock } = setUp();
    await register("1");
    const { index } = await call("GET", "/v1/catalog/node-services/x");
    let answeredAt = -1;
    const begun = clock.monotonic();
    const blocked = call("GET", `/v1/catalog/node-services/x?index=${index}&wait=1600ms`).then((answer) => {
      answeredAt = clock.monotonic() - begun;
      return answer;
    });
    await clock.advance(2000);
    expect((await blocked).index).toBe(index);
    expect(answeredAt).toBeGreaterThanOrEqual(1600);
    expect(answeredAt).toBeLessThanOrEqual(1700);
  });

  it("fails blocked queries on restart and continues from its snapshot", async () => {
    const { call, register, consul } = setUp();
    await register("1");
    const { index } = await call("GET", "/v1/catalog/service/a");
    const blocked = call("GET", `/v1/catalog/service/a?index=${index}`);
    consul.restart({ wipe: false });
    expect((await blocked).status).toBe(500);
    const again = setUp(JSON.parse(JSON.stringify(consul.snapshot())) as ConsulState);
    expect((await again.call("GET", "/v1/catalog/service/a")).json()).toHaveLength(1);
    expect((await again.call("GET", "/v1/catalog/service/a")).index).toBeGreaterThanOrEqual(index);
    consul.restart({ wipe: true });
    expect((await call("GET", "/v1/catalog/service/a")).json()).toEqual([]);
    expect((await call("GET", "/v1/catalog/service/a")).index).toBeLessThanOrEqual(index);
  });

  it("removes a service, then a node with all of its services", async () => {
    const { call, register, changes } = setUp();
    for (const id of ["1", "2", "3"]) await register(id);
    await call("PUT", "/v1/catalog/deregister", { Node: "x", ServiceID: "2" });
    expect((await call("GET", "/v1/catalog/node-services/x")).json().Services).toHaveLength(2);
    await call("PUT", "/v1/catalog/deregister", { Node: "x" });
    expect((await call("GET", "/v1/catalog/node-services/x")).json()).toEqual({ Node: null, Services: null });
    expect((await call("GET", "/v1/catalog/services")).json()).toEqual({ consul: [] });
    expect(changes()).toBe(5);
  });

  it("leaves critical instances out of passing health answers", async () => {
    const { call, register } = setUp();
    await register("1");
    await call("PUT", "/v1/catalog/register", {
      Node: "x",
      SkipNodeUpdate: true,
      Check: { CheckID: "c", Name: "c", Status: "critical", ServiceID: "1" },
    });
    expect((await call("GET", "/v1/health/service/a")).json()).toHaveLength(1);
    expect((await call("GET", "/v1/health/service/a?passing")).json()).toHaveLength(0);
  });

  it("keeps keys with compare-and-set, lists and transactions", async () => {
    const { call } = setUp();
    await call("PUT", "/v1/kv/a/b?flags=3", "hello");
    const [row] = (await call("GET", "/v1/kv/a/b")).json();
    expect(row).toMatchObject({ Key: "a/b", Flags: 3, Value: "aGVsbG8=" });
    expect((await call("GET", "/v1/kv/a/b?raw")).text).toBe("hello");
    expect((await call("PUT", `/v1/kv/a/b?cas=${row.ModifyIndex}`, "x")).text).toBe("true");
    expect((await call("GET", "/v1/kv/?keys")).json()).toEqual(["a/b"]);
    const failing = [{ KV: { Verb: "set", Key: "q", Value: "aGk=" } }, { KV: { Verb: "get", Key: "zz" } }];
    const failed = await call("PUT", "/v1/txn", failing);
    expect([failed.status, failed.json()]).toEqual([
      409,
      { Results: null, Errors: [{ OpIndex: 1, What: 'key "zz" doesn\'t exist' }] },
    ]);
    expect((await call("GET", "/v1/kv/q")).status).toBe(404);
    expect((await call("PUT", "/v1/txn", failing.slice(0, 1))).json().Errors).toBeNull();
    expect(
      (
        await call(
          "PUT",
          "/v1/txn",
          Array.from({ length: 65 }, () => failing[0]),
        )
      ).status,
    ).toBe(413);
    await call("DELETE", "/v1/kv/a?recurse");
    expect((await call("GET", "/v1/kv/?keys")).json()).toEqual(["q"]);
  });
});

describe("the DNS of a simulated Consul", () => {
  const open = async () => {
    const { consul, register, call } = setUp();
    for (const id of ["3", "4", "5"]) await register(id);
    return { consul, register, call };
  };

  it.each([
    ["a.service.torc", "A", "NOERROR", ["10.0.0.3", "10.0.0.4", "10.0.0.5"]],
    ["A.Service.TORC", "A", "NOERROR", ["10.0.0.3", "10.0.0.4", "10.0.0.5"]],
    ["a.service.torc", "ANY", "NOERROR", ["10.0.0.3", "10.0.0.4", "10.0.0.5"]],
    ["a.service.dc1.torc", "A", "NOERROR", ["10.0.0.3", "10.0.0.4", "10.0.0.5"]],
    ["t1.a.service.torc", "A", "NOERROR", ["10.0.0.3", "10.0.0.4", "10.0.0.5"]],
    ["t2.a.service.torc", "A", "NXDOMAIN", []],
    ["a.service.torc", "AAAA", "NOERROR", []],
    ["nope.service.torc", "A", "NXDOMAIN", []],
    ["service.torc", "A", "NXDOMAIN", []],
    ["nope.torc", "A", "NXDOMAIN", []],
    ["0a000003.addr.dc1.torc", "A", "NOERROR", ["10.0.0.3"]],
    ["x.node.torc", "A", "NOERROR", ["192.0.2.1"]],
    ["torc", "NS", "NOERROR", ["consul.node.dc1.torc"]],
    ["example.com", "A", "REFUSED", []],
    ["_a._nope.service.torc", "SRV", "NXDOMAIN", []],
  ])("answers %s %s with %s %j", async (...[name, type, rcode, data]) => {
    const { consul } = await open();
    const answer = consul.answer({ name, type });
    expect(answer.rcode).toBe(rcode);
    expect(answer.answers.map((record) => record.data).sort()).toEqual(data);
    const isNegative = data.length === 0 && rcode !== "REFUSED";
    expect(answer.authorities.map((record) => record.type)).toEqual(isNegative ? ["SOA"] : []);
    expect(answer.answers.every((record) => record.ttl === 0)).toBe(true);
  });

  it.each(["a.service.torc", "_a._tcp.service.torc", "_a._t1.service.torc"])(
    "answers SRV for %s with targets and their addresses",
    async (name) => {
      const { consul } = await open();
      const answer = consul.answer({ name, type: "SRV" });
      expect(answer.answers).toHaveLength(3);
      const [first] = answer.answers;
      expect(first).toMatchObject({ type: "SRV", data: { port: 10053, priority: 1, weight: 1 } });
      const targets = answer.answers.map((record) => (record.type === "SRV" ? record.data.target : ""));
      expect(answer.additionals.map((record) => record.name)).toEqual(targets);
      expect(targets).toContain("0a000003.addr.dc1.torc");
    },
  );

  it("shuffles its answers", async () => {
    const { consul } = await open();
    const orders = Array.from({ length: 50 }, () =>
      consul
        .answer({ name: "a.service.torc", type: "A" })
        .answers.map((record) => record.data)
        .join(),
    );
    expect(new Set(orders).size).toBe(6);
  });

  it("answers AAAA for IPv6 and CNAME for names, and omits critical instances", async () => {
    const { consul, register, call } = await open();
    await register("6", { Service: "six", Address: "2001:db8::5" });
    await register("7", { Service: "cname", Address: "host.example.com" });
    const data = (name: string, type: string) => consul.answer({ name, type }).answers.map((record) => record.data);
    expect(data("six.service.torc", "AAAA")).toEqual(["2001:db8::5"]);
    expect(consul.answer({ name: "six.service.torc", type: "SRV" }).answers[0]?.data).toMatchObject({
      target: "20010db8000000000000000000000005.addr.dc1.torc",
    });
    expect(data("cname.service.torc", "A")).toEqual(["host.example.com"]);
    const check = { CheckID: "c", Name: "c", Status: "critical", ServiceID: "3" };
    await call("PUT", "/v1/catalog/register", { Node: "x", SkipNodeUpdate: true, Check: check });
    expect(data("a.service.torc", "A").toSorted()).toEqual(["10.0.0.4", "10.0.0.5"]);
  });
});
