import type { WaitingTask } from "./model.js";
import { countWithout, holdsPort, type Ports } from "./ports.js";
import { type Amounts, fixedPorts, isAllowed, leftOf, portsLeft, type Room, type Scalar, type Site } from "./room.js";

/** One question that a task puts to a node. */
export interface Check<Subject> {
  readonly passes: (subject: Subject) => boolean;
  /** How much a node lacks that does not pass, as a share of what is asked for; undefined: nothing is counted. */
  readonly lack?: (subject: Subject) => number;
  /** What refusals are counted by, e.g. `cpu`. */
  readonly reason: (subject: Subject) => string;
  /** What goes behind the node's name, e.g. `lacks 0.5 of 2 cpu`. */
  readonly explain: (subject: Subject) => string;
}

/** What a node is, whatever it holds: name, closed, type, function; in the order of the table at `checksOf`. */
export function nodeChecks(task: WaitingTask): readonly Check<Site>[] {
  const { nodeNames, nodeType, nodeFunction } = task;
  const checks: Check<Site>[] = [];
  const names = new Set(nodeNames);
  if (names.size > 0)
    checks.push(
      plainCheck(
        "node name",
        ({ facts }) => names.has(facts.name),
        () => "is not asked for",
      ),
    );
  checks.push({
    passes: ({ facts }) => facts.closedBecause === undefined,
    reason: ({ facts }) => facts.closedBecause ?? "",
    explain: ({ facts }) => `is closed: ${facts.closedBecause}`,
  });
  if (nodeType !== undefined) {
    checks.push(
      plainCheck(
        "node type",
        ({ facts }) => facts.type === nodeType,
        ({ facts }) => `is a ${facts.type}`,
      ),
    );
  }
  if (nodeFunction !== undefined) {
    const isSuch = ({ facts }: Site) => facts.function === nodeFunction;
    checks.push(plainCheck("node function", isSuch, ({ facts }) => `has function ${facts.function ?? "none"}`));
  }
  return checks;
}

/** Services that must not be on the node. */
export function apartChecks({ apartFrom }: WaitingTask): readonly Check<Site>[] {
  return apartFrom.map((service) =>
    plainCheck(
      `apart from ${service}`,
      ({ services }) => !services.has(service),
      () => `holds ${service}`,
    ),
  );
}

/** Whether anything in the offer is of an allowed role. */
export function roleChecks({ roles }: WaitingTask): readonly Check<Room>[] {
  if (roles === undefined) return [];
  const isOffered = ({ pools }: Room) => pools.some((pool) => isAllowed(pool.role, roles));
  return [plainCheck("role", isOffered, () => `offers nothing of role ${roles.join(", ")}`)];
}

/** What a task takes; `reserved` are the fixed ports of its service, which no assigned port may take. */
export interface ResourceDemand {
  readonly task: WaitingTask;
  readonly amounts: Amounts;
  readonly reserved: Ports;
}

/** What the offer has to hold. Nothing is asked for where the need is zero. */
export function resourceChecks({ task, amounts, reserved }: ResourceDemand): readonly Check<Room>[] {
  const { roles, need } = task;
  const assigned = need.ports.filter((port) => port.type === "assigned").length;
  const scalars = (Object.keys(UNITS) as Scalar[]).filter((scalar) => amounts[scalar] > 0); // UNITS has exactly these keys
  const checks = scalars.map((scalar) => scalarCheck(scalar, amounts[scalar], roles));
  const fixed = fixedPorts(need);
  if (fixed.length > 0) checks.push(fixedCheck(fixed, roles));
  if (assigned > 0) checks.push(assignedCheck(assigned, roles, reserved));
  return checks;
}

interface Unit {
  readonly reason: string;
  readonly unit: string;
  /** Asked for every node: a name that is written is found faster than one that is computed. */
  readonly left: (room: Room) => number;
}

const UNITS: Readonly<Record<Scalar, Unit>> = {
  cpu: { reason: "cpu", unit: "cpu", left: ({ left }) => left.cpu },
  memoryMiB: { reason: "memory", unit: "MiB of memory", left: ({ left }) => left.memoryMiB },
  diskMiB: { reason: "disk", unit: "MiB of disk", left: ({ left }) => left.diskMiB },
  gpu: { reason: "gpu", unit: "gpu", left: ({ left }) => left.gpu },
};

type Roles = readonly string[] | undefined;

function scalarCheck(scalar: Scalar, wanted: number, roles: Roles): Check<Room> {
  const { reason, unit, left } = UNITS[scalar];
  const leftIn = roles === undefined ? left : (room: Room) => leftOf(room, roles, scalar);
  const missing = (room: Room) => Math.max(0, wanted - leftIn(room));
  return {
    passes: (room) => leftIn(room) >= wanted,
    lack: (room) => missing(room) / wanted,
    reason: () => reason,
    explain: (room) => `lacks ${missing(room) / 1000} of ${wanted / 1000} ${unit}`,
  };
}

function fixedCheck(fixed: readonly number[], roles: Roles): Check<Room> {
  const missing = (room: Room) => {
    const ports = portsLeft(room, roles);
    return fixed.filter((port) => !holdsPort(ports, port));
  };
  return {
    passes(room) {
      const ports = portsLeft(room, roles);
      return fixed.every((port) => holdsPort(ports, port));
    },
    lack: (room) => missing(room).length / fixed.length,
    reason: () => "host port",
    explain: (room) => `does not offer port ${missing(room).join(", ")}`,
  };
}

function assignedCheck(count: number, roles: Roles, reserved: Ports): Check<Room> {
  const found = (room: Room) => countWithout(portsLeft(room, roles), reserved);
  const missing = (room: Room) => Math.max(0, count - found(room));
  return {
    passes: (room) => found(room) >= count,
    lack: (room) => missing(room) / count,
    reason: () => "ports",
    explain: (room) => `lacks ${missing(room)} of ${count} ports`,
  };
}

function plainCheck<Subject>(
  reason: string,
  passes: (subject: Subject) => boolean,
  explain: (subject: Subject) => string,
): Check<Subject> {
  return { passes, reason: () => reason, explain };
}
