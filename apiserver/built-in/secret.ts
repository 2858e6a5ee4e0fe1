import type { KubeObject } from "../../api-types/meta/object.js";
import { isRecord } from "../../platform/is-record.js";

/** A Secret whose write-only `stringData` is folded into `data`; every other object as it is. */
export function foldSecret(object: KubeObject): KubeObject {
  if (object.kind !== "Secret" || object.apiVersion !== "v1") return object;
  const { stringData, ...secret } = object;
  const type = typeof secret.type === "string" && secret.type !== "" ? secret.type : "Opaque";
  if (!isRecord(stringData)) return { ...secret, type };
  const folded = Object.entries(stringData).map(([key, text]) => [key, Buffer.from(String(text)).toString("base64")]);
  const data = { ...(isRecord(secret.data) ? secret.data : {}), ...Object.fromEntries(folded) };
  return { ...secret, data, type };
}
