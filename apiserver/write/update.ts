import { invalid, notFound } from "../http/failure.js";
import { decodeObject } from "../http/format/body.js";
import type { Answer, ApiContext, ResourceRequest } from "../read/context.js";
import { commit } from "./commit.js";
import { acceptObject } from "./prepare/incoming.js";
import { checkPreconditions, replace } from "./replace.js";
import { parseWriteOptions } from "./write-options.js";

/** Answers PUT of an object or of its status. */
export async function updateObject(context: ApiContext, request: ResourceRequest): Promise<Answer> {
  const options = parseWriteOptions(request, "UpdateOptions");
  const { kind } = request.resource;
  const body = decodeObject(kind, request.headers, request.body);
  const incoming = acceptObject(request, body.value, { ...options, duplicates: body.duplicates });
  const { object } = incoming;
  if (kind.family === "custom" && (object.metadata.resourceVersion ?? "") === "") {
    const message = "Invalid value: 0: must be specified for an update";
    throw invalid(kind, request.name, [{ type: "Invalid", path: "metadata.resourceVersion", message }]);
  }
  const warnings: string[] = [];
  const committed = await commit(context, request, {
    isDryRun: options.isDryRun,
    decide(live) {
      if (live === undefined) throw notFound(kind, request.name);
      checkPreconditions(request, object, live);
      return replace(context, request, { object, live, manager: options.manager, warnings });
    },
  });
  return { type: "object", status: 200, object: committed.object, warnings: [...incoming.warnings, ...warnings] };
}
