import { type BalancerItem, keyOfItem, type LayoutPort, type ServerItem, serverKey } from "../driver.js";
import { markerOf, parseConfig, type SectionOptions, sectionPrefix } from "./config.js";

/** The answers of one proxy, as text. */
export interface Told {
  /** `show stat -1 7 -1` */
  readonly stat: string;
  /** `show proc` of the master. */
  readonly processes: string;
  /** The configuration file; undefined: there is none. */
  readonly file: string | undefined;
}

/** Everything of ours in what a proxy told; throws when an answer is not whole. */
export function itemsOf(options: SectionOptions, { stat, processes, file = "" }: Told): Map<string, BalancerItem> {
  const rows = parseStat(stat).filter(({ pxname }) => pxname?.startsWith(sectionPrefix(options.identity)));
  const stored = parseConfig(options.identity, file) ?? [];
  const isCurrent = rows.some(({ pxname }) => pxname === markerOf(options));
  const isAlone = !hasOldWorkers(processes);
  const items = new Map<string, BalancerItem>();
  const put = (item: BalancerItem) => items.set(keyOfItem(item), item);
  for (const item of storedItems(stored)) put(item);
  for (const row of rows) {
    const servicePort = Number(row.pxname?.slice(sectionPrefix(options.identity).length));
    if (!Number.isInteger(servicePort)) continue;
    if (row.svname === "FRONTEND") {
      put({ type: "port", servicePort, isOpen: isCurrent, isStored: items.has(String(servicePort)) });
    } else if (row.svname !== "BACKEND" && row.svname !== undefined) {
      put(runningServer(row, { servicePort, isAlone, known: items.get(serverKey(servicePort, row.svname)) }));
    }
  }
  return items;
}

/** How many workers from before a reload still serve sessions. */
function hasOldWorkers(processes: string): boolean {
  const old = processes.split("# old workers")[1]?.split("#")[0] ?? "";
  return old.trim() !== "";
}

/** So often the master could not load its files, as it tells. */
export function failuresOf(processes: string): number {
  return Number(/\[failed: (\d+)\]/.exec(processes)?.[1] ?? 0);
}

type Row = Readonly<Record<string, string | undefined>>;

/** The rows of the statistics in CSV form, by the names of their columns; an answer ends with an empty line. */
function parseStat(text: string): readonly Row[] {
  if (!text.startsWith("# ") || !text.endsWith("\n\n")) throw new Error(`the answer to show stat is not whole`);
  const [header = "", ...lines] = text.trimEnd().split("\n");
  const names = header.slice(2).split(",");
  return lines.map((line) => {
    const values = line.split(",");
    return Object.fromEntries(names.map((name, at) => [name, values[at]]));
  });
}

function storedItems(ports: readonly LayoutPort[]): BalancerItem[] {
  return ports.flatMap(({ servicePort, servers }): BalancerItem[] => [
    { type: "port", servicePort, isOpen: false, isStored: true },
    ...servers.map((server) => ({ type: "server" as const, servicePort, ...server, isStored: true })),
  ]);
}

interface Beside {
  readonly servicePort: number;
  readonly isAlone: boolean;
  readonly known: BalancerItem | undefined;
}

function runningServer({ svname = "", addr = "", status = "", scur }: Row, beside: Beside): ServerItem {
  const at = addr.lastIndexOf(":");
  const target = { id: svname, address: addr.slice(0, at), port: Number(addr.slice(at + 1)) };
  const { known, servicePort } = beside;
  const isStored = known?.type === "server" && known.address === target.address && known.port === target.port;
  return {
    type: "server",
    servicePort,
    ...target,
    state: stateOf(status),
    ...(beside.isAlone ? { sessions: Number(scur) } : {}),
    isStored,
  };
}

/** What was asked of it; that it fails its check at the moment is no state. */
function stateOf(status: string): NonNullable<ServerItem["state"]> {
  if (status.startsWith("MAINT")) return "Maint";
  return status.startsWith("DRAIN") ? "Drain" : "Ready";
}
