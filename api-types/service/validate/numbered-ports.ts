import { invalid } from "../../meta/field-error.js";
import type { FieldError } from "../../schema/structural.js";
import type { Service } from "../fields.js";
import type { ServicePort } from "../network.js";

/** Numbers of instances: `start`, `start + step`, … as many as there are slots. */
interface Numbers {
  readonly start: number;
  readonly step: number;
  readonly slots: number;
}

/** Rules about ports that follow the number of their instance: all are ports, and none is taken twice. */
export function numberedPortErrors(service: Service, slots: number, path: string): readonly FieldError[] {
  const numbers: Numbers = { start: service.ordinals.start, step: service.ordinals.step, slots };
  const ports = service.network.ports ?? [];
  return ports.flatMap((port, index) => {
    if (port.numberOffset === undefined) return [];
    const at = `${path}[${index}].numberOffset`;
    const outside = rangeErrors(port.numberOffset, numbers, at);
    if (outside.length > 0) return outside;
    const others = ports.filter(
      (other, position) => other.protocol === port.protocol && isRival(other, position, index),
    );
    const rival = others.find((other) => isOverlapping(port.numberOffset ?? 0, other, numbers));
    if (rival === undefined) return [];
    const range = rangeText(port.numberOffset, numbers);
    return [
      invalid(at, port.numberOffset, `ports ${range} of the instances overlap with those of port "${rival.name}"`),
    ];
  });
}

/** A clash of two numbered ports is told once, at the later one. */
function isRival(other: ServicePort, position: number, index: number): boolean {
  return other.numberOffset === undefined || position < index;
}

function rangeErrors(offset: number, numbers: Numbers, path: string): readonly FieldError[] {
  const [first, last] = endsOf(offset, numbers);
  if (first >= 1 && last <= 65_535) return [];
  const why = `every number must give a port from 1 to 65535, and numbers ${numbers.start} to ${last - offset} give ports ${rangeText(offset, numbers)}; ordinals.slots limits the numbers`;
  return [invalid(path, offset, why)];
}

function isOverlapping(offset: number, other: ServicePort, numbers: Numbers): boolean {
  if (other.numberOffset === undefined) return isHit(other.hostPort ?? 0, offset, numbers);
  const distance = Math.abs(offset - other.numberOffset);
  return distance % numbers.step === 0 && distance / numbers.step < numbers.slots;
}

/** Whether a fixed port is that of one of the instances. */
function isHit(fixed: number, offset: number, numbers: Numbers): boolean {
  const [first, last] = endsOf(offset, numbers);
  return fixed >= first && fixed <= last && (fixed - first) % numbers.step === 0;
}

function endsOf(offset: number, { start, step, slots }: Numbers): readonly [first: number, last: number] {
  return [start + offset, start + step * (slots - 1) + offset];
}

function rangeText(offset: number, numbers: Numbers): string {
  const [first, last] = endsOf(offset, numbers);
  return first === last ? `${first}` : `${first} to ${last}`;
}
