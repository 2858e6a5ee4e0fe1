import { isRecord } from "../../../platform/is-record.js";
import { type Shown, SwitchError } from "../reply.js";
import type { Fields } from "../route-objects.js";
import type { BgpState, RedistributionEntry } from "./state.js";

type Global = BgpState["global"];

/** The one `BGPGlobal`, which is only ever changed, and the policies that BGP really goes by. */
export interface BgpGlobal {
  value(): Global;
  show(): Shown;
  /** Throws SwitchError when refused. */
  update(fields: Fields): void;
  /** The policy of each source of routes. */
  policies(): ReadonlyMap<string, string>;
  /** As after a start of the agent: BGP goes by what is configured. */
  load(global: Global): void;
}

/**
 * What BGP goes by follows the configuration in its own way. A `patch` adds an entry where a source has no policy yet, and
 * removes one. A whole list adds and replaces, but takes nothing away; and an empty one changes nothing.
 */
export function createBgpGlobal(initial: Global): BgpGlobal {
  let global = initial;
  let policies = applied(new Map(), initial.Redistribution);

  const patch = (step: unknown) => {
    const { op, path, value } = isRecord(step) ? step : {};
    if (path !== "Redistribution") throw new SwitchError(500, `Error: ${String(path)} cannot be patched`);
    const entries = entriesOf(value);
    if (op === "add") {
      const added = entries.filter((entry) => !global.Redistribution.some((known) => isSame(known, entry)));
      global = { ...global, Redistribution: [...global.Redistribution, ...added] };
      policies = new Map([...applied(new Map(), entries), ...policies]);
      return;
    }
    if (op !== "remove") throw new SwitchError(500, `Error: Unknown patch operation ${String(op)}`);
    const isRemoved = (known: RedistributionEntry) => entries.some((entry) => isSame(known, entry));
    global = { ...global, Redistribution: global.Redistribution.filter((known) => !isRemoved(known)) };
    const removed = applied(new Map(), entries);
    policies = new Map([...policies].filter(([source, policy]) => removed.get(source) !== policy));
  };

  return {
    value: () => global,
    show: () => ({ ObjectId: global.id, Object: { Vrf: "default", ...withoutId(global) } }),
    update(fields) {
      const before = JSON.stringify(global);
      if (fields.patch !== undefined) {
        const steps: readonly unknown[] = Array.isArray(fields.patch) ? fields.patch : [fields.patch];
        for (const step of steps) patch(step);
      } else {
        const { ASNum = global.ASNum, RouterId = global.RouterId, Disabled = global.Disabled } = fields;
        const entries = fields.Redistribution === undefined ? undefined : entriesOf(fields.Redistribution);
        const Redistribution = entries ?? global.Redistribution;
        const isDisabled = Disabled === true;
        global = { ...global, ASNum: String(ASNum), RouterId: String(RouterId), Disabled: isDisabled, Redistribution };
        policies = applied(policies, entries ?? []);
      }
      if (JSON.stringify(global) === before) throw new SwitchError(500, "Error: Nothing to be updated.", global.id);
    },
    policies: () => policies,
    load(next) {
      global = next;
      policies = applied(new Map(), next.Redistribution);
    },
  };
}

function applied(policies: ReadonlyMap<string, string>, entries: readonly RedistributionEntry[]) {
  const bySource = entries.flatMap(({ Sources: sources, Policy: policy }) =>
    sources.split(",").map((source): [string, string] => [source, policy]),
  );
  return new Map([...policies, ...bySource]);
}

function entriesOf(value: unknown): readonly RedistributionEntry[] {
  if (value === null) return [];
  if (!Array.isArray(value)) throw new SwitchError(500, "Error: Redistribution is not a list");
  return value.map((item: unknown) => {
    const { Sources = "", Policy = isRecord(item) ? item.policy : undefined } = isRecord(item) ? item : {};
    if (typeof Policy !== "string") throw new SwitchError(500, "Error: Policy is not specified");
    return { Sources: String(Sources), Policy };
  });
}

function isSame(a: RedistributionEntry, b: RedistributionEntry): boolean {
  return a.Sources === b.Sources && a.Policy === b.Policy;
}

function withoutId({ id: _id, ...fields }: Global): Fields {
  return fields;
}
