import { TransportError } from "../../../platform/transport.js";

/** An answer of a master that may send us on to its leader. */
export interface Sent {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Which gave it. */
  readonly url: string;
}

/** How far we follow. */
export interface Trust {
  /** Whether the request proves who we are. */
  readonly hasCredentials: boolean;
  /** URLs of masters that credentials may go to. */
  readonly masters: readonly string[];
}

/**
 * Where a master that does not lead sends us on to: its 307 is protocol-relative, with a path of its own. Undefined: nowhere.
 * Throws TransportError rather than leave https for http, or take credentials to a host that nobody named.
 */
export function leaderUrl({ status, headers, url }: Sent, { hasCredentials, masters }: Trust): string | undefined {
  const { location } = headers;
  if (status !== 307 || location === undefined || !URL.canParse(location, url)) return undefined;
  const target = new URL(location, url);
  const refuse = (why: string) => {
    throw new TransportError(`${url} redirects to ${target.origin}, ${why}`, { isSent: false });
  };
  if (new URL(url).protocol === "https:" && target.protocol !== "https:") refuse("which is not https: not followed");
  const isKnown = masters.some((master) => URL.canParse(master) && new URL(master).host === target.host);
  if (hasCredentials && !isKnown) refuse("which is none of the Rack's masters: our credentials do not go there");
  return target.href;
}
