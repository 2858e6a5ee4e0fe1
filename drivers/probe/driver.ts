/** One question to one address: does somebody answer there? */
export type ProbeRequest =
  | ProbeTarget
  | (Omit<ProbeTarget, "type"> & {
      readonly type: "http";
      readonly scheme: "http" | "https";
      /** With its query. */
      readonly path: string;
    });

interface ProbeTarget {
  /** A connection is opened and closed again. */
  readonly type: "tcp";
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
  /** Whose address it is believed to be; no network sees it. */
  readonly taskId: string;
}

/** What came of it. Whether an answer is a good one is not the driver's to say. */
export type ProbeResult =
  /** The status of the answer; below 200 when nothing followed it in time. */
  | { readonly type: "answer"; readonly status: number }
  | { readonly type: "connected" }
  /** Nothing answered; why, without the query of the path. */
  | { readonly type: "failed"; readonly message: string };

/** Asks instances whether they are well, from where the control plane runs. */
export interface ProbeDriver {
  /** Never rejects; aborting fails it at once. Redirects are not followed, certificates are not verified, bodies are not read. */
  probe(request: ProbeRequest, signal?: AbortSignal): Promise<ProbeResult>;
}

/** What was asked, for people: `GET http://10.0.0.1:80/health`, `connect to 10.0.0.1:80`. */
export function probeText(request: ProbeRequest): string {
  const host = `${request.host.includes(":") ? `[${request.host}]` : request.host}:${request.port}`;
  // queries may carry secrets
  return request.type === "tcp"
    ? `connect to ${host}`
    : `GET ${request.scheme}://${host}${request.path.split("?", 1)[0] ?? ""}`;
}
