import type { Instance } from "../api-types/instance.js";
import type { Service } from "../api-types/service-group.js";
import { ANNOTATION, METERED_LABEL } from "../api-types/well-known.js";

type Texts = Readonly<Record<string, string>>;

/** What a service puts on its Instances and tasks beside the system's own labels. */
export function serviceLabels(service: Service): Texts {
  return { ...service.labels, ...(service.metered ? { [METERED_LABEL]: "true" } : {}) };
}

/** Remembers on an Instance which labels and annotations came from its service, so that dropped ones can be taken back. */
export function originOf(service: Service): string {
  return JSON.stringify([keysOf(serviceLabels(service)), keysOf(service.annotations ?? {})]);
}

/** The merge patch that brings labels and annotations of a service up to date in place; undefined when they are. */
export function relabelPatch(instance: Instance, service: Service): unknown {
  const [labelKeys, annotationKeys] = parseOrigin(instance);
  const { labels = {}, annotations = {} } = instance.metadata;
  const newLabels = changes(labels, serviceLabels(service), labelKeys);
  const newAnnotations = changes(annotations, service.annotations ?? {}, annotationKeys);
  if (Object.keys(newLabels).length + Object.keys(newAnnotations).length === 0) return undefined;
  return {
    metadata: { labels: newLabels, annotations: { ...newAnnotations, [ANNOTATION.fromService]: originOf(service) } },
  };
}

/** Values that differ, and `null` for keys that the service gave once and gives no more. */
function changes(now: Texts, wanted: Texts, given: readonly string[]): Record<string, string | null> {
  const set = Object.entries(wanted).filter(([key, value]) => now[key] !== value);
  const dropped = given.filter((key) => !Object.hasOwn(wanted, key) && Object.hasOwn(now, key));
  return Object.fromEntries([...set, ...dropped.map((key): [string, null] => [key, null])]);
}

function parseOrigin(instance: Instance): readonly [readonly string[], readonly string[]] {
  const text = instance.metadata.annotations?.[ANNOTATION.fromService];
  if (text === undefined) return [[], []];
  try {
    // written by `originOf`; a person may have damaged it
    const [labels, annotations] = JSON.parse(text) as [string[], string[]];
    return [labels, annotations];
  } catch {
    return [[], []];
  }
}

function keysOf(texts: Texts): string[] {
  return Object.keys(texts).sort();
}
