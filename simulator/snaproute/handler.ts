import type { HttpHandler, HttpRequest, HttpResponse } from "../../platform/transport.js";
import type { Bgp } from "./bgp/bgp.js";
import { failure, json, page, type Shown, SwitchError, success } from "./reply.js";
import type { RouteConfig } from "./route-config.js";
import { type Fields, prefixOf, showConfigured, showInEffect, showInHardware } from "./route-objects.js";
import type { SwitchObjects } from "./switch-objects.js";
import type { Table } from "./table.js";

/** What answering needs. */
export interface SwitchParts {
  readonly isReady: () => boolean;
  readonly table: Table;
  readonly routes: RouteConfig;
  readonly objects: SwitchObjects;
  /** Undefined: a build without policies. */
  readonly bgp: Bgp | undefined;
  readonly reset: () => void;
  /** Called after every accepted change of the configuration. */
  readonly onChange: () => void;
}

/** One request, its path taken apart. `fields` come from the body, or from the query of a read. */
interface Call {
  readonly method: string;
  readonly id: string;
  readonly fields: Fields;
  readonly query: URLSearchParams;
}

/** FlexSwitch's REST API below `/public/v1/`. Paths ignore case. Never rejects. */
export function createHandler(parts: SwitchParts): HttpHandler {
  return async (request) => {
    try {
      if (!parts.isReady()) throw new SwitchError(503, "Error: System not ready. Please try again later.");
      return answer(request, parts);
    } catch (error) {
      if (error instanceof SwitchError) return failure(error);
      throw error;
    }
  };
}

function answer(request: HttpRequest, parts: SwitchParts): HttpResponse {
  const url = new URL(request.url, "http://switch");
  const [area = "", object = "", ...rest] = decodedPath(url.pathname);
  const query = url.searchParams;
  const fields = { ...Object.fromEntries(query), ...fieldsOf(request.body) };
  const call: Call = { method: request.method, id: rest.join("/"), fields, query };
  switch (`${area}/${object}`) {
    case "config/ipv4route":
      return configRoute(call, parts);
    case "config/ipv4routes":
      return page(parts.routes.list().map(showConfigured), query);
    case "state/ipv4route":
      return one(inEffect(call, parts).map(showInEffect));
    case "state/ipv4routes":
      return page([...parts.table.routes().values()].map(showInEffect), query);
    case "state/ipv4routehw":
      return one(inEffect(call, parts).map(showInHardware));
    case "state/ipv4routehws":
      return page([...parts.table.routes().values()].map(showInHardware), query);
    case "action/resetconfig":
      if (request.method !== "POST") throw new SwitchError(405, "Error: Method not allowed.");
      parts.reset();
      parts.onChange();
      return json(200, { Result: "Success" });
    default:
      return other(`${area}/${object}`, call, parts);
  }
}

function decodedPath(path: string): readonly string[] {
  const match = /^\/public\/v1\/(.*)$/i.exec(path);
  if (match === null) throw new SwitchError(404, "Error: Not found.");
  const [area = "", object = "", ...rest] = (match[1] ?? "").split("/");
  return [area.toLowerCase(), object.toLowerCase(), ...rest];
}

function fieldsOf(body: Uint8Array | undefined): Fields {
  if (body === undefined || body.length === 0) return {};
  try {
    const value: unknown = JSON.parse(Buffer.from(body).toString("utf8"));
    // any object can be read by field name
    if (typeof value === "object" && value !== null) return value as Fields;
  } catch {
    // told below, with everything else that is not an object
  }
  throw new SwitchError(500, "Error: Insufficient information.");
}

function configRoute(call: Call, { routes, onChange }: SwitchParts): HttpResponse {
  const changed = (status: 200 | 201 | 410, id: string) => {
    onChange();
    return success(status, id);
  };
  switch (call.method) {
    case "POST":
      return changed(201, routes.create(call.fields).id);
    case "PATCH":
      return changed(200, routes.update(call.id, call.fields).id);
    case "DELETE":
      return changed(410, routes.delete(call.id, call.fields).id);
    case "GET":
      return one([showConfigured(routes.find(call.id, call.fields))]);
    default:
      throw new SwitchError(405, "Error: Method not allowed.");
  }
}

function inEffect({ fields }: Call, { table }: SwitchParts) {
  const route = table.routes().get(prefixOf(fields) ?? "");
  return route === undefined ? [] : [route];
}

function one(found: readonly Shown[]): HttpResponse {
  const [shown] = found;
  if (shown === undefined) throw new SwitchError(404, "Error: Failed to find entry.");
  return json(200, shown);
}

function other(path: string, call: Call, { objects, bgp, onChange }: SwitchParts): HttpResponse {
  const answered = bgp?.answer({ ...call, path });
  if (answered !== undefined) return answered;
  if (call.method === "GET") {
    const list = objects.list(path);
    if (list !== undefined) return page(list, call.query);
    const found = objects.find(path, call.id, call.fields);
    if (found !== undefined) return one([found]);
  }
  if (call.method === "POST" && path === "config/vlan") return created(objects.createVlan(call.fields), onChange);
  if (call.method === "POST" && path === "config/ipv4intf")
    return created(objects.createInterface(call.fields), onChange);
  if (call.method === "PATCH" && path === "config/port") {
    const id = objects.updatePort(call.fields);
    onChange();
    return success(200, id);
  }
  throw new SwitchError(404, "Error: Failed to find entry.");
}

function created(id: string, onChange: () => void): HttpResponse {
  onChange();
  return success(201, id);
}
