import type { PortRange } from "../../../../drivers/compute/driver.js";
import type { NodeFacts } from "../model.js";

/**
 * The text by which rules compare an attribute of a node, as Marathon writes it; undefined: the node does not have it.
 *
 * | attribute               | text                                                                           |
 * |-------------------------|--------------------------------------------------------------------------------|
 * | number                  | at most 3 decimals, halves to the even neighbour: 1.0005 is 1, 1.00051 is 1.001 |
 * | ranges                  | `[b-e,b-e]`, sorted by begin                                                   |
 * | set                     | `{a,b}`, sorted                                                                |
 * | hostname, @region, @zone, other text | unchanged                                                         |
 */
export function attributeText({ attributes }: NodeFacts, attribute: string): string | undefined {
  const value = Object.hasOwn(attributes, attribute) ? attributes[attribute] : undefined;
  if (value === undefined) return undefined;
  return typeof value === "string" ? comparedText(attribute, value) : rangesText(value);
}

/** The same for a value written in a rule about `attribute`. */
export function comparedText(attribute: string, text: string): string {
  if (NAMES.includes(attribute)) return text;
  return numberText(text) ?? setText(text) ?? text;
}

/** A number with at most three decimals, halves to the even neighbour; undefined: the text is no number. */
export function numberText(text: string): string | undefined {
  const value = Number(text);
  if (!NUMBER.test(text) || !Number.isFinite(value)) return undefined;
  const size = Math.abs(value);
  // the two ends of the scale where JavaScript writes exponents
  if (size < 1e-6) return "0";
  if (size >= 1e21) return BigInt(value).toString();
  const [whole = "", decimals = ""] = String(size).split(".");
  if (decimals.length <= 3) return String(value);
  const thousandths = Number(whole + decimals.slice(0, 3)) + (isRoundedUp(decimals) ? 1 : 0);
  return String((Math.sign(value) * thousandths) / 1000).replace(/^-0$/, "0");
}

/** Names are text even where they look like a number. */
const NAMES: readonly string[] = ["hostname", "@region", "@zone"];
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** By decimals of the shortest text, because a half in binary is seldom one in decimals. */
function isRoundedUp(decimals: string): boolean {
  const rest = decimals.slice(3);
  const isHalf = /^50*$/.test(rest);
  return isHalf ? Number(decimals[2]) % 2 === 1 : rest >= "5";
}

/** Agents have no sets (Mesos refuses to start them), so a text in braces can only be meant as one. */
function setText(text: string): string | undefined {
  if (!text.startsWith("{") || !text.endsWith("}")) return undefined;
  const items = text.slice(1, -1).split(",");
  return `{${items
    .map((item) => item.trim())
    .sort()
    .join(",")}}`;
}

function rangesText(ranges: readonly PortRange[]): string {
  const sorted = [...ranges].sort((a, b) => a.begin - b.begin || a.end - b.end);
  return `[${sorted.map(({ begin, end }) => `${begin}-${end}`).join(",")}]`;
}
