import { describe, expect, it } from "vitest";
import { KINDS } from "../../api-types/kinds.js";
import type { Kind } from "../../api-types/meta/kind.js";
import type { KubeObject } from "../../api-types/meta/object.js";
import { type TableInput, tableOf } from "./table-of.js";

const NOW = Date.UTC(2026, 0, 2);

function kindOf(apiVersion: string, kind: string): Kind {
  const found = KINDS.find((candidate) => candidate.apiVersion === apiVersion && candidate.kind === kind);
  if (found === undefined) throw new Error(`no kind ${kind}`);
  return found;
}

function table(kind: Kind, object: object, rest: Partial<TableInput> = {}) {
  const metadata = { name: "x", creationTimestamp: "2026-01-01T23:57:51Z" };
  const objects = [{ apiVersion: kind.apiVersion, kind: kind.kind, metadata, ...object } satisfies KubeObject];
  return tableOf({ kind, objects, now: NOW, includeObject: "Metadata", listMeta: {}, isFirst: true, ...rest });
}

describe("tableOf", () => {
  it.each([
    ["v1", "ConfigMap", { data: { a: "1", b: "2" } }, { Name: "x", Data: 2, Age: "2m9s" }],
    ["v1", "Secret", { type: "Opaque", data: { a: "MQ==" } }, { Name: "x", Type: "Opaque", Data: 1, Age: "2m9s" }],
    ["v1", "Namespace", { status: { phase: "Active" } }, { Name: "x", Status: "Active", Age: "2m9s" }],
    ["v1", "ServiceAccount", {}, { Name: "x", Age: "2m9s" }],
    ["coordination.k8s.io/v1", "Lease", { spec: { holderIdentity: "me" } }, { Name: "x", Holder: "me", Age: "2m9s" }],
    ["coordination.k8s.io/v1", "Lease", { spec: {} }, { Name: "x", Holder: null, Age: "2m9s" }],
  ])("shows %s %s", (...[apiVersion, kind, object, expected]) => {
    const { columnDefinitions, rows } = table(kindOf(apiVersion, kind), object);
    const cells = (columnDefinitions ?? []).map(({ name }, index) => [name, rows[0]?.cells[index]]);
    expect(Object.fromEntries(cells)).toEqual(expected);
  });

  it.each([
    ["Leaving", "Running", "Running", "2026-01-01T23:59:00Z"],
    ["Leaving", "Failed", "Killed", "2026-01-01T23:59:00Z"],
    ["Failed", "Failed", "Failed", "2026-01-01T23:59:00Z"],
    ["Failed", "Failed", "Killed", undefined],
    ["Running", "Running", "Running", undefined],
  ])("calls an instance %s whose phase is %s and whose task is %s, deleted at %s", (...row) => {
    const [expected, phase, state, deletionTimestamp] = row;
    const metadata = { name: "x", ...(deletionTimestamp !== undefined && { deletionTimestamp }) };
    const kind = kindOf("rackwright.dev/v1alpha1", "Instance");
    const { columnDefinitions, rows } = table(kind, { metadata, spec: {}, status: { phase, lastStatus: { state } } });
    const index = (columnDefinitions ?? []).findIndex(({ name }) => name === "Phase");
    expect(rows[0]?.cells[index]).toBe(expected);
  });

  it("lets events place their name last", () => {
    const event = { involvedObject: { kind: "Route", name: "r" }, lastTimestamp: "2026-01-01T23:59:00Z", message: "m" };
    const { columnDefinitions, rows } = table(kindOf("v1", "Event"), event);
    expect(columnDefinitions?.map(({ name }) => name)).toEqual([
      ...["Last Seen", "Type", "Reason", "Object", "Subobject", "Source", "Message", "First Seen", "Count", "Name"],
    ]);
    expect(rows[0]?.cells.slice(0, 4)).toEqual(["60s", null, null, "route/r"]);
  });

  it("carries what was asked for in each row", () => {
    const kind = kindOf("v1", "ConfigMap");
    const partial = { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata: { name: "x" } };
    expect(table(kind, {}).rows[0]?.object).toMatchObject(partial);
    expect(table(kind, { data: { secret: "1" } }).rows[0]?.object).not.toHaveProperty("data");
    expect(table(kind, { data: { a: "1" } }, { includeObject: "Object" }).rows[0]?.object).toHaveProperty("data");
    expect(table(kind, {}, { includeObject: "None" }).rows[0]).not.toHaveProperty("object");
  });

  it("says the columns only once in a watch, and repeats the list's metadata", () => {
    const later = table(kindOf("v1", "ConfigMap"), {}, { isFirst: false, listMeta: { resourceVersion: "7" } });
    expect(later).toMatchObject({ kind: "Table", columnDefinitions: null, metadata: { resourceVersion: "7" } });
    expect(table(kindOf("v1", "ConfigMap"), {}).columnDefinitions?.at(-1)).toMatchObject({ name: "Age", type: "date" });
  });

  it("has paths that it understands in every kind", () => {
    for (const kind of KINDS) expect(table(kind, {}).rows[0]?.cells.length).toBeGreaterThan(1);
  });
});
