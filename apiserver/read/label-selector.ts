import { badRequest } from "../http/failure.js";

/** One term of a label selector; absent labels satisfy `notIn`. */
type Requirement =
  | { readonly type: "in"; readonly key: string; readonly values: ReadonlySet<string> }
  | { readonly type: "notIn"; readonly key: string; readonly values: ReadonlySet<string> }
  | { readonly type: "exists"; readonly key: string }
  | { readonly type: "absent"; readonly key: string };

export type Labels = Readonly<Record<string, string>>;

/** A label selector (`a=b,c in (x,y),!d`) as a predicate; undefined when it selects everything. Throws BadRequest. */
export function parseLabelSelector(text: string | undefined): ((labels: Labels | undefined) => boolean) | undefined {
  if (text === undefined || text.trim() === "") return undefined;
  const requirements = splitTerms(text).map(parseTerm);
  return (labels) => requirements.every((requirement) => isMet(requirement, labels ?? NO_LABELS));
}

const NO_LABELS: Labels = {};

function isMet(requirement: Requirement, labels: Labels): boolean {
  const value = Object.hasOwn(labels, requirement.key) ? labels[requirement.key] : undefined;
  switch (requirement.type) {
    case "in":
      return value !== undefined && requirement.values.has(value);
    case "notIn":
      return value === undefined || !requirement.values.has(value);
    case "exists":
      return value !== undefined;
    case "absent":
      return value === undefined;
    default:
      return requirement satisfies never;
  }
}

/** Cuts at the commas that are outside parentheses. */
function splitTerms(text: string): readonly string[] {
  return text.split(/,(?![^(]*\))/).map((term) => term.trim());
}

function parseTerm(term: string): Requirement {
  const set = SET_TERM.exec(term);
  if (set) return setRequirement(set[1] ?? "", set[2] ?? "", set[3] ?? "");
  const equality = EQUALITY_TERM.exec(term);
  if (equality) {
    const values = new Set([checkedValue((equality[3] ?? "").trim())]);
    return { type: equality[2] === "!=" ? "notIn" : "in", key: checkedKey(equality[1] ?? ""), values };
  }
  if (term.startsWith("!")) return { type: "absent", key: checkedKey(term.slice(1).trim()) };
  return { type: "exists", key: checkedKey(term) };
}

const SET_TERM = /^(\S+)\s+(in|notin)\s*\(([^()]*)\)$/;
const EQUALITY_TERM = /^([^\s=!]+)\s*(==|=|!=)\s*([^=!]*)$/;

function setRequirement(key: string, operator: string, list: string): Requirement {
  const values = new Set(list.split(",").map((value) => checkedValue(value.trim())));
  return { type: operator === "in" ? "in" : "notIn", key: checkedKey(key), values };
}

const KEY = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

function checkedKey(key: string): string {
  if (!KEY.test(key)) throw badRequest(`unable to parse requirement: invalid label key "${key}"`);
  return key;
}

function checkedValue(value: string): string {
  if (!VALUE.test(value)) throw badRequest(`unable to parse requirement: invalid label value "${value}"`);
  return value;
}
