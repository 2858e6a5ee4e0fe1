import { gzipSync } from "node:zlib";
import type { HttpRequest, HttpResponse } from "../../../platform/transport.js";
import { encodeJson } from "./json.js";
import { decode, type Message } from "./schema.js";

/** A plain text answer, as all refusals are. */
export function text(status: number, body: string, headers: Readonly<Record<string, string>> = {}): HttpResponse {
  const bytes = Buffer.from(body, "utf8");
  const type: Readonly<Record<string, string>> = body === "" ? {} : { "content-type": "text/plain; charset=utf-8" };
  return { status, headers: { ...headers, ...type, "content-length": String(bytes.length) }, body: bytes };
}

/** A JSON answer; above 1 KiB it is compressed for those who accept that. */
export function json(request: HttpRequest, value: unknown): HttpResponse {
  return jsonBytes(request, Buffer.from(encodeJson(value), "utf8"));
}

/** The same for what is JSON already. */
export function jsonBytes(request: HttpRequest, plain: Uint8Array): HttpResponse {
  const isZipped = plain.length > GZIP_FROM_BYTES && (request.headers["accept-encoding"] ?? "").includes("gzip");
  const body = isZipped ? gzipSync(plain) : plain;
  return {
    status: 200,
    headers: {
      ...(isZipped ? { "content-encoding": "gzip" } : {}),
      "content-type": "application/json",
      "content-length": String(body.length),
    },
    body,
  };
}

const GZIP_FROM_BYTES = 1024;

/** The path as routed: no query, no doubled or final slash, no `/master`. */
export function pathOf(request: HttpRequest): string {
  const path = (request.url.split("?")[0] ?? "").replace(/\/{2,}/g, "/").replace(/(.)\/$/, "$1");
  return path.startsWith("/master/") ? path.slice("/master".length) : path;
}

/** The parameters behind the `?`. */
export function queryOf(request: HttpRequest): URLSearchParams {
  return new URLSearchParams(request.url.split("?")[1] ?? "");
}

/** 405 unless the method is POST. */
export function refuseUnlessPost(request: HttpRequest): HttpResponse | undefined {
  if (request.method === "POST") return undefined;
  const message = `405 Method Not Allowed. Expecting one of { 'POST' }, but received '${request.method}'.`;
  return text(405, message, { allow: "POST" });
}

/** A call read from a body, or the answer that refuses it. */
export type ParsedCall =
  | { readonly type: "ok"; readonly call: Readonly<Record<string, unknown>> }
  | { readonly type: "refused"; readonly response: HttpResponse };

/** Reads the body as a message; `Content-Type` must be exactly `application/json`. */
export function parseCall(request: HttpRequest, message: Message): ParsedCall {
  const contentType = request.headers["content-type"];
  if (contentType === undefined) return refused(400, "Expecting 'Content-Type' to be present");
  if (contentType !== "application/json") {
    return refused(415, "Expecting 'Content-Type' of application/json or application/x-protobuf");
  }
  const parsed = parseJson(Buffer.from(request.body ?? new Uint8Array()).toString("utf8"));
  if (parsed.type === "refused") return refused(400, `Failed to parse body into JSON: ${parsed.message}`);
  const decoded = decode(message, parsed.value);
  if (decoded.type === "refused") return refused(400, `Failed to convert JSON into Call protobuf: ${decoded.message}`);
  return { type: "ok", call: decoded.value };
}

function refused(status: number, message: string): ParsedCall {
  return { type: "refused", response: text(status, message) };
}

type ParsedJson =
  | { readonly type: "ok"; readonly value: unknown }
  | { readonly type: "refused"; readonly message: string };

function parseJson(body: string): ParsedJson {
  try {
    return { type: "ok", value: JSON.parse(body) };
  } catch (error) {
    const position = /position (\d+)/.exec(String(error))?.[1];
    const rest = position === undefined ? "" : body.slice(Number(position));
    const line = body.slice(0, body.length - rest.length).split("\n").length;
    return { type: "refused", message: `syntax error at line ${line} near: ${rest.split("\n")[0]}` };
  }
}

/** Whether the client takes JSON. */
export function acceptsJson(request: HttpRequest): boolean {
  const accept = request.headers.accept;
  if (accept === undefined || accept === "") return true;
  const types = accept.split(",").map((part) => (part.split(";")[0] ?? "").trim());
  return types.some((type) => type === "*/*" || type === "application/*" || type === "application/json");
}

/** What a client hears that takes neither of the two formats. */
export function notAcceptable(): HttpResponse {
  return text(406, "Expecting 'Accept' to allow 'application/x-protobuf' or 'application/json'");
}
