import { join, resolve } from "node:path";
import { StatusError } from "../../api-types/meta/status-error.js";
import { findSimulator, type Outage, type PartState } from "../../simulator/main.js";
import { table } from "../access/print.js";

export interface RehearsalFlags {
  /** The data directory of `rackctl up`. */
  readonly data: string;
}

/** `rackctl rehearse stop`, `cut` and `crash`. */
export async function beginOutage(
  given: string,
  { data, outage }: RehearsalFlags & { readonly outage: Outage },
): Promise<void> {
  const part = partOf(given);
  await ask(data, { method: "PUT", query: { part, outage } });
  console.log(`${part} ${TOLD[outage]}`);
}

const TOLD: Readonly<Record<Outage, string>> = { stopped: "is stopped", cut: "is cut off", crashed: "has crashed" };

/** `rackctl rehearse mend`: one part, or all. */
export async function endOutage(given: string | undefined, { data }: RehearsalFlags): Promise<void> {
  const part = given === undefined ? undefined : partOf(given);
  await ask(data, { method: "DELETE", query: part === undefined ? {} : { part } });
  console.log(part === undefined ? "everything works again" : `${part} works again`);
}

const BACKENDS: readonly string[] = ["mesos", "consul", "switch"];

/** As other verbs do, a bare name is a node's. */
function partOf(text: string): string {
  return BACKENDS.includes(text) || text.includes("/") ? text : `node/${text}`;
}

/** `rackctl rehearse show`. */
export async function showOutages({ data }: RehearsalFlags): Promise<void> {
  const parts = await ask(data, { method: "GET", query: {} });
  console.log(
    table(
      ["PART", "STATE"],
      parts.map(({ part, outage }) => [part, outage ?? "works"]),
    ),
  );
}

interface Question {
  readonly method: "GET" | "PUT" | "DELETE";
  readonly query: Readonly<Record<string, string>>;
}

async function ask(data: string, { method, query }: Question): Promise<readonly PartState[]> {
  const directory = join(resolve(data), "simulator");
  const found = findSimulator(directory);
  if (found === undefined) {
    const hint = "start one with rackctl up --simulate, or name its data directory with --data";
    throw new StatusError("ServiceUnavailable", `no simulated rack runs on ${directory}; ${hint}`);
  }
  const url = `${found.status}/outages?${new URLSearchParams(query)}`;
  const response = await fetch(url, { method }).catch((cause) => {
    throw new StatusError("ServiceUnavailable", `the simulated rack, process ${found.pid}, does not answer`, { cause });
  });
  if (!response.ok) throw new StatusError("BadRequest", (await response.text()).trim());
  // what the simulator of this version answers
  return ((await response.json()) as { readonly parts: readonly PartState[] }).parts;
}
