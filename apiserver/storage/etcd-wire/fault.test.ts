import { describe, expect, it } from "vitest";
import { faultOf, unavailable } from "./fault.js";
import { hasSafeProgress } from "./version.js";

const where = { operation: "writing to", endpoints: ["http://10.0.0.1:2379"] };

describe("a fault of etcd", () => {
  const faults: [string, { isSent: boolean; step: RegExp } | undefined][] = [
    [
      "GRPCUnavailableError: 14 UNAVAILABLE: No connection established. Last error: connect ECONNREFUSED 10.0.0.1:2379",
      { isSent: false, step: /start etcd there/ },
    ],
    ["14 UNAVAILABLE: Name resolution failed for target dns:rack", { isSent: false, step: /correct the name/ }],
    ["14 UNAVAILABLE: Connection dropped", { isSent: true, step: /has a leader/ }],
    ["4 DEADLINE_EXCEEDED: Deadline exceeded after 5.000s", { isSent: true, step: /network/ }],
    ["1 CANCELLED: Cancelled on client", { isSent: true, step: /log of etcd/ }],
    ["14 UNAVAILABLE: etcdserver: request timed out", { isSent: true, step: /leader/ }],
    ["8 RESOURCE_EXHAUSTED: etcdserver: mvcc: database space exceeded", { isSent: false, step: /defragment/ }],
    ["7 PERMISSION_DENIED: etcdserver: permission denied", { isSent: false, step: /read and write/ }],
    ["11 OUT_OF_RANGE: etcdserver: mvcc: required revision has been compacted", undefined],
    ["3 INVALID_ARGUMENT: etcdserver: request is too large", undefined],
  ];
  it.each(faults)("of %j is told with what to do", (message, expected) => {
    const error = unavailable(new Error(message), where);
    expect(error?.isSent).toBe(expected?.isSent);
    if (expected === undefined) return;
    expect(error?.message).toMatch(expected.step);
    expect(error?.message).toContain("writing to etcd at http://10.0.0.1:2379");
  });

  it("keeps the text of an error that is not gRPC's", () => {
    expect(faultOf(new Error("odd"))).toEqual({ code: "", message: "odd" });
  });
});

describe("progress notifications", () => {
  it.each([
    ["3.4.23", false],
    ["3.4.30", false],
    ["3.4.31", true],
    ["3.5.12", false],
    ["3.5.13", true],
    ["3.5.16", true],
    ["3.6.0", true],
    ["3.3.99", false],
    ["4.0.0-rc.1", true],
    ["unknown", false],
  ])("of etcd %s are safe: %s", (version, expected) => {
    expect(hasSafeProgress(version)).toBe(expected);
  });
});
