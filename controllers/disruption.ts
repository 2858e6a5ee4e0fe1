import type { Action, BudgetClass } from "../actuation/action.js";
import type { BudgetStore, Overrides } from "../actuation/admission.js";
import { budgetLimits } from "../actuation/budget.js";
import { isRemoval } from "../actuation/grounds.js";
import { DisruptionOverride } from "../api-types/disruption-override.js";
import type { DnsRecord } from "../api-types/dns-record.js";
import type { Instance } from "../api-types/instance.js";
import { isTrue } from "../api-types/life.js";
import { Rack } from "../api-types/rack.js";
import type { Route } from "../api-types/route.js";
import type { Client } from "../client/client.js";
import type { Clock } from "../platform/clock.js";
import type { Cache } from "../runtime/cache.js";
import { reportStatus } from "../runtime/report.js";

const NAME = "executor";

interface BudgetInputs {
  readonly client: Client;
  readonly racks: Cache<Rack>;
  readonly instances: Cache<Instance>;
  readonly routes: Cache<Route>;
  readonly records: Cache<DnsRecord>;
}

/** The disruption budget of each rack, kept in `Rack.status.budgets` so that a restart does not refill it (R4). */
export function disruptionBudget({ client, racks, instances, routes, records }: BudgetInputs): BudgetStore {
  const known: Readonly<Record<BudgetClass, (rack: string) => number>> = {
    tasks: () => instances.list().length,
    names: (rack) => records.list().filter((record) => record.spec.rackName === rack).length,
    routes: (rack) => routes.list().filter((route) => route.spec.rackName === rack).length,
  };
  return {
    limits: (rack, budgetClass) =>
      budgetLimits(known[budgetClass](rack), racks.get(rack)?.spec.safety.budgets[budgetClass]),
    async load(rack) {
      const stored = (await client.get(Rack, { name: rack })).status?.budgets ?? [];
      return stored.map((state) => ({
        class: state.class,
        available: state.available ?? 0,
        capacity: state.capacity ?? 0,
        updatedAt: state.updatedAt ?? "",
      }));
    },
    async save(rack, states) {
      const object = await client.get(Rack, { name: rack });
      const classes = new Set(states.map((state) => state.class));
      const others = (object.status?.budgets ?? []).filter((state) => !classes.has(state.class));
      await reportStatus({ client, kind: Rack, object, status: { budgets: [...others, ...states] }, manager: NAME });
    },
  };
}

/** Valid DisruptionOverrides: unexpired, for this rack and class, and not used up. */
export function overridesOf({
  client,
  clock,
  overrides,
}: {
  client: Client;
  clock: Clock;
  overrides: Cache<DisruptionOverride>;
}): Overrides {
  return {
    find(rack, budgetClass, count) {
      const found = overrides.list().find(({ spec, status }) => {
        const isValid =
          spec.rackName === rack && spec.classes.includes(budgetClass) && Date.parse(spec.expires) > clock.now();
        return isValid && (status?.removals ?? 0) + count <= spec.maxRemovals;
      });
      return found?.metadata.name;
    },
    async use(name, count) {
      const object = await client.get(DisruptionOverride, { name });
      const status = { removals: (object.status?.removals ?? 0) + count };
      await reportStatus({ client, kind: DisruptionOverride, object, status, manager: NAME });
    },
  };
}

/** A store that went back proves nothing: no removal rests on it until the objects are there again (DESIGN section 8). */
export function freezeReason(
  racks: Cache<Rack>,
  overrides: Overrides,
): (action: Action) => Promise<string | undefined> {
  return async (action) => {
    const rack = racks.get(action.rack);
    if (rack === undefined || !isRemoval(action.type) || !isTrue(rack, "StoreRegressed")) return undefined;
    const override = overrides.find(action.rack, classOf(action), 1);
    if (override !== undefined) {
      await overrides.use(override, 1);
      return undefined;
    }
    return `rack ${action.rack}: the store went back in time (condition StoreRegressed); removals are frozen until a DisruptionOverride allows them`;
  };
}

/** The budget class that an action's area belongs to. */
function classOf({ type }: Action): BudgetClass {
  if (type.startsWith("dns.")) return "names";
  return type.startsWith("route.") ? "routes" : "tasks";
}
