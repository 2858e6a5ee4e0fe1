import { KINDS } from "../../../api-types/kinds.js";
import type { Client } from "../../../client/client.js";

const SHOWN = ["Rack", "Node", "ServiceGroup", "Instance", "Route", "DnsRecord", "ScalingPolicy"];

/** Every object with its conditions, for failures that can be read. */
export async function describeObjects(client: Client): Promise<string> {
  const lines: string[] = [];
  for (const kind of KINDS.filter((candidate) => SHOWN.includes(candidate.kind))) {
    for (const item of (await client.list(kind)).items) {
      const { namespace = "", name, deletionTimestamp, finalizers = [] } = item.metadata;
      const deleted = deletionTimestamp === undefined ? "" : ` deleted[${finalizers.join()}]`;
      lines.push(`${kind.kind} ${namespace}/${name}${deleted} ${conditionsText(item.status)}`);
    }
  }
  return lines.join("\n");
}

interface HasConditions {
  readonly conditions?: readonly {
    readonly type: string;
    readonly status: string;
    readonly reason: string;
    readonly message: string;
  }[];
}

function conditionsText(status: unknown): string {
  // every kind shown has this shape of status
  const { conditions = [] } = (status ?? {}) as HasConditions;
  return conditions
    .map(
      ({ type, status: value, reason, message }) =>
        `${type}=${value}(${reason}${message === "" ? "" : `: ${message}`})`,
    )
    .join(" ");
}
