import { beforeAll, describe, expect, it } from "vitest";
import { type ApiHarness, startHarness } from "../http/testing/api-harness.js";
import { APPLY, GROUPS, group, MERGE } from "../http/testing/samples.js";

const task = { name: "a", command: ["sleep"] };
const services = Array.from({ length: 10_000 }, (_, index) => ({ ...task, name: `s${index}`, x: index }));
const ports = Array.from({ length: 20_000 }, (_, index) => ({ name: `p${index}` }));
const long = "x".repeat(1_000_000);
const hundred = Array.from({ length: 10 }, (_, index) => ({ name: `A${index}`, value: "x".repeat(100_000) }));

const ROWS = [
  ["10,000 services", { services }, "spec.services: Too many: 10000: must have at most 200 items"],
  [
    "20,000 ports",
    { services: [{ ...task, network: { ports } }] },
    "spec.services[0].network.ports: Too many: 20000: must have at most 64 items",
  ],
  [
    "a variable of 1 MB",
    { services: [{ ...task, env: [{ name: "A", value: long }] }] },
    "spec.services[0].env[0].value: Too long: may not be more than 131000 bytes",
  ],
  [
    "an environment of 1 MB",
    { services: [{ ...task, env: hundred }] },
    "spec.services[0].env: Too long: 1000020 bytes: names and values may not be more than 524288 bytes (512 KiB) in all",
  ],
] as const;

describe("what is far too large", () => {
  let api: ApiHarness;
  beforeAll(async () => {
    api = await startHarness();
    expect((await api.call("POST", GROUPS, { body: group("old") })).status).toBe(201);
    // the first one pays for what is compiled on the way
    for (const [, spec] of ROWS) await api.call("POST", GROUPS, { body: group("x", {}, spec) });
  });

  const doors = [
    ["created", "POST", GROUPS, "application/json"],
    ["applied", "PATCH", `${GROUPS}/x?fieldManager=kubectl`, APPLY],
    ["patched", "PATCH", `${GROUPS}/old`, MERGE],
  ] as const;
  it.each(doors.flatMap((door) => ROWS.map((row) => ({ title: `${row[0]} ${door[0]}`, door, row }))))(
    "$title: refused by its limit alone, in few words",
    async ({ door: [, method, url, type], row: [, spec, fault] }) => {
      const raw = JSON.stringify(group(url.includes("old") ? "old" : "x", {}, spec));
      const { status, body } = await api.call(method, url, { raw, type });
      expect(status).toBe(422);
      expect(body.message).toMatch(/is invalid: /);
      expect(body.message.slice(body.message.indexOf("is invalid: ") + 12)).toBe(fault);
    },
  );
});
