/** Values that differ from run to run, by the name of their field. */
const DRAWN = new Set([
  "timestamp",
  "uuid",
  "status_update_uuid",
  "executor_pid",
  "nanoseconds",
  "start_time",
  "elected_time",
  "build_time",
  "unregistered_time",
  "registered_time",
  "reregistered_time",
  "mtime",
  "master/uptime_secs",
  "executor_directory",
  "estimated_drain_start_time_seconds",
  "mem_rss_bytes",
  "cpus_system_time_secs",
  "cpus_user_time_secs",
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
  if (name === "data" && typeof field === "string") return "<data>";
  if (name === "container_id") return "<container_id>";
  if (name === "container_status" && isNested(field)) return "<nested>";
  return normalise(field);
}

/** Whether a container inside of another one has its address and process yet was a race in the real agent. */
function isNested(field: unknown): boolean {
  const { container_id } = field as { readonly container_id?: { readonly parent?: unknown } };
  return container_id?.parent !== undefined;
}

/** Resources, attributes, agents, tasks and executors come in any order. */
function sorted(list: readonly unknown[]): readonly unknown[] {
  const keys = list.map(keyOf);
  if (keys.some((key) => key === undefined)) return list;
  const order = list.map((entry, index) => ({ entry, key: keys[index] ?? "" }));
  return order.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ entry }) => entry);
}

/** What an entry of such a list is known by. */
function keyOf(entry: unknown): string | undefined {
  if (typeof entry !== "object" || entry === null) return undefined;
  if ("name" in entry) return JSON.stringify(entry);
  if ("agent_info" in entry) return (entry.agent_info as { readonly hostname: string }).hostname;
  return "hostname" in entry ? String(entry.hostname) : undefined;
}

/** The value with every recorded id replaced by ours, also inside messages. */
export function translate(value: unknown, ids: ReadonlyMap<string, string>): unknown {
  if (typeof value === "string") {
    return value.replace(TOKEN, (token) => ids.get(token) ?? token.replace(PART, (part) => ids.get(part) ?? part));
  }
  if (Array.isArray(value)) return value.map((entry) => translate(entry, ids));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, translate(field, ids)]));
}

/** An id, or a base64 uuid, as it stands between other characters. */
const TOKEN = /[\w+/=-]+/g;
/** The parts of a path. */
const PART = /[\w-]+/g;
