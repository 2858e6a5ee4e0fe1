import { describe, expect, it } from "vitest";
import { checkServices, groupFaults } from "./testing.js";

const rule = (operator: string, value?: string, attribute = "rack") => ({
  placement: { constraints: [{ attribute, operator, ...(value !== undefined && { value }) }] },
});
const at = "placement.constraints[0]";

describe("constraints", () => {
  checkServices({
    good: [
      ...["UNIQUE", "Unique", "unique", "Cluster", "GROUP_BY", "groupby"].map(
        (operator) => [`${operator} without a value`, rule(operator)] as const,
      ),
      ["Cluster by value", rule("CLUSTER", "rack-1")],
      ["GroupBy by number", rule("GroupBy", "3", "@zone")],
      ["MaxPer", rule("MAX_PER", "1", "hostname")],
      ["Like", rule("like", "rack-[1-3]")],
      ["Unlike in any case", rule("Unlike", "\\[6-7\\]")],
      ["Is", rule("IS", "a/b_c.d-1")],
      ["Is of a number", rule("Is", "1.0005")],
      ["a value with a variable", rule("MaxPer", "$(COUNT)")],
    ],
    bad: [
      [
        "an unknown operator",
        rule("Near"),
        `${at}.operator: Unsupported value: "Near": supported values: "Unique", "Cluster", "GroupBy", "Like", "Unlike", "MaxPer", "Is"`,
      ],
      [
        "an operator that is a variable",
        rule("$(OP)"),
        `${at}.operator: Unsupported value: "$(OP)": supported values: "Unique", "Cluster", "GroupBy", "Like", "Unlike", "MaxPer", "Is"`,
      ],
      [
        "no attribute",
        rule("Unique", undefined, ""),
        `${at}.attribute: Invalid value: "": spec.services[0].${at}.attribute in body should be at least 1 chars long`,
      ],
      [
        "Unique with a value",
        rule("Unique", "2"),
        `${at}.value: Invalid value: "2": Unique takes no value, not even an empty one`,
      ],
      [
        "Unique with an empty value",
        rule("UNIQUE", ""),
        `${at}.value: Invalid value: "": Unique takes no value, not even an empty one`,
      ],
      [
        "Cluster with an empty value",
        rule("Cluster", ""),
        `${at}.value: Invalid value: "": must not be empty: leave it out to follow the first instance`,
      ],
      ...["0", "-1", "1.5", "", "many", "1000000"].flatMap((value) =>
        ["GroupBy", "MaxPer"].map(
          (operator) =>
            [
              `${operator} with "${value}"`,
              rule(operator, value),
              `${at}.value: Invalid value: "${value}": must be a whole number from 1 to 999999, as text`,
            ] as const,
        ),
      ),
      ["MaxPer without a value", rule("MaxPer"), `${at}.value: Required value: MaxPer needs a whole number`],
      ["Like without a value", rule("Like"), `${at}.value: Required value: Like needs a regular expression`],
      ["Unlike without a value", rule("Unlike"), `${at}.value: Required value: Unlike needs a regular expression`],
      [
        "Like with nothing",
        rule("Like", ""),
        `${at}.value: Invalid value: "": must be a regular expression as RE2 reads it: it is empty`,
      ],
      [
        "Like with half an expression",
        rule("Like", "(a"),
        `${at}.value: Invalid value: "(a": must be a regular expression as RE2 reads it: missing closing ): (a`,
      ],
      [
        "Unlike with a back reference",
        rule("Unlike", "(a)\\1"),
        `${at}.value: Invalid value: "(a)\\\\1": must be a regular expression as RE2 reads it: invalid escape sequence: \\1`,
      ],
      ["Is without a value", rule("Is"), `${at}.value: Required value: Is needs the value to compare with`],
      [
        "Is with a space",
        rule("Is", "a b"),
        `${at}.value: Invalid value: "a b": must be letters, digits, \`_\`, \`/\`, \`.\` and \`-\``,
      ],
      [
        "Is with nothing",
        rule("Is", ""),
        `${at}.value: Invalid value: "": must be letters, digits, \`_\`, \`/\`, \`.\` and \`-\``,
      ],
      [
        "no roles at all",
        { placement: { roles: [] } },
        "placement.roles: Required value: leave it out to take any resources; `*` means unreserved ones",
      ],
      [
        "a role that Mesos refuses",
        { placement: { roles: ["*", "web/shop", "a b"] } },
        'placement.roles[2]: Invalid value: "a b": must be `*` or the name of a Mesos role, like `web` or `web/shop`',
      ],
    ],
  });
});

describe("other services that are named", () => {
  const fields = ["dependsOn", "apartFrom", "near"] as const;
  const naming = (field: (typeof fields)[number], name: string) =>
    field === "dependsOn" ? { dependsOn: [name] } : { placement: { [field]: [name] } };
  const pathOf = (field: string) => `spec.services[0].${field === "dependsOn" ? field : `placement.${field}`}`;

  it.each(fields)("%s may be of this group, of another, or a variable", (field) => {
    for (const name of ["db", "shop/db", "other/db", "$(DB)"]) {
      expect(groupFaults([naming(field, name), { name: "db" }]), name).toEqual([]);
    }
  });

  it.each(fields)("%s may not be unknown in this group, nor odd", (field) => {
    const faultsOf = (name: string) => groupFaults([naming(field, name), { name: "db" }]);
    for (const name of ["cache", "shop/cache"]) {
      expect(faultsOf(name)).toEqual([
        `${pathOf(field)}[0]: Invalid value: "${name}": no service of this group has this name`,
      ]);
    }
    for (const name of ["a/b/c", "/db", "db/", "DB", ""]) {
      expect(faultsOf(name)).toEqual([
        `${pathOf(field)}[0]: Invalid value: "${name}": must be the name of a service, or group/service`,
      ]);
    }
  });

  it.each(["web", "shop/web"])("a service is not apart from itself, written %s", (name) => {
    expect(groupFaults([naming("apartFrom", name)])).toEqual([
      `spec.services[0].placement.apartFrom[0]: Invalid value: "${name}": a service cannot be apart from itself: use a constraint on hostname with operator Unique`,
    ]);
  });

  it.each([
    ["itself", [{ dependsOn: ["web"] }], "web → web"],
    ["itself by the name of its group", [{ dependsOn: ["shop/web"] }], "web → web"],
    ["who waits for it", [{ dependsOn: ["shop/db"] }, { name: "db", dependsOn: ["web"] }], "web → db → web"],
  ])("a service may not wait for %s", (_who, services, cycle) => {
    expect(groupFaults(services)).toEqual([`spec.services[0].dependsOn: Invalid value: "web": is a cycle: ${cycle}`]);
  });

  it("a service of another group by the own name is no cycle", () => {
    expect(groupFaults([{ dependsOn: ["other/web"] }])).toEqual([]);
  });
});
