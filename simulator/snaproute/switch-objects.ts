import { parseIpv4 } from "../../drivers/network/prefix.js";
import { type Shown, SwitchError } from "./reply.js";
import type { Fields } from "./route-objects.js";
import type { Interface, Port, SwitchState, Vlan } from "./state.js";
import type { Table } from "./table.js";

/** Ports, VLANs and interfaces: as much of them as initialising a switch needs. */
export interface SwitchObjects {
  /** All objects of a collection such as `state/ports`; undefined when there is no such collection. */
  list(path: string): readonly Shown[] | undefined;
  /** One object by id or keys; undefined when there is no such collection, SwitchError when there is no such object. */
  find(path: string, id: string, fields: Fields): Shown | undefined;
  updatePort(fields: Fields): string;
  createVlan(fields: Fields): string;
  createInterface(fields: Fields): string;
  snapshot(): Pick<SwitchState, "ports" | "vlans" | "interfaces">;
  load(state: Pick<SwitchState, "ports" | "vlans" | "interfaces">): void;
}

/** Nothing configured; interfaces connect their networks in `table`. */
export function createSwitchObjects(table: Table, nextId: () => string): SwitchObjects {
  const ports = new Map<string, Port>();
  const vlans = new Map<number, Vlan>();
  const interfaces = new Map<string, Interface>();
  const collections: ReadonlyMap<string, () => readonly Shown[]> = new Map([
    ["state/ports", () => [...ports.values()].map(showPortState)],
    ["config/ports", () => [...ports.values()].map(showPort)],
    ["config/vlans", () => [...vlans.values()].map(showVlan)],
    ["config/ipv4intfs", () => [...interfaces.values()].map(showInterface)],
    ["state/ipv4intfs", () => [...interfaces.values()].map(showInterface)],
  ]);
  const connect = (one: Interface) => {
    interfaces.set(one.name, one);
    table.connect(one);
  };

  return {
    list: (path) => collections.get(path)?.(),
    find(path, id, fields) {
      const objects = collections.get(`${path}s`)?.();
      if (objects === undefined) return undefined;
      const found = objects.find((shown) => (id === "" ? hasKeys(shown, fields) : shown.ObjectId === id));
      if (found === undefined) throw new SwitchError(404, "Error: Failed to find entry.");
      return found;
    },
    updatePort(fields) {
      const next = patchedPort(ports.get(String(fields.IntfRef)), fields);
      ports.set(next.name, next);
      return next.name;
    },
    createVlan(fields) {
      const vlan = vlanFrom(fields, nextId());
      if (vlans.has(vlan.vlanId)) throw alreadyConfigured(vlans.get(vlan.vlanId)?.id);
      vlans.set(vlan.vlanId, vlan);
      return vlan.id;
    },
    createInterface(fields) {
      const one = interfaceFrom(fields, nextId());
      if (interfaces.has(one.name)) throw alreadyConfigured(interfaces.get(one.name)?.id);
      connect(one);
      return one.id;
    },
    snapshot: () => ({ ports: [...ports.values()], vlans: [...vlans.values()], interfaces: [...interfaces.values()] }),
    load(state) {
      for (const collection of [ports, vlans, interfaces]) collection.clear();
      for (const port of state.ports) ports.set(port.name, port);
      for (const vlan of state.vlans) vlans.set(vlan.vlanId, vlan);
      for (const one of state.interfaces) connect(one);
    },
  };
}

function vlanFrom(fields: Fields, id: string): Vlan {
  const { VlanId: vlanId } = fields;
  if (typeof vlanId !== "number") throw new SwitchError(500, "Error: Insufficient information.");
  return { id, vlanId, ports: texts(fields.IntfList), untaggedPorts: texts(fields.UntagIntfList) };
}

function interfaceFrom(fields: Fields, id: string): Interface {
  const { IntfRef: name, IpAddr: cidr } = fields;
  if (typeof name !== "string" || typeof cidr !== "string" || !isCidr(cidr)) {
    throw new SwitchError(500, "Error: Insufficient information.");
  }
  return { id, name, cidr };
}

function alreadyConfigured(id: string | undefined): SwitchError {
  return new SwitchError(500, "Error: Already configured. Delete and Update operations are allowed.", id ?? "");
}

function patchedPort(known: Port | undefined, fields: Fields): Port {
  if (known === undefined) throw new SwitchError(404, "Error: Failed to find entry.");
  const next = {
    ...known,
    isUp: fields.AdminState === undefined ? known.isUp : fields.AdminState === "UP",
    speed: typeof fields.Speed === "number" ? fields.Speed : known.speed,
    breakOutMode: typeof fields.BreakOutMode === "string" ? fields.BreakOutMode : known.breakOutMode,
  };
  if (JSON.stringify(next) === JSON.stringify(known)) throw new SwitchError(500, "Error: Nothing to be updated.");
  return next;
}

function hasKeys({ Object: shown }: Shown, fields: Fields): boolean {
  const keys = ["IntfRef", "VlanId"].filter((key) => fields[key] !== undefined);
  return keys.length > 0 && keys.every((key) => String(shown[key]) === String(fields[key]));
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function isCidr(text: string): boolean {
  const [address = "", length = ""] = text.split("/");
  return parseIpv4(address) !== undefined && /^\d{1,2}$/.test(length) && Number(length) <= 32;
}

function showPort(port: Port): Shown {
  const { name, isUp, speed, breakOutMode } = port;
  const shown = { IntfRef: name, AdminState: isUp ? "UP" : "DOWN", Speed: speed, BreakOutMode: breakOutMode };
  return { ObjectId: name, Object: shown };
}

function showPortState(port: Port): Shown {
  const shown = { IntfRef: port.name, IfIndex: port.ifIndex, Name: port.name, OperState: port.isUp ? "UP" : "DOWN" };
  return { ObjectId: port.name, Object: { ...shown, NumUpEvents: port.isUp ? 1 : 0 } };
}

function showVlan(vlan: Vlan): Shown {
  const shown = { VlanId: vlan.vlanId, IntfList: vlan.ports, UntagIntfList: vlan.untaggedPorts, AdminState: "UP" };
  return { ObjectId: vlan.id, Object: shown };
}

function showInterface(one: Interface): Shown {
  return { ObjectId: one.id, Object: { IntfRef: one.name, IpAddr: one.cidr, AdminState: "UP" } };
}
