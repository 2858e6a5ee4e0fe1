import { describe, expect, it } from "vitest";
import { service } from "../../testing/objects.js";
import { allocated } from "./allocated.js";

describe("what instances take of a node", () => {
  it.each([
    ["nothing", [], { cpu: "0", memory: "0Mi", disk: "0Mi" }],
    ["the defaults of a service", [{}], { cpu: "0.2", memory: "128Mi", disk: "0Mi" }],
    [
      "sums without the dust of binary fractions",
      [{ resources: { cpu: "100m" } }, { resources: { cpu: 0.2 } }],
      { cpu: "0.3", memory: "256Mi", disk: "0Mi" },
    ],
    [
      "attached tasks, executors and devices",
      [
        {
          resources: { cpu: 1, memory: "1Gi", disk: "2Gi", gpu: 2 },
          attached: [{ name: "log", resources: { cpu: "500m", memory: "24Mi" } }],
          executor: { name: "own", command: "./run" },
        },
      ],
      { cpu: "1.6", memory: "1080Mi", disk: "2048Mi", gpu: "2" },
    ],
    [
      "variables of the rack; unknown ones count as nothing",
      [{ resources: { cpu: "$(CORES)", memory: "$(NO)" } }],
      { cpu: "3", memory: "0Mi", disk: "0Mi" },
    ],
  ])("%s", (_, services, expected) => {
    expect(allocated(services.map(service), { CORES: "3" })).toEqual(expected);
  });
});
