import { describe, expect, it } from "vitest";
import { withDefaults } from "../schema/defaults.js";
import { emit } from "../schema/emit.js";
import { type Service, service } from "./fields.js";
import { probePlan } from "./probes.js";

const schema = emit(service);
const serviceOf = (fields: object) => withDefaults(schema, { name: "a", image: "i", ...fields }) as Service;

const http = { httpGet: { port: 80 } };
const tcp = { tcpSocket: { port: 80 } };
const exec = { exec: { shell: "true" } };
const checks = (...list: readonly object[]) => list.map((check, index) => ({ name: `c${index}`, ...check }));
const agent = { probeFrom: "Agent" };
const controller = { probeFrom: "Controller" };

/** Which checks are run by whom, by name. */
function planned(fields: object): readonly [agent: string, controller: string, readiness: string] {
  const plan = probePlan(serviceOf(fields));
  const name = plan.agent?.kind === "readiness" ? "readiness" : plan.agent?.check.name;
  return [
    name ?? "none",
    plan.controller.map((check) => check.name).join(" "),
    plan.controllerReadiness === undefined ? "none" : "controller",
  ];
}

describe("probePlan", () => {
  it.each<[string, object, readonly [agent: string, controller: string, readiness: string]]>([
    ["nothing", {}, ["none", "", "none"]],
    ["one check", { healthChecks: checks(http) }, ["c0", "", "none"]],
    ["the first of two", { healthChecks: checks(http, tcp) }, ["c0", "c1", "none"]],
    ["the one that says Agent", { healthChecks: checks(http, { ...tcp, ...agent }) }, ["c1", "c0", "none"]],
    ["the command, before the first", { healthChecks: checks(http, exec) }, ["c1", "c0", "none"]],
    [
      "none when the first says Controller",
      { healthChecks: checks({ ...http, ...controller }, tcp) },
      ["none", "c0 c1", "none"],
    ],
    ["readiness by the controller", { healthChecks: checks(http), readinessCheck: http }, ["c0", "", "controller"]],
    ["readiness alone by the controller", { readinessCheck: http }, ["none", "", "controller"]],
    ["readiness by the agent", { readinessCheck: { ...http, ...agent } }, ["readiness", "", "none"]],
    [
      "readiness by the agent, the health check by the controller",
      { healthChecks: checks(http), readinessCheck: { ...http, ...agent } },
      ["readiness", "c0", "none"],
    ],
    [
      "a command of readiness by the agent",
      { healthChecks: checks(http), readinessCheck: exec },
      ["readiness", "c0", "none"],
    ],
    [
      "readiness of a task with an address of its own",
      { readinessCheck: http, network: { mode: "Routed" } },
      ["readiness", "", "none"],
    ],
    ["the first of a Routed service", { healthChecks: checks(http), network: { mode: "Routed" } }, ["c0", "", "none"]],
    [
      "the first of a Container service",
      { healthChecks: checks(http), network: { mode: "Container" } },
      ["c0", "", "none"],
    ],
    [
      "the first of a Bridge service",
      { healthChecks: checks(http, tcp), network: { mode: "Bridge" } },
      ["c0", "c1", "none"],
    ],
  ])("gives the agent %s", (_what, fields, expected) => expect(planned(fields)).toEqual(expected));
});
