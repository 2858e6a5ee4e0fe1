import { describe, expect, it } from "vitest";
import type { Service } from "./fields.js";
import { operatorOf, placementRules } from "./placement-rules.js";

const placed = (constraints: Service["placement"]["constraints"]) => ({
  placement: { strategy: "Spread" as const, ...(constraints && { constraints }) },
});

describe("operatorOf", () => {
  it.each([
    ["UNIQUE", "Unique"],
    ["cluster", "Cluster"],
    ["GROUP_BY", "GroupBy"],
    ["groupBy", "GroupBy"],
    ["Like", "Like"],
    ["UNLIKE", "Unlike"],
    ["Unlike", "Unlike"],
    ["max_per", "MaxPer"],
    ["IS", "Is"],
    ["Near", undefined],
    ["", undefined],
  ])("of %s is %s", (text, operator) => expect(operatorOf(text)).toBe(operator));
});

describe("placementRules", () => {
  it("are none without constraints", () => expect(placementRules(placed(undefined))).toEqual([]));

  it("keep values as they were written, with variables filled in", () => {
    const service = placed([
      { attribute: "hostname", operator: "UNIQUE" },
      { attribute: "@hostname", operator: "like", value: "$(A)-[0-9]" },
      { attribute: "$(A)", operator: "MAX_PER", value: "2" },
    ]);
    expect(placementRules(service, (text) => text.replace("$(A)", "rack"))).toEqual([
      { operator: "Unique", attribute: "hostname", value: undefined },
      { operator: "Like", attribute: "hostname", value: "rack-[0-9]" },
      { operator: "MaxPer", attribute: "rack", value: "2" },
    ]);
  });
});
