import type { Kind, ObjectOf } from "../api-types/meta/kind.js";
import { isStatus } from "../api-types/meta/status-error.js";
import type { Client, ObjectKey } from "./client.js";

/** The object, or undefined when the server says that there is none. */
export async function readOptional<K extends Kind>(
  client: Client,
  kind: K,
  key: ObjectKey,
): Promise<ObjectOf<K> | undefined> {
  try {
    return await client.get(kind, key);
  } catch (error) {
    if (isStatus(error, "NotFound")) return undefined;
    throw error;
  }
}
