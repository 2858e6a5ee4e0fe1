import { describe, expect, it } from "vitest";
import { ANNOTATION } from "../../../api-types/well-known.js";
import { at, dnsRecord } from "../../testing/objects.js";
import { namesThere, viewOf } from "../testing.js";
import { recordMeta } from "./owned.js";

const HELD = { published: [{ name: "web", id: "one", address: "192.168.2.3" }] };
const sibling = (age: number, status = {}, annotations = {}) =>
  dnsRecord({}, { name: `s${age}`, creationTimestamp: at(-age), annotations }, status);

describe("since when a record's service holds its names", () => {
  it.each([
    ["is not said of the first", [], undefined],
    ["is not taken from one that lost the name or has not got it yet", [sibling(60)], undefined],
    ["is that of the oldest that has it", [sibling(60, HELD), sibling(90, HELD), sibling(120)], at(-90)],
    ["is handed on again and again", [sibling(60, HELD, { [ANNOTATION.claimedSince]: at(-900) })], at(-900)],
  ])("%s", (_, siblings, expected) => {
    const { annotations } = recordMeta(viewOf({ dnsRecord: undefined }), false, siblings);
    expect(annotations).toEqual(expected === undefined ? {} : { [ANNOTATION.claimedSince]: expected });
  });

  it("stays as it was first said", () => {
    const annotations = { [ANNOTATION.claimedSince]: at(-30) };
    const record = { ...namesThere, metadata: { ...namesThere.metadata, annotations } };
    expect(recordMeta(viewOf({ dnsRecord: record }), true, [sibling(90, HELD)]).annotations).toEqual({
      ...annotations,
      [ANNOTATION.shared]: "true",
    });
  });
});
