import { describe, expect, it } from "vitest";
import type { Kind } from "../../../api-types/meta/kind.js";
import { StatusError } from "../../../api-types/meta/status-error.js";
import type { Client, ObjectKey } from "../../../client/client.js";
import { pullConfigOf, type Reference, referencesOf } from "../launch/references.js";
import { createValueReader } from "./read-values.js";

const base64 = (text: string) => Buffer.from(text).toString("base64");
const OBJECTS: Readonly<Record<string, unknown>> = {
  "Secret s": { type: "Opaque", data: { k: base64("é"), empty: "" } },
  "ConfigMap c": { data: { k: "open" }, binaryData: { b: base64("bits") } },
};

function reader(failure?: StatusError) {
  const reads: string[] = [];
  const get = async ({ kind }: Kind, { namespace, name }: ObjectKey) => {
    reads.push(`${kind} ${namespace}/${name}`);
    const found = OBJECTS[`${kind} ${name}`];
    if (failure !== undefined) throw failure;
    if (found === undefined) throw new StatusError("NotFound", "no");
    return found;
  };
  // only what a reader uses
  return { reads, read: createValueReader({ get } as unknown as Client) };
}

const secret = (key: string, name = "s"): Reference => ({ kind: "Secret", name, key });
const map = (key: string, name = "c"): Reference => ({ kind: "ConfigMap", name, key });

describe("reading values", () => {
  it.each([
    ["of a Secret", secret("k"), "é"],
    ["that is empty", secret("empty"), ""],
    ["of a ConfigMap", map("k"), "open"],
    ["of a ConfigMap, in binary", map("b"), "bits"],
  ])("gives one %s", async (_, reference, value) => {
    const { values, missing } = await reader().read("ns", [reference]);
    expect([[...values.values()], missing]).toEqual([[value], []]);
  });

  it.each([
    ["an object", secret("k", "none"), "Secret ns/none is not there"],
    ["a key", map("x"), "ConfigMap ns/c has no key x"],
    ["a key that every object has in this language", secret("constructor"), "Secret ns/s has no key constructor"],
    ["the type", { ...secret("k"), type: "t" }, "Secret ns/s is not of type t"],
  ])("tells what is missing: %s", async (_, reference, message) => {
    expect((await reader().read("ns", [reference])).missing).toEqual([message]);
  });

  it("reads each object once, and one of another namespace as another", async () => {
    const { read, reads } = reader();
    await Promise.all([
      read("ns", [secret("k"), secret("empty")]),
      read("ns", [secret("k")]),
      read("other", [secret("k")]),
    ]);
    expect(reads).toEqual(["Secret ns/s", "Secret other/s"]);
  });

  it("does not take a store that does not answer for one that has nothing", async () => {
    const { read } = reader(new StatusError("ServiceUnavailable", "later"));
    await expect(read("ns", [secret("k")])).rejects.toThrow("later");
  });
});

it("each reference of a service is read once, wherever it stands", () => {
  const env = [{ name: "A", valueFrom: { secretKeyRef: { name: "s", key: "k" } } }];
  const service = { env, attached: [{ env }], executor: { env }, imagePullSecrets: [{ name: "p" }] };
  // only what may hold references
  expect(referencesOf(service as unknown as Parameters<typeof referencesOf>[0])).toEqual([
    { kind: "Secret", name: "s", key: "k" },
    { kind: "Secret", name: "p", key: ".dockerconfigjson", type: "kubernetes.io/dockerconfigjson" },
  ]);
});

it("credentials that are no JSON spoil no others", () => {
  const values = new Map([
    ["Secret/a/.dockerconfigjson", "no json"],
    ["Secret/b/.dockerconfigjson", '{"auths":{"r":{}}}'],
  ]);
  expect(pullConfigOf({ imagePullSecrets: [{ name: "a" }, { name: "b" }] }, values)).toBe('{"auths":{"r":{}}}');
});
