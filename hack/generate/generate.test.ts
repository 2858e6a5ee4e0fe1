import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { asCustomResourceDefinition } from "../../api-types/core/custom-resource-definition.js";
import { RACKWRIGHT_KINDS } from "../../api-types/kinds.js";
import { crdFiles } from "./crds.js";
import { kindPages } from "./kind-pages.js";
import { notSupportedYetPage } from "./not-supported-yet.js";

const files = new Map(crdFiles(RACKWRIGHT_KINDS));
const pages = new Map(kindPages(RACKWRIGHT_KINDS));

describe("the generated definitions", () => {
  it("say in YAML what the kinds say in TypeScript", () => {
    for (const kind of RACKWRIGHT_KINDS) {
      const text = files.get(`manifests/crds/${kind.plural}.rackwright.dev.yaml`) ?? "";
      expect(parse(text)).toEqual(JSON.parse(JSON.stringify(asCustomResourceDefinition(kind))));
    }
    expect(files.size).toBe(RACKWRIGHT_KINDS.length);
  });

  it("read the same under YAML 1.1, which Kubernetes' tools use", () => {
    for (const text of files.values()) expect(parse(text, { version: "1.1" })).toEqual(parse(text));
  });
});

describe("the pages", () => {
  it("name every field once, with its type, default and how a change applies", () => {
    const page = pages.get("docs/kinds/servicegroup.md") ?? "";
    expect(page).toContain('| `services[].resources.memory` | integer or string | `"128Mi"` | restart |');
    expect(page).toContain("| `services[].instances` | integer |  | scale only |");
    expect(page).toContain("| `services[].name` | string | *required* | restart |");
    expect(page.match(/^\| `services\[\]\.dns\.publish` \|/gm)).toHaveLength(1);
  });

  it("have the same number of cells in every row of a table", () => {
    for (const [path, page] of pages) {
      const widths = page
        .split(/\n(?!\|)/)
        .map((table) => table.split("\n").filter((line) => line.startsWith("|")))
        .map((rows) => new Set(rows.map((row) => row.replaceAll("\\|", "").split("|").length)).size);
      expect(Math.max(...widths), path).toBe(1);
    }
  });

  it("tell what is not supported yet, outermost fields only", () => {
    const page = notSupportedYetPage(RACKWRIGHT_KINDS);
    expect(page).toContain("- `spec.dns.mesosDns`:");
    expect(page).toContain("- `spec.network.switch.type`: the values `FBOSS`, `Linux`, `GoBGP`");
    expect(page).toContain("## GitRepository\n\n- The whole kind");
    expect(page).not.toContain("mesosDns.");
    expect(page).not.toContain("loadBalancer.");
  });
});
