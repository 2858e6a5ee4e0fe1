import type { Instance } from "../../../api-types/instance.js";
import type { Rack } from "../../../api-types/rack.js";
import type { Service } from "../../../api-types/service-group.js";
import { LABEL, TASK_LABEL } from "../../../api-types/well-known.js";
import { formatStamp } from "../../../drivers/observation.js";
import { addressLabel, type ClaimedAddress } from "../../claimed-address.js";
import { serviceLabels } from "../../service-labels.js";
import type { PlacedPort } from "./ports.js";

/** Mesos takes no longer id. */
const TASK_ID_MAX = 255;

/** The id of an Instance's task: it says whose it is, and is never used twice. */
export function taskIdOf({ metadata }: Instance): string {
  return `${metadata.namespace}.${metadata.name}.${(metadata.uid ?? "").slice(0, 8)}`;
}

/** Task ids that Mesos would refuse. */
export function idFaults(taskIds: readonly string[]): readonly string[] {
  return taskIds
    .filter((id) => Buffer.byteLength(id) > TASK_ID_MAX)
    .map((id) => `the task id ${id} is longer than ${TASK_ID_MAX} bytes: choose shorter names`);
}

/** Whose task it is. */
export interface Belonging {
  readonly instance: Instance;
  readonly service: Service;
  readonly rack: Rack;
  readonly term: number;
  readonly ports: readonly PlacedPort[];
  /** The address that was claimed for it. */
  readonly claimed?: ClaimedAddress;
}

/** Labels of an instance's task: by them it is found again. */
export function taskLabels({
  instance,
  service,
  rack,
  term,
  ports,
  claimed,
}: Belonging): Readonly<Record<string, string>> {
  const identity = rack.spec.identity ?? rack.metadata.name;
  const { namespace = "", name, uid = "" } = instance.metadata;
  const onNode = ports.filter(({ hostPort }) => hostPort !== undefined);
  return {
    ...serviceLabels(service),
    [LABEL.group]: instance.spec.serviceGroup,
    [LABEL.service]: instance.spec.service,
    [LABEL.number]: String(instance.spec.number),
    [LABEL.revision]: instance.spec.revisionName,
    [TASK_LABEL.identity]: identity,
    [TASK_LABEL.namespace]: namespace,
    [TASK_LABEL.stamp]: formatStamp({ identity, kind: "Instance", namespace, name, uid, term }),
    ...(claimed === undefined ? {} : { [TASK_LABEL.address]: addressLabel(claimed) }),
    ...(onNode.length === 0 ? {} : { [TASK_LABEL.ports]: portsText(onNode) }),
  };
}

/** The ports of the node that a task was given, as its labels tell. */
export function labelledPorts(labels: Readonly<Record<string, string>>) {
  const pairs = (labels[TASK_LABEL.ports] ?? "").split(",").map((pair) => pair.split("="));
  return pairs.flatMap(([name = "", text = ""]) => {
    const port = Number(text);
    return name !== "" && Number.isInteger(port) && port > 0 ? [{ name, port }] : [];
  });
}

function portsText(ports: readonly PlacedPort[]): string {
  return ports.map(({ name, hostPort }) => `${name}=${hostPort}`).join(",");
}
