import { type Service, ServiceGroup } from "../../api-types/service-group.js";
import { formatTime } from "../../runtime/conditions.js";
import { changeSpec } from "../access/change.js";
import { printDone } from "../access/print.js";
import type { Session } from "../access/session.js";
import { parseTarget } from "../access/target.js";
import { serviceOf } from "./revisions.js";

/** What may be done to a running update. */
export type UpdateVerb = "pause" | "resume" | "promote";

const VERBS: Readonly<Record<UpdateVerb, { readonly done: string; readonly already: string }>> = {
  pause: { done: "paused", already: "is paused already" },
  resume: { done: "resumed", already: "is not paused" },
  promote: { done: "promoted", already: "is held at no canary" },
};

/** `rackctl rollout pause`, `resume` and `promote`: of one service, or of all. */
export async function changeUpdate(
  session: Session,
  target: string,
  { verb, service: only }: { readonly verb: UpdateVerb; readonly service?: string },
): Promise<number> {
  const { name } = parseTarget(target, [ServiceGroup]);
  const { done, already } = VERBS[verb];
  const object = await changeSpec(session, {
    kind: ServiceGroup,
    name,
    specOf(group) {
      if (only !== undefined) serviceOf(group, only);
      const isMeant = (service: Service) => only === undefined || service.name === only;
      const services = group.spec.services.map((service) => (isMeant(service) ? changed(service, verb) : service));
      return services.every((service, index) => service === group.spec.services[index]) ? undefined : { services };
    },
  });
  const subject = only === undefined ? "" : `${only} `;
  if (object === undefined)
    session.warn(`${only === undefined ? name : `service ${only} of ${name}`} ${already}; nothing is changed`);
  else printDone(session, { kind: ServiceGroup, name, object, what: `${subject}${done}` });
  return 0;
}

/** The same service where there is nothing to do. */
function changed(service: Service, verb: UpdateVerb): Service {
  const { update } = service;
  switch (verb) {
    case "pause":
      return update.paused ? service : { ...service, update: { ...update, paused: true } };
    case "resume":
      return update.paused ? { ...service, update: { ...update, paused: false } } : service;
    case "promote":
      return update.canary > 0 ? { ...service, update: { ...update, canary: 0 } } : service;
    default:
      return verb satisfies never;
  }
}

/** `rackctl rollout restart`: every instance is replaced, as an update would. */
export async function restart(session: Session, target: string): Promise<number> {
  const { name } = parseTarget(target, [ServiceGroup]);
  const restartedAt = formatTime(session.clock.now());
  const object = await changeSpec(session, { kind: ServiceGroup, name, specOf: () => ({ restartedAt }) });
  printDone(session, { kind: ServiceGroup, name, object, what: "restarted" });
  return 0;
}
