import { stringify } from "yaml";
import type { Kind } from "../../api-types/meta/kind.js";
import type { Session } from "./session.js";
import { qualifiedName } from "./target.js";

/** Rows in columns, as kubectl prints them: three spaces between, nothing at the end of a line. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? "").length)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("   ")
        .trimEnd(),
    )
    .join("\n");
}

/** What a verb did to an object: a sentence, or the object with `-o`. */
export interface Done {
  readonly kind: Kind;
  readonly name: string;
  /** The object as it is now. */
  readonly object: unknown;
  /** E.g. `scaled`. */
  readonly what: string;
  readonly isDryRun?: boolean;
}

/** Tells what was done, in the form that `-o` asks for. */
export function printDone(session: Session, { kind, name, object, what, isDryRun }: Done): void {
  const qualified = qualifiedName(kind, name);
  if (session.output === undefined) session.say(`${qualified} ${what}${isDryRun ? " (dry run)" : ""}`);
  else if (session.output === "name") session.say(qualified);
  else session.say(formatted(session.output, object));
}

/** An object as JSON or YAML, without its managed fields, which kubectl leaves out, too. */
export function formatted(form: "json" | "yaml", object: unknown): string {
  const plain = JSON.parse(JSON.stringify(object, (name, value) => (name === "managedFields" ? undefined : value)));
  return form === "json" ? JSON.stringify(plain, undefined, 4) : stringify(plain).trimEnd();
}
