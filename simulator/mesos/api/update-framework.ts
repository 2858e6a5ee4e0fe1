import type { HttpResponse } from "../../../platform/transport.js";
import { allocateSoon } from "../cluster/allocator.js";
import { setRoles, updateInfo } from "../cluster/frameworks.js";
import { rescind } from "../cluster/release.js";
import { type Framework, rolesOf, type World } from "../cluster/world.js";
import { text } from "../wire/http.js";
import { frameworkProblem, type ReceivedSubscribe } from "./call-validate.js";

/** UPDATE_FRAMEWORK: the one call that answers 200, after it took effect. */
export function updateFramework(world: World, framework: Framework, call: ReceivedSubscribe): HttpResponse {
  const info = call.framework_info;
  const problem = frameworkProblem(info) ?? changeProblem(framework, info);
  if (problem !== undefined) return text(400, `FrameworkInfo update is not valid: ${problem}`);
  const roles = rolesOf(info);
  const strays = (call.suppressed_roles ?? []).filter((role) => !roles.includes(role));
  if (strays.length > 0) {
    const list = strays.join(", ");
    return text(
      400,
      `'UpdateFramework' call is not valid: Suppressed roles { ${list} } are not contained in the set of roles`,
    );
  }
  updateInfo(framework, info);
  setRoles(framework, call.suppressed_roles ?? [], call.offer_constraints);
  for (const offer of [...framework.offers]) if (!roles.includes(offer.role)) rescind(world, offer);
  allocateSoon(world, world.agents.values());
  world.changed();
  return text(200, "");
}

function changeProblem(framework: Framework, info: Framework["info"]): string | undefined {
  for (const field of ["user", "checkpoint", "principal"] as const) {
    const before = framework.info[field] ?? DEFAULTS[field];
    const after = info[field] ?? DEFAULTS[field];
    if (before !== after) {
      return `Updating 'FrameworkInfo.${field}' is unsupported; attempted to update from '${before}' to '${after}'`;
    }
  }
  return undefined;
}

const DEFAULTS = { user: "", checkpoint: false, principal: "" } as const;
