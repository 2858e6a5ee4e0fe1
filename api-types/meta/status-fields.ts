import type { TObject, TProperties } from "typebox";
import { integer, listByKey, object, oneOf, optional, text } from "../schema/fields.js";

const condition = object("One aspect of the object's state.", {
  type: text("The aspect, e.g. Ready."),
  status: oneOf("Whether it holds.", ["True", "False", "Unknown"]),
  reason: text("One word for machines: why."),
  message: text("A sentence for people."),
  lastTransitionTime: text("When the status last changed; RFC 3339."),
  observedGeneration: optional(integer("The generation of the object that this was said about.", { format: "int64" })),
});

/** What every status has. */
export const commonStatus = {
  observedGeneration: optional(integer("The generation of the object that the status describes.", { format: "int64" })),
  conditions: optional(listByKey("What holds and what does not.", condition, { key: "type" })),
};

/** A status: the common fields and the kind's own. */
export function statusOf<Properties extends TProperties>(
  description: string,
  properties: Properties,
): TObject<Properties & typeof commonStatus> {
  return object(description, { ...properties, ...commonStatus });
}
