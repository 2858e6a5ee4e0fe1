import { ConfigMap } from "./core/config-map.js";
import { CustomResourceDefinition } from "./core/custom-resource-definition.js";
import { Event, EventsEvent } from "./core/event.js";
import { Lease } from "./core/lease.js";
import { Namespace } from "./core/namespace.js";
import { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from "./core/rbac.js";
import { Secret } from "./core/secret.js";
import { ServiceAccount } from "./core/service-account.js";
import { DisruptionOverride } from "./disruption-override.js";
import { DnsRecord } from "./dns-record.js";
import { GitRepository } from "./git-repository.js";
import { Instance } from "./instance.js";
import { IPAddress } from "./ip-address.js";
import type { Kind } from "./meta/kind.js";
import { Node } from "./node.js";
import { Rack } from "./rack.js";
import { Revision } from "./revision.js";
import { Route } from "./route.js";
import { ScalingPolicy } from "./scaling-policy.js";
import { ServiceGroup } from "./service-group.js";

/** The kinds of rackwright.dev, in the order in which a newcomer meets them. */
export const RACKWRIGHT_KINDS: readonly Kind[] = [
  Rack,
  Node,
  ServiceGroup,
  Instance,
  Revision,
  ScalingPolicy,
  Route,
  DnsRecord,
  IPAddress,
  GitRepository,
  DisruptionOverride,
];

/** Every kind that is served: the built-in ones that clients expect, then ours. */
export const KINDS: readonly Kind[] = [
  Namespace,
  Secret,
  ConfigMap,
  ServiceAccount,
  Event,
  EventsEvent,
  Lease,
  Role,
  RoleBinding,
  ClusterRole,
  ClusterRoleBinding,
  CustomResourceDefinition,
  ...RACKWRIGHT_KINDS,
];
