import { describe, expect, it } from "vitest";
import { dnsRecord, instance, rack } from "../../testing/objects.js";
import { ttlHeld } from "./time-to-live.js";

const NOW = Date.UTC(2026, 0, 1);
const ofRack = rack({ dns: { type: "Builtin", domain: "a", ttlSeconds: 30, builtin: { listen: "127.0.0.1:53" } } });
const noted = (dnsTtlSeconds: number) => instance({ status: { dnsTtlSeconds } });
const answered = (ttlSeconds: number) =>
  dnsRecord({}, {}, { published: [{ name: "web", id: "one", address: "10.0.0.1", ttlSeconds }] });

describe("how long clients may hold the names of an instance", () => {
  it.each([
    ["is what its record was answered with", instance(), answered(5), 5],
    ["is what was noted once the record is gone, though the rack's is another one", noted(5), undefined, 5],
    ["is the longer of both while the record goes", noted(60), answered(5), 60],
    ["is the rack's when nothing is known", instance(), undefined, 30],
  ])("%s", (...[, of, record, seconds]) => {
    expect(ttlHeld(of, { dnsRecord: record, rack: ofRack }, NOW)).toBe(seconds);
  });
});
