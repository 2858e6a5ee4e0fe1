import { describe, expect, it } from "vitest";
import type { KubeObject } from "../../api-types/meta/object.js";
import { bytesOf, rememberServed, storedBytes } from "./encode.js";

const OBJECT: KubeObject = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "a", namespace: "n", labels: { "}}": "}}" }, resourceVersion: "7" },
  data: { text: '"}}' },
};

describe("what is stored", () => {
  it("is the object without its version", () => {
    const { resourceVersion: _version, ...metadata } = OBJECT.metadata;
    expect(JSON.parse(storedBytes(OBJECT).toString())).toEqual({ ...OBJECT, metadata });
  });

  it("is served with the version of the write, without being encoded again", () => {
    const next = { ...OBJECT, metadata: { ...OBJECT.metadata, resourceVersion: "8" } };
    rememberServed(next, storedBytes(OBJECT));
    const served = bytesOf(next);
    expect(JSON.parse(served.toString())).toEqual(next);
    expect(bytesOf(next)).toBe(served);
  });
});
