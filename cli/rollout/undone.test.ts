import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isSameTemplate } from "../../api-types/revision.js";
import type { Service } from "../../api-types/service-group.js";
import { service } from "../../controllers/testing/objects.js";
import { differenceText } from "./difference.js";
import { undone } from "./undone.js";

const check = { name: "up", httpGet: { port: 80 } };

/** Services that differ in fields of every class, and in lists of each sort. */
const services: fc.Arbitrary<Service> = fc
  .record(
    {
      image: fc.constantFrom("a:1", "a:2"),
      instances: fc.nat(5),
      labels: fc.dictionary(fc.constantFrom("row", "team"), fc.constantFrom("x", "y")),
      args: fc.subarray(["--fast", "--loud"]),
      env: fc.subarray([
        { name: "A", value: "1" },
        { name: "B", value: "2" },
      ]),
      volumes: fc.subarray([{ hostPath: "/a", containerPath: "/b" }]),
      resources: fc.record({ cpu: fc.constantFrom("100m", "2"), memory: fc.constantFrom("64Mi", "1Gi") }),
      placement: fc.record({
        strategy: fc.constantFrom("Spread", "BinPack"),
        nodeType: fc.constantFrom("worker", "master"),
      }),
      network: fc.record({
        mode: fc.constantFrom("Host", "Routed"),
        ports: fc.subarray([{ name: "http", containerPort: 80 }]),
      }),
      healthChecks: fc.subarray([check, { ...check, name: "deep", periodSeconds: 3 }]),
      update: fc.record({ paused: fc.boolean(), canary: fc.nat(2) }),
      restart: fc.record({ delaySeconds: fc.nat(9) }),
      drainSeconds: fc.nat(9),
      attached: fc.subarray([
        { name: "log", image: "log:1", restart: { delaySeconds: 7 } },
        { name: "proxy", image: "p:1" },
      ]),
    },
    { requiredKeys: ["image"] },
  )
  .map((fields) => service(fields));

describe("going back to a revision", () => {
  it("runs its template, and keeps sizes and what is changed in place", () => {
    fc.assert(
      fc.property(services, services, (current, template) => {
        const result = undone(current, template);
        expect(isSameTemplate(result, template)).toBe(true);
        expect(differenceText(result, template)).toBe("");
        const { instances, labels, update, restart, drainSeconds, placement } = result;
        expect({ instances, labels, update, restart, drainSeconds, strategy: placement.strategy }).toEqual({
          instances: current.instances,
          labels: current.labels,
          update: current.update,
          restart: current.restart,
          drainSeconds: current.drainSeconds,
          strategy: current.placement.strategy,
        });
      }),
    );
  });

  it("changes nothing where the template is the current one", () => {
    fc.assert(
      fc.property(services, (current) => {
        expect(undone(current, current)).toEqual(current);
      }),
    );
  });
});

describe("what differs between two templates", () => {
  it.each<[string, { readonly before: object; readonly after: object }, string]>([
    ["a value", { before: { image: "a:1" }, after: { image: "a:2" } }, "image a:1 → a:2"],
    ["arguments are one", { before: { args: ["-a"] }, after: { args: ["-a", "-b"] } }, "args -a → -a -b"],
    [
      "a variable",
      {
        before: { env: [{ name: "A", value: "1" }] },
        after: {
          env: [
            { name: "A", value: "2" },
            { name: "B", value: "x" },
          ],
        },
      },
      "env.A 1 → 2, env.B x added",
    ],
    ["something less", { before: { user: "nobody" }, after: {} }, "user removed"],
    [
      "nothing that restarts",
      { before: { instances: 1, drainSeconds: 1 }, after: { instances: 9, drainSeconds: 2 } },
      "",
    ],
    [
      "no more than three",
      { before: {}, after: { user: "a", privileged: true, args: ["x"], imagePullPolicy: "Always" } },
      "imagePullPolicy IfNotPresent → Always, privileged false → true, user a added, and 1 more",
    ],
  ])("%s", (_, { before, after }, expected) => {
    const words = differenceText(service({ image: "i", ...before }), service({ image: "i", ...after }));
    expect(words.split(", ").sort()).toEqual(expected.split(", ").sort());
  });

  it("cuts long values, and keeps each on one line", () => {
    const words = differenceText(service({ shell: "a" }), service({ shell: `echo\n${"x".repeat(100)}` }));
    expect(words).toMatch(/^shell a → echo\\nx+…$/);
    expect(words.length).toBeLessThan(70);
  });
});
