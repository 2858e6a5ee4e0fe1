import { rightsErrors, type TaskRights } from "../../api-types/rack/rights.js";
import type { Rack } from "../../api-types/rack.js";
import type { ServiceGroup } from "../../api-types/service-group.js";
import { isSame } from "../write/prepare/equality.js";
import { ADMITTED, type Admission } from "./admission.js";

/** Rights that a Rack grants by namespace; whatever no entry grants is refused, and without the Rack everything is. */
export const safetyAllow: Admission = ({ kind, object, previous, subresource, get }) => {
  if (kind.kind !== "ServiceGroup" || subresource === "status") return ADMITTED;
  // a right that was taken away must not stand in the way of letting go
  if (previous !== undefined && isSame(previous.spec, object.spec)) return ADMITTED;
  // admission runs on objects that passed the schema of ServiceGroup
  const { spec, metadata } = object as unknown as ServiceGroup;
  // a stored Rack passed the schema of Rack
  const rack = get("Rack", { name: spec.rackName }) as unknown as Rack | undefined;
  const question = { allow: rack?.spec.safety.allow, rackName: spec.rackName, namespace: metadata.namespace ?? "" };
  const errors = spec.services.flatMap((service, index) =>
    rightsErrors(service as TaskRights, `spec.services[${index}]`, question),
  );
  return errors.length === 0 ? ADMITTED : { errors };
};
