import { EMPTY } from "rxjs";
import { describe, expect, it } from "vitest";
import type { Node } from "../api-types/node.js";
import { overlaidNode } from "./overlaid-node.js";

const node = {
  metadata: { name: "wedge" },
  spec: { rackName: "torc", address: "10.250.3.20", externalAddress: "10.250.3.20" },
} as unknown as Node; // only what is read

const overlay = (nodes: Readonly<Record<string, string>> | undefined) => ({
  value: () => ({ source: "rack.yaml", ...(nodes === undefined ? {} : { nodes }) }),
  changes$: EMPTY,
});

describe("the address of a node", () => {
  it.each<[string, Parameters<typeof overlaidNode>[1], string]>([
    ["is that of its spec", undefined, "10.250.3.20"],
    ["is that of the simulated rack where there is one", overlay({ wedge: "127.64.0.10" }), "127.64.0.10"],
    ["is that of its spec where the simulated rack has no such node", overlay({ other: "127.64.0.11" }), "10.250.3.20"],
    ["is that of its spec where an overlay names no nodes", overlay(undefined), "10.250.3.20"],
  ])("%s", (_, given, expected) => expect(overlaidNode(node, given).spec.address).toBe(expected));

  it("leaves the next hop of routes as it was", () => {
    expect(overlaidNode(node, overlay({ wedge: "127.64.0.10" })).spec.externalAddress).toBe("10.250.3.20");
  });
});
