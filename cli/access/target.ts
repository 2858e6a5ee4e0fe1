import type { Kind, ObjectOf } from "../../api-types/meta/kind.js";
import { isStatus, StatusError } from "../../api-types/meta/status-error.js";
import type { ObjectKey } from "../../client/client.js";
import type { Session } from "./session.js";

/** One object as it is named on the command line. */
export interface Target {
  readonly kind: Kind;
  readonly name: string;
}

/** `sg/NAME`, with any of the names of one of `kinds`; a bare NAME is one of the first. */
export function parseTarget(text: string, kinds: readonly Kind[]): Target {
  const [first, second, ...more] = text.split("/");
  const [main] = kinds;
  if (more.length === 0 && second === undefined && first && main !== undefined) return { kind: main, name: first };
  const kind = kinds.find((candidate) => namesOf(candidate).includes((first ?? "").toLowerCase()));
  if (kind !== undefined && second && more.length === 0) return { kind, name: second };
  const accepted = kinds.map((candidate) => `${shortName(candidate)}/NAME`).join(" or ");
  throw new StatusError("BadRequest", `"${text}" names no object here: it must be ${accepted}`);
}

/** As kubectl names an object: `servicegroup.rackwright.dev/shop`. */
export function qualifiedName(kind: Kind, name: string): string {
  return `${kind.singular}.${kind.group}/${name}`;
}

/** The object's key, in the namespace of the session where the kind has one. */
export function keyOf(session: Session, kind: Kind, name: string): ObjectKey {
  return kind.scope === "Cluster" ? { name } : { namespace: session.namespace, name };
}

/** The object; one that is not there is named with where to look. */
export async function readTarget<K extends Kind>(session: Session, kind: K, name: string): Promise<ObjectOf<K>> {
  try {
    return await session.client.get(kind, keyOf(session, kind, name));
  } catch (error) {
    if (!isStatus(error, "NotFound")) throw error;
    const place = kind.scope === "Cluster" ? "" : ` in namespace ${session.namespace}`;
    const all = kind.scope === "Cluster" ? "" : " -A";
    const hint = `kubectl get ${shortName(kind)}${all} lists what there is`;
    throw new StatusError("NotFound", `there is no ${kind.kind} ${name}${place}; ${hint}`, { cause: error });
  }
}

function namesOf(kind: Kind): readonly string[] {
  const names = [kind.singular, kind.plural, ...kind.shortNames];
  return [...names, `${kind.singular}.${kind.group}`, `${kind.plural}.${kind.group}`];
}

function shortName(kind: Kind): string {
  return kind.shortNames[0] ?? kind.plural;
}
