import { Subject } from "rxjs";
import { describe, expect, it } from "vitest";
import { Rack } from "../api-types/rack.js";
import { createCache } from "../runtime/cache.js";
import { createBackends } from "./backends.js";
import { rack } from "./testing/objects.js";

const MESOS = { masters: ["https://m:5050"], frameworkName: "f", failoverTimeout: "1h", principal: "p" };

/** Backends over one Rack, and what was opened. */
function start(mesos: object) {
  const racks = createCache(Rack, {});
  racks.apply({
    type: "Synced",
    objects: [rack({ compute: { mesos: { ...MESOS, ...mesos } } })],
    resourceVersion: "1",
  });
  const secretChanges = new Subject<string>();
  const opened: (string | undefined)[] = [];
  const backends = createBackends({
    racks,
    factories: {
      compute(_connections, frameworkId) {
        opened.push(frameworkId);
        return undefined;
      },
      dns: () => undefined,
      network: () => undefined,
      metrics: () => undefined,
      balancer: () => {
        throw new Error("no Rack of this test has a load balancer");
      },
    },
    secretChanges$: secretChanges,
    overlay: undefined,
  });
  return { backends, racks, secretChanges, opened };
}

describe("the drivers of a rack", () => {
  it("are opened anew when a Secret that it names changes, and for no other", () => {
    const { backends, secretChanges, opened } = start({ credentialsSecretRef: { name: "mesos", key: "k" } });
    expect(opened.length).toBe(1);
    secretChanges.next("other");
    expect(opened.length).toBe(1);
    secretChanges.next("mesos");
    expect(opened.length).toBe(2);
    backends.close();
    secretChanges.next("mesos");
    expect(opened.length).toBe(2);
  });

  it("watch no Secrets while no Rack names one", () => {
    const { backends, racks, secretChanges, opened } = start({});
    expect(secretChanges.observed).toBe(false);
    const object = rack({ compute: { mesos: { ...MESOS, tls: { caSecretRef: { name: "ca", key: "k" } } } } });
    racks.apply({ type: "Applied", object: { ...object, metadata: { ...object.metadata, resourceVersion: "2" } } });
    expect(secretChanges.observed).toBe(true);
    expect(opened.length).toBe(2);
    backends.close();
    expect(secretChanges.observed).toBe(false);
  });
});
