import { expect, it } from "vitest";
import { faultsOf } from "../../meta/suite.js";
import { ServiceGroup } from "../../service-group.js";

/** What is changed in a good service. */
export type GoodRow = readonly [what: string, change: object];

/** What is changed in a good service, and the fault that follows, its path within the service. */
export type BadRow = readonly [what: string, change: object, fault: string];

const BASE = { name: "web", image: "nginx" };

/** What the API server would say of the group `shop` whose services are these, each filled up to a good one. */
export function groupFaults(services: readonly object[], spec: object = {}): readonly string[] {
  return faultsOf(ServiceGroup, {
    apiVersion: ServiceGroup.apiVersion,
    kind: "ServiceGroup",
    metadata: { name: "shop", namespace: "prod" },
    spec: { services: services.map((service) => ({ ...BASE, ...service })), ...spec },
  });
}

/** Checks that a group with each service is accepted, and refused with exactly the one fault. */
export function checkServices(rows: { readonly good: readonly GoodRow[]; readonly bad: readonly BadRow[] }): void {
  it.each(rows.good)("may have %s", (_what, change) => expect(groupFaults([change])).toEqual([]));

  it.each(rows.bad)("may not have %s", (_what, change, fault) =>
    expect(groupFaults([change])).toEqual([`spec.services[0].${fault}`]),
  );
}
