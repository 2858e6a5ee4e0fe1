import { mergeMap, of, startWith } from "rxjs";
import { Node } from "../../api-types/node.js";
import { Rack } from "../../api-types/rack.js";
import { defineController, on } from "../../runtime/controller.js";
import { reportStatus } from "../../runtime/report.js";
import type { LoopContext } from "../context.js";
import { ownConditions } from "../own-conditions.js";
import { nodeReport } from "./plan.js";

const NAME = "node";
const NO_ATTRIBUTES = { name: "", type: "", function: "" };

/** Writes what the compute back end says of each Node's agent. */
export function nodeController(context: LoopContext) {
  const { informers, backends, client, clock } = context;
  const nodes = informers.cache(Node, { rack: (node) => [node.spec.rackName] });
  const racks = informers.cache(Rack);
  return defineController({
    name: NAME,
    watches: [on(Node, (node) => [node.metadata.name]), on(Rack, () => [])],
    triggers: [
      backends.each$(({ compute }, rack) => {
        const keys = () => nodes.by("rack", rack).map((node) => node.metadata.name);
        return compute === undefined
          ? of<string>()
          : compute.agents.changes$.pipe(startWith(undefined), mergeMap(keys));
      }),
    ],
    async reconcile(name) {
      const node = nodes.get(name);
      const compute = node && backends.of(node.spec.rackName).compute;
      if (node === undefined || compute === undefined) return;
      const names = racks.get(node.spec.rackName)?.spec.compute?.mesos?.nodeAttributes ?? NO_ATTRIBUTES;
      const { conditions, ...fields } = nodeReport(node, compute.agents.value(), names);
      const status = { ...fields, conditions: ownConditions(node, conditions, clock.now()) };
      await reportStatus({ client, cache: nodes, kind: Node, object: node, status, manager: NAME });
    },
  });
}
