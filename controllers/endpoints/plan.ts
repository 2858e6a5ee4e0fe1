import type { DnsRecord } from "../../api-types/dns-record.js";
import type { Instance } from "../../api-types/instance.js";
import { conditionOf, isLeaving, isTerminal, isTrue } from "../../api-types/life.js";
import type { Route } from "../../api-types/route.js";
import type { Service } from "../../api-types/service-group.js";
import { ANNOTATION, FINALIZER } from "../../api-types/well-known.js";
import type { ConditionUpdate } from "../../runtime/conditions.js";
import { LEAVING } from "../leaving-steps.js";
import type { Balanced } from "./objects/balanced.js";
import { balancedCondition, isBalancerHeld, isDrainOver, isStillBalanced, knownBalancers } from "./objects/balancer.js";
import { notedTtl } from "./objects/time-to-live.js";
import { advertiseOf, asToldNow, withheld } from "./objects/told.js";

/** Everything the endpoints of one instance rest on. Times in milliseconds of wall time. */
export interface EndpointsView {
  readonly instance: Instance;
  /** The live template, or that of the revision when the service left its group. */
  readonly service: Service;
  /** The Route and the DnsRecord named like the instance, if it owns them. */
  readonly route: Route | undefined;
  readonly dnsRecord: DnsRecord | undefined;
  /** Somebody else's object has the name we need. */
  readonly foreign: "Route" | "DnsRecord" | undefined;
  /** The address to publish: the task's own, or its node's; undefined: not known yet. */
  readonly address: string | undefined;
  /** Where the task says it is, if that is not the address claimed for it. */
  readonly otherAddress?: string | undefined;
  /** What the load balancer owes it. */
  readonly balanced: Balanced;
  /** Next hop of the /32. */
  readonly nodeExternalAddress: string | undefined;
  readonly hasSwitch: boolean;
  /** Whether the service's anycast route, wanted or read back, still leads to it. */
  readonly isHeldByAnycast?: boolean;
  /** How long clients may hold an answer. */
  readonly ttlSeconds: number;
  /** Whether another instance of the service is Published and alive. */
  readonly hasOtherPublished: boolean;
  /** So many of its service turned bad at once that nobody is withdrawn for it (R3). */
  readonly isDoubted: boolean;
  readonly rackName: string;
  /** Names of the DNS record: the service's and the instance's. */
  readonly names: readonly string[];
  readonly now: number;
}

interface Target {
  readonly ports: readonly { readonly name: string; readonly port: number; readonly protocol: "TCP" | "UDP" }[];
}

/** One change of objects that the loop makes; in order. */
export type EndpointStep =
  | {
      readonly type: "applyRoute";
      readonly prefix: string;
      readonly nextHop: string;
      readonly advertise: Route["spec"]["advertise"];
    }
  | {
      readonly type: "applyDnsRecord";
      readonly name: string;
      readonly names: readonly string[];
      readonly address: string;
      readonly ports: Target["ports"];
      readonly tags: readonly string[];
      /** Undefined: that of the rack. */
      readonly ttlSeconds: number | undefined;
      /** Whether other groups may add answers to the names. */
      readonly isShared: boolean;
    }
  | { readonly type: "deleteRoute"; readonly uid: string }
  | { readonly type: "deleteDnsRecord"; readonly uid: string }
  | { readonly type: "releaseFinalizer"; readonly finalizer: string };

export interface EndpointsPlan {
  readonly steps: readonly EndpointStep[];
  readonly conditions: readonly ConditionUpdate[];
  /** For how long clients may hold the names of what leaves; kept when their record is gone, for then the wait begins. */
  readonly dnsTtlSeconds?: number;
  /** When draining ends, RFC 3339; set once the name is gone. */
  readonly drainUntil?: string;
  readonly requeueAfterMs?: number;
}

/** Publishes a ready instance, and withdraws a leaving or dead one, each layer after the one before it (DESIGN section 6). */
export function planEndpoints(view: EndpointsView): EndpointsPlan {
  if (isLeaving(view.instance)) return { ...asToldNow(view, planLeaving(view)), ...notedTtl(view) };
  if (isTerminal(view.instance)) return asToldNow(view, planDead(view));
  return planServing(view);
}

function planServing(view: EndpointsView): EndpointsPlan {
  const steps: EndpointStep[] = [];
  const isReady = isTrue(view.instance, "Ready");
  const usesRoute = usesRouteLayer(view);
  const usesDns = usesDnsLayer(view);
  const route = usesRoute && (isReady || view.route !== undefined) ? routeStep(view) : undefined;
  if (route !== undefined) steps.push(route);
  const isRouted = routedCondition(view).status === "True";
  const isBalanced = balancedCondition(view).status === "True";
  if (!usesDns || mustWithdrawName(view)) {
    steps.push(...deleteDns(view));
  } else if (view.dnsRecord !== undefined || (isReady && isRouted && isBalanced)) {
    const record = dnsStep(view);
    if (record !== undefined) steps.push(record);
  }
  return {
    steps,
    conditions: [routedCondition(view), balancedCondition(view), publishedCondition(view), waitingCondition(view)],
  };
}

/** Known bad, not merely unknown, and not the last one that answers (R11). */
function mustWithdrawName({ instance, dnsRecord, hasOtherPublished, isDoubted }: EndpointsView): boolean {
  const ready = conditionOf(instance, "Ready");
  return dnsRecord !== undefined && ready?.status === "False" && hasOtherPublished && !isDoubted;
}

/** A dead instance leaves DNS and routes at once, unless it is the last one Published and `lastInstance` keeps it; a job's never stays. */
function planDead(view: EndpointsView): EndpointsPlan {
  const isPublished = view.dnsRecord !== undefined || !usesDnsLayer(view);
  // a job is meant to end: nobody follows, and nobody is to be found
  const isKept = (view.service.dns?.lastInstance ?? "Keep") === "Keep" && view.service.mode !== "Job";
  const keeps = isPublished && isKept && !view.hasOtherPublished;
  const conditions = [routedCondition(view), balancedCondition(view), publishedCondition(view), waitingCondition(view)];
  if (keeps) return { steps: keptSteps(view), conditions };
  const steps = [...deleteDns(view), ...(view.dnsRecord === undefined ? deleteRoute(view) : [])];
  return { steps, conditions };
}

/** What stays in DNS follows its service in whether others may join. */
function keptSteps(view: EndpointsView): readonly EndpointStep[] {
  const step = view.dnsRecord === undefined || isSharedAsWanted(view) ? undefined : dnsStep(view);
  return step === undefined ? [] : [step];
}

/** Balancer, then name, then time to live, then drain, then route: the task is killed by the instance loop when both finalizers are gone. */
function planLeaving(view: EndpointsView): EndpointsPlan {
  const isDead = isTerminal(view.instance);
  const conditions = (reason: string, message: string): ConditionUpdate[] => [
    routedCondition(view),
    balancedCondition(view),
    publishedCondition(view),
    { type: "Leaving", status: "True", reason, message },
  ];
  if (isStillBalanced(view)) {
    return { steps: [], conditions: conditions(LEAVING.drain, "waiting until no proxy sends it new sessions") };
  }
  if (view.dnsRecord !== undefined && !isReleasedByHand(view, "dns")) {
    return { steps: deleteDns(view), conditions: conditions("WithdrawingName", "waiting until the name is gone") };
  }
  if (view.isHeldByAnycast && !isReleasedByHand(view, "route")) {
    return { steps: [], conditions: conditions(WITHDRAWING_ANYCAST, "waiting until no anycast route leads to it") };
  }
  const hadName = holds(view, FINALIZER.dns) && isPublishedBefore(view);
  const drainUntil = drainEnd(view, { isDead, hadName });
  if (view.now < drainUntil.ttlEnd) {
    return draining(view, conditions("WaitingForTtl", "clients may still hold the answer"), {
      until: drainUntil.ttlEnd,
      end: drainUntil.end,
    });
  }
  // without a route to wait for, the name's finalizer alone keeps the task from being killed while clients finish
  const isKept = view.now < drainUntil.end && !holds(view, FINALIZER.route);
  const released: EndpointStep[] =
    holds(view, FINALIZER.dns) && !isKept ? [{ type: "releaseFinalizer", finalizer: FINALIZER.dns }] : [];
  if (view.now < drainUntil.end) {
    const plan = draining(view, conditions("Draining", "the name is gone; clients finish"), {
      until: drainUntil.end,
      end: drainUntil.end,
    });
    return { ...plan, steps: released };
  }
  if (isBalancerHeld(view)) {
    return {
      steps: released,
      conditions: conditions(LEAVING.remove, "waiting until every proxy has forgotten it"),
      ...storedDrain(view, drainUntil.end),
    };
  }
  if (view.route !== undefined && !isReleasedByHand(view, "route")) {
    return {
      steps: [...released, ...deleteRoute(view)],
      conditions: conditions("WithdrawingRoute", "waiting until the route is gone"),
      ...storedDrain(view, drainUntil.end),
    };
  }
  const route: EndpointStep[] = holds(view, FINALIZER.route)
    ? [{ type: "releaseFinalizer", finalizer: FINALIZER.route }]
    : [];
  return {
    steps: [...released, ...route],
    conditions: conditions(LEAVING.end, "name and route are gone; the task ends"),
    ...storedDrain(view, drainUntil.end),
  };
}

function draining(
  view: EndpointsView,
  conditions: ConditionUpdate[],
  times: { until: number; end: number },
): EndpointsPlan {
  return { steps: [], conditions, ...storedDrain(view, times.end), requeueAfterMs: times.until - view.now };
}

function storedDrain(view: EndpointsView, end: number): { drainUntil?: string } {
  if (view.instance.status?.drainUntil !== undefined) return { drainUntil: view.instance.status.drainUntil };
  return end > view.now ? { drainUntil: new Date(end).toISOString() } : {};
}

/** One second beyond the time to live, because clocks and caches round. */
const TTL_MARGIN_SECONDS = 1;

function drainEnd(
  view: EndpointsView,
  { isDead, hadName }: { isDead: boolean; hadName: boolean },
): { ttlEnd: number; end: number } {
  if (isDead || isDrainOver(view, usesDnsLayer(view) || usesRouteLayer(view)))
    return { ttlEnd: view.now, end: view.now };
  const drainMs = (view.service.drainSeconds ?? 0) * 1000;
  const stored = Date.parse(view.instance.status?.drainUntil ?? "");
  if (!Number.isNaN(stored)) return { ttlEnd: stored - drainMs, end: stored };
  // sessions of a proxy are given the same time as those of clients that know its name
  if (!hadName) return { ttlEnd: view.now, end: view.now + (knownBalancers(view).length > 0 ? drainMs : 0) };
  const ttlEnd = view.now + (view.ttlSeconds + TTL_MARGIN_SECONDS) * 1000;
  return { ttlEnd, end: ttlEnd + drainMs };
}

const WITHDRAWING_ANYCAST = "WithdrawingAnycast";
const BEFORE_TTL = ["WithdrawingName", WITHDRAWING_ANYCAST];

/** It was in DNS, so clients may know it. */
function isPublishedBefore({ instance }: EndpointsView): boolean {
  const published = conditionOf(instance, "Published");
  const leaving = conditionOf(instance, "Leaving");
  if (instance.status?.drainUntil !== undefined) return true;
  return (published?.status === "True" && published.reason !== NOT_USED) || BEFORE_TTL.includes(leaving?.reason ?? "");
}

function holds({ instance }: EndpointsView, finalizer: string): boolean {
  return (instance.metadata.finalizers ?? []).includes(finalizer);
}

function isReleasedByHand({ instance }: EndpointsView, layer: "dns" | "route"): boolean {
  return (instance.metadata.annotations?.[ANNOTATION.release] ?? "").split(",").includes(layer);
}

/** Whether the service has a route of its own. */
export function usesRouteLayer({ service, hasSwitch }: Pick<EndpointsView, "service" | "hasSwitch">): boolean {
  return service.network?.mode === "Routed" && hasSwitch;
}

/** Whether the service has names. */
export function usesDnsLayer({ service }: Pick<EndpointsView, "service">): boolean {
  return (service.dns?.publish ?? "WhenReady") === "WhenReady" && service.network?.mode !== "None";
}

function routeStep(view: EndpointsView): EndpointStep | undefined {
  const { address, nodeExternalAddress, route } = view;
  if (address === undefined || nodeExternalAddress === undefined || view.foreign === "Route") return undefined;
  const prefix = `${address}/32`;
  const advertise = advertiseOf(view);
  const leadsHere = route?.spec.prefix === prefix && route.spec.nextHops?.[0]?.address === nodeExternalAddress;
  const isSame = leadsHere && route.spec.advertise === advertise;
  return isSame ? undefined : { type: "applyRoute", prefix, nextHop: nodeExternalAddress, advertise };
}

function dnsStep(view: EndpointsView): EndpointStep | undefined {
  const { address, names, dnsRecord } = view;
  const [name, ...further] = names;
  if (address === undefined || name === undefined || view.foreign === "DnsRecord") return undefined;
  const ports = portsOf(view);
  const tags = view.service.dns?.tags ?? [];
  const spec = dnsRecord?.spec;
  const target = spec?.targets?.[0];
  const isSameTarget = target?.address === address && (target.tags ?? []).join() === tags.join();
  const isSameName = spec?.name === name && (spec.names ?? []).join() === further.join();
  const { shared: isShared = false, ttlSeconds } = view.service.dns ?? {};
  const isSame = isSameName && isSameTarget && isSharedAsWanted(view) && spec.ttlSeconds === ttlSeconds;
  if (isSame && textOf(target.ports ?? []) === textOf(ports)) return undefined;
  return { type: "applyDnsRecord", name, names: further, address, ports, tags, ttlSeconds, isShared };
}

function isSharedAsWanted({ service, dnsRecord }: EndpointsView): boolean {
  const isShared = dnsRecord?.metadata.annotations?.[ANNOTATION.shared] === "true";
  return isShared === (service.dns?.shared === true);
}

/** By which clients reach it: the ports it was given; of one placed before, those of its service that are fixed. */
function portsOf({ instance, service }: EndpointsView): Target["ports"] {
  const placed = instance.status?.placement?.ports ?? [];
  if (placed.length > 0) return placed.map(({ name, port, protocol }) => ({ name, port, protocol }));
  const ports = (service.network?.ports ?? []).map(({ name, containerPort, hostPort, protocol }) => ({
    name,
    port: hostPort !== undefined && hostPort > 0 ? hostPort : containerPort,
    protocol,
  }));
  return ports.filter(({ port }) => port > 0);
}

function textOf(ports: Target["ports"]): string {
  return ports.map(({ name, port, protocol }) => `${name}:${port}/${protocol}`).join();
}

function deleteDns({ dnsRecord }: EndpointsView): EndpointStep[] {
  if (dnsRecord === undefined || dnsRecord.metadata.deletionTimestamp !== undefined) return [];
  return [{ type: "deleteDnsRecord", uid: dnsRecord.metadata.uid ?? "" }];
}

function deleteRoute({ route }: EndpointsView): EndpointStep[] {
  if (route === undefined || route.metadata.deletionTimestamp !== undefined) return [];
  return [{ type: "deleteRoute", uid: route.metadata.uid ?? "" }];
}

const NOT_USED = "NotUsed";

function routedCondition(view: EndpointsView): ConditionUpdate {
  if (!usesRouteLayer(view)) return { type: "Routed", status: "True", reason: NOT_USED, message: "" };
  if (view.foreign === "Route") return conflict("Routed", view.instance.metadata.name);
  if (view.otherAddress !== undefined) return elsewhere(view.otherAddress);
  return layerCondition("Routed", view.route, view.instance);
}

function publishedCondition(view: EndpointsView): ConditionUpdate {
  if (!usesDnsLayer(view)) {
    const isReady =
      isTrue(view.instance, "Ready") &&
      [routedCondition(view), balancedCondition(view)].every(({ status }) => status === "True");
    return { type: "Published", status: isReady ? "True" : "False", reason: NOT_USED, message: "" };
  }
  if (view.foreign === "DnsRecord") return conflict("Published", view.instance.metadata.name);
  const named = layerCondition("Published", view.dnsRecord, view.instance);
  return named.status === "True" && usesRouteLayer(view) ? (withheld(view) ?? named) : named;
}

function elsewhere(address: string): ConditionUpdate {
  const message = `the task says that it has ${address}, not the address that was claimed for it`;
  return { type: "Routed", status: "False", reason: "AddressMismatch", message };
}

function conflict(type: string, name: string): ConditionUpdate {
  const message = `an object named ${name} exists and is not owned by this Instance; rename or delete it`;
  return { type, status: "False", reason: "NameTaken", message };
}

/** What was confirmed stays so while the back end does not answer: silence changes nothing outside. */
function layerCondition(type: string, object: Route | DnsRecord | undefined, instance: Instance): ConditionUpdate {
  if (object === undefined) return { type, status: "False", reason: "NotRequested", message: "" };
  if (object.metadata.deletionTimestamp !== undefined)
    return { type, status: "False", reason: "BeingWithdrawn", message: "" };
  const ready = conditionOf(object, "Ready");
  const isCurrent = (ready?.observedGeneration ?? 0) >= (object.metadata.generation ?? 0);
  if (ready?.status === "True" && isCurrent) return { type, status: "True", reason: "Confirmed", message: "" };
  const message = ready?.message ?? "";
  if (ready?.status === "Unknown" && isTrue(instance, type))
    return { type, status: "True", reason: "LastConfirmed", message };
  return { type, status: "False", reason: "AwaitingConfirmation", message };
}

function waitingCondition({ instance }: EndpointsView): ConditionUpdate {
  if (instance.metadata.deletionTimestamp === undefined) {
    return { type: "Leaving", status: "False", reason: "Staying", message: "" };
  }
  const message = "deleted; it keeps serving until its successor is Published";
  return { type: "Leaving", status: "False", reason: "WaitingForSuccessor", message };
}
