import type { WireAttribute } from "../../../drivers/compute/mesos/wire.js";
import { parseRange } from "./resources.js";

/** Attributes as the agent's flag reads them: a number is SCALAR, `[1-5,7-9]` is RANGES, all else TEXT. */
export function parseAttributes(flags: Readonly<Record<string, string>>): readonly WireAttribute[] {
  return Object.entries(flags).map(([name, text]) => parseAttribute(name, text.replaceAll(" ", "")));
}

function parseAttribute(name: string, text: string): WireAttribute {
  if (text.startsWith("[")) {
    return { name, type: "RANGES", ranges: { range: text.slice(1, -1).split(",").map(parseRange) } };
  }
  const number = Number(text);
  if (text !== "" && Number.isFinite(number)) return { name, type: "SCALAR", scalar: { value: number } };
  return { name, type: "TEXT", text: { value: text } };
}

/** The plain value that the old endpoints show. */
export function plainAttribute(attribute: WireAttribute): string | number {
  if (attribute.scalar !== undefined) return attribute.scalar.value;
  if (attribute.text !== undefined) return attribute.text.value;
  return `[${(attribute.ranges?.range ?? []).map((range) => `${range.begin}-${range.end}`).join(", ")}]`;
}
