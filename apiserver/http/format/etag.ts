import { createHash } from "node:crypto";
import type { HttpResponse } from "../../../platform/transport.js";

/** Bytes with an ETag, or 304 when the client has them already. */
export function cachedBytes(
  bytes: Uint8Array,
  contentType: string,
  headers: Readonly<Record<string, string>>,
): HttpResponse {
  const etag = `"${etagOf(bytes)}"`;
  const common = { etag, vary: "Accept", "cache-control": "public, max-age=0" };
  const isKnown = (headers["if-none-match"] ?? "")
    .split(",")
    .some((known) => known.trim().replace(/^W\//, "") === etag);
  if (isKnown) return { status: 304, headers: common, body: new Uint8Array() };
  return { status: 200, headers: { ...common, "content-type": contentType }, body: bytes };
}

/** A JSON value with an ETag. */
export function cachedJson(
  value: unknown,
  headers: Readonly<Record<string, string>>,
  contentType: string = "application/json",
): HttpResponse {
  return cachedBytes(Buffer.from(JSON.stringify(value)), contentType, headers);
}

function etagOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex").slice(0, 32).toUpperCase();
}
