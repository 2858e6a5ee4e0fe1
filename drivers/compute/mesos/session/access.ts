import type { HttpHandler, TlsOptions } from "../../../../platform/transport.js";

/** How masters and agents know us, and we them. */
export interface MesosAccess {
  /** Value of the Authorization header, sent with every call. */
  readonly authorization?: string;
  /** With it masters found in ZooKeeper, and agents, are reached by https. */
  readonly tls?: TlsOptions;
}

/** Reads it anew; rejects with the reason while a part of it is missing. */
export type ReadAccess = () => Promise<MesosAccess>;

/** A transport that adds what `read` says to every request; rejects as `read` does. */
export function withAccess(transport: HttpHandler, read: ReadAccess): HttpHandler {
  return async (request) => {
    const { authorization, tls } = await read();
    return transport({
      ...request,
      headers: { ...request.headers, ...(authorization === undefined ? {} : { authorization }) },
      ...(tls === undefined ? {} : { tls }),
    });
  };
}
