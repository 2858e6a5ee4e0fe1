import { StatusError } from "../../../api-types/meta/status-error.js";

/** How many watches one user may hold open. */
export const WATCHES_PER_USER_MAX = 1000;

/** Counts the open watches of every user. */
export interface WatchLimit {
  /** Takes a place; call the result once to give it back. Throws TooManyRequests when the user has none left. */
  take(user: string): () => void;
}

export function watchLimit(max: number = WATCHES_PER_USER_MAX): WatchLimit {
  const open = new Map<string, number>();
  return {
    take(user) {
      const count = open.get(user) ?? 0;
      if (count >= max) {
        const message = `opening a watch for user "${user}": ${max} are open already; close some first`;
        throw new StatusError("TooManyRequests", message, { details: { retryAfterSeconds: 5 } });
      }
      open.set(user, count + 1);
      return () => {
        const left = (open.get(user) ?? 1) - 1;
        if (left > 0) open.set(user, left);
        else open.delete(user);
      };
    },
  };
}
