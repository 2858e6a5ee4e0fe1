import { describe, expect, it } from "vitest";
import type { ManagedFieldsEntry } from "../api-types/meta/object.js";
import type { Client } from "../client/client.js";
import { createClient } from "../client/create-client.js";
import { fakeApi } from "../client/testing/fake-api.js";
import { Widget } from "../client/testing/fake-kind.js";
import { createCache } from "./cache.js";
import { reportStatus } from "./report.js";

type Status = Readonly<Record<string, unknown>>;

function widget(status: Status | undefined, managedFields?: readonly ManagedFieldsEntry[], version = "5") {
  const metadata = {
    name: "a",
    namespace: "ns",
    uid: "u",
    resourceVersion: version,
    ...(managedFields ? { managedFields } : {}),
  };
  return { apiVersion: "example.dev/v1", kind: "Widget", metadata, spec: { size: 1 }, ...(status ? { status } : {}) };
}

function owning(fields: ManagedFieldsEntry["fieldsV1"]): readonly ManagedFieldsEntry[] {
  const entry = { manager: "me", operation: "Apply", apiVersion: "example.dev/v1", fieldsType: "FieldsV1" } as const;
  return [{ ...entry, subresource: "status", fieldsV1: { "f:status": fields } }];
}

const ready = { type: "Ready", status: "True" };
const other = { type: "Other", status: "False" };

const rows: {
  readonly name: string;
  readonly known: Status | undefined;
  readonly sent: Status;
  readonly owned?: ManagedFieldsEntry["fieldsV1"];
  readonly isWritten: boolean;
}[] = [
  { name: "nothing known", known: undefined, sent: { phase: "Running" }, isWritten: true },
  { name: "nothing to say", known: undefined, sent: {}, isWritten: false },
  { name: "equal", known: { phase: "Running", more: 1 }, sent: { phase: "Running" }, isWritten: false },
  { name: "another value", known: { phase: "Running" }, sent: { phase: "Failed" }, isWritten: true },
  { name: "undefined is absent", known: { a: 1 }, sent: { a: 1, b: undefined }, isWritten: false },
  {
    name: "own condition among others",
    known: { conditions: [other, ready] },
    sent: { conditions: [ready] },
    isWritten: false,
  },
  {
    name: "own condition differs",
    known: { conditions: [{ ...ready, status: "False" }] },
    sent: { conditions: [ready] },
    isWritten: true,
  },
  { name: "set holds more", known: { tags: ["a", "b"] }, sent: { tags: ["b"] }, isWritten: false },
  { name: "set lacks one", known: { tags: ["a"] }, sent: { tags: ["b"] }, isWritten: true },
  { name: "atomic list is longer", known: { ports: [1, 2] }, sent: { ports: [1] }, isWritten: true },
  { name: "atomic list is equal", known: { ports: [{ a: 1 }] }, sent: { ports: [{ a: 1 }] }, isWritten: false },
  {
    name: "atomic map holds more",
    known: { placement: { a: 1, b: 2 } },
    sent: { placement: { a: 1 } },
    isWritten: true,
  },
  { name: "granular map holds more", known: { detail: { a: 1, b: 2 } }, sent: { detail: { a: 1 } }, isWritten: false },
  {
    name: "an owned field is given up",
    known: { a: 1, b: 2 },
    sent: { a: 1 },
    owned: { "f:a": {}, "f:b": {} },
    isWritten: true,
  },
  {
    name: "an owned condition is given up",
    known: { conditions: [ready, other] },
    sent: { conditions: [ready] },
    owned: { "f:conditions": { 'k:{"type":"Ready"}': { ".": {} }, 'k:{"type":"Other"}': { ".": {} } } },
    isWritten: true,
  },
  {
    name: "owned and sent",
    known: { conditions: [ready], tags: ["x"] },
    sent: { conditions: [ready], tags: ["x"] },
    owned: { "f:conditions": { 'k:{"type":"Ready"}': { ".": {}, "f:status": {} } }, "f:tags": { 'v:"x"': {} } },
    isWritten: false,
  },
];

function recording() {
  const sent: unknown[] = [];
  const api = fakeApi(Widget);
  const client: Client = createClient({ handler: api.handler, baseUrl: "http://api", userAgent: "t" });
  const applyStatus: Client["applyStatus"] = async (_kind, key, { status, ...options }) => {
    sent.push({ key, status, options });
    return widget({}) as never; // the answer is not looked at
  };
  return { sent, client: { ...client, applyStatus } };
}

describe("reportStatus", () => {
  it.each(rows)("$name", async ({ known, sent: status, owned, isWritten }) => {
    const { sent, client } = recording();
    const object = widget(known, owned && owning(owned));
    expect(await reportStatus({ client, kind: Widget, object, status, manager: "me" })).toBe(isWritten);
    const options = { fieldManager: "me", uid: "u" };
    expect(sent).toEqual(isWritten ? [{ key: { namespace: "ns", name: "a" }, status, options }] : []);
  });

  it("compares with the newest known state of the same object", async () => {
    const { sent, client } = recording();
    const cache = createCache(Widget);
    cache.apply({ type: "Applied", object: widget({ phase: "Running" }, undefined, "9") });
    const report = { client, cache, kind: Widget, status: { phase: "Running" }, manager: "me" };
    expect(await reportStatus({ ...report, object: widget({ phase: "Pending" }) })).toBe(false);
    expect(sent).toEqual([]);
  });
});
