import { describe, expect, it } from "vitest";
import type { ObjectMeta, OwnerReference } from "../../api-types/meta/object.js";
import { at } from "../testing/objects.js";
import { FOREGROUND_FINALIZER, ORPHAN_FINALIZER, type OwnerState, planDependent, planOwner } from "./plan.js";

function reference(name: string, fields: Partial<OwnerReference> = {}): OwnerReference {
  return { apiVersion: "rackwright.dev/v1alpha1", kind: "ServiceGroup", name, uid: `uid-${name}`, ...fields };
}

const living = { metadata: { name: "one" } };
const dying = { metadata: { name: "one", deletionTimestamp: at(-1) } };

describe("a dependent", () => {
  it.each<[string, { readonly metadata: ObjectMeta }, Readonly<Record<string, OwnerState>>, object]>([
    ["without owners stays", living, {}, { type: "keep" }],
    ["stays with its owner", living, { a: "present" }, { type: "keep" }],
    [
      "goes with its only owner",
      living,
      { a: "absent" },
      { type: "delete", reason: "its owner ServiceGroup a is gone" },
    ],
    [
      "goes when all owners are gone",
      living,
      { a: "absent", b: "absent" },
      { type: "delete", reason: "its owner ServiceGroup a is gone" },
    ],
    [
      "stays while one owner is left, and forgets the others",
      living,
      { a: "absent", b: "present" },
      { type: "dropReferences", uids: ["uid-a"] },
    ],
    [
      "goes before an owner that is deleted in the foreground",
      living,
      { a: "deletingForeground" },
      { type: "delete", reason: "its owner ServiceGroup a is deleted in the foreground" },
    ],
    ["stays while another owner is there", living, { a: "deletingForeground", b: "present" }, { type: "keep" }],
    ["is not deleted twice", dying, { a: "absent" }, { type: "keep" }],
  ])("%s", (_, object, owners, step) => {
    const states = Object.entries(owners).map(([name, state]) => ({ reference: reference(name), state }));
    expect(planDependent(object, states)).toEqual(step);
  });
});

describe("a deleted owner", () => {
  const owner = (finalizers: readonly string[], isDeleted = true) => ({
    metadata: {
      name: "a",
      uid: "uid-a",
      finalizers: [...finalizers],
      ...(isDeleted ? { deletionTimestamp: at(-1) } : {}),
    },
  });
  const dependent = (blockOwnerDeletion: boolean) => ({
    metadata: { name: "d", ownerReferences: [reference("a", { blockOwnerDeletion })] },
  });
  const released = (finalizer: string) => ({ type: "release", finalizer });
  it.each<[string, { readonly metadata: ObjectMeta }, readonly { readonly metadata: ObjectMeta }[], object]>([
    ["that is not deleted waits", owner([FOREGROUND_FINALIZER], false), [], { type: "wait" }],
    ["in the background waits for nobody", owner([]), [dependent(true)], { type: "wait" }],
    [
      "in the foreground waits for dependents that block",
      owner([FOREGROUND_FINALIZER]),
      [dependent(true)],
      { type: "wait" },
    ],
    [
      "in the foreground does not wait for others",
      owner([FOREGROUND_FINALIZER]),
      [dependent(false)],
      released(FOREGROUND_FINALIZER),
    ],
    ["in the foreground goes when they are gone", owner([FOREGROUND_FINALIZER]), [], released(FOREGROUND_FINALIZER)],
    ["that orphans lets its dependents go first", owner([ORPHAN_FINALIZER]), [dependent(true)], { type: "orphan" }],
    ["that orphans goes then", owner([ORPHAN_FINALIZER]), [], released(ORPHAN_FINALIZER)],
    ["waits for finalizers of others", owner(["rackwright.dev/instances"]), [], { type: "wait" }],
  ])("%s", (_, object, dependents, step) => {
    expect(planOwner(object, dependents)).toEqual(step);
  });
});
