import { Subject } from "rxjs";
import { isIpv4 } from "../../../api-types/format/address.js";
import type { Clock } from "../../../platform/clock.js";
import type { Logger } from "../../../platform/log.js";
import type { Random } from "../../../platform/random.js";
import type { NameServer, NameServerSettings } from "../name-server.js";
import { createBuiltinDriver } from "./driver.js";
import { createForwarder } from "./forward.js";
import { ALL_ADDRESSES, createListening } from "./listening.js";
import type { MessageNetwork, SocketAddress } from "./network/message-network.js";
import { createResponder, type ResponderOptions, type Responding } from "./respond.js";
import type { Authority } from "./zone/answer.js";
import { createServedZone } from "./zone/served.js";

/** What a name server is made of. */
export interface NameServerOptions {
  readonly network: MessageNetwork;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Called for each answer that is given. */
  readonly counted: ResponderOptions["counted"];
}

const DNS_PORT = 53;

/** A name server that knows no names and listens nowhere yet. */
export function createNameServer({ network, clock, random, log, counted }: NameServerOptions): NameServer {
  const changed$ = new Subject<void>();
  const bootId = random.uuid();
  let settings: Parsed | undefined;
  let hasBegun = false;
  let changes = 0;

  const served = createServedZone(() => {
    changes += 1;
    changed$.next();
  });
  const serialOf = serials(clock);
  const responding = (): Responding => {
    if (settings === undefined) return NOT_CONFIGURED;
    const { allowTransfer, resolvers, ...told } = settings;
    const authority = { ...told, zone: served.zone, serial: serialOf(changes), random };
    return { authority: hasBegun ? authority : undefined, allowTransfer, resolvers };
  };
  const listening = createListening({
    network,
    clock,
    log,
    handler: createResponder({ responding, forwarder: createForwarder({ network, random }), counted }),
    changed: () => changed$.next(),
  });
  const unknown = () => {
    if (!hasBegun) return "the stored names are not known yet";
    return listening.isReachable() ? undefined : (listening.problem() ?? "the name server does not listen yet");
  };
  return {
    configure(next) {
      settings = next && parsed(next);
      listening.moveTo(next && parseAddress(next.listen));
    },
    restore: served.restore,
    begin() {
      hasBegun = true;
      changed$.next();
    },
    openDriver: (options) =>
      createBuiltinDriver({
        ...options,
        clock,
        served,
        state: { epoch: bootId, index: () => changes, unknown, problem: listening.problem, changed$ },
      }),
    close: listening.close,
  };
}

type Parsed = Omit<Responding, "authority"> & Pick<Authority, "domain" | "ttlSeconds" | "address">;

function parsed({ domain, ttlSeconds, listen, allowTransfer, resolvers }: NameServerSettings): Parsed {
  const { host } = parseAddress(listen);
  const address = isIpv4(host) && host !== ALL_ADDRESSES ? host : undefined;
  return { domain, ttlSeconds, address, allowTransfer, resolvers: resolvers.map(parseAddress) };
}

const NOT_CONFIGURED: Responding = { authority: undefined, allowTransfer: [], resolvers: [] };

/**
 * The number of a version of the zone. It is drawn when somebody looks, and is the time unless two looks in one second
 * see different versions: so it does not run ahead, and grows when the process starts anew.
 */
function serials(clock: Clock): (changes: number) => number {
  let last = 0;
  let seen = -1;
  return (changes) => {
    if (changes !== seen) last = Math.max(last + 1, Math.floor(clock.now() / 1000));
    seen = changes;
    return last;
  };
}

/** Addresses were checked when the Rack was admitted; without a port it is that of DNS. */
function parseAddress(text: string): SocketAddress {
  const [host = "", port] = text.split(":");
  return { host, port: port === undefined ? DNS_PORT : Number(port) };
}
