import { describe, expect, it } from "vitest";
import { isSameTemplate, Revision } from "./revision.js";
import { withDefaults } from "./schema/defaults.js";
import type { Service } from "./service-group.js";

const templateSchema = Revision.schema.properties?.spec?.properties?.template ?? {};

/** A service as it is stored: defaulted by its schema. */
const service = (fields: object): Service =>
  withDefaults(templateSchema, { name: "web", image: "nginx", ...fields }) as Service;

const check = { name: "a", tcpSocket: { port: 80 } };

describe("isSameTemplate", () => {
  it.each<[what: string, a: object, b: object]>([
    ["sizes", { instances: 1 }, { instances: 3, ordinals: { start: 5 } }],
    ["labels and annotations", {}, { labels: { a: "b" }, annotations: { c: "d" } }],
    ["names", { dns: { name: "a" } }, { dns: { name: "b", tags: ["x"] } }],
    [
      "what follows an end",
      {},
      { restart: { policy: "OnFailure" }, unreachable: { replaceAfterSeconds: 5 }, drainSeconds: 9 },
    ],
    ["a threshold of a check", { healthChecks: [check] }, { healthChecks: [{ ...check, failureThreshold: 9 }] }],
    [
      "a service port",
      { network: { ports: [{ name: "a" }] } },
      { network: { ports: [{ name: "a", servicePort: 1 }] } },
    ],
    ["the order of keys", { env: [{ name: "A", value: "1" }] }, { env: [{ value: "1", name: "A" }] }],
  ])("does not look at %s", (_what, a, b) => expect(isSameTemplate(service(a), service(b))).toBe(true));

  it.each<[what: string, a: object, b: object]>([
    ["another image", {}, { image: "caddy" }],
    ["another value of the environment", { env: [{ name: "A", value: "1" }] }, { env: [{ name: "A", value: "2" }] }],
    ["more memory", {}, { resources: { memory: "1Gi" } }],
    ["another place", {}, { placement: { nodeFunction: "lab" } }],
    [
      "another port",
      { network: { ports: [{ name: "a" }] } },
      { network: { ports: [{ name: "a", containerPort: 1 }] } },
    ],
    ["another probe", { healthChecks: [check] }, { healthChecks: [{ ...check, periodSeconds: 1 }] }],
    ["another mode", {}, { mode: "EachNode" }],
  ])("sees %s", (_what, a, b) => expect(isSameTemplate(service(a), service(b))).toBe(false));

  it("fills what an older server did not store", () => {
    // A stored template may lack fields that today's schema defaults.
    const old = { name: "web", image: "nginx" } as Service;
    expect(isSameTemplate(old, service({}))).toBe(true);
  });
});
