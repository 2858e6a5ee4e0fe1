import { describe, expect, it } from "vitest";
import type { PlacementRule } from "../../../../api-types/service/placement-rules.js";
import type { AttributeValue } from "../../../../drivers/compute/driver.js";
import type { Site } from "../room.js";
import { attributeText } from "./attribute-text.js";
import { ruleOf } from "./rule.js";

type Value = AttributeValue | undefined;

function site(attribute: string, value: Value): Site {
  const attributes = value === undefined ? {} : { [attribute]: value };
  const facts = { name: "n", type: "worker", function: undefined, attributes, closedBecause: undefined };
  return { index: 0, facts, rooms: [], services: new Map(), tasks: 0 };
}

/** `hostname GroupBy 2` */
function parse(text: string): PlacementRule {
  const [attribute = "", operator, ...rest] = text.split(" ");
  // rows below name operators that exist
  return {
    attribute,
    operator: operator as PlacementRule["operator"],
    value: rest.length > 0 ? rest.join(" ") : undefined,
  };
}

interface Case {
  readonly placed?: readonly Value[];
  readonly wanted?: number;
  /** Values of usable live nodes; unset: those of the placed and the offered. */
  readonly live?: readonly Value[];
}

function judge(text: string, offer: Value, { placed = [], wanted = 1, live = [...placed, offer] }: Case) {
  const rule = parse(text);
  const sites = (values: readonly Value[]) => values.map((value) => site(rule.attribute, value));
  const context = { textOf: (one: Site, attribute: string) => attributeText(one.facts, attribute), wanted };
  const { check } = ruleOf(rule, { ...context, placedOn: sites(placed), usable: () => sites(live) });
  const offered = site(rule.attribute, offer);
  return { isAccepted: check.passes(offered), why: check.explain(offered), reason: check.reason(offered) };
}

/** Words are values, separated by blanks; `-`: none. */
function check(rows: readonly Row[]) {
  const whole = rows.map(
    ([rule, placed, offers, answers, wanted = 1]) => [rule, placed, offers, answers, wanted] as const,
  );
  it.each(whole)("%s with %s, offer %s: %s", (rule, placedText, offers, answers, wanted) => {
    const found = valuesOf(offers).map((offer) =>
      judge(rule, offer, { placed: valuesOf(placedText), wanted }).isAccepted ? "yes" : "no",
    );
    expect(found.join(" ")).toBe(answers);
  });
}

type Row = readonly [rule: string, placed: string, offers: string, answers: string, wanted?: number];

function valuesOf(text: string): readonly Value[] {
  return text === "" ? [] : text.split(" ").map((one) => (one === "-" ? undefined : one));
}

describe("Unique", () => {
  check([
    ["hostname Unique", "", "foohost", "yes"],
    ["hostname Unique", "host1 host2 host3", "host4 host2", "yes no"],
    ["rackid Unique", "rack-1", "-", "no"],
    ["@region Unique", "region1", "region1 region2", "no yes"],
    ["rackid Unique", "-", "rack-1", "yes"],
    ["rackid Unique", "1.0", "1 2", "no yes"],
  ]);
});

describe("Cluster", () => {
  check([
    ["hostname Cluster", "", "foohost", "yes"],
    ["hostname Cluster right.com", "", "wrong.com right.com", "no yes"],
    ["rackid Cluster", "rack-1 rack-1", "rack-1 rack-2", "yes no"],
    ["rackid Cluster", "rack-1", "-", "no"],
    ["rackid Cluster", "", "-", "no"],
    ["rackid Cluster", "-", "rack-1", "no"],
    ["rackid Cluster", "b a b", "a b", "no yes"],
    ["rackid Cluster", "b a", "a b", "yes no"],
    ["rackid Cluster 1.0", "", "1 2", "yes no"],
  ]);

  it("compares ranges as text", () => {
    const six = [{ begin: 6, end: 7 }];
    expect(judge("jdk Cluster [6-7]", six, { placed: [six] }).isAccepted).toBe(true);
    expect(judge("jdk Cluster [6-7]", [{ begin: 5, end: 7 }], { placed: [six] }).isAccepted).toBe(false);
  });
});

describe("GroupBy with a number", () => {
  check([
    ["rackid GroupBy 2", "", "1", "yes", 5],
    ["rackid GroupBy 2", "1 1", "1", "yes", 5],
    ["rackid GroupBy 2", "1 1 1", "1", "no", 5],
    ["rackid GroupBy 2", "1", "2", "yes", 5],
    ["rackid GroupBy 2", "1 1 1 2", "2", "yes", 5],
    ["rackid GroupBy 2", "1 2", "3", "no", 5],
    ["rackid GroupBy 4", "1", "1", "yes", 5],
    ["rackid GroupBy 4", "1 1", "1", "no", 5],
    ["rackid GroupBy 4", "1 1 2", "2", "no", 5],
    ["rackid GroupBy 3", "", "1", "yes", 5],
    ["rackid GroupBy 3", "1", "2", "yes", 5],
    ["rackid GroupBy 3", "1 2", "3", "yes", 5],
    ["rackid GroupBy 3", "1", "1", "yes", 5],
    ["rackid GroupBy 5", "1 2", "2 3", "no yes", 3],
    ["rackid GroupBy 2", "1", "-", "no", 5],
    ["rackid GroupBy 2", "1 -", "1 2", "yes no", 5],
    ["rackid GroupBy x", "", "1", "no", 5],
    ["rackid GroupBy 0", "", "1", "no", 5],
  ]);

  it("says what is wrong with the group", () => {
    expect(judge("@zone GroupBy 2", "c", { placed: ["a", "b"], wanted: 4 }).why).toBe(
      "has @zone c, which would be group 3 of 2",
    );
    expect(judge("@zone GroupBy 2", "a", { placed: ["a", "a"], wanted: 4 }).why).toBe(
      "has @zone a, which has its share with 2 of 4",
    );
  });
});

describe("GroupBy without a number", () => {
  it.each<[placed: string, live: string, offer: string, isAccepted: boolean]>([
    ["", "a b c", "a", true],
    ["a", "a b c", "a", false],
    ["a", "a b c", "c", true],
    ["a b c", "a b c", "b", true],
    ["a b", "a b", "a", true],
    ["a a", "a b", "a", false],
    ["a x x", "a b", "b", true],
    ["x", "a b", "a", true],
    ["a", "a", "a", true],
    ["a -", "a", "a", true],
  ])("with %s on live %s, offer %s: %s", (placed, live, offer, isAccepted) => {
    const judged = judge("@zone GroupBy", offer, { placed: valuesOf(placed), live: valuesOf(live) });
    expect(judged.isAccepted).toBe(isAccepted);
  });

  it.each([
    ["a", "a b", "a has @zone a, which has 1, while b has still 0"],
    ["a", "a b c d e", "a has @zone a, which has 1, while b, c, d and 1 more have still 0"],
  ])("names what is waited for: %s on %s", (placed, live, why) => {
    const judged = judge("@zone GroupBy", "a", { placed: placed.split(" "), live: live.split(" ") });
    expect(`a ${judged.why}`).toBe(why);
    expect(judged.reason).toBe("constraint GroupBy @zone");
  });

  it("refuses a node without the attribute", () => {
    expect(judge("@zone GroupBy", undefined, { live: ["a"] }).isAccepted).toBe(false);
  });
});

describe("Like and Unlike", () => {
  check([
    ["jdk Like 7", "", "6 7 -", "no yes no"],
    ["jdk Unlike 7", "", "6 7 -", "yes no yes"],
    ["rackid Like rack-[1-3]", "rack-9", "rack-1 rack-4 rack-12 -", "yes no no no"],
    ["gpu Like \\{0,1\\}", "", "{2,1} {1,0}", "no yes"],
    ["jdk Like", "", "7", "no"],
    ["jdk Like (", "", "7 (", "no no"],
    ["jdk Unlike (", "", "7 -", "no no"],
    ["jdk Like (a|aa)+b", "", "a".repeat(40), "no"],
  ]);

  it("match ranges as text", () => {
    const offers: Value[] = [[{ begin: 5, end: 7 }], [{ begin: 6, end: 7 }], undefined];
    const answers = offers.map((offer) => judge("jdk Like \\[6-7\\]", offer, {}).isAccepted);
    expect(answers).toEqual([false, true, false]);
  });

  it("tell what they cannot read", () => {
    expect(judge("jdk Like (", "7", {}).why).toBe("cannot be judged: missing closing ): (");
  });
});

describe("MaxPer", () => {
  check([
    ["hostname MaxPer 2", "", "h1", "yes"],
    ["hostname MaxPer 2", "h1", "h1", "yes"],
    ["hostname MaxPer 2", "h1 h1", "h1", "no"],
    ["hostname MaxPer 2", "h1 h1 h2", "h1 h2", "no yes"],
    ["hostname MaxPer 2", "h1 h1 h2 h1", "h3", "yes"],
    ["rackid MaxPer 2", "1.0", "2", "yes"],
    ["rackid MaxPer 2", "1.0 2", "1", "yes"],
    ["rackid MaxPer 2", "1.0 2 1.0", "1", "no"],
    ["rackid MaxPer 2", "", "-", "no"],
    ["rackid MaxPer many", "", "1", "no"],
  ]);
});

describe("Is", () => {
  check([
    ["number Is 1.0001", "", "1.0", "yes"],
    ["number Is 1.0005", "", "1.0", "yes"],
    ["number Is 1.00051", "", "1.0", "no"],
    ["number Is 1.001", "", "1.0", "no"],
    ["word Is one", "", "one two -", "yes no no"],
    ["hostname Is 1.0", "", "1.0 1", "yes no"],
    ["word Is {b,a}", "", "{a,b}", "yes"],
  ]);
});
