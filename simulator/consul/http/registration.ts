import type { Registration } from "../catalog.js";
import { type Decoded, decodeBody, decodeObject, mapOf, type Shape, textOf } from "./decode.js";
import { HttpError } from "./http-error.js";

const WEIGHTS: Shape = { Passing: "number", Warning: "number" };
const SERVICE = {
  ID: "string",
  Service: "string",
  Kind: "string",
  Tags: "strings",
  Address: "string",
  TaggedAddresses: "any",
  Meta: "map",
  Port: "number",
  Weights: WEIGHTS,
  EnableTagOverride: "boolean",
  Proxy: "any",
  Connect: "any",
} as const satisfies Shape;
const CHECK = {
  Node: "string",
  CheckID: "string",
  Name: "string",
  Status: "string",
  Notes: "string",
  Output: "string",
  ServiceID: "string",
  ServiceName: "string",
  ServiceTags: "strings",
  Type: "string",
  Definition: "any",
} as const satisfies Shape;
const REGISTER = {
  Datacenter: "string",
  ID: "string",
  Node: "string",
  Address: "string",
  TaggedAddresses: "map",
  NodeMeta: "map",
  Service: SERVICE,
  Check: CHECK,
  Checks: "any",
  SkipNodeUpdate: "boolean",
  WriteRequest: "any",
} as const satisfies Shape;
const AGENT_SERVICE = {
  ID: "string",
  Name: "string",
  Kind: "string",
  Tags: "strings",
  Address: "string",
  TaggedAddresses: "any",
  Meta: "map",
  Port: "number",
  Weights: WEIGHTS,
  EnableTagOverride: "boolean",
  Check: "any",
  Checks: "any",
  Proxy: "any",
  Connect: "any",
  Token: "string",
  Namespace: "string",
} as const satisfies Shape;
const DEREGISTER = {
  Datacenter: "string",
  Node: "string",
  ServiceID: "string",
  CheckID: "string",
  Namespace: "string",
  WriteRequest: "any",
} as const satisfies Shape;

/** The body of PUT /v1/catalog/register. */
export function decodeRegistration(body: Uint8Array | undefined): Registration {
  const decoded = decodeBody(body, REGISTER);
  const node = textOf(decoded, "Node");
  const skipsNodeUpdate = decoded.SkipNodeUpdate === true;
  if (node === "") throw new HttpError(500, "Must provide node");
  if (textOf(decoded, "Address") === "" && !skipsNodeUpdate) {
    throw new HttpError(500, "Must provide address if SkipNodeUpdate is not set");
  }
  // the shapes were checked when decoding
  const service = decoded.Service as Decoded | undefined;
  const checks = [decoded.Check as Decoded | undefined, ...checksOf(decoded.Checks)];
  return {
    node: {
      node,
      id: textOf(decoded, "ID"),
      address: textOf(decoded, "Address"),
      meta: mapOf(decoded, "NodeMeta"),
      taggedAddresses: mapOf(decoded, "TaggedAddresses"),
    },
    skipsNodeUpdate,
    service: service === undefined ? undefined : serviceOf(service, "Service"),
    checks: checks.filter((check) => check !== undefined).map(checkOf),
  };
}

/** The body of PUT /v1/agent/service/register, for the agent's own node. */
export function decodeAgentService(body: Uint8Array | undefined): NonNullable<Registration["service"]> {
  const decoded = decodeBody(body, AGENT_SERVICE);
  if (textOf(decoded, "Name") === "") throw new HttpError(400, "Missing service name");
  return serviceOf(decoded, "Name");
}

/** The body of PUT /v1/catalog/deregister. Without service and check the whole node goes. */
export function decodeDeregistration(body: Uint8Array | undefined) {
  const decoded = decodeBody(body, DEREGISTER);
  const node = textOf(decoded, "Node");
  if (node === "") throw new HttpError(500, "Must provide node");
  return { node, serviceId: textOf(decoded, "ServiceID"), checkId: textOf(decoded, "CheckID") };
}

function serviceOf(decoded: Decoded, nameField: "Service" | "Name"): NonNullable<Registration["service"]> {
  const service = textOf(decoded, nameField);
  const id = textOf(decoded, "ID");
  if (service === "") throw new HttpError(500, "Must provide service name with ID");
  return {
    id: id === "" ? service : id,
    service,
    address: textOf(decoded, "Address"),
    port: typeof decoded.Port === "number" ? decoded.Port : 0,
    // the shape was checked when decoding
    tags: (decoded.Tags ?? []) as readonly string[],
    meta: mapOf(decoded, "Meta"),
    enableTagOverride: decoded.EnableTagOverride === true,
  };
}

function checksOf(value: unknown): readonly Decoded[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw new HttpError(400, "Request decode failed: Checks is not a list");
  return value.map((check) => decodeObject(check, CHECK));
}

function checkOf(decoded: Decoded): Registration["checks"][number] {
  const checkId = textOf(decoded, "CheckID");
  return {
    checkId: checkId === "" ? textOf(decoded, "Name") : checkId,
    name: textOf(decoded, "Name"),
    status: textOf(decoded, "Status") || "critical",
    notes: textOf(decoded, "Notes"),
    output: textOf(decoded, "Output"),
    serviceId: textOf(decoded, "ServiceID"),
  };
}
