import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { conditionOf } from "../../api-types/life.js";
import { StatusError } from "../../api-types/meta/status-error.js";
import type { Rack } from "../../api-types/rack.js";
import { connectionsOf } from "../../controllers/connections.js";
import { leaderUrl, type Trust } from "../../drivers/compute/mesos/redirect.js";
import { type ReadAccess, withAccess } from "../../drivers/compute/mesos/session/access.js";
import { masterSource } from "../../drivers/compute/mesos/session/masters.js";
import { type ConnectSocket, connectTcp } from "../../drivers/compute/mesos/zookeeper/socket.js";
import type { Clock } from "../../platform/clock.js";
import { silentLogger } from "../../platform/log.js";
import type { Random } from "../../platform/random.js";
import { type HttpHandler, readBody } from "../../platform/transport.js";
import { findSimulator } from "../../simulator/main.js";

/** What is posted. */
export type Content =
  | { readonly type: "form"; readonly fields: Readonly<Record<string, string>> }
  | { readonly type: "call"; readonly call: unknown };

/** A rack's leading Mesos master. */
export interface Master {
  /** Posts a form, or a call of the operator API; the answer's text. A request that was refused throws. */
  post(path: string, content: Content): Promise<string>;
}

export interface MasterOptions {
  readonly rack: Rack;
  /** Beside the kubeconfig of `rackctl up --simulate` lies its simulated rack. */
  readonly kubeconfig: string;
  /** Instead of the masters that the Rack names. */
  readonly address: string | undefined;
  readonly transport: HttpHandler;
  /** What is added to every request. */
  readonly access: ReadAccess;
  readonly clock: Clock;
  readonly random: Random;
  /** How ZooKeeper is reached; unset: TCP. */
  readonly connect?: ConnectSocket;
}

const REDIRECTS_MAX = 3;

/** The masters of a rack, one after the other until one answers; those that do not lead say who does. */
export function masterOf(options: MasterOptions): Master {
  const transport = withAccess(options.transport, options.access);
  return {
    async post(path, content) {
      const faults: string[] = [];
      const masters = await mastersOf(options);
      for (const address of masters) {
        try {
          const hasCredentials = (await options.access()).authorization !== undefined;
          const url = `${address.replace(/\/+$/, "")}${path}`;
          return await exchange(transport, { url, content, trust: { hasCredentials, masters } });
        } catch (error) {
          // a refusal is an answer; only a master that is not there is passed over
          if (error instanceof StatusError) throw error;
          faults.push(error instanceof Error ? error.message : String(error));
        }
      }
      throw new StatusError(
        "ServiceUnavailable",
        `asking the Mesos master of Rack ${options.rack.metadata.name}: ${faults.join("; ")}`,
      );
    },
  };
}

interface Posting {
  readonly url: string;
  readonly content: Content;
  readonly trust: Trust;
}

async function exchange(transport: HttpHandler, { url: first, content, trust }: Posting): Promise<string> {
  const { body, contentType } = encoded(content);
  const headers = { "content-type": contentType, accept: "application/json" };
  let url = first;
  for (let redirects = 0; redirects <= REDIRECTS_MAX; redirects++) {
    const response = await transport({ method: "POST", url, headers, body });
    const text = Buffer.from(await readBody(response)).toString("utf8");
    if (response.status >= 200 && response.status <= 299) return text;
    const next = leaderUrl({ status: response.status, headers: response.headers, url }, trust);
    if (next === undefined) {
      const why = text.trim().slice(0, 200) || `HTTP ${response.status}`;
      throw new StatusError("BadRequest", `POST ${url}: ${why}`);
    }
    url = next;
  }
  throw new StatusError("ServiceUnavailable", `POST ${first}: the masters name each other as leader`);
}

function encoded(content: Content): { readonly body: Uint8Array; readonly contentType: string } {
  if (content.type === "call") {
    return { body: Buffer.from(JSON.stringify(content.call)), contentType: "application/json" };
  }
  const body = Buffer.from(new URLSearchParams(content.fields).toString());
  return { body, contentType: "application/x-www-form-urlencoded" };
}

async function mastersOf(options: MasterOptions): Promise<readonly string[]> {
  const { rack, kubeconfig, address } = options;
  if (address !== undefined) return [address];
  const overlay = simulatedMasters(rack, kubeconfig);
  const masters = connectionsOf(rack, overlay).compute?.masters ?? [];
  return masters.some((master) => master.startsWith("zk://")) ? [await leaderOf(masters, options)] : masters;
}

/** The master that ZooKeeper says leads. */
async function leaderOf(masters: readonly string[], options: MasterOptions): Promise<string> {
  const { rack, access, clock, random, connect = connectTcp } = options;
  const { tls } = await access();
  const isSecure = () => tls !== undefined;
  const source = masterSource({ masters, isSecure, connect, clock, random, log: silentLogger });
  try {
    return await source.next();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new StatusError("ServiceUnavailable", `finding the Mesos master of Rack ${rack.metadata.name}: ${why}`);
  } finally {
    source.close();
  }
}

/** Where `up --simulate` lays other addresses over a Rack's, those alone are right. */
function simulatedMasters(rack: Rack, kubeconfig: string) {
  if (conditionOf(rack, "AddressesOverlaid")?.status !== "True") return undefined;
  const directory = join(dirname(kubeconfig), "simulator");
  const found = existsSync(directory) ? findSimulator(directory) : undefined;
  if (found !== undefined) return { source: found.rackFile, masters: found.masters };
  const hint = `use the kubeconfig in its data directory, or --master`;
  throw new StatusError(
    "BadRequest",
    `Rack ${rack.metadata.name} is simulated, and its simulator is not beside ${kubeconfig}; ${hint}`,
  );
}
