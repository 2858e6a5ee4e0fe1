import { createHash } from "node:crypto";
import type { Clock } from "../../../platform/clock.js";
import type { HttpHandler, HttpRequest } from "../../../platform/transport.js";

/** What a request that reached a back end asks it to change; `other` is what changes nothing that users see. */
export type WireCall =
  | { readonly type: "launch"; readonly taskIds: readonly string[] }
  | { readonly type: "kill"; readonly taskId: string }
  | { readonly type: "register"; readonly id: string; readonly name: string; readonly address: string }
  | { readonly type: "deregister"; readonly id: string }
  | { readonly type: "route.set"; readonly prefix: string }
  | { readonly type: "route.remove"; readonly prefix: string }
  | { readonly type: "proxy.layout"; readonly ports: readonly number[] }
  | { readonly type: "proxy.ready" | "proxy.drain" | "proxy.remove"; readonly taskId: string }
  | { readonly type: "other"; readonly call: string };

/** One request that reached a back end and was not a mere reading, with the virtual time it arrived. */
export interface WireEntry {
  readonly at: number;
  readonly host: string;
  readonly call: WireCall;
  /** The status it was answered with; 0 until it is. */
  status: number;
  /** Of everything that was asked: two runs that differ anywhere differ here. */
  readonly digest: string;
}

/** Entries that change tasks, names or routes. */
export function isSouthbound({ call }: WireEntry): boolean {
  return call.type !== "other";
}

/** Entries that take something away. */
export function isRemoval({ call }: WireEntry): boolean {
  return REMOVALS.includes(call.type);
}

const REMOVALS: readonly WireCall["type"][] = ["kill", "deregister", "route.remove", "proxy.drain", "proxy.remove"];

/** A transport that writes down what arrives behind it; `onEntry` is called before the back end sees the request. */
export function recorded(
  transport: HttpHandler,
  { wire, clock, onEntry = () => {} }: { wire: WireEntry[]; clock: Clock; onEntry?: (entry: WireEntry) => void },
): HttpHandler {
  return async (request) => {
    if (request.method === "GET") return transport(request);
    const text = request.body === undefined ? "" : Buffer.from(request.body).toString();
    const call = callOf(request, text);
    if (call === undefined) return transport(request);
    const host = new URL(request.url).host;
    const entry: WireEntry = { at: clock.monotonic(), host, call, status: 0, digest: digestOf(text) };
    wire.push(entry);
    onEntry(entry);
    const response = await transport(request);
    entry.status = response.status;
    return response;
  };
}

/** The whole run in one number: same seed, same hash. */
export function traceHash(wire: readonly WireEntry[]): string {
  const hash = createHash("sha256");
  for (const { at, host, call, status, digest } of wire) {
    hash.update(JSON.stringify([at, host, call, status, digest]));
  }
  return hash.digest("hex").slice(0, 16);
}

/** One line per entry, for people. */
export function wireText(entries: readonly WireEntry[]): string {
  return entries
    .map(({ at, host, call, status }) => {
      const { type, ...rest } = call;
      return `${(at / 1000).toFixed(3).padStart(9)} s  ${host}  ${type} ${JSON.stringify(rest)} ${status}`;
    })
    .join("\n");
}

function digestOf(text: string): string {
  return createHash("sha1").update(text).digest("base64").slice(0, 8);
}

/** The shapes that our drivers send; a body they would not send is an error of the test. */
interface Body {
  readonly type?: string;
  readonly kill?: { readonly task_id: { readonly value: string } };
  readonly accept?: {
    readonly operations: readonly {
      readonly launch?: { readonly task_infos: readonly { readonly task_id: { readonly value: string } }[] };
    }[];
  };
  readonly Service?: { readonly ID: string; readonly Service: string; readonly Address: string };
  readonly ServiceID?: string;
  readonly DestinationNw?: string;
  readonly NetworkMask?: string;
}

function callOf(request: HttpRequest, text: string): WireCall | undefined {
  const path = new URL(request.url).pathname;
  // other texts are no calls that are looked at: points for a database
  const body: Body = text.startsWith("{") ? JSON.parse(text) : {};
  if (body.type !== undefined) return mesosCall(body);
  if (path.endsWith("/catalog/register") && body.Service !== undefined) {
    const { ID: id, Service: name, Address: address } = body.Service;
    return { type: "register", id, name, address };
  }
  if (path.endsWith("/catalog/deregister")) return { type: "deregister", id: body.ServiceID ?? "" };
  if (path.endsWith("/IPv4Route") && body.DestinationNw !== undefined) {
    const prefix = prefixOf(body.DestinationNw, body.NetworkMask);
    return { type: request.method === "DELETE" ? "route.remove" : "route.set", prefix };
  }
  return { type: "other", call: `${request.method} ${path}` };
}

function mesosCall(body: Body): WireCall | undefined {
  const { type = "", kill, accept } = body;
  if (type.startsWith("GET_")) return undefined;
  if (kill !== undefined) return { type: "kill", taskId: kill.task_id.value };
  if (accept === undefined) return { type: "other", call: type };
  const infos = accept.operations.flatMap((operation) => operation.launch?.task_infos ?? []);
  return { type: "launch", taskIds: infos.map((info) => info.task_id.value) };
}

function prefixOf(network: string, mask: string | undefined): string {
  if (mask === undefined) return network;
  const bits = mask.split(".").reduce((sum, part) => sum + Number(part).toString(2).replaceAll("0", "").length, 0);
  return `${network}/${bits}`;
}
