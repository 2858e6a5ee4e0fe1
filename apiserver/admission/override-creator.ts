import { SYSTEM_IDENTITY } from "../http/contract.js";
import { ADMITTED, type Admission } from "./admission.js";

/** The group of the controllers' identities. */
export const CONTROLLERS_GROUP = "system:rackwright-controllers";

/** An override of the disruption budget is a person's decision: controllers may not make or widen one. */
export const overrideCreator: Admission = ({ kind, subresource, identity }) => {
  if (kind.kind !== "DisruptionOverride" || subresource === "status") return ADMITTED;
  const isController = identity.user === SYSTEM_IDENTITY.user || identity.groups.includes(CONTROLLERS_GROUP);
  if (!isController) return ADMITTED;
  return { forbidden: "controllers may not create or change a DisruptionOverride; a person must" };
};
