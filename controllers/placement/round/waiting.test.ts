import { describe, expect, it } from "vitest";
import { at, group, instance, rack, service } from "../../testing/objects.js";
import { waitingAttached, waitingTask } from "./waiting.js";

type Fields = Readonly<Record<string, unknown>>;
const RACK = rack({ variables: { FUNCTION: "lab", CPU: "2" } });

function asked(fields: Fields, live: Fields = {}) {
  const template = service(fields);
  const owner = group({ services: [{ ...template, ...live }], ...(live.of ?? {}) });
  return waitingTask({ instance: instance({ number: 3 }), service: template, group: owner, rack: RACK, nodes: 7 });
}

describe("what an Instance asks of placement", () => {
  const rows: readonly (readonly [field: string, fields: Fields, expected: Fields])[] = [
    ["who it is", {}, { key: "default/shop-web-3-a", service: "default/shop/web", createdAt: at(-3600) }],
    ["resources", { resources: { cpu: "$(CPU)", memory: "1Gi" } }, { need: { cpu: 2, memoryMiB: 1024 } }],
    [
      "ports",
      { network: { ports: [{ name: "a", numberOffset: 100 }] } },
      { need: { ports: [{ type: "fixed", name: "a", port: 103 }] } },
    ],
    ["attached", { attached: [{ name: "a", resources: { cpu: "$(NUMBER)" } }] }, { need: { cpu: 3.2 } }],
    ["nodeNames", { placement: { nodeNames: ["b", "a"] } }, { nodeNames: ["b", "a"] }],
    ["nodeType", { placement: { nodeType: "slave" } }, { nodeType: "worker" }],
    ["nodeFunction", { placement: { nodeFunction: "$(FUNCTION)" } }, { nodeFunction: "lab" }],
    ["roles", { placement: { roles: ["$(FUNCTION)", "*"] } }, { roles: ["lab", "*"] }],
    ["roles, none", {}, { roles: undefined }],
    [
      "apartFrom and near",
      { placement: { apartFrom: ["db", "other/db"], near: ["db"] } },
      { apartFrom: ["default/shop/db", "default/other/db"], near: ["default/shop/db"] },
    ],
    ["strategy", { placement: { strategy: "BinPack" } }, { strategy: "BinPack" }],
    ["strategy, default", {}, { strategy: "Spread" }],
    [
      "constraints",
      {
        placement: {
          constraints: [
            { attribute: "@hostname", operator: "MAX_PER", value: "2" },
            { attribute: "@zone", operator: "is", value: "$(FUNCTION)" },
          ],
        },
      },
      {
        rules: [
          { operator: "MaxPer", attribute: "hostname", value: "2" },
          { operator: "Is", attribute: "@zone", value: "lab" },
        ],
      },
    ],
    [
      "EachNode",
      { mode: "EachNode" },
      { rules: [{ operator: "Unique", attribute: "hostname", value: undefined }], wanted: 7 },
    ],
    ["instances", { instances: 4 }, { wanted: 4 }],
    ["instances, unset", {}, { wanted: 1 }],
  ];
  for (const [name, fields, expected] of rows) {
    it(name, () => expect(asked(fields)).toMatchObject({ type: "task", task: expected }));
  }

  it.each([
    ["the live size, not that of its template", { instances: 9 }, 9],
    ["copies of the group", { of: { replicas: 3 } }, 6],
    ["a size that was set", { of: { replicas: 2, scale: { web: 5 } } }, 10],
    ["at least itself", { instances: 0 }, 1],
  ])("wanted counts %s", (_, live, wanted) => {
    expect(asked({ instances: 2 }, live)).toMatchObject({ task: { wanted } });
  });

  it.each([
    ["an amount that is none", { resources: { cpu: "$(FUNCTION)" } }, 'resources.cpu: "lab" is no quantity'],
    [
      "an amount that depends on the node",
      { resources: { cpu: "$(NODE)" } },
      'resources.cpu: "$(NODE)" is no quantity',
    ],
    [
      "a port that is none",
      { network: { ports: [{ name: "a", numberOffset: -3 }] } },
      "port a: number 3 and offset -3 give 0, which is no port",
    ],
  ])("%s is told, and holds up nobody else", (_, fields, message) => {
    expect(asked(fields)).toEqual({
      type: "refused",
      refusal: { type: "Scheduled", status: "False", reason: "ValueNotUsable", message },
    });
  });
});

describe("what an attached task that starts again asks", () => {
  const template = service({
    placement: {
      roles: ["$(FUNCTION)"],
      constraints: [{ attribute: "hostname", operator: "Unique" }],
      nodeNames: ["n9"],
    },
    attached: [{ name: "log", shell: "x", resources: { cpu: "$(CPU)", memory: "64Mi" } }],
  });
  const waiter = { instance: instance(), service: template, group: undefined, rack: RACK, nodes: 7 };

  it("its own part, on the node of its instance, by no rule", () => {
    expect(waitingAttached(waiter, "log", "n1")).toMatchObject({
      key: "default/shop-web-1-a#log",
      service: "default/shop/web#log",
      need: { cpu: 2, memoryMiB: 64, diskMiB: 0, gpu: 0, ports: [] },
      nodeNames: ["n1"],
      roles: ["lab"],
      rules: [],
    });
  });

  it("nothing when a variable that its amounts hold is gone: it must not stop all placement of the rack", () => {
    expect(waitingAttached({ ...waiter, rack: rack({ variables: {} }) }, "log", "n1")).toBeUndefined();
  });

  it("nothing when the service has none of that name", () => {
    expect(waitingAttached(waiter, "other", "n1")).toBeUndefined();
  });
});
