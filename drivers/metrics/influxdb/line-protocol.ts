import type { Point } from "../driver.js";

/**
 * Points as lines of the protocol of InfluxDB 1.x, times in milliseconds. Whatever names hold, each point stays one line;
 * a point without a finite field gives none.
 */
export function encodeLines(points: readonly Point[]): string {
  return points.flatMap((point) => encodeLine(point) ?? []).join("\n");
}

function encodeLine({ series, tags, fields, at }: Point): string | undefined {
  const told = Object.entries(fields).filter(([name, value]) => name !== "" && Number.isFinite(value));
  if (told.length === 0 || series === "" || !Number.isFinite(at)) return undefined;
  // a tag without a value cannot be written; in order, because the server sorts them anyway
  const known = Object.entries(tags)
    .filter(([name, value]) => name !== "" && value !== "")
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const key = [escapeSeries(series), ...known.map(([name, value]) => `${escapeTag(name)}=${escapeTag(value)}`)];
  const values = told.map(([name, value]) => `${escapeTag(name)}=${value}`);
  return `${key.join(",")} ${values.join(",")} ${Math.round(at)}`;
}

/** What most names consist of: nothing to be done. */
const PLAIN = /^[\w.:/-]{1,1024}$/;

function escapeSeries(text: string): string {
  if (PLAIN.test(text)) return text;
  return writable(text).replace(/[, ]/g, "\\$&");
}

/** Keys and values of tags, and keys of fields. */
function escapeTag(text: string): string {
  if (PLAIN.test(text)) return text;
  return writable(text).replace(/[,= ]/g, "\\$&");
}

/** Longer names are cut: a key of the database has room for 64 KiB in all. */
const NAME_LENGTH_MAX = 1024;

/**
 * The protocol has no way to write a control character, such as the end of a line, nor a backslash where it would touch
 * what comes next: these become `_`.
 */
function writable(text: string): string {
  return (
    text
      .slice(0, NAME_LENGTH_MAX)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      .replace(/[\u0000-\u001f\u007f]/g, "_")
      .replace(/\\+$/, (run) => "_".repeat(run.length))
      .replace(/^#/, "_")
  );
}
