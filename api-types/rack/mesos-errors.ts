import { isMesosRole, MESOS_ROLE_RULE } from "../format/names.js";
import { forbidden, invalid, isLiteral, required } from "../meta/field-error.js";
import { isDuration } from "../schema/duration.js";
import type { FieldError } from "../schema/structural.js";
import type { RackMesos } from "./backends.js";

/** Rules about the Mesos cluster of a rack: where its masters are, who we are to it. */
export function mesosErrors(mesos: RackMesos | undefined): readonly FieldError[] {
  if (mesos === undefined) return [];
  const path = "spec.compute.mesos";
  const { masters, failoverTimeout, roles } = mesos;
  const isTimeout = !isLiteral(failoverTimeout) || isDuration(failoverTimeout);
  return [
    ...masters.flatMap((master, index) => masterErrors(master, masters.length, `${path}.masters[${index}]`)),
    ...(isTimeout ? [] : [invalid(`${path}.failoverTimeout`, failoverTimeout, "must be a Go duration such as 168h")]),
    ...(roles === undefined ? [] : roleErrors(roles, `${path}.roles`)),
    ...securityErrors(mesos, path),
  ];
}

/** `host:port`, an address in brackets included. */
const HOST_AND_PORT = String.raw`(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):\d{1,5}`;
const HTTP = new RegExp(String.raw`^https?://(?:${HOST_AND_PORT}|[A-Za-z0-9._-]+)(?:/[^\s?#]*)?$`);
const ZOOKEEPER = new RegExp(String.raw`^zk://${HOST_AND_PORT}(?:,${HOST_AND_PORT})*(?:/[^\s/]+)+$`);

/**
 * | form                                    | how many   |
 * |-----------------------------------------|------------|
 * | `http://host:port`, `https://host:port` | at least 1 |
 * | `zk://host:port,host:port/path`         | exactly 1  |
 */
function masterErrors(master: string, count: number, path: string): readonly FieldError[] {
  const scheme = /^([a-z]+):\/\//.exec(master)?.[1];
  if (scheme === "zk" && count > 1) {
    return [invalid(path, master, "must be the only one: ZooKeeper knows all masters")];
  }
  if (scheme !== undefined && /^[a-z]+:\/\/[^/]*@/.test(master)) {
    return [forbidden(path, scheme === "zk" ? ZOOKEEPER_LOGIN : "credentials stand in a Secret: credentialsSecretRef")];
  }
  // addresses may hold variables; their scheme is judged where it is written
  if (!isLiteral(master) && (scheme === undefined || SCHEMES.includes(scheme))) return [];
  if (HTTP.test(master) || ZOOKEEPER.test(master)) return [];
  return [invalid(path, master, "must be http://host:port, https://host:port or zk://host:port,host:port/path")];
}

const SCHEMES = ["http", "https", "zk"];
const ZOOKEEPER_LOGIN = "a user of ZooKeeper is not supported: the path must be readable for all";

function roleErrors(roles: readonly string[], path: string): readonly FieldError[] {
  if (roles.length === 0) return [required(path, "leave it out to take unreserved resources")];
  return roles.flatMap((role, index) =>
    isLiteral(role) && !isMesosRole(role) ? [invalid(`${path}[${index}]`, role, MESOS_ROLE_RULE)] : [],
  );
}

function securityErrors(
  { masters, tls, principal, credentialsSecretRef }: RackMesos,
  path: string,
): readonly FieldError[] {
  const isPlain = masters.every((master) => master.startsWith("http://"));
  return [
    ...(tls !== undefined && isPlain ? [forbidden(`${path}.tls`, "needs a master with https, or one by zk")] : []),
    ...(credentialsSecretRef !== undefined && principal === undefined
      ? [required(`${path}.principal`, "credentialsSecretRef holds the secret of a principal")]
      : []),
  ];
}
