import type { Kind, ObjectOf } from "../../api-types/meta/kind.js";
import { isStatus, StatusError } from "../../api-types/meta/status-error.js";
import { sleep } from "../../platform/clock.js";
import type { Session } from "./session.js";
import { keyOf, readTarget, type Target } from "./target.js";

/** What one look at an object says: a line, and whether that is the end. */
export interface Look {
  readonly text: string;
  /** The exit code; undefined: it is waited on. */
  readonly code: number | undefined;
}

export interface Follow<K extends Kind> {
  readonly target: Target & { readonly kind: K };
  readonly look: (object: ObjectOf<K>) => Look;
  /** Undefined: for as long as it takes. */
  readonly timeoutMs: number | undefined;
  /** What is waited for, for the message when time is up. */
  readonly wanted: string;
}

const PERIOD_MS = 300;

/**
 * Looks at an object until the end of what is waited for, and prints each line that differs from the one before. An API
 * server that goes away meanwhile is waited for, too.
 */
export async function follow<K extends Kind>(session: Session, waiting: Follow<K>): Promise<number> {
  const { clock } = session;
  const { kind, name } = waiting.target;
  const end = clock.monotonic() + (waiting.timeoutMs ?? Number.POSITIVE_INFINITY);
  let last = "";
  const say = (text: string) => {
    if (text !== last) session.say(text);
    last = text;
  };
  let object = await readTarget(session, kind, name);
  for (;;) {
    const { text, code } = waiting.look(object);
    say(text);
    if (code !== undefined) return code;
    if (clock.monotonic() >= end) {
      throw new StatusError("Timeout", `waiting for ${waiting.wanted}: not so within the time that --timeout gives`);
    }
    await sleep(clock, PERIOD_MS);
    object = (await seen(session, kind, name)) ?? object;
  }
}

/** The object's newest state; undefined while the API server does not answer. */
async function seen<K extends Kind>(session: Session, kind: K, name: string): Promise<ObjectOf<K> | undefined> {
  try {
    return await session.client.get(kind, keyOf(session, kind, name));
  } catch (error) {
    if (isStatus(error, "NotFound")) throw new StatusError("NotFound", `${kind.kind} ${name} was deleted meanwhile`);
    if (isStatus(error, "ServiceUnavailable") || isStatus(error, "Timeout")) return undefined;
    throw error;
  }
}
