import { badRequest, invalidOptions } from "../http/failure.js";

/** How new a read must be. */
export type Freshness =
  | { readonly type: "latest" }
  | { readonly type: "any" }
  | { readonly type: "notOlderThan"; readonly revision: number }
  | { readonly type: "exact"; readonly revision: number };

/** Where the next page of a snapshot begins. */
export interface ContinueToken {
  readonly revision: number;
  readonly startAfter: string;
}

export interface ListOptions {
  readonly freshness: Freshness;
  readonly limit: number | undefined;
  readonly continueAt: ContinueToken | undefined;
}

/** Reads the options of a list; throws BadRequest or Invalid as Kubernetes does. */
export function parseListOptions(query: URLSearchParams): ListOptions {
  const limit = parseLimit(query.get("limit"));
  const token = query.get("continue") ?? "";
  const match = query.get("resourceVersionMatch") ?? "";
  const version = query.get("resourceVersion") ?? "";
  if (query.has("sendInitialEvents")) {
    throw listFault("Forbidden", "sendInitialEvents", "sendInitialEvents is forbidden for list");
  }
  if (token !== "") {
    if (match !== "")
      throw listFault("Forbidden", "resourceVersionMatch", "resourceVersionMatch is forbidden with continue");
    if (version !== "" && version !== "0") {
      throw badRequest("specifying resource version is not allowed when using continue");
    }
    return { freshness: { type: "latest" }, limit, continueAt: decodeToken(token) };
  }
  return { freshness: parseFreshness(version, match), limit, continueAt: undefined };
}

/** The opaque text that continues a list. */
export function encodeToken(token: ContinueToken): string {
  return Buffer.from(JSON.stringify({ v: 1, rv: token.revision, start: token.startAfter })).toString("base64url");
}

/** A resourceVersion as a number; throws BadRequest when it is none. */
export function parseVersion(text: string): number {
  const version = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(version)) {
    throw badRequest(`Invalid value: "${text}": resourceVersion: strconv.ParseUint: parsing "${text}": invalid syntax`);
  }
  return version;
}

/** A fault of the options of a list or watch. */
export function listFault(type: "Forbidden" | "NotSupported" | "Invalid", path: string, message: string): Error {
  return invalidOptions("ListOptions", [{ type, path, message: `${PHRASES[type]}${message}` }]);
}

const PHRASES = { Forbidden: "Forbidden: ", NotSupported: "Unsupported value: ", Invalid: "Invalid value: " } as const;

function parseFreshness(version: string, match: string): Freshness {
  if (match !== "" && match !== "Exact" && match !== "NotOlderThan") {
    throw listFault("NotSupported", "resourceVersionMatch", `"${match}": supported values: "Exact", "NotOlderThan"`);
  }
  if (version === "") {
    if (match !== "") {
      throw listFault(
        "Forbidden",
        "resourceVersionMatch",
        "resourceVersionMatch is forbidden unless resourceVersion is provided",
      );
    }
    return { type: "latest" };
  }
  const revision = parseVersion(version);
  if (match === "Exact") {
    if (revision === 0) {
      throw listFault(
        "Forbidden",
        "resourceVersionMatch",
        'resourceVersionMatch "Exact" is forbidden for resourceVersion "0"',
      );
    }
    return { type: "exact", revision };
  }
  return revision === 0 ? { type: "any" } : { type: "notOlderThan", revision };
}

function parseLimit(text: string | null): number | undefined {
  if (text === null || text === "") return undefined;
  if (!/^-?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing "${text}": invalid syntax (limit)`);
  const limit = Number(text);
  if (limit < 0) throw listFault("Invalid", "limit", `${limit}: must be greater than or equal to 0`);
  return limit === 0 ? undefined : limit;
}

function decodeToken(text: string): ContinueToken {
  const raw = parsedToken(text);
  if (typeof raw === "object" && raw !== null && "rv" in raw && "start" in raw) {
    const { rv, start } = raw;
    if (typeof rv === "number" && Number.isSafeInteger(rv) && typeof start === "string") {
      return { revision: rv, startAfter: start };
    }
  }
  throw badRequest("continue key is not valid: not a token of this server");
}

function parsedToken(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
}
