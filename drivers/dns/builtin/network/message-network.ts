/** An address and a port. */
export interface SocketAddress {
  readonly host: string;
  readonly port: number;
}

/** Over what a message travels: alone in a datagram, or behind two bytes of its length in a stream. */
export type MessageTransport = "udp" | "tcp";

/** Who sent a message. */
export interface MessagePeer {
  readonly address: string;
  readonly transport: MessageTransport;
}

/** Answers one message; of several answers a datagram takes the first, a stream all, in order. Must not throw. */
export type MessageHandler = (message: Uint8Array, peer: MessagePeer) => AsyncIterable<Uint8Array>;

/** One address that is listened on. */
export interface MessageListener {
  /** Stops listening and ends every connection; idempotent. */
  close(): Promise<void>;
}

/** One question to a server. */
export interface MessageRequest {
  readonly server: SocketAddress;
  readonly transport: MessageTransport;
  readonly message: Uint8Array;
  readonly timeoutMs: number;
  /** What is not the answer is waited past: anybody can send a datagram. */
  readonly isAnswer: (message: Uint8Array) => boolean;
}

/** How DNS messages travel: over sockets in production, by a call in simulation. */
export interface MessageNetwork {
  /** Listens for datagrams and streams on one address. Rejects with ListenError. */
  listen(address: SocketAddress, handler: MessageHandler): Promise<MessageListener>;
  /** Sends a message and resolves with its answer; rejects with TransportError. */
  ask(request: MessageRequest): Promise<Uint8Array>;
}

/** `host:port`, as people write it. */
export function addressText({ host, port }: SocketAddress): string {
  return `${host}:${port}`;
}
