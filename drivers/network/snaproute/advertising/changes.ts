import { StatusError } from "../../../../api-types/meta/status-error.js";
import { sleep } from "../../../../platform/clock.js";
import { isMissing } from "../changes.js";
import { call, refusal, type SwitchAnswer } from "../requests.js";
import { conditionName, policyName } from "./names.js";
import {
  type AdvertisingContext,
  type Chain,
  isBound,
  isSound,
  NO_POLICIES,
  policiesOf,
  readChain,
  readCondition,
  VRF,
} from "./read.js";
import { type Redistribution, SOURCE } from "./wire.js";

/**
 * Tells one prefix: condition, statement, policy, redistribution, in this order, each only where it is missing.
 *
 * | what is there                           | then                                                               |
 * |-----------------------------------------|--------------------------------------------------------------------|
 * | somebody else's policy for static routes| refused: BGP goes by one policy for each source                    |
 * | our policy, not as we made it           | taken down first                                                   |
 * | our policy, and BGP does not go by it   | it is cut down to this prefix first: what a change before left undone is not told by this one |
 */
export async function advertise(context: AdvertisingContext, prefix: string): Promise<void> {
  const condition = await readCondition(context, prefix);
  const isThere = condition?.prefix === prefix;
  // a condition cannot be changed: one that holds for something else is replaced
  if (condition !== undefined && !isThere) await withdraw(context, prefix);
  const chain = await soundChain(context);
  if (!isThere) await createCondition(context, prefix);
  await ensureStatement(context, chain, prefix);
  if (chain.definition === undefined) await createDefinition(context);
  if (!isBound(context.identity, chain)) await bind(context, prefix);
}

/** Leaves nothing of one prefix. With the last one goes the redistribution, before anything else. */
export async function withdraw(context: AdvertisingContext, prefix: string): Promise<void> {
  const chain = await readChain(context);
  if (chain === undefined) return;
  const name = conditionName(context.identity, prefix);
  const configured = chain.statement?.conditions ?? [];
  // what is only in one of the two is on its way in or out: a statement that loses its last condition tells everything
  const staying = configured.filter((other) => other !== name && chain.inEffect.includes(other));
  if (staying.length === 0) await takeDown(context, chain);
  else if (configured.includes(name)) await changeConditions(context, "remove", [name]);
  await remove(context, "PolicyCondition", name);
}

/** What is there, when our part of it is as we made it or has been taken down. */
async function soundChain(context: AdvertisingContext): Promise<Chain> {
  const { identity } = context;
  const chain = await readChain(context);
  if (chain === undefined) throw new StatusError("Invalid", NO_POLICIES.reason);
  const foreign = policiesOf(identity, chain).find(({ isOurs }) => !isOurs);
  if (foreign !== undefined) {
    const what = `policy ${foreign.name} decides which routes from ${foreign.sources || "all sources"} are told`;
    throw new StatusError("Conflict", `${what}; BGP goes by one policy for each source, and that one is not ours`);
  }
  const isEmpty = chain.statement === undefined && chain.definition === undefined && !isBound(identity, chain);
  if (isEmpty || isSound(identity, chain)) return chain;
  // a statement alone, or with its definition, is what a change that was cut short leaves: that is built upon
  const isBegun = !isBound(identity, chain) && chain.definition === undefined && isUsable(chain);
  if (isBegun) return chain;
  await takeDown(context, chain);
  return { global: withoutOurs(identity, chain), statement: undefined, inEffect: [], definition: undefined };
}

function isUsable({ statement }: Chain): boolean {
  return statement?.isAny === true && statement.isPermit;
}

function withoutOurs(identity: string, { global }: Chain): Chain["global"] {
  return { ...global, redistributions: global.redistributions.filter(({ policy }) => policy !== policyName(identity)) };
}

function createCondition(context: AdvertisingContext, prefix: string): Promise<void> {
  const name = conditionName(context.identity, prefix);
  const body = { Name: name, ConditionType: "MatchDstIpPrefix", IpPrefix: prefix, MaskLengthRange: "exact" };
  return create(context, "PolicyCondition", body);
}

async function ensureStatement(context: AdvertisingContext, chain: Chain, prefix: string): Promise<void> {
  const name = conditionName(context.identity, prefix);
  const conditions = chain.statement?.conditions;
  if (conditions === undefined) {
    const body = { Name: policyName(context.identity), MatchConditions: "any", Conditions: [name], Action: "permit" };
    return create(context, "PolicyStmt", body);
  }
  if (!conditions.includes(name)) await changeConditions(context, "add", [name]);
  const others = conditions.filter((other) => other !== name);
  if (others.length > 0 && !isBound(context.identity, chain)) await changeConditions(context, "remove", others);
}

function createDefinition(context: AdvertisingContext): Promise<void> {
  const name = policyName(context.identity);
  const body = { Name: name, Priority: 0, MatchType: "any", StatementList: [{ Priority: 0, Statement: name }] };
  return create(context, "PolicyDefinition", body);
}

/** The switch is asked so often, this far apart, whether a statement is in effect. */
const EFFECT_READS = 20;
const EFFECT_PAUSE_MS = 50;

/** Lets BGP go by our policy, but not before that is in effect and holds for this prefix alone. */
async function bind(context: AdvertisingContext, prefix: string): Promise<void> {
  const { identity, connection, signal } = context;
  const name = conditionName(identity, prefix);
  for (let reads = 1; ; reads += 1) {
    const chain = await readChain(context);
    if (chain?.inEffect.join() === name && isSound(identity, chain)) break;
    if (reads === EFFECT_READS) {
      throw new StatusError(
        "ServiceUnavailable",
        `telling ${prefix}: the switch accepts our policy and does not have it`,
      );
    }
    await sleep(connection.clock, EFFECT_PAUSE_MS, signal);
  }
  await changeRedistribution(context, "add", [ourEntry(context)]);
}

/** First BGP stops to go by our policy, then the policy goes; its conditions stay. */
async function takeDown(context: AdvertisingContext, chain: Chain): Promise<void> {
  const name = policyName(context.identity);
  const ours = entriesOf(context, chain);
  // BGP may go by an entry that somebody wrote out of the list: see changeRedistribution
  const isPossible = ours.length > 0 || chain.definition !== undefined;
  if (isPossible) {
    await changeRedistribution(context, "remove", ours.length > 0 ? ours : [ourEntry(context)]);
    const after = await readChain(context);
    if (after === undefined || entriesOf(context, after).length > 0) {
      throw new StatusError("ServiceUnavailable", `the switch keeps the redistribution by policy ${name}`);
    }
  }
  await remove(context, "PolicyDefinition", name);
  await remove(context, "PolicyStmt", name);
}

function ourEntry({ identity }: AdvertisingContext): Redistribution {
  return { sources: SOURCE, policy: policyName(identity) };
}

function entriesOf({ identity }: AdvertisingContext, { global }: Chain): readonly Redistribution[] {
  return global.redistributions.filter(({ policy }) => policy === policyName(identity));
}

/**
 * Adds or removes entries by name, so that nobody else's is written. Replacing the list would not do: the switch then
 * shows that an entry is gone, and goes on telling by it.
 */
async function changeRedistribution(
  context: AdvertisingContext,
  op: "add" | "remove",
  entries: readonly Redistribution[],
): Promise<void> {
  const value = entries.map(({ sources, policy }) => ({ Sources: sources, Policy: policy }));
  const patch = [{ op, path: "Redistribution", value }];
  await update(context, { path: "BGPGlobal", what: `${op} redistribution` }, { Vrf: VRF, patch });
}

/** The only change of a statement that builds carry out: its list as a whole cannot be replaced. */
async function changeConditions(context: AdvertisingContext, op: "add" | "remove", names: readonly string[]) {
  const patch = [{ op, path: "Conditions", value: names }];
  const body = { Name: policyName(context.identity), patch };
  await update(context, { path: "PolicyStmt", what: `${op} conditions` }, body);
}

async function create(context: AdvertisingContext, path: string, body: { readonly Name: string }): Promise<void> {
  const answer = await send(context, { method: "POST", path, body });
  if (answer.status === 201) return;
  if (answer.status === 500 && /already configured|duplicate/i.test(answer.text)) return;
  throw refusal(`creating ${path} ${body.Name}`, answer);
}

async function update(
  context: AdvertisingContext,
  target: { readonly path: string; readonly what: string },
  body: object,
): Promise<void> {
  const answer = await send(context, { method: "PATCH", path: target.path, body });
  if (answer.status === 200) return;
  if (answer.status === 500 && /nothing to be updated/i.test(answer.text)) return;
  throw refusal(`${target.what} of ${target.path}`, answer);
}

/** What is gone already is removed. */
async function remove(context: AdvertisingContext, path: string, name: string): Promise<void> {
  const answer = await send(context, { method: "DELETE", path, body: { Name: name } });
  if (answer.status === 410 || answer.status === 200 || answer.status === 204) return;
  if (answer.status === 404 && isMissing(answer.text)) return;
  throw refusal(`deleting ${path} ${name}`, answer);
}

interface Request {
  readonly method: "POST" | "PATCH" | "DELETE";
  readonly path: string;
  readonly body: object;
}

function send({ connection, signal }: AdvertisingContext, { method, path, body }: Request): Promise<SwitchAnswer> {
  return call(connection, { method, path: `config/${path}`, body, signal });
}
