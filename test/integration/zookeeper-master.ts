import { createConnection, type Socket } from "node:net";
import { bytes, frameDecoder, int, juteFrame, juteReader, text } from "../../drivers/compute/mesos/zookeeper/jute.js";
import { connectRequest, parseServerMessage, pingRequest } from "../../drivers/compute/mesos/zookeeper/messages.js";
import { systemClock } from "../../platform/clock.js";

const clock = systemClock();

/** Where a master says that it is. */
export interface RegisteredMaster {
  readonly port: number;
  /** Default: `m.rack`. */
  readonly hostname?: string;
}

/** Registers as a master does: an ephemeral node with a sequence number, which goes when the socket does. */
export async function registerMaster(port: number, path: string, master: RegisteredMaster): Promise<Socket> {
  const { hostname = "m.rack" } = master;
  const socket = createConnection({ host: "127.0.0.1", port });
  const decoder = frameDecoder();
  const waiting: ((record: Uint8Array) => void)[] = [];
  socket.on("error", () => {});
  socket.on("data", (chunk) => {
    for (const record of decoder.push(chunk)) if (!isPing(record)) waiting.shift()?.(record);
  });
  const call = (frame: Uint8Array) =>
    new Promise<Uint8Array>((resolve) => {
      waiting.push(resolve);
      socket.write(frame);
    });
  const create = (node: string, data: string, flags: number) => {
    const anyone = [int(1), int(31), text("world"), text("anyone")];
    return call(juteFrame([int(1), int(1), text(node), bytes(Buffer.from(data)), ...anyone, int(flags)]));
  };
  await call(connectRequest({ lastZxid: 0n, timeoutMs: 1_000, session: undefined }));
  await create(path, "", 0);
  const info = { ip: 16777343, hostname, address: { hostname, ip: "127.0.0.1", port: master.port } };
  const answer = parseServerMessage(await create(`${path}/json.info_`, JSON.stringify(info), EPHEMERAL_SEQUENTIAL));
  if (answer.type !== "reply" || answer.error !== 0) throw new Error(`not registered: ${JSON.stringify(answer)}`);
  const beat = () => {
    if (socket.destroyed) return;
    socket.write(pingRequest());
    clock.schedule(300, beat);
  };
  beat();
  return socket;
}

const EPHEMERAL_SEQUENTIAL = 3;

function isPing(record: Uint8Array): boolean {
  return record.length === 16 && juteReader(record).int() === -2;
}
