import type { TObject, TString } from "typebox";
import { object, text } from "../schema/fields.js";

/** A reference to one value of a Secret in the object's namespace (cluster-scoped kinds: in rackwright-system). */
export function secretRef(description: string): TObject<{ name: TString; key: TString }> {
  return object(description, {
    name: text("Name of the Secret."),
    key: text("Key inside the Secret."),
  });
}
