/** Where a ZooKeeper ensemble is, and the node below which masters register. */
export interface ZooKeeperAddress {
  readonly servers: readonly HostPort[];
  readonly path: string;
}

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

const PORT = 2181;

/**
 * `zk://host:2181,host/path` as Mesos writes it. Credentials before an `@` are passed over: what masters register
 * everyone may read. Undefined: not such an address.
 */
export function parseZooKeeperAddress(text: string): ZooKeeperAddress | undefined {
  const match = /^zk:\/\/(?:[^@/]*@)?([^/]+)(\/[^\s]*[^\s/])\/?$/.exec(text);
  const [, hosts, path] = match ?? [];
  if (hosts === undefined || path === undefined) return undefined;
  const servers = hosts.split(",").map(parseServer);
  return servers.every((server) => server !== undefined) ? { servers, path } : undefined;
}

function parseServer(text: string): HostPort | undefined {
  const [, bracketed, plain, port] = /^(?:\[([0-9a-fA-F:.]+)\]|([^[\]:\s]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const number = port === undefined ? PORT : Number(port);
  return host === undefined || number < 1 || number > 65_535 ? undefined : { host, port: number };
}
