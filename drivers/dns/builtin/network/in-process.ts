import { ListenError } from "../../../../platform/http-server.js";
import { TransportError } from "../../../../platform/transport.js";
import { addressText, type MessageHandler, type MessageNetwork } from "./message-network.js";

/** A network inside this process, for simulation: what listens there answers, everything else refuses. */
export function inProcessMessages(): MessageNetwork {
  const handlers = new Map<string, MessageHandler>();
  return {
    async listen(address, handler) {
      const key = addressText(address);
      if (handlers.has(key)) {
        throw new ListenError(`${key} is in use by another program or Rack`, { code: "EADDRINUSE", cause: undefined });
      }
      handlers.set(key, handler);
      return {
        async close() {
          if (handlers.get(key) === handler) handlers.delete(key);
        },
      };
    },
    async ask({ server, transport, message, isAnswer }) {
      const key = addressText(server);
      const handler = handlers.get(key);
      if (handler === undefined) throw new TransportError(`${key} does not answer`, { isSent: false });
      for await (const answer of handler(message, { address: "127.0.0.1", transport })) {
        if (isAnswer(answer)) return answer;
      }
      throw new TransportError(`${key} does not answer`, { isSent: true });
    },
  };
}
