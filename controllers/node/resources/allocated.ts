import { isQuantity, parseQuantity } from "../../../api-types/schema/quantity.js";
import type { AttachedTask, Service } from "../../../api-types/service-group.js";
import { substitute } from "../../../api-types/substitute.js";

/** Amounts as a Node's status shows them. */
export interface Amounts {
  readonly cpu: string;
  readonly memory: string;
  readonly disk: string;
  readonly gpu?: string;
}

/** Cores, MiB, MiB, devices. */
export interface Need {
  readonly cpu: number;
  readonly memoryMiB: number;
  readonly diskMiB: number;
  readonly gpu: number;
}

const MIB = 1024 * 1024;
const NOTHING: Need = { cpu: 0, memoryMiB: 0, diskMiB: 0, gpu: 0 };

/** What instances of these templates take in all, attached tasks and executors of their own included. */
export function allocated(templates: readonly Service[], variables: Readonly<Record<string, string>> = {}): Amounts {
  return printAmounts(templates.map((template) => needOf(template, variables)).reduce(plus, NOTHING));
}

/** Whole MiB; devices only where there are some. */
export function printAmounts({ cpu, memoryMiB, diskMiB, gpu }: Need): Amounts {
  return {
    // sums of decimals: 0.1 + 0.2 is 0.3
    cpu: String(Number(cpu.toFixed(3))),
    memory: `${Math.floor(memoryMiB)}Mi`,
    disk: `${Math.floor(diskMiB)}Mi`,
    ...(gpu > 0 ? { gpu: String(gpu) } : {}),
  };
}

function needOf(service: Service, variables: Readonly<Record<string, string>>): Need {
  const parts: readonly Resources[] = [
    service.resources,
    ...(service.attached ?? []).map((attached: AttachedTask) => attached.resources),
    ...(service.executor === undefined ? [] : [service.executor.resources]),
  ];
  return parts.map((part) => amountsOf(part, variables)).reduce(plus, NOTHING);
}

interface Resources {
  readonly cpu?: string | number;
  readonly memory?: string | number;
  readonly disk?: string | number;
  readonly gpu?: number;
}

function amountsOf(resources: Resources | undefined, variables: Readonly<Record<string, string>>): Need {
  const amount = (value: string | number | undefined) => {
    const text = substitute(String(value ?? 0), (name) => variables[name]).text;
    return isQuantity(text) ? parseQuantity(text) : 0;
  };
  const { cpu, memory, disk, gpu = 0 } = resources ?? {};
  return { cpu: amount(cpu), memoryMiB: amount(memory) / MIB, diskMiB: amount(disk) / MIB, gpu };
}

function plus(a: Need, b: Need): Need {
  return {
    cpu: a.cpu + b.cpu,
    memoryMiB: a.memoryMiB + b.memoryMiB,
    diskMiB: a.diskMiB + b.diskMiB,
    gpu: a.gpu + b.gpu,
  };
}
