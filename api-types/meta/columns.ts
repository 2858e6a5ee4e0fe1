import type { Column } from "./kind.js";

/** The column that ends almost every table. */
export const AGE: Column = {
  name: "Age",
  type: "date",
  description: "Time since creation.",
  jsonPath: ".metadata.creationTimestamp",
};

/** A column of text at a path; `priority` above 0 shows it with `-o wide` only. */
export function textColumn(name: string, jsonPath: string, description: string): Column {
  return { name, type: "string", description, jsonPath };
}

export function countColumn(name: string, jsonPath: string, description: string): Column {
  return { name, type: "integer", description, jsonPath };
}

/** The status of one condition: True, False or Unknown. */
export function conditionColumn(type: string, description: string): Column {
  return textColumn(type, `.status.conditions[?(@.type=="${type}")].status`, description);
}

/** Why a condition stands as it does, in one word. */
export function reasonColumn(type: string, name = "Reason"): Column {
  return textColumn(name, `.status.conditions[?(@.type=="${type}")].reason`, `Why ${type} is what it is.`);
}

/** A time, shown as the time that went by since. */
export function sinceColumn(name: string, jsonPath: string, description: string): Column {
  return { name, type: "date", description, jsonPath };
}

/** The column, shown with `-o wide` only. */
export function wide(column: Column): Column {
  return { ...column, priority: 1 };
}
