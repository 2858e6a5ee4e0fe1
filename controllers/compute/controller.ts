import { map, merge, of, startWith } from "rxjs";
import { Instance } from "../../api-types/instance.js";
import { Rack } from "../../api-types/rack.js";
import { defineController, on } from "../../runtime/controller.js";
import { reportStatus } from "../../runtime/report.js";
import { taskIdsOf } from "../attached.js";
import type { LoopContext } from "../context.js";
import { createOrphanWatch, orphanCondition } from "../orphans.js";
import { ownConditions } from "../own-conditions.js";
import { computeCondition, frameworkToStore, isRemoved } from "./plan.js";

const NAME = "compute";

/** Says of each Rack whether its compute back end works, and keeps the framework id: nothing is launched before it is stored. */
export function computeController(context: LoopContext) {
  const { informers, backends, client, clock } = context;
  const racks = informers.cache(Rack);
  const instances = informers.cache(Instance, { task: taskIdsOf });
  const orphanWatches = new Map<string, ReturnType<typeof createOrphanWatch>>();

  return defineController({
    name: NAME,
    watches: [on(Rack, (rack) => [rack.metadata.name]), on(Instance, () => [])],
    triggers: [
      backends.each$(({ compute }, rack) => {
        if (compute === undefined) return of(rack);
        return merge(compute.connection.changes$, compute.tasks.changes$).pipe(
          startWith(undefined),
          map(() => rack),
        );
      }),
    ],
    async reconcile(name) {
      const rack = racks.get(name);
      if (rack === undefined) return void orphanWatches.delete(name);
      const compute = backends.of(name).compute;
      const connection = compute?.connection.value();
      const tasks = compute?.tasks.value();
      const frameworkID = frameworkToStore(connection, rack.status?.frameworkID);
      const watch = orphanWatches.get(name) ?? createOrphanWatch();
      orphanWatches.set(name, watch);
      const orphans = tasks === undefined ? [] : watch.look(tasks, isBound).lasting;
      const conditions = ownConditions(
        rack,
        [computeCondition(connection, tasks), orphanCondition(orphans)],
        clock.now(),
      );
      const status = { ...(frameworkID === undefined ? {} : { frameworkID }), conditions };
      await reportStatus({ client, cache: racks, kind: Rack, object: rack, status, manager: NAME });
      if (isRemoved(connection)) backends.reopen(name);
    },
  });

  function isBound(taskId: string): boolean {
    return instances.by("task", taskId).length > 0;
  }
}
