import { describe, expect, it } from "vitest";
import { compileJsonPath } from "./json-path.js";

const object = {
  spec: { replicas: 3, "a.b": "dotted", list: [{ x: 1 }, { x: 2 }], empty: "" },
  status: {
    conditions: [
      { type: "Ready", status: "True" },
      { type: "Blocked", status: "False" },
    ],
  },
};

describe("compileJsonPath", () => {
  it.each([
    [".spec.replicas", 3],
    ["$.spec.replicas", 3],
    [".spec['a.b']", "dotted"],
    [".spec.a\\.b", "dotted"],
    [".spec.list[1].x", 2],
    [".spec.list[-1].x", 2],
    [".spec.list[*].x", 1],
    ['.status.conditions[?(@.type=="Ready")].status', "True"],
    [".status.conditions[?(@.type=='Blocked')].status", "False"],
    ['.status.conditions[?(@.type!="Ready")].status', "False"],
    ['.status.conditions[?(@.type=="Gone")].status', undefined],
    [".spec.list[7].x", undefined],
    [".spec.nope.deeper", undefined],
    [".spec.constructor", undefined],
    [".spec.replicas.x", undefined],
    [".spec.empty", ""],
  ])("reads %s as %j", (path, expected) => {
    expect(compileJsonPath(path)(object)).toBe(expected);
  });

  it("refuses a path that it does not know", () => {
    expect(() => compileJsonPath(".a[?(@.b>1)]")).toThrow(".a[?(@.b>1)]");
  });
});
