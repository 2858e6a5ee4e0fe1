import { StatusError } from "../../../api-types/meta/status-error.js";
import { sleep } from "../../../platform/clock.js";
import type { BalancerChange, BalancerItem, LayoutPort } from "../driver.js";
import { parseConfig, renderConfig, SERVER_OPTIONS, sectionPrefix } from "./config.js";
import { failuresOf } from "./observed.js";
import { type HaproxyOptions, readItems } from "./view.js";

/** So long a reload may take until the new process answers. */
const RELOAD_MS = 8000;
const RELOAD_LOOK_MS = 50;
/** Deleting is tried so often: a session that was just ended is counted for a moment. */
const DELETE_TRIES = 10;
const DELETE_PAUSE_MS = 50;

/** Writes the file when it differs, reloads when ports or options do, and puts the old file back when that fails. */
export async function installLayout(
  options: HaproxyOptions,
  ports: readonly LayoutPort[],
  signal?: AbortSignal,
): Promise<void> {
  const { files, configFile, identity } = options;
  const before = await files.read(configFile);
  if (before !== undefined && parseConfig(identity, before) === undefined) {
    throw new StatusError(
      "Conflict",
      `writing ${configFile}: the file is not ours; give us one of our own, or an empty one`,
    );
  }
  const text = renderConfig(options, ports);
  if (text !== before) await files.write(configFile, text);
  if (hasPorts(await readItems(options, signal), ports)) return;
  try {
    await reload(options, ports, signal);
  } catch (error) {
    // a restart must not read what could not be loaded
    await files.write(configFile, before ?? "");
    throw error;
  }
}

/** Whether the running process listens on exactly these ports, with our options. */
function hasPorts(items: ReadonlyMap<string, BalancerItem>, ports: readonly LayoutPort[]): boolean {
  const wanted = new Set(ports.map(({ servicePort }) => servicePort));
  const open = [...items.values()].flatMap((item) => (item.type === "port" && item.isOpen ? [item.servicePort] : []));
  return open.length === wanted.size && open.every((port) => wanted.has(port));
}

/** HAProxy tells how a reload went only by what answers afterwards. */
async function reload(options: HaproxyOptions, ports: readonly LayoutPort[], signal?: AbortSignal): Promise<void> {
  const { ask, masterSocket, clock } = options;
  const failures = failuresOf(await ask(masterSocket, "show proc", signal));
  await ask(masterSocket, "reload", signal);
  const end = clock.monotonic() + RELOAD_MS;
  while (clock.monotonic() < end) {
    await sleep(clock, RELOAD_LOOK_MS, signal);
    // while the master starts itself anew it may not answer
    const items = await readItems(options, signal).catch(() => undefined);
    if (items !== undefined && hasPorts(items, ports)) return;
    const told = items === undefined ? "" : await ask(masterSocket, "show proc", signal).catch(() => "");
    if (failuresOf(told) > failures) break;
  }
  throw new StatusError(
    "Conflict",
    "reloading HAProxy: it could not load the new ports and keeps the old ones; its log says why",
  );
}

type ServerChange = Exclude<BalancerChange, { type: "layout" }>;

/** One server, by the runtime API. */
export async function changeServer(options: HaproxyOptions, change: ServerChange, signal?: AbortSignal): Promise<void> {
  const id = change.type === "ready" ? change.server.id : change.id;
  const server = `${sectionPrefix(options.identity)}${change.servicePort}/${safeId(id)}`;
  switch (change.type) {
    case "ready": {
      const { address, port } = change.server;
      const answer = await run(options, `add server ${server} ${address}:${port} ${SERVER_OPTIONS}`, signal);
      if (answer.includes("Already exists"))
        await run(options, `set server ${server} addr ${address} port ${port}`, signal);
      else if (!answer.includes("New server registered")) throw refusal(`adding ${server}`, answer);
      const enabled = await run(options, `enable health ${server}; set server ${server} state ready`, signal);
      if (enabled !== "") throw refusal(`enabling ${server}`, enabled);
      return;
    }
    case "drain": {
      const answer = await run(options, `set server ${server} state drain`, signal);
      if (answer !== "" && !isAbsent(answer)) throw refusal(`draining ${server}`, answer);
      return;
    }
    case "remove":
      return remove(options, server, signal);
    default:
      return change satisfies never;
  }
}

async function remove(options: HaproxyOptions, server: string, signal?: AbortSignal): Promise<void> {
  const lines = `set server ${server} state maint; shutdown sessions server ${server}; del server ${server}`;
  for (let tries = 1; ; tries++) {
    const answer = await run(options, lines, signal);
    if (answer.includes("Server deleted") || isAbsent(answer)) return;
    if (tries === DELETE_TRIES) throw new StatusError("TooManyRequests", `removing ${server}: ${answer}`);
    await sleep(options.clock, DELETE_PAUSE_MS, signal);
  }
}

async function run({ ask, adminSocket }: HaproxyOptions, line: string, signal?: AbortSignal): Promise<string> {
  return (await ask(adminSocket, line, signal)).trim();
}

function isAbsent(answer: string): boolean {
  return /No such (server|backend)|Can't find backend/i.test(answer);
}

function refusal(what: string, answer: string): StatusError {
  return new StatusError("Conflict", `${what}: HAProxy says ${answer}`);
}

/** What HAProxy takes in a name; anything else could end the command and begin another. */
function safeId(id: string): string {
  if (/^[A-Za-z0-9._:-]+$/.test(id)) return id;
  throw new StatusError("Invalid", `the server ${JSON.stringify(id)} has a name that HAProxy does not take`);
}
