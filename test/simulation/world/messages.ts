import type { MessageListener, MessageNetwork } from "../../../drivers/dns/builtin/network/message-network.js";

/** The network as one process sees it: when the process is killed, nobody listens where it did. */
export function processMessages(network: MessageNetwork): { readonly network: MessageNetwork; kill(): void } {
  const open = new Set<MessageListener>();
  let isDead = false;
  return {
    network: {
      ...network,
      async listen(address, handler) {
        const listener = await network.listen(address, handler);
        open.add(listener);
        if (isDead) await listener.close();
        return listener;
      },
    },
    kill() {
      isDead = true;
      for (const listener of open) void listener.close();
    },
  };
}
