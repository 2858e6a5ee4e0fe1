import { describe, expect, it } from "vitest";
import { connectionsOf, nameServerSettings } from "./connections.js";
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
      dns: { type: "Consul", address: "http://10.250.3.20:8500", datacenter: "dc1" },
      network: { type: "SnapRoute", address: "http://10.250.3.20:8080" },
      balancers: [],
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
    expect([compute?.masters, dns?.type === "Consul" && dns.address, network?.address]).toEqual([
      overlay.masters,
      overlay.dns,
      overlay.switch,
    ]);
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
      balancers: [],
    });
  });

  it("are this process's own name server where the rack says so, overlay or not, wherever that listens", () => {
    const builtin = { listen: "$(MASTER_IP):53", resolvers: ["$(MASTER_IP):5353"] };
    const own = (listen: string) =>
      rack({
        ...SPEC,
        dns: { ...SPEC.dns, type: "Builtin", domain: "rack.$(MASTER_IP)", builtin: { ...builtin, listen } },
      });
    const overlay = { source: "x", dns: "http://127.64.0.1:2" };
    for (const listen of [builtin.listen, "0.0.0.0:53"]) {
      expect(connectionsOf(own(listen), overlay).dns).toEqual({ type: "Builtin", rack: "rack" });
    }
    expect(nameServerSettings(own(builtin.listen))).toEqual({
      domain: "rack.10.250.3.20",
      ttlSeconds: 0,
      listen: "10.250.3.20:53",
      allowTransfer: [],
      resolvers: ["10.250.3.20:5353"],
    });
    expect(nameServerSettings(rack(SPEC))).toBeUndefined();
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
