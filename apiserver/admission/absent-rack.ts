import { ADMITTED, type Admission } from "./admission.js";

const KINDS_OF_A_RACK: readonly string[] = ["ServiceGroup", "Route", "DnsRecord"];

/** Warns whoever names a Rack that is not stored: the object waits, and a slip of the pen would stay unseen. */
export const absentRack: Admission = ({ kind, object, previous, subresource, get }) => {
  if (!KINDS_OF_A_RACK.includes(kind.kind) || subresource !== "") return ADMITTED;
  const name = rackNameOf(object.spec);
  if (name === undefined || name === rackNameOf(previous?.spec) || get("Rack", { name }) !== undefined) return ADMITTED;
  return { warnings: [`spec.rackName: there is no Rack "${name}"; nothing happens until it is created`] };
};

function rackNameOf(spec: unknown): string | undefined {
  // these kinds' schemas have the field, with a default
  return (spec as { readonly rackName?: string } | undefined)?.rackName;
}
