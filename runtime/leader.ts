import { BehaviorSubject, distinctUntilChanged, type Observable } from "rxjs";
import { Lease } from "../api-types/core/lease.js";
import { isStatus } from "../api-types/meta/status-error.js";
import type { Client } from "../client/client.js";
import { readOptional } from "../client/read-optional.js";
import { type Clock, sleep, type Timer } from "../platform/clock.js";
import type { Logger } from "../platform/log.js";
import type { Random } from "../platform/random.js";

/** Whether this process leads, as of one moment; the functions answer for now. */
export interface Leadership {
  readonly isLeader: boolean;
  /** Identifies this leadership: a later one has a higher term. Empty while not leading. */
  readonly term: string;
  /** Monotonic milliseconds since the last acknowledged renewal was sent; Infinity while not leading. */
  ageMs(): number;
  /** Whether the lease is young enough for an external action (R5): at most a third of its duration old. */
  isFresh(): boolean;
}

export interface ElectionOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly namespace: string;
  readonly name: string;
  /** Unique to this process. */
  readonly identity: string;
  /** How long a lease holds without renewal; default 15 s. */
  readonly durationMs?: number;
  readonly renewMs?: number;
  readonly retryMs?: number;
  /** Whether a holder is known to be dead, so that its lease need not be waited out. */
  readonly takeOverHolder?: (identity: string) => boolean;
}

export interface Election {
  /** Each change of leadership; completes with `release`, cannot error, replays the last. */
  readonly leadership$: Observable<Leadership>;
  current(): Leadership;
  /** Stops taking part and gives the lease back, if held. Never rejects. */
  release(): Promise<void>;
}

/**
 * Takes part in an election by Lease, from now until `release`. Leadership is lost by the monotonic clock alone, one
 * fifth of the duration before the lease ends for others; it comes back under a new term only.
 */
export function elect(options: ElectionOptions): Election {
  const candidate = createCandidate(options);
  const finished = campaign(candidate);
  return {
    leadership$: candidate.leadership$.pipe(
      distinctUntilChanged((a, b) => a.isLeader === b.isLeader && a.term === b.term),
    ),
    current: () => candidate.leadership$.value,
    async release() {
      candidate.abort.abort();
      await finished;
      await giveBack(candidate);
      candidate.leadership$.complete();
    },
  };
}

const TERM_ANNOTATION = "rackwright.dev/term";
const DURATION_MS = 15_000;
const RENEW_MS = 2000;
const RETRY_MS = 2000;
const NOT_LEADING: Leadership = {
  isLeader: false,
  term: "",
  ageMs: () => Number.POSITIVE_INFINITY,
  isFresh: () => false,
};

interface Candidate {
  readonly options: ElectionOptions & { readonly durationMs: number };
  readonly abort: AbortController;
  readonly leadership$: BehaviorSubject<Leadership>;
  /** The lease as last stored by us, while leading. */
  held: Lease | undefined;
  heldSince: number;
  /** Another's lease, and since when it has not changed: only our own clock is trusted. */
  seen: { readonly version: string | undefined; readonly at: number } | undefined;
  expiry: Timer | undefined;
}

function createCandidate(options: ElectionOptions): Candidate {
  return {
    options: { ...options, durationMs: options.durationMs ?? DURATION_MS },
    abort: new AbortController(),
    leadership$: new BehaviorSubject(NOT_LEADING),
    held: undefined,
    heldSince: 0,
    seen: undefined,
    expiry: undefined,
  };
}

async function campaign(candidate: Candidate): Promise<void> {
  const { clock, random, log, name, renewMs = RENEW_MS, retryMs = RETRY_MS } = candidate.options;
  while (!candidate.abort.signal.aborted) {
    try {
      await (candidate.held === undefined ? challenge(candidate) : renew(candidate, candidate.held));
    } catch (error) {
      log.warn("election is interrupted", { lease: name, error });
    }
    const pauseMs = candidate.held === undefined ? retryMs * (1 + 0.2 * random.next()) : renewMs;
    await sleep(clock, pauseMs, candidate.abort.signal);
  }
}

/** Takes the lease when it is absent, given back, expired, or held by one who is known to be dead. */
async function challenge(candidate: Candidate): Promise<void> {
  const { client, clock, namespace, name, identity } = candidate.options;
  const sentAt = clock.monotonic();
  const known = await readOptional(client, Lease, { namespace, name });
  if (known === undefined) {
    const spec = { ...claim(candidate), acquireTime: microTime(clock.now()), leaseTransitions: 0 };
    return hold(candidate, await client.create(Lease, { metadata: { namespace, name }, spec }), sentAt);
  }
  if (!isFree(candidate, known)) return;
  const leaseTransitions = (known.spec.leaseTransitions ?? 0) + 1;
  const spec = { ...known.spec, ...claim(candidate), acquireTime: microTime(clock.now()), leaseTransitions };
  candidate.options.log.info("taking the lease", { lease: name, from: known.spec.holderIdentity, identity });
  hold(candidate, await client.update(Lease, { ...known, spec }), sentAt);
}

function isFree(candidate: Candidate, lease: Lease): boolean {
  const { clock, identity, durationMs, takeOverHolder } = candidate.options;
  const { holderIdentity: holder, leaseDurationSeconds } = lease.spec;
  if (!holder || holder === identity || takeOverHolder?.(holder)) return true;
  const version = lease.metadata.resourceVersion;
  if (candidate.seen === undefined || candidate.seen.version !== version) {
    candidate.seen = { version, at: clock.monotonic() };
  }
  const ttlMs = leaseDurationSeconds === undefined ? durationMs : leaseDurationSeconds * 1000;
  return clock.monotonic() - candidate.seen.at >= ttlMs;
}

async function renew(candidate: Candidate, held: Lease): Promise<void> {
  const { client, clock, namespace, name, identity } = candidate.options;
  const sentAt = clock.monotonic();
  try {
    const renewed = await client.update(Lease, { ...held, spec: { ...held.spec, ...claim(candidate) } });
    // an answer that comes after the lease was given up does not revive its term
    if (candidate.held !== undefined) hold(candidate, renewed, sentAt);
  } catch (error) {
    if (!isStatus(error, "Conflict", "NotFound")) throw error;
    // somebody wrote it, or our own last write was stored although its answer was lost
    const stored = await readOptional(client, Lease, { namespace, name });
    const isOurs = stored?.spec.holderIdentity === identity && termOf(stored) === termOf(held);
    if (!isOurs) stepDown(candidate);
    else if (candidate.held !== undefined) candidate.held = stored;
  }
}

/** The lease was stored by a request sent at `sentAt`: it counts from there, unless it is over already. */
function hold(candidate: Candidate, lease: Lease, sentAt: number): void {
  const { clock, durationMs } = candidate.options;
  const leftMs = durationMs * 0.8 - (clock.monotonic() - sentAt);
  if (leftMs <= 0 || candidate.abort.signal.aborted) {
    stepDown(candidate, lease);
    return;
  }
  candidate.seen = undefined;
  candidate.held = lease;
  candidate.heldSince = sentAt;
  candidate.expiry?.cancel();
  candidate.expiry = clock.schedule(leftMs, () => stepDown(candidate));
  const term = termOf(lease);
  const isHeld = () => candidate.held !== undefined && termOf(candidate.held) === term;
  const ageMs = () => (isHeld() ? clock.monotonic() - candidate.heldSince : Number.POSITIVE_INFINITY);
  candidate.leadership$.next({ isLeader: true, term, ageMs, isFresh: () => ageMs() <= durationMs / 3 });
}

/** `stored` is kept for `release` when the lease is ours in the store though we do not lead. */
function stepDown(candidate: Candidate, stored?: Lease): void {
  candidate.expiry?.cancel();
  candidate.held = candidate.abort.signal.aborted ? stored : undefined;
  candidate.leadership$.next(NOT_LEADING);
}

async function giveBack(candidate: Candidate): Promise<void> {
  const { client, log, name } = candidate.options;
  const { held } = candidate;
  stepDown(candidate);
  if (held === undefined) return;
  const spec = { ...held.spec, holderIdentity: "", leaseDurationSeconds: 1 };
  await client.update(Lease, { ...held, spec }).catch((error: unknown) => {
    log.warn("lease is not given back", { lease: name, error });
  });
}

function claim({ options }: Candidate) {
  const { identity, durationMs, clock } = options;
  const leaseDurationSeconds = Math.ceil(durationMs / 1000);
  return { holderIdentity: identity, leaseDurationSeconds, renewTime: microTime(clock.now()) };
}

/** The server's term; a foreign server has none, there the count of transitions stands in. */
function termOf(lease: Lease): string {
  return lease.metadata.annotations?.[TERM_ANNOTATION] ?? String(lease.spec.leaseTransitions ?? 0);
}

/** Exactly six digits: Go refuses other fractions. */
function microTime(ms: number): string {
  return new Date(ms).toISOString().replace("Z", "000Z");
}
