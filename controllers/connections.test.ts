import { describe, expect, it } from "vitest";
import { connectionsOf } from "./connections.js";
import { secretNames } from "./mesos-access.js";
import { rack } from "./testing/objects.js";

const SPEC = {
  variables: { MASTER_IP: "10.250.3.20" },
  compute: {
    mesos: { masters: ["http://$(MASTER_IP):5050"], frameworkName: "torc-$(MASTER_IP)", failoverTimeout: "1h" },
  },
  dns: { type: "Consul", domain: "service.torc", consul: { address: "http://$(MASTER_IP):8500", datacenter: "dc1" } },
  network: { switch: { type: "SnapRoute", address: "http://$(MASTER_IP):8080" } },
};

describe("the connections of a rack", () => {
  it("have their variables replaced and their defaults", () => {
    expect(connectionsOf(rack(SPEC))).toEqual({
      identity: "rack",
      observePeriodMs: 5000,
      compute: {
        masters: ["http://10.250.3.20:5050"],
        frameworkName: "torc-10.250.3.20",
        user: "root",
        roles: ["*"],
        principal: undefined,
        failoverTimeoutSeconds: 3600,
        secrets: undefined,
      },
      dns: { address: "http://10.250.3.20:8500", datacenter: "dc1" },
      network: { type: "SnapRoute", address: "http://10.250.3.20:8080" },
    });
  });

  it("are where an overlay says", () => {
    const overlay = {
      source: "x",
      masters: ["http://127.64.0.1:1"],
      dns: "http://127.64.0.1:2",
      switch: "http://127.64.0.1:3",
    };
    const { compute, dns, network } = connectionsOf(rack(SPEC), overlay);
    expect([compute?.masters, dns?.address, network?.address]).toEqual([overlay.masters, overlay.dns, overlay.switch]);
  });

  it.each([
    ["nothing", {}],
    ["a switch of no type", { network: { switch: { type: "None" } } }],
  ])("are none for %s, overlay or not", (_, spec) => {
    const overlay = {
      source: "x",
      masters: ["http://127.64.0.1:1"],
      dns: "http://127.64.0.1:2",
      switch: "http://127.64.0.1:3",
    };
    expect(connectionsOf(rack(spec), overlay)).toEqual({
      identity: "rack",
      observePeriodMs: 5000,
      compute: undefined,
      dns: undefined,
      network: undefined,
    });
  });

  it("name the Secrets of Mesos, but not for an overlay", () => {
    const [credentialsSecretRef, caSecretRef] = ["mesos", "ca"].map((name) => ({ name, key: "k" }));
    const tls = { caSecretRef, serverName: "mesos.rack" };
    const mesos = { ...SPEC.compute.mesos, principal: "rackwright", credentialsSecretRef, tls };
    const secured = rack({ ...SPEC, compute: { mesos } });
    expect(connectionsOf(secured).compute?.secrets).toEqual({ principal: "rackwright", credentialsSecretRef, tls });
    expect([...secretNames(connectionsOf(secured))]).toEqual(["mesos", "ca"]);
    const overlay = { source: "x", masters: ["http://127.64.0.1:1"] };
    expect(connectionsOf(secured, overlay).compute?.secrets).toBeUndefined();
  });

  it("carry the identity that outlives a rename", () => {
    expect(connectionsOf(rack({ identity: "first" })).identity).toBe("first");
  });

  it("are the same text when only the status or the nodes change", () => {
    const text = (...args: Parameters<typeof rack>) => JSON.stringify(connectionsOf(rack(...args)));
    expect(text({ ...SPEC, nodes: [{ name: "n1" }] }, {}, { frameworkID: "f" })).toBe(text(SPEC));
    expect(text({ ...SPEC, variables: { MASTER_IP: "10.0.0.1" } })).not.toBe(text(SPEC));
  });
});
