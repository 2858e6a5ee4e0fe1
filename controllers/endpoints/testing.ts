import { FINALIZER } from "../../api-types/well-known.js";
import { at, available, condition, dnsRecord, NOW, route, service } from "../testing/objects.js";
import type { EndpointStep, EndpointsView } from "./plan.js";

export const ROUTED = service({ network: { mode: "Routed" } });
export const ALL_LAYERS = [FINALIZER.dns, FINALIZER.route, FINALIZER.task];

/** A condition that its loop wrote for the current generation. */
const confirmed = condition("Ready", "True", { observedGeneration: 1 });
export const routeThere = route({}, {}, { conditions: [confirmed] });
export const routePending = route({});
export const routeGoing = route({}, { deletionTimestamp: at(-1) }, { conditions: [confirmed] });
export const namesThere = dnsRecord({ names: ["web-1"] }, {}, { conditions: [confirmed] });
export const namesPending = dnsRecord({ names: ["web-1"] });
export const namesGoing = dnsRecord({ names: ["web-1"] }, { deletionTimestamp: at(-1) });

/** A routed instance with everything in place, the only one of its service. */
export function viewOf(fields: Partial<EndpointsView> = {}): EndpointsView {
  return {
    instance: available({ name: "web", finalizers: ALL_LAYERS }),
    service: ROUTED,
    route: routeThere,
    dnsRecord: namesThere,
    foreign: undefined,
    address: "192.168.2.3",
    balanced: { type: "unused" },
    nodeExternalAddress: "10.0.0.1",
    hasSwitch: true,
    ttlSeconds: 5,
    hasOtherPublished: false,
    isDoubted: false,
    rackName: "rack",
    names: ["web", "web-1"],
    now: NOW,
    ...fields,
  };
}

/** A step in a word or two. */
export function describeStep(step: EndpointStep): string {
  switch (step.type) {
    case "applyRoute":
      return `set ${step.prefix} via ${step.nextHop}`;
    case "applyDnsRecord":
      return `name ${[step.name, ...step.names].join("+")} as ${step.address}${step.isShared ? ", shared" : ""}`;
    case "deleteRoute":
      return "delete route";
    case "deleteDnsRecord":
      return "delete names";
    case "releaseFinalizer":
      return `release ${step.finalizer.slice("rackwright.dev/".length)}`;
    default:
      return step satisfies never;
  }
}
