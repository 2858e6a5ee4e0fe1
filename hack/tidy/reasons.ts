import type { Source } from "./sources.js";

/** A condition's reason, written as data. */
const REASON = /reason: "([A-Z][A-Za-z0-9]+)"/g;
/** Said by every layer that is not used (DESIGN section 6). */
const SHARED: readonly string[] = ["NotUsed"];

/** Reasons of conditions that stand in more than one file: `grep` must lead to one place. */
export function checkReasons(sources: readonly Source[]): readonly string[] {
  const places = new Map<string, Set<string>>();
  for (const { path, text, isTest } of sources) {
    if (isTest || !path.startsWith("controllers/")) continue;
    for (const match of text.matchAll(REASON)) {
      const reason = match[1] ?? "";
      places.set(reason, (places.get(reason) ?? new Set()).add(path));
    }
  }
  return [...places].flatMap(([reason, paths]) =>
    paths.size > 1 && !SHARED.includes(reason) ? [`reason ${reason} stands in ${[...paths].join(" and ")}`] : [],
  );
}
