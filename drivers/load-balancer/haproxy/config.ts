import { createHash } from "node:crypto";
import type { Balance, LayoutPort } from "../driver.js";

/** What the sections of one rack on one proxy are written with. */
export interface SectionOptions {
  readonly identity: string;
  /** Address that the proxy listens on, e.g. `0.0.0.0`. */
  readonly bindAddress: string;
  readonly balance: Balance;
}

/** Names of our sections; an identity holds no `:`, so that no other one's names begin like ours. */
export function sectionPrefix(identity: string): string {
  return `rackwright:${identity}:`;
}

/** How new and stored servers are checked: what answers no connection gets none, even while nobody changes anything. */
export const SERVER_OPTIONS = "check inter 2s fall 3 rise 1";

/**
 * The whole file. It has no `global` section and names the defaults it uses: the operator's own file, loaded before it,
 * keeps both. An empty section names the options, by which it is seen whether a process runs with them.
 */
export function renderConfig(options: SectionOptions, ports: readonly LayoutPort[]): string {
  const name = defaultsName(options.identity);
  return [
    headerOf(options.identity),
    "# Replaced as a whole whenever services change.",
    ...defaultsLines(options),
    "",
    `backend ${markerOf(options)} from ${name}`,
    ...ports.toSorted((a, b) => a.servicePort - b.servicePort).flatMap((port) => portLines(options, port)),
    "",
  ].join("\n");
}

/** The name of the section that tells with which options a process runs. */
export function markerOf(options: SectionOptions): string {
  const text = [...defaultsLines(options), bindLine(options, 0), SERVER_OPTIONS].join("\n");
  return `${sectionPrefix(options.identity)}options-${createHash("sha256").update(text).digest("hex").slice(0, 8)}`;
}

/** What a file says; undefined: it is not one of ours. An empty one is. */
export function parseConfig(identity: string, text: string): readonly LayoutPort[] | undefined {
  if (text.trim() === "") return [];
  if (!text.startsWith(`${headerOf(identity)}\n`)) return undefined;
  const ports: { servicePort: number; servers: { id: string; address: string; port: number }[] }[] = [];
  const listen = `listen ${sectionPrefix(identity)}`;
  for (const line of text.split("\n")) {
    if (line.startsWith(listen))
      ports.push({ servicePort: Number.parseInt(line.slice(listen.length), 10), servers: [] });
    const [, id, address, port] = /^ {2}server (\S+) (\S+):(\d+) /.exec(line) ?? [];
    if (id !== undefined && address !== undefined) ports.at(-1)?.servers.push({ id, address, port: Number(port) });
  }
  return ports;
}

function headerOf(identity: string): string {
  return `# Written by Rackwright for the rack identity ${identity}. Do not edit.`;
}

function defaultsName(identity: string): string {
  return `${sectionPrefix(identity)}defaults`;
}

function defaultsLines({ identity, balance }: SectionOptions): readonly string[] {
  return [
    `defaults ${defaultsName(identity)}`,
    "  mode tcp",
    `  balance ${balance}`,
    // map based hashes take no servers at run time
    ...(balance === "source" ? ["  hash-type consistent"] : []),
    "  timeout connect 3s",
    "  timeout check 2s",
    "  timeout client 1h",
    "  timeout server 1h",
    // a server that is just gone costs nobody a connection
    "  retries 3",
    "  option redispatch 1",
  ];
}

function portLines(options: SectionOptions, { servicePort, servers }: LayoutPort): readonly string[] {
  return [
    "",
    `listen ${sectionPrefix(options.identity)}${servicePort} from ${defaultsName(options.identity)}`,
    bindLine(options, servicePort),
    ...servers
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
      .map(({ id, address, port }) => `  server ${id} ${address}:${port} ${SERVER_OPTIONS}`),
  ];
}

function bindLine({ bindAddress }: SectionOptions, servicePort: number): string {
  return `  bind ${bindAddress}:${servicePort}`;
}
