import type { Catalog } from "../catalog.js";
import { checksFor, nodeTopic, serviceTopic } from "../catalog.js";
import { type Keys, keyTopic } from "../keys.js";
import type { CheckRow, ServiceRow } from "../state.js";
import type { Topic } from "../topics.js";
import { HttpError } from "./http-error.js";
import { decodeAgentService, decodeDeregistration, decodeRegistration } from "./registration.js";
import { runTransaction } from "./transaction.js";
import { agentServiceView, checkView, instanceView, keyView, nodeView, serviceView } from "./view.js";

/** What the routes work on. */
export interface Agent {
  readonly catalog: Catalog;
  readonly keys: Keys;
  readonly datacenter: string;
  /** The node this agent runs on. */
  readonly nodeName: string;
  readonly leader: string;
}

/** One request, its path taken apart: `rest` is what follows the route's prefix, decoded. */
export interface Call {
  readonly rest: string;
  readonly query: URLSearchParams;
  readonly body: Uint8Array | undefined;
}

/** `read` can block until `topic` changes; `write` answers at once. `value` undefined: an empty body; bytes are sent raw. */
export type Reply =
  | {
      readonly type: "read";
      readonly topic: Topic;
      readonly answer: () => { readonly status: number; readonly value: unknown };
    }
  | { readonly type: "plain"; readonly status: number; readonly value: unknown };

type Route = (agent: Agent, call: Call) => Reply;

/** The routes by method and prefix; a prefix ending in `/` takes the rest of the path. */
export const ROUTES: ReadonlyMap<string, ReadonlyMap<string, Route>> = new Map(
  Object.entries({
    "/v1/status/leader": { GET: (agent) => plain(agent.leader) },
    "/v1/status/peers": { GET: (agent) => plain([agent.leader]) },
    "/v1/agent/self": {
      GET: (agent) => plain({ Config: { Datacenter: agent.datacenter, NodeName: agent.nodeName, Server: true } }),
    },
    "/v1/agent/services": {
      GET: (agent) => plain(Object.fromEntries(ownServices(agent).map((row) => [row.id, agentServiceView(row)]))),
    },
    "/v1/agent/service/register": { PUT: registerOnAgent },
    "/v1/agent/service/deregister/": {
      PUT: (agent, { rest }) => {
        agent.catalog.deregisterService(agent.nodeName, rest);
        return plain(undefined);
      },
    },
    "/v1/catalog/register": {
      PUT: (agent, { body }) => {
        agent.catalog.register(decodeRegistration(body));
        return plain(true);
      },
    },
    "/v1/catalog/deregister": { PUT: deregister },
    "/v1/catalog/datacenters": { GET: (agent) => plain([agent.datacenter]) },
    "/v1/catalog/nodes": {
      GET: ({ catalog, datacenter }) => read("nodes", () => catalog.nodes().map((row) => nodeView(row, datacenter))),
    },
    "/v1/catalog/services": {
      GET: ({ catalog }) =>
        read("services", () =>
          Object.fromEntries([...catalog.serviceNames()].map(([name, tags]) => [name, [...tags]])),
        ),
    },
    "/v1/catalog/service/": { GET: instances },
    "/v1/catalog/node/": { GET: (agent, { rest }) => read(nodeTopic(rest), () => nodeServices(agent, rest, "map")) },
    "/v1/catalog/node-services/": {
      GET: (agent, { rest }) => read(nodeTopic(rest), () => nodeServices(agent, rest, "list")),
    },
    "/v1/health/service/": { GET: health },
    "/v1/health/node/": {
      GET: (agent, { rest }) =>
        read(nodeTopic(rest), () => agent.catalog.checksOf(rest).map((row) => shownCheck(agent, row))),
    },
    "/v1/kv/": { GET: getKey, PUT: putKey, DELETE: deleteKey },
    "/v1/txn": {
      PUT: ({ keys }, { body }) => {
        const { status, value } = runTransaction(keys, body);
        return { type: "plain", status, value };
      },
    },
  } satisfies Record<string, Record<string, Route>>).map(([prefix, methods]) => [
    prefix,
    new Map(Object.entries(methods)),
  ]),
);

function plain(value: unknown, status = 200): Reply {
  return { type: "plain", status, value };
}

function read(topic: Topic, value: () => unknown): Reply {
  return { type: "read", topic, answer: () => ({ status: 200, value: value() }) };
}

function ownServices({ catalog, nodeName }: Agent): readonly ServiceRow[] {
  return catalog.servicesOf(nodeName).filter((row) => row.id !== "consul");
}

function registerOnAgent(agent: Agent, { body }: Call): Reply {
  const own = agent.catalog.node(agent.nodeName);
  if (own === undefined) throw new HttpError(500, "the agent's node is not registered");
  agent.catalog.register({ node: own, skipsNodeUpdate: true, service: decodeAgentService(body), checks: [] });
  return plain(undefined);
}

function deregister({ catalog }: Agent, { body }: Call): Reply {
  const { node, serviceId, checkId } = decodeDeregistration(body);
  if (serviceId !== "") catalog.deregisterService(node, serviceId);
  else if (checkId !== "") catalog.deregisterCheck(node, checkId);
  else catalog.deregisterNode(node);
  return plain(true);
}

function tagged(rows: readonly ServiceRow[], query: URLSearchParams): readonly ServiceRow[] {
  const tags = query.getAll("tag").map((tag) => tag.toLowerCase());
  return rows.filter((row) => tags.every((tag) => row.tags.some((own) => own.toLowerCase() === tag)));
}

function instances({ catalog, datacenter }: Agent, { rest, query }: Call): Reply {
  if (rest === "") throw new HttpError(400, "Missing service name");
  return read(serviceTopic(rest), () =>
    tagged(catalog.instances(rest), query).flatMap((row) => {
      const node = catalog.node(row.node);
      return node === undefined ? [] : [instanceView(row, node, datacenter)];
    }),
  );
}

function nodeServices({ catalog, datacenter }: Agent, name: string, style: "map" | "list") {
  const node = catalog.node(name);
  if (node === undefined) return style === "map" ? null : { Node: null, Services: null };
  const services = catalog.servicesOf(name).map(serviceView);
  if (style === "list") return { Node: nodeView(node, datacenter), Services: services.length === 0 ? null : services };
  return { Node: nodeView(node, datacenter), Services: Object.fromEntries(services.map((row) => [row.ID, row])) };
}

function health(agent: Agent, { rest, query }: Call): Reply {
  if (rest === "") throw new HttpError(400, "Missing service name");
  const { catalog, datacenter } = agent;
  return read(serviceTopic(rest), () =>
    tagged(catalog.instances(rest), query).flatMap((row) => {
      const node = catalog.node(row.node);
      const checks = checksFor(catalog, row);
      if (node === undefined || (query.has("passing") && checks.some((check) => check.status !== "passing"))) return [];
      const shown = checks.map((check) => shownCheck(agent, check));
      return [{ Node: nodeView(node, datacenter), Service: serviceView(row), Checks: shown }];
    }),
  );
}

function shownCheck({ catalog }: Agent, row: CheckRow) {
  return checkView(
    row,
    catalog.servicesOf(row.node).find((service) => service.id === row.serviceId),
  );
}

function getKey({ keys }: Agent, { rest, query }: Call): Reply {
  const isList = query.has("recurse") || query.has("keys");
  if (!isList && rest === "") throw new HttpError(400, "Missing key name");
  const answer = () => {
    const rows = isList ? keys.list(rest) : [keys.get(rest)].filter((row) => row !== undefined);
    if (rows.length === 0) return { status: 404, value: undefined };
    if (query.has("keys")) return { status: 200, value: rows.map((row) => row.key) };
    if (query.has("raw")) return { status: 200, value: Buffer.from(rows[0]?.value ?? "", "base64") };
    return { status: 200, value: rows.map((row) => keyView(row)) };
  };
  return { type: "read", topic: isList ? "kv" : keyTopic(rest), answer };
}

function putKey({ keys }: Agent, { rest, query, body }: Call): Reply {
  if (rest === "") throw new HttpError(400, "Missing key name");
  const value = Buffer.from(body ?? []).toString("base64");
  return plain(keys.put({ key: rest, value, flags: Number(query.get("flags") ?? 0), cas: casOf(query) }));
}

function deleteKey({ keys }: Agent, { rest, query }: Call): Reply {
  const isRecursive = query.has("recurse");
  if (rest === "" && !isRecursive) throw new HttpError(400, "Missing key name");
  return plain(keys.delete(rest, { isRecursive, cas: casOf(query) }));
}

function casOf(query: URLSearchParams): number | undefined {
  const text = query.get("cas");
  if (text === null) return undefined;
  if (!/^\d+$/.test(text)) throw new HttpError(400, "Invalid cas value");
  return Number(text);
}
