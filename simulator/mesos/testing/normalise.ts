/** Values that differ from run to run, by the name of their field. */
const DRAWN = new Set([
  "timestamp",
  "uuid",
  "status_update_uuid",
  "executor_pid",
  "container_id",
  "nanoseconds",
  "start_time",
  "elected_time",
  "build_time",
  "unregistered_time",
]);

/** The value with what is drawn replaced by its field's name, and lists whose order means nothing sorted. */
export function normalise(value: unknown): unknown {
  if (Array.isArray(value)) return sorted(value.map(normalise));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => name !== "unregistered_time")
      .map(([name, field]) => [name, DRAWN.has(name) ? `<${name}>` : normaliseField(name, field)]),
  );
}

function normaliseField(name: string, field: unknown): unknown {
  if (name === "master_info") return { ...(normalise(field) as object), id: "<master>" };
  return normalise(field);
}

/** Resources, attributes and agents come in any order. */
function sorted(list: readonly unknown[]): readonly unknown[] {
  const isNamed = list.every((entry) => typeof entry === "object" && entry !== null && "name" in entry);
  return isNamed ? [...list].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) : list;
}

/** The value with every recorded id replaced by ours, also inside messages. */
export function translate(value: unknown, ids: ReadonlyMap<string, string>): unknown {
  if (typeof value === "string") return value.replace(TOKEN, (token) => ids.get(token) ?? token);
  if (Array.isArray(value)) return value.map((entry) => translate(entry, ids));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, translate(field, ids)]));
}

/** An id, or a base64 uuid, as it stands between other characters. */
const TOKEN = /[\w+/=-]+/g;
