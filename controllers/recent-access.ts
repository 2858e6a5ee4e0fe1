import type { ServerAccess } from "../client/server-access.js";
import type { Clock } from "../platform/clock.js";

/** How long credentials are used before their Secrets are read again: so soon a changed one is followed. */
const KEEP_MS = 30_000;

/** Reads credentials and certificates at most every 30 s, and again after a failure. Rejects as `read` does. */
export function recentAccess(
  read: () => Promise<ServerAccess>,
  clock: Pick<Clock, "monotonic">,
): () => Promise<ServerAccess> {
  let known: { readonly at: number; readonly access: Promise<ServerAccess> } | undefined;
  return () => {
    const now = clock.monotonic();
    if (known !== undefined && now - known.at < KEEP_MS) return known.access;
    const access = read();
    const next = { at: now, access };
    access.catch(() => {
      if (known === next) known = undefined;
    });
    known = next;
    return access;
  };
}
