import { StatusError } from "../../../api-types/meta/status-error.js";

/** The form of an answer. */
export type Form =
  | { readonly type: "json" | "yaml" }
  | { readonly type: "table"; readonly version: string }
  | { readonly type: "metadata"; readonly version: string };

/** Which forms a request can be answered in, beside JSON. */
export interface Servable {
  readonly table: boolean;
  readonly metadata: boolean;
  readonly yaml: boolean;
}

/** The first form of the Accept header that can be served; throws NotAcceptable when none can. */
export function negotiate(accept: string | undefined, servable: Servable): Form {
  if (accept === undefined || accept.trim() === "") return JSON_FORM;
  for (const range of accept.split(",")) {
    const form = formOf(range, servable);
    if (form !== undefined) return form;
  }
  throw new StatusError(
    "NotAcceptable",
    "only the following media types are accepted: application/json, application/yaml, application/json;as=Table;v=v1;g=meta.k8s.io",
  );
}

/** A media range as its type and parameters. */
export function parseRange(range: string): { readonly type: string; readonly parameters: ReadonlyMap<string, string> } {
  const [type = "", ...parts] = range.split(";").map((part) => part.trim());
  const pairs = parts.map((part) => part.split("=") as [string, string?]);
  return {
    type: type.toLowerCase(),
    parameters: new Map(pairs.map(([name, value = ""]) => [name.toLowerCase(), value])),
  };
}

const JSON_FORM: Form = { type: "json" };

function formOf(range: string, servable: Servable): Form | undefined {
  const { type, parameters } = parseRange(range);
  const as = parameters.get("as");
  const isJson = type === "application/json" || type === "*/*" || type === "application/*";
  if (as !== undefined) return isJson ? convertedForm(as, parameters, servable) : undefined;
  if (isJson) return JSON_FORM;
  return type === "application/yaml" && servable.yaml ? { type: "yaml" } : undefined;
}

/** The form that `as=…;v=…;g=meta.k8s.io` asks for. */
function convertedForm(as: string, parameters: ReadonlyMap<string, string>, servable: Servable): Form | undefined {
  if (parameters.get("g") !== "meta.k8s.io") return undefined;
  const version = parameters.get("v") ?? "v1";
  if (version !== "v1" && version !== "v1beta1") return undefined;
  switch (as) {
    case "Table":
      return servable.table ? { type: "table", version } : undefined;
    case "PartialObjectMetadata":
    case "PartialObjectMetadataList":
      return servable.metadata ? { type: "metadata", version } : undefined;
    default:
      return undefined;
  }
}
