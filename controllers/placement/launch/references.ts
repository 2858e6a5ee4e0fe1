import type { Service, ServiceEnv } from "../../../api-types/service-group.js";

/** A value that stands elsewhere and is read when a task is launched. */
export interface Reference {
  readonly kind: "Secret" | "ConfigMap";
  readonly name: string;
  readonly key: string;
  /** The Secret must be of this type. */
  readonly type?: string;
}

/** What references stand for, by `referenceKey`. Never to be logged. */
export type Values = ReadonlyMap<string, string>;

/** The name of a reference in `Values`. */
export function referenceKey({ kind, name, key }: Reference): string {
  return `${kind}/${name}/${key}`;
}

type Referring = Pick<Service, "env" | "executor" | "attached" | "imagePullSecrets">;

/** Everything that must be read before an instance is launched, each once. */
export function referencesOf(service: Referring): readonly Reference[] {
  const variables = [service, service.executor, ...(service.attached ?? [])].flatMap((part) => part?.env ?? []);
  const all = [...variables.flatMap((entry) => referenceOf(entry) ?? []), ...pullReferences(service)];
  return [...new Map(all.map((reference) => [referenceKey(reference), reference])).values()];
}

/** The environment that a service gives, with its references resolved. */
export function environmentOf(
  env: readonly ServiceEnv[] | undefined,
  values: Values,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    (env ?? []).map((entry) => {
      const reference = referenceOf(entry);
      const referred = reference === undefined ? undefined : values.get(referenceKey(reference));
      return [entry.name, referred ?? entry.value ?? ""];
    }),
  );
}

/** Docker's `config.json` with the credentials of all pull secrets; of two for one registry the first counts. */
export function pullConfigOf(service: Referring, values: Values): string | undefined {
  const texts = pullReferences(service).flatMap((reference) => values.get(referenceKey(reference)) ?? []);
  if (texts.length <= 1) return texts[0];
  const auths = Object.assign({}, ...texts.map(authsOf).reverse());
  return JSON.stringify({ auths });
}

function referenceOf({ valueFrom }: ServiceEnv): Reference | undefined {
  if (valueFrom?.secretKeyRef !== undefined) return { kind: "Secret", ...valueFrom.secretKeyRef };
  if (valueFrom?.configMapKeyRef !== undefined) return { kind: "ConfigMap", ...valueFrom.configMapKeyRef };
  return undefined;
}

const PULL_SECRET = { kind: "Secret", key: ".dockerconfigjson", type: "kubernetes.io/dockerconfigjson" } as const;

function pullReferences({ imagePullSecrets = [] }: Referring): readonly Reference[] {
  return imagePullSecrets.map(({ name }) => ({ ...PULL_SECRET, name }));
}

/** Text that is not what its type promises gives nothing: the registry will say so. */
function authsOf(text: string): unknown {
  try {
    const config: unknown = JSON.parse(text);
    return typeof config === "object" && config !== null && "auths" in config ? config.auths : {};
  } catch {
    return {};
  }
}
