import { describe, expect, it } from "vitest";
import type { DnsRecord } from "../api-types/dns-record.js";
import { heldSeconds, heldUntil, ttlOf } from "./answer-ttl.js";
import { rack } from "./testing/objects.js";

const NOW = Date.UTC(2026, 0, 1);
const at = (seconds: number) => new Date(NOW + seconds * 1000).toISOString();

function record(spec: Partial<DnsRecord["spec"]>, status: DnsRecord["status"] = {}): DnsRecord {
  const whole = { rackName: "rack", name: "web", type: "Service" as const, targets: [], ...spec };
  return { apiVersion: "rackwright.dev/v1alpha1", kind: "DnsRecord", metadata: { name: "web" }, spec: whole, status };
}

const builtin = rack({ dns: { type: "Builtin", domain: "a", ttlSeconds: 30, builtin: { listen: "127.0.0.1:53" } } });
const consul = rack({ dns: { type: "Consul", domain: "a", ttlSeconds: 30, consul: { address: "http://a:8500" } } });
const published = (...times: readonly (number | undefined)[]) => ({
  published: times.map((ttlSeconds, index) => ({
    name: "web",
    id: String(index),
    address: "10.0.0.1",
    ...(ttlSeconds === undefined ? {} : { ttlSeconds }),
  })),
});

describe("the time to live of a record", () => {
  it.each([
    ["is its own in the built-in server", builtin, 5, 5],
    ["is that of the rack where it says none", builtin, undefined, 30],
    ["may be nothing", builtin, 0, 0],
    ["is Consul's in Consul", consul, 5, 30],
    ["is what the rack says of Consul", consul, undefined, 30],
    ["is nothing in a rack without names", rack({}), undefined, 0],
  ])("%s", (...[, of, ttlSeconds, expected]) => {
    expect(ttlOf(record(ttlSeconds === undefined ? {} : { ttlSeconds }), of).seconds).toBe(expected);
  });

  it("says so where another one was asked for than there is", () => {
    expect(ttlOf(record({ ttlSeconds: 5 }), consul).message).toBe(
      "ttlSeconds 5 is not applied: Consul answers with its own service_ttl, 30 s as Rack rack says",
    );
    expect(ttlOf(record({ ttlSeconds: 30 }), consul).message).toBe("");
    expect(ttlOf(record({ ttlSeconds: 5 }), builtin).message).toBe("");
  });
});

describe("how long clients hold what is withdrawn", () => {
  it.each([
    ["is what was answered", published(5), 5],
    ["is the longest of its names", published(5, 60, 1), 60],
    ["is that of the rack when that was not noted", published(undefined), 30],
    ["is that of the rack when nothing was confirmed", {}, 30],
    ["goes on for longer answers of before", { ...published(5), heldUntil: at(100) }, 100],
    ["ends with them", { ...published(5), heldUntil: at(-100) }, 5],
  ])("%s", (_, status, expected) => {
    expect(heldSeconds(record({}, status), builtin, NOW)).toBe(expected);
  });

  it.each([
    ["is not noted while nothing became shorter", {}, 0, undefined],
    ["is noted from when it became shorter", {}, 60, at(60)],
    ["keeps the later end", { heldUntil: at(100) }, 60, at(100)],
    ["is put off by a later change", { heldUntil: at(10) }, 60, at(60)],
    ["is forgotten when it is over", { heldUntil: at(-1) }, 0, undefined],
  ])("%s", (...[, status, seconds, expected]) => {
    expect(heldUntil(record({}, status), seconds, NOW)).toBe(expected);
  });
});
