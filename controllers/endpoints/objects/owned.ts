import type { DnsRecord } from "../../../api-types/dns-record.js";
import { Instance } from "../../../api-types/instance.js";
import { ANNOTATION, FINALIZER, LABEL } from "../../../api-types/well-known.js";
import type { EndpointStep, EndpointsView } from "../plan.js";

/** Metadata of an object that an Instance owns; it waits for what is outside. */
export function ownedMeta(instance: Instance, finalizer: string) {
  const { namespace = "", name, uid = "", labels = {} } = instance.metadata;
  const owner = {
    apiVersion: Instance.apiVersion,
    kind: Instance.kind,
    name,
    uid,
    controller: true,
    blockOwnerDeletion: true,
  };
  const kept = Object.values(LABEL).flatMap((label) => (labels[label] === undefined ? [] : [[label, labels[label]]]));
  return { namespace, name, labels: Object.fromEntries(kept), ownerReferences: [owner], finalizers: [finalizer] };
}

/** What a record says beside its names: by it the dns-record loop decides who may have them. */
export function recordMeta({ instance, dnsRecord }: EndpointsView, isShared: boolean, siblings: readonly DnsRecord[]) {
  const since = dnsRecord?.metadata.annotations?.[ANNOTATION.claimedSince] ?? heldSince(siblings);
  const annotations = {
    ...(isShared ? { [ANNOTATION.shared]: "true" } : {}),
    ...(since === undefined ? {} : { [ANNOTATION.claimedSince]: since }),
  };
  return { ...ownedMeta(instance, FINALIZER.registered), annotations };
}

/** Since when the service has held its names: a successor is not younger than whom it follows. */
function heldSince(siblings: readonly DnsRecord[]): string | undefined {
  return siblings
    .filter(({ status }) => (status?.published ?? []).length > 0)
    .map(({ metadata }) => metadata.annotations?.[ANNOTATION.claimedSince] ?? metadata.creationTimestamp ?? "")
    .sort()[0];
}

/** What a DnsRecord answers with for one instance. */
export function recordSpec(
  { rackName, instance }: EndpointsView,
  { name, names, address, ports, tags, ttlSeconds }: Extract<EndpointStep, { type: "applyDnsRecord" }>,
) {
  return {
    rackName,
    type: "Service" as const,
    name,
    ...(names.length === 0 ? {} : { names }),
    ...(ttlSeconds === undefined ? {} : { ttlSeconds }),
    targets: [{ id: instance.metadata.name, address, ports, tags }],
  };
}
