import { type Data, flag, integer, list, object, optional, text } from "../schema/fields.js";

function budget(what: string) {
  return optional(
    object(`How many ${what} may be removed without a person's word.`, {
      minimum: integer("At least this many at once.", { default: 5, minimum: 1 }),
      percent: integer("Or this percentage, whichever is more.", { default: 10, minimum: 1, maximum: 100 }),
      refillPerMinute: integer("How fast the budget comes back.", { default: 5, minimum: 1 }),
    }),
  );
}

const allowed = object("What the namespaces named here may do.", {
  namespaces: list("The namespaces.", text("A namespace."), { minItems: 1 }),
  privileged: flag("Privileged containers.", { default: false }),
  hostPaths: optional(list("Paths of nodes that may be mounted, or fetched by a `file://` address.", text("A path."))),
  dockerParameters: flag("Docker parameters.", { default: false }),
  executors: flag("Mesos executors of one's own.", { default: false }),
  users: optional(list("Users that tasks may run as.", text("A user."))),
});

/** What limits damage. */
export const safety = object(
  "What limits damage.",
  {
    budgets: object(
      "Removals that the system infers or batches, by class.",
      { tasks: budget("tasks"), names: budget("names"), routes: budget("routes") },
      { default: {} },
    ),
    allow: optional(list("What is refused everywhere else.", allowed)),
  },
  { default: {} },
);

/** How often the rack is looked at. */
export const intervals = object(
  "How often the rack is looked at.",
  {
    observeSeconds: integer("Seconds between two observations: the period of the safety rules.", {
      default: 5,
      minimum: 1,
      maximum: 300,
    }),
    resyncSeconds: integer("Seconds between two complete comparisons.", { default: 60, minimum: 1, maximum: 300 }),
  },
  { default: {} },
);

export type RackSafety = Data<typeof safety>;
export type RackAllowance = Data<typeof allowed>;
