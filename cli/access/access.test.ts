import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { Instance } from "../../api-types/instance.js";
import { ServiceGroup } from "../../api-types/service-group.js";
import { table } from "./print.js";
import { kubeconfigPath } from "./session.js";
import { parseTarget } from "./target.js";
import { warningTexts } from "./warnings.js";

const folder = mkdtempSync(join(tmpdir(), "rackwright-access-"));
const file = join(folder, "config");
writeFileSync(file, "");
afterAll(() => rmSync(folder, { recursive: true }));

const none = { kubeconfigs: undefined, home: folder };

describe("which kubeconfig", () => {
  it("is the flag's, then KUBECONFIG's first that is there", () => {
    expect(kubeconfigPath({ kubeconfig: file }, { ...none, kubeconfigs: "/other" })).toBe(file);
    expect(kubeconfigPath({}, { ...none, kubeconfigs: `/missing:${file}` })).toBe(file);
  });

  it.each([
    [{ kubeconfig: "/missing" }, none, "reading kubeconfig /missing (--kubeconfig): there is no such file"],
    [{}, { ...none, kubeconfigs: "/missing" }, "reading kubeconfig /missing (KUBECONFIG): there is no such file"],
  ])("is named where it is missing: %o", (flags, surroundings, message) => {
    expect(() => kubeconfigPath(flags, surroundings)).toThrow(message);
  });
});

describe("the name of an object", () => {
  it.each([
    ["sg/web", "ServiceGroup web"],
    ["servicegroups.rackwright.dev/web", "ServiceGroup web"],
    ["ServiceGroup/web", "ServiceGroup web"],
    ["inst/web-1", "Instance web-1"],
    ["web-1", "Instance web-1"],
  ])("%s", (text, expected) => {
    const { kind, name } = parseTarget(text, [Instance, ServiceGroup]);
    expect(`${kind.kind} ${name}`).toBe(expected);
  });

  it.each(["", "pod/web", "sg/", "sg/a/b", "/web"])("refuses %j", (text) => {
    expect(() => parseTarget(text, [Instance, ServiceGroup])).toThrow("it must be inst/NAME or sg/NAME");
  });
});

it("reads several warnings of one header, quotes among them", () => {
  expect(warningTexts('299 - "first", 299 - "the \\"second\\", with a comma"')).toEqual([
    "first",
    'the "second", with a comma',
  ]);
  expect(warningTexts(undefined)).toEqual([]);
});

it("prints columns without anything at the end of a line", () => {
  expect(
    table(
      ["A", "LONGER", "C"],
      [
        ["1", "2", ""],
        ["wide one", "", "3"],
      ],
    ),
  ).toBe("A          LONGER   C\n1          2\nwide one            3");
});
