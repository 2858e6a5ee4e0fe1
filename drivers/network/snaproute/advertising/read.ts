import { StatusError } from "../../../../api-types/meta/status-error.js";
import { type Advertisement, advertisementKey } from "../../driver.js";
import { isMissing } from "../changes.js";
import { readPages } from "../read-pages.js";
import { ask, refusal, type SwitchConnection } from "../requests.js";
import { conditionName, policyName, prefixOfCondition } from "./names.js";
import {
  type BgpGlobal,
  type Condition,
  type Definition,
  parseCondition,
  parseDefinition,
  parseGlobal,
  parseStatement,
  type Redistribution,
  type Statement,
  takesStatic,
} from "./wire.js";

/** Whose policy is meant, on which switch. */
export interface AdvertisingContext {
  readonly connection: SwitchConnection;
  readonly identity: string;
  readonly signal: AbortSignal | undefined;
}

/** What stands between a route and the world, beside the condition of its prefix. */
export interface Chain {
  readonly global: BgpGlobal & { readonly redistributions: readonly Redistribution[] };
  /** As it is configured. */
  readonly statement: Statement | undefined;
  /** The conditions that the statement has in effect: a change is carried out later, and by some builds never. */
  readonly inEffect: readonly string[];
  readonly definition: Definition | undefined;
}

/** Undefined: the build has no such objects. */
export async function readChain(context: AdvertisingContext): Promise<Chain | undefined> {
  const global = await readGlobal(context);
  if (global?.redistributions === undefined) return undefined;
  const { redistributions } = global;
  const name = policyName(context.identity);
  const statement = await readObject(context, { path: "config/PolicyStmt", name, parse: parseStatement });
  const effective = statement && (await readObject(context, { path: "state/PolicyStmt", name, parse: parseStatement }));
  const definition = await readObject(context, { path: "config/PolicyDefinition", name, parse: parseDefinition });
  const inEffect = effective?.conditions ?? [];
  return { global: { ...global, redistributions }, statement, inEffect, definition };
}

/** Undefined: there is no such condition. */
export function readCondition(context: AdvertisingContext, prefix: string): Promise<Condition | undefined> {
  const name = conditionName(context.identity, prefix);
  return readObject(context, { path: "config/PolicyCondition", name, parse: parseCondition });
}

/** All that is there, by key. */
export async function readAll(
  context: AdvertisingContext & { readonly signal: AbortSignal },
): Promise<ReadonlyMap<string, Advertisement>> {
  const chain = await readChain(context);
  if (chain === undefined) return byKey([NO_POLICIES]);
  const list = { path: "config/PolicyConditions", what: "listing policy conditions", parse: parseCondition };
  const { items } = await readPages(context.connection, list, context.signal);
  const conditions = new Map(items.map((condition) => [condition.name, condition]));
  const names = new Set([...conditions.keys(), ...chain.inEffect, ...(chain.statement?.conditions ?? [])]);
  const prefixes = [...names].flatMap((name) => prefixOfCondition(context.identity, name) ?? []);
  return byKey([
    ...prefixes.flatMap((prefix) => {
      const condition = conditions.get(conditionName(context.identity, prefix));
      return advertisementOf(context.identity, { prefix, condition, chain }) ?? [];
    }),
    ...policiesOf(context.identity, chain),
    ...(chain.global.isEnabled ? [] : [DISABLED]),
  ]);
}

/** What is there of one prefix; undefined: nothing. */
export function advertisementOf(
  identity: string,
  parts: { readonly prefix: string; readonly condition: Condition | undefined; readonly chain: Chain },
): Extract<Advertisement, { type: "prefix" }> | undefined {
  const { prefix, condition, chain } = parts;
  const name = conditionName(identity, prefix);
  const isConfigured = chain.statement?.conditions.includes(name) ?? false;
  const isInEffect = chain.inEffect.includes(name);
  if (condition === undefined && !isConfigured && !isInEffect) return undefined;
  const isNamed = isConfigured && isInEffect && condition?.prefix === prefix;
  const isWhole = isNamed && isBound(identity, chain) && isSound(identity, chain);
  return { type: "prefix", prefix, isWhole };
}

/** Whether BGP goes by our policy, and by no other, for static routes. */
export function isBound(identity: string, { global }: Chain): boolean {
  const policies = global.redistributions.filter(takesStatic).map(({ policy }) => policy);
  return policies.length === 1 && policies[0] === policyName(identity);
}

/**
 * Whether our policy is as we made it. One without a condition tells everything, and so may one whose conditions must all
 * hold, where one of them is not known.
 */
export function isSound(identity: string, { statement, definition }: Chain): boolean {
  const name = policyName(identity);
  const isOurs = definition?.statements.length === 1 && definition.statements[0] === name;
  return isOurs && statement?.isPermit === true && statement.isAny === true && isOnlyOurs(identity, statement);
}

function isOnlyOurs(identity: string, { conditions }: Statement): boolean {
  return conditions.length > 0 && conditions.every((name) => prefixOfCondition(identity, name) !== undefined);
}

/** Redistributions of static routes that are not ours, or ours when it is not as we made it. */
export function policiesOf(identity: string, chain: Chain): readonly Extract<Advertisement, { type: "policy" }>[] {
  const isOurs = ({ policy }: Redistribution) => policy === policyName(identity);
  return chain.global.redistributions
    .filter((one) => takesStatic(one) && !(isOurs(one) && isSound(identity, chain)))
    .map((one) => ({ type: "policy", name: one.policy, sources: one.sources, isOurs: isOurs(one) }));
}

/** The build of a switch that cannot be told what to tell. */
export const NO_POLICIES = {
  type: "unable",
  why: "NoPolicies",
  reason: "this build of the switch has no redistribution by policies",
} as const;

const DISABLED = {
  type: "unable",
  why: "Disabled",
  reason: "BGP is disabled on the switch, or has no AS number",
} as const;

function byKey(items: readonly Advertisement[]): ReadonlyMap<string, Advertisement> {
  return new Map(items.map((item) => [advertisementKey(item), item]));
}

async function readGlobal(context: AdvertisingContext): Promise<BgpGlobal | undefined> {
  const keys = { Vrf: VRF };
  const answer = await get(context, "config/BGPGlobal", keys);
  // there is always one where the build has the object at all
  if (answer.status === 404) return undefined;
  return parsed("reading BGPGlobal", answer, parseGlobal);
}

/** The one routing instance. */
export const VRF = "default";

interface Wanted<T> {
  readonly path: string;
  readonly name: string;
  readonly parse: (value: unknown) => T | undefined;
}

async function readObject<T>(context: AdvertisingContext, { path, name, parse }: Wanted<T>): Promise<T | undefined> {
  const answer = await get(context, path, { Name: name });
  if (answer.status === 404 && isMissing(answer.text)) return undefined;
  return parsed(`reading ${path} ${name}`, answer, parse);
}

/** Early builds read the keys from the body, later ones from the query. */
function get({ connection, signal }: AdvertisingContext, path: string, keys: Readonly<Record<string, string>>) {
  return ask(connection, { method: "GET", path: `${path}?${new URLSearchParams(keys)}`, body: keys, signal });
}

function parsed<T>(what: string, answer: Awaited<ReturnType<typeof ask>>, parse: (value: unknown) => T | undefined): T {
  const value = answer.status === 200 ? parse(answer.value) : undefined;
  if (value !== undefined) return value;
  throw answer.status === 200
    ? new StatusError("ServiceUnavailable", `${what}: the answer is malformed`)
    : refusal(what, answer);
}
