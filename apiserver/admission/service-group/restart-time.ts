import { parseTime } from "../../../api-types/format/time.js";
import { invalid } from "../../../api-types/meta/field-error.js";
import { isRecord } from "../../../platform/is-record.js";
import { ADMITTED, type Admission } from "../admission.js";

/** The clock of whoever asks for a restart may be so far ahead of the server's. */
const SKEW_SECONDS = 60;

/** A restart cannot be ordered for later: it would be waited for in silence, and then come as a surprise. */
export const restartTime: Admission = ({ kind, object, previous, subresource, now }) => {
  if (kind.kind !== "ServiceGroup" || subresource !== "") return ADMITTED;
  const wanted = restartedAtOf(object.spec);
  // what is stored does not block another change
  if (wanted === undefined || wanted === restartedAtOf(previous?.spec)) return ADMITTED;
  const time = parseTime(wanted);
  if (time === undefined || time <= now + SKEW_SECONDS * 1000) return ADMITTED;
  const here = new Date(now).toISOString().slice(0, 19);
  const why = `must not be in the future: it is ${here}Z here, and up to ${SKEW_SECONDS} s ahead of that are accepted`;
  return { errors: [invalid("spec.restartedAt", wanted, why)] };
};

function restartedAtOf(spec: unknown): string | undefined {
  const value = isRecord(spec) ? spec.restartedAt : undefined;
  return typeof value === "string" ? value : undefined;
}
