import { expect, it } from "vitest";
import { loadBalancerErrors } from "./load-balancer.js";

const endpoint = { name: "a", adminSocket: "/run/a.sock", masterSocket: "10.0.0.1:9998", configFile: "/etc/r.cfg" };
const errors = (fields: object) => {
  const haproxy = {
    endpoints: [endpoint],
    bindAddress: "0.0.0.0",
    servicePortRange: "10000-20000",
    balance: "leastconn" as const,
    ...fields,
  };
  return loadBalancerErrors({ haproxy }).map(({ path }) => path.replace("spec.loadBalancer.haproxy.", ""));
};

it.each<[string, object, readonly string[]]>([
  ["a whole one", {}, []],
  ["variables", { bindAddress: "$(FRONT)", endpoints: [{ ...endpoint, configFile: "$(DIR)/r.cfg" }] }, []],
  ["a name to bind to", { bindAddress: "front" }, ["bindAddress"]],
  ["a range that runs backwards", { servicePortRange: "20000-10000" }, ["servicePortRange"]],
  ["a range beyond all ports", { servicePortRange: "1-70000" }, ["servicePortRange"]],
  ["a name that is no label", { endpoints: [{ ...endpoint, name: "A b" }] }, ["endpoints[0].name"]],
  ["a socket that is neither", { endpoints: [{ ...endpoint, adminSocket: "run" }] }, ["endpoints[0].adminSocket"]],
  ["a path that is not absolute", { endpoints: [{ ...endpoint, configFile: "r.cfg" }] }, ["endpoints[0].configFile"]],
  [
    "two that share file and process",
    { endpoints: [endpoint, { ...endpoint, name: "b" }] },
    ["endpoints[1].adminSocket", "endpoints[1].configFile"],
  ],
])("judges %s", (_, fields, expected) => expect(errors(fields)).toEqual(expected));
