import { StatusError } from "../../../api-types/meta/status-error.js";
import { isRecord } from "../../../platform/is-record.js";
import type { NextHop } from "../driver.js";
import { call, refusal, type SwitchConnection } from "./requests.js";
import { hopsOf, keysOf } from "./wire.js";

const PATH = "config/IPv4Route";

/** Where a change goes, and until when. */
export interface ChangeContext {
  readonly connection: SwitchConnection;
  readonly signal: AbortSignal | undefined;
}

/**
 * Creates the route, or changes the next hops of the one that is there.
 *
 * | create answers      | configured as    | then                                                             |
 * |---------------------|------------------|------------------------------------------------------------------|
 * | 201                 |                  | done                                                             |
 * | already configured  | same kind        | PATCH NextHop, in place                                          |
 * | already configured  | null or not null | delete and create: the switch cannot change that, and one of the |
 * |                     | instead          | two drops its packets anyway                                     |
 */
export async function setRoute(
  context: ChangeContext,
  desired: { readonly prefix: string; readonly nextHops: readonly NextHop[] },
): Promise<void> {
  if (await createRoute(context, desired)) return;
  const isNull = desired.nextHops.length === 0;
  if ((await isConfiguredNull(context, desired.prefix)) === isNull) {
    if (!isNull) await patchRoute(context, desired);
    return;
  }
  await removeRoute(context, desired.prefix);
  if (await createRoute(context, desired)) return;
  throw new StatusError("Conflict", `setting route ${desired.prefix}: somebody else created it meanwhile`);
}

/** Removes the route; one that is not configured is removed already. */
export async function removeRoute(context: ChangeContext, prefix: string): Promise<void> {
  const answer = await send(context, "DELETE", { ...requireKeys(prefix), NextHop: [] });
  // FlexSwitch answers a successful delete with 410 Gone
  if (answer.status === 410 || answer.status === 200 || answer.status === 204) return;
  if (answer.status === 404 && isMissing(answer.text)) return;
  throw refusal(`removing route ${prefix}`, answer);
}

/** Whether the text is the switch's own "there is no such object", and not some server's 404. */
export function isMissing(text: string): boolean {
  return /failed to find entry/i.test(text);
}

/** True when created, false when it is configured already. */
async function createRoute(context: ChangeContext, desired: Parameters<typeof setRoute>[1]): Promise<boolean> {
  const { prefix, nextHops } = desired;
  const hops = nextHops.length === 0 ? { NullRoute: true, NextHop: [] } : { NextHop: hopsOf(nextHops) };
  const answer = await send(context, "POST", { ...requireKeys(prefix), Protocol: "STATIC", ...hops });
  if (answer.status === 201) return true;
  if (answer.status === 500 && /already configured|duplicate entry/i.test(answer.text)) return false;
  throw refusal(`setting route ${prefix}`, answer);
}

async function patchRoute(context: ChangeContext, desired: Parameters<typeof setRoute>[1]): Promise<void> {
  const { prefix, nextHops } = desired;
  const answer = await send(context, "PATCH", { ...requireKeys(prefix), NextHop: hopsOf(nextHops) });
  if (answer.status === 200) return;
  if (answer.status === 500 && /nothing to be updated/i.test(answer.text)) return;
  throw refusal(`changing route ${prefix}`, answer);
}

async function isConfiguredNull(context: ChangeContext, prefix: string): Promise<boolean> {
  const keys = requireKeys(prefix);
  const query = new URLSearchParams(keys).toString();
  // early builds read the keys from the body, later ones from the query
  const answer = await call(context.connection, {
    method: "GET",
    path: `${PATH}?${query}`,
    body: keys,
    ...(context.signal && { signal: context.signal }),
  });
  const shown = isRecord(answer.value) ? answer.value.Object : undefined;
  if (answer.status !== 200 || !isRecord(shown)) throw refusal(`reading the configuration of route ${prefix}`, answer);
  return shown.NullRoute === true;
}

function send({ connection, signal }: ChangeContext, method: string, body: object) {
  return call(connection, { method, path: PATH, body, ...(signal && { signal }) });
}

function requireKeys(prefix: string) {
  const keys = keysOf(prefix);
  if (keys === undefined)
    throw new StatusError("Invalid", `route ${prefix}: SnapRoute takes canonical IPv4 prefixes only`);
  return keys;
}
