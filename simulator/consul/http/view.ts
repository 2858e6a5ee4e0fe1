import type { CheckRow, KeyRow, NodeRow, ServiceRow } from "../state.js";

/** Shapes of answers: how Consul 1.8 writes its records as JSON. */

const WEIGHTS = { Passing: 1, Warning: 1 };
const PROXY = { MeshGateway: {}, Expose: {} };

/** A node as catalogue and health answers show it. */
export function nodeView(row: NodeRow, datacenter: string) {
  return {
    ID: row.id,
    Node: row.node,
    Address: row.address,
    Datacenter: datacenter,
    TaggedAddresses: orNull(row.taggedAddresses),
    Meta: orNull(row.meta),
    CreateIndex: row.createIndex,
    ModifyIndex: row.modifyIndex,
  };
}

/** A service below its node. */
export function serviceView(row: ServiceRow) {
  return {
    ID: row.id,
    Service: row.service,
    Tags: row.tags,
    Address: row.address,
    Meta: orNull(row.meta),
    Port: row.port,
    Weights: WEIGHTS,
    EnableTagOverride: row.enableTagOverride,
    Proxy: PROXY,
    Connect: {},
    CreateIndex: row.createIndex,
    ModifyIndex: row.modifyIndex,
  };
}

/** An instance of a service joined with its node, as /v1/catalog/service lists it. */
export function instanceView(row: ServiceRow, node: NodeRow, datacenter: string) {
  return {
    ID: node.id,
    Node: node.node,
    Address: node.address,
    Datacenter: datacenter,
    TaggedAddresses: orNull(node.taggedAddresses),
    NodeMeta: orNull(node.meta),
    ServiceKind: "",
    ServiceID: row.id,
    ServiceName: row.service,
    ServiceTags: row.tags,
    ServiceAddress: row.address,
    ServiceWeights: WEIGHTS,
    ServiceMeta: row.meta,
    ServicePort: row.port,
    ServiceEnableTagOverride: row.enableTagOverride,
    ServiceProxy: PROXY,
    ServiceConnect: {},
    CreateIndex: row.createIndex,
    ModifyIndex: row.modifyIndex,
  };
}

/** A service as its own agent lists it. */
export function agentServiceView(row: ServiceRow) {
  return {
    ID: row.id,
    Service: row.service,
    Tags: row.tags,
    Meta: row.meta,
    Port: row.port,
    Address: row.address,
    Weights: WEIGHTS,
    EnableTagOverride: row.enableTagOverride,
  };
}

/** A health check. */
export function checkView(row: CheckRow, service: ServiceRow | undefined) {
  return {
    Node: row.node,
    CheckID: row.checkId,
    Name: row.name,
    Status: row.status,
    Notes: row.notes,
    Output: row.output,
    ServiceID: row.serviceId,
    ServiceName: service?.service ?? "",
    ServiceTags: service?.tags ?? [],
    Type: "",
    Definition: {},
    CreateIndex: row.createIndex,
    ModifyIndex: row.modifyIndex,
  };
}

/** A key with its value, or without it as answers of writes show it. */
export function keyView(row: KeyRow, withValue = true) {
  return {
    LockIndex: 0,
    Key: row.key,
    Flags: row.flags,
    Value: withValue ? row.value : null,
    CreateIndex: row.createIndex,
    ModifyIndex: row.modifyIndex,
  };
}

function orNull(map: Readonly<Record<string, string>>) {
  return Object.keys(map).length === 0 ? null : map;
}
