import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ownershipOf, parseInstances, parseNodeServices, registrationOf, serviceIdOf } from "./catalog.js";

const text = fc.string({ minLength: 1, unit: "grapheme" });
const OWNERSHIP = ownershipOf("torc");
const stamp = { identity: "torc", kind: "DnsRecord", namespace: "d", name: "r", uid: "u", term: 1 };

/** The node as Consul lists it after this registration. */
function listed(body: ReturnType<typeof registrationOf>) {
  return { Node: { Node: OWNERSHIP.node }, Services: [body.Service] };
}

describe("entries in the catalogue", () => {
  it("have one service id for each name and id", () => {
    fc.assert(
      fc.property(text, text, text, text, (...[nameA, idA, nameB, idB]) => {
        const isSame = nameA === nameB && idA === idB;
        expect(serviceIdOf({ name: nameA, id: idA }) === serviceIdOf({ name: nameB, id: idB })).toBe(isSame);
      }),
    );
  });

  it("survive registration and listing", () => {
    fc.assert(
      fc.property(text, text, fc.array(text), fc.integer({ min: 1, max: 65_535 }), (...[name, id, tags, port]) => {
        const entry = { name, id, address: "10.0.0.1", port, tags, stamp };
        const items = parseNodeServices(listed(registrationOf(entry, OWNERSHIP)), OWNERSHIP);
        expect([...(items?.values() ?? [])]).toEqual([entry]);
      }),
    );
  });

  it("are foreign under another identity", () => {
    const entry = { name: "a", id: "b", address: "10.0.0.1", tags: [], stamp: { ...stamp, identity: "other" } };
    const items = parseNodeServices(listed(registrationOf(entry, OWNERSHIP)), OWNERSHIP);
    expect(items?.get("a/b")?.stamp).toBeUndefined();
  });

  it("are refused as a whole, never in part, when anything is malformed", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (junk) => {
        const parsed = parseNodeServices({ Node: { Node: OWNERSHIP.node }, Services: [junk] }, OWNERSHIP);
        expect(parsed).toBeUndefined();
        expect(parseInstances([junk], OWNERSHIP)).toBeUndefined();
      }),
    );
  });
});
