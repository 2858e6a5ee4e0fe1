import { describe, expect, it } from "vitest";
import { ANNOTATION } from "../api-types/well-known.js";
import { originOf, relabelPatch, serviceLabels } from "./service-labels.js";
import { instance, service } from "./testing/objects.js";

const labelled = (labels: Record<string, string>, given: readonly [string[], string[]]) => {
  const built = instance({ name: "one" });
  const annotations = { [ANNOTATION.fromService]: JSON.stringify(given) };
  return { ...built, metadata: { ...built.metadata, labels, annotations } };
};

describe("labels of a service on its instances", () => {
  it("are brought up to date in place, and dropped ones taken back", () => {
    const old = labelled({ team: "x", tier: "web", "by-hand": "kept" }, [["team", "tier"], []]);
    expect(relabelPatch(old, service({ labels: { team: "y" } }))).toEqual({
      metadata: {
        labels: { team: "y", tier: null },
        annotations: { [ANNOTATION.fromService]: '[["team"],[]]' },
      },
    });
  });

  it("need no patch when they are as wanted, whatever a person added", () => {
    const wanted = service({ labels: { team: "x" } });
    expect(relabelPatch(labelled({ team: "x", "by-hand": "kept" }, [["team"], []]), wanted)).toBeUndefined();
    expect(originOf(wanted)).toBe('[["team"],[]]');
  });

  it("survive a damaged note of where they came from", () => {
    const built = labelled({ team: "x" }, [[], []]);
    const damaged = { ...built, metadata: { ...built.metadata, annotations: { [ANNOTATION.fromService]: "{" } } };
    expect(relabelPatch(damaged, service({}))).toBeUndefined();
  });

  it("say that a service is metered", () => {
    expect(serviceLabels(service({ metered: true }))).toEqual({ "rackwright.dev/metered": "true" });
  });
});
