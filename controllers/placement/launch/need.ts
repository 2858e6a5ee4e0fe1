import { isQuantity, parseQuantity } from "../../../api-types/schema/quantity.js";
import type { Service, ServiceResources } from "../../../api-types/service-group.js";
import type { Resources, TaskLaunch } from "../../../drivers/compute/driver.js";
import type { Need } from "../place/model.js";
import { portNeeds } from "./ports.js";

const MIB = 1024 * 1024;
const DEFAULT_CPU = "200m";
const DEFAULT_MEMORY = "128Mi";

type Amounts = Omit<Resources, "ports">;
type Asked = Partial<ServiceResources> | undefined;

/** What an instance with everything attached to it takes, its executor included. */
export function needOf(service: Service, number: number): Need {
  const { executor, attached = [] } = service;
  const parts = [
    amountsOf(service.resources),
    ...(executor === undefined ? [] : [executorAmounts(executor.resources)]),
    ...attached.map(({ resources }) => amountsOf(resources)),
  ];
  return { ...sumOf(parts), ports: portNeeds({ service, number }) };
}

/** What one task takes beside its ports. Cores, MiB, MiB, devices. */
export function amountsOf(resources: Asked): Amounts {
  const { cpu = DEFAULT_CPU, memory = DEFAULT_MEMORY, disk, gpu = 0 } = resources ?? {};
  return {
    cpu: milli(parseQuantity(cpu)),
    memoryMiB: milli(parseQuantity(memory) / MIB),
    diskMiB: disk === undefined ? 0 : milli(parseQuantity(disk) / MIB),
    gpu,
  };
}

/** What an executor takes beside its task. */
export function executorAmounts({ cpu, memory }: { readonly cpu: string | number; readonly memory: string | number }) {
  return { cpu: milli(parseQuantity(cpu)), memoryMiB: milli(parseQuantity(memory) / MIB), diskMiB: 0, gpu: 0 };
}

/** Hard limits above the request; undefined: none are named. */
export function limitsOf(resources: Asked): TaskLaunch["limits"] {
  const { cpu, memory } = resources?.limits ?? {};
  if (cpu === undefined && memory === undefined) return undefined;
  return {
    ...(cpu === undefined ? {} : { cpu: cpu === UNLIMITED ? UNLIMITED : milli(parseQuantity(cpu)) }),
    ...(memory === undefined
      ? {}
      : { memoryMiB: memory === UNLIMITED ? UNLIMITED : milli(parseQuantity(memory) / MIB) }),
  };
}

/** Amounts that are none after substitution: they were variables when they were stored. */
export function amountFaults(service: Service): readonly string[] {
  const { executor, attached = [] } = service;
  return [
    ...quantityFaults(service.resources, "resources"),
    ...quantityFaults(executor?.resources, "executor.resources"),
    ...attached.flatMap(({ name, resources }) => quantityFaults(resources, `attached ${name}: resources`)),
  ];
}

const UNLIMITED = "unlimited";

/** Mesos counts in thousandths. */
function milli(amount: number): number {
  return Math.round(amount * 1000) / 1000;
}

function sumOf(parts: readonly Amounts[]): Amounts {
  const sum = (pick: (amounts: Amounts) => number) => milli(parts.reduce((total, part) => total + pick(part), 0));
  return {
    cpu: sum(({ cpu }) => cpu),
    memoryMiB: sum(({ memoryMiB }) => memoryMiB),
    diskMiB: sum(({ diskMiB }) => diskMiB),
    gpu: sum(({ gpu }) => gpu),
  };
}

/** Amounts of one part that are none. */
export function quantityFaults(resources: Asked, path: string): readonly string[] {
  const { cpu, memory, disk, limits } = resources ?? {};
  const amounts = { cpu, memory, disk, "limits.cpu": limits?.cpu, "limits.memory": limits?.memory };
  return Object.entries(amounts).flatMap(([name, amount]) => {
    const isLimit = name.startsWith("limits.") && amount === UNLIMITED;
    if (amount === undefined || isLimit || (isQuantity(amount) && parseQuantity(amount) >= 0)) return [];
    return [`${path}.${name}: ${JSON.stringify(amount)} is no quantity`];
  });
}
