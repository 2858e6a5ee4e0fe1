import type { ResourceRecord } from "../wire/record.js";
import { type Authority, nameServerOf, ownAddress, recordsOf, soaOf } from "./answer.js";
import { isWritable } from "./names.js";

/** Every record of the zone between two copies of its start, as a transfer sends them (RFC 5936); what changes meanwhile may be in it. */
export function* transferOf(authority: Authority): Generator<ResourceRecord> {
  const { zone, domain } = authority;
  const soa = soaOf(authority);
  yield soa;
  yield nameServerOf(authority);
  yield* ownAddress(authority);
  const told = new Set<string>();
  for (const name of [...zone.names()]) {
    const found = zone.at(name);
    const whole = `${name}.${domain}`;
    if (found === undefined || !isWritable(whole)) continue;
    const { addresses, services, targets } = recordsOf(whole, found, authority);
    yield* addresses;
    yield* services;
    for (const target of targets) {
      if (told.has(target.name)) continue;
      told.add(target.name);
      yield target;
    }
  }
  yield soa;
}
