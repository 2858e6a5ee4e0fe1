import type { Instance } from "../../../api-types/instance.js";
import { conditionOf, isLeaving } from "../../../api-types/life.js";
import type { ConditionUpdate } from "../../../runtime/conditions.js";
import type { GroupView } from "./model.js";
import { askedCount, wantedCount } from "./size.js";

/** So many different refusals are told. */
const REFUSALS_MAX = 3;
/** Waiting for an offer is no refusal. */
const PATIENT: readonly string[] = ["NodeChosen", "WaitingForOffers"];

/** Instances that fit nowhere, those of one refusal together, the most frequent first; and numbers that do not exist. */
export function unschedulableCondition(view: GroupView): ConditionUpdate {
  const refused = view.instances.filter((instance) => !isLeaving(instance) && refusalOf(instance) !== undefined);
  const slots = slotTexts(view).join("; ");
  if (refused.length === 0 && slots !== "")
    return { type: "Unschedulable", status: "True", reason: "SlotsExhausted", message: slots };
  if (refused.length === 0) return { type: "Unschedulable", status: "False", reason: "AllPlaced", message: "" };
  const count = refused.length === 1 ? "1 instance waits" : `${refused.length} instances wait`;
  const message = [count, ...foldedRefusals(refused), ...(slots === "" ? [] : [slots])].join("; ");
  return { type: "Unschedulable", status: "True", reason: "InstancesWait", message };
}

function refusalOf(instance: Instance): string | undefined {
  const scheduled = conditionOf(instance, "Scheduled");
  if (scheduled?.status !== "False" || PATIENT.includes(scheduled.reason)) return undefined;
  return scheduled.reason === "NoNodeFits" ? scheduled.message : `${scheduled.reason}: ${scheduled.message}`;
}

/** Each with one instance as its example, and how many more share it. */
function foldedRefusals(refused: readonly Instance[]): readonly string[] {
  const groups = new Map<string, Instance[]>();
  for (const instance of refused) {
    const text = refusalOf(instance) ?? "";
    const same = groups.get(text);
    if (same === undefined) groups.set(text, [instance]);
    else same.push(instance);
  }
  const sorted = [...groups].sort(([, a], [, b]) => b.length - a.length);
  const told = sorted.slice(0, REFUSALS_MAX).map(([text, [first, ...more]]) => {
    const others = more.length === 0 ? "" : ` and ${more.length} more`;
    return `${first?.metadata.name}${others}: ${text}`;
  });
  const rest = sorted.length - told.length;
  return rest > 0 ? [...told, `${rest} other refusals`] : told;
}

/** Services that ask for more instances than they have numbers for. */
function slotTexts(view: GroupView): readonly string[] {
  return view.group.spec.services.flatMap((service) => {
    const asked = askedCount(view, service);
    const wanted = wantedCount(view, service);
    return asked > wanted ? [`${service.name}: ${asked} are asked for, ordinals.slots allows ${wanted}`] : [];
  });
}
