import { AGENTS_SOURCE } from "../../api-types/rack/metrics.js";
import type { Rack } from "../../api-types/rack.js";
import { substitute } from "../../api-types/substitute.js";
import { type AddressOverlay, connectionsOf } from "../connections.js";
import type { MeterSource, SinkTarget } from "../context.js";

/** What a Rack's collector reads from and writes to, with its variables replaced; undefined: it has none that is usable. */
export function meteringOf(
  rack: Rack,
  overlay: AddressOverlay | undefined,
): { readonly from: MeterSource; readonly to: SinkTarget | undefined } | undefined {
  const { collector, metricSources = [], variables } = rack.spec;
  if (collector === undefined) return undefined;
  const text = (value: string) => substitute(value, (name) => variables?.[name]).text;
  const pcp = metricSources.find(({ name }) => name === collector.from)?.pcp;
  const influxdb = metricSources.find(({ name }) => name === collector.to)?.influxdb;
  const agents = { type: "agents", secrets: connectionsOf(rack, overlay).compute?.secrets } as const;
  const from = collector.from === AGENTS_SOURCE ? agents : pcp && ({ type: "pcp", port: pcp.port } as const);
  if (from === undefined) return undefined;
  if (influxdb === undefined) return { from, to: undefined };
  const { address, database, tls, credentialsSecretRef } = influxdb;
  return { from, to: { address: text(address), database: text(database), secrets: { tls, credentialsSecretRef } } };
}
