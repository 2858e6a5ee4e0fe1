import type { HttpRequest, HttpResponse } from "../../platform/transport.js";

/** Who asks: from the client certificate, or given by a caller in the same process. */
export interface Identity {
  readonly user: string;
  readonly groups: readonly string[];
}

/** The name under which this process's own controllers call; a member of system:masters. */
export const SYSTEM_IDENTITY: Identity = { user: "system:rackwright", groups: ["system:masters"] };

/** The transport-free core: paths and query in `url`; a watch answers with a streamed body. Never rejects. */
export type ApiHandler = (request: HttpRequest, identity: Identity | undefined) => Promise<HttpResponse>;

/** Request header of a fenced write: `namespace/lease/term` (DESIGN section 8). */
export const FENCE_HEADER = "rackwright-fence";
/** Annotation under which a Lease is returned with its term. Never stored. */
export const TERM_ANNOTATION = "rackwright.dev/term";
