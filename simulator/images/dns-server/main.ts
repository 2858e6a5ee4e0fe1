import { createSocket } from "node:dgram";
import { createServer, type Socket } from "node:net";
import { AUTHORITATIVE_ANSWER, decode, encode, streamDecode, streamEncode } from "dns-packet";
import { systemClock } from "../../../platform/clock.js";
import { createTelemetry } from "../telemetry.js";
import { answersOf } from "../zone.js";

// Stands in for the image `bind9`: an authoritative name server on ADDRESS, UDP and TCP, port PORT (10053).

const address = process.env.ADDRESS ?? "127.0.0.1";
const port = Number(process.env.PORT ?? 10053);
const telemetry = createTelemetry({
  taskId: process.env.TASK_ID ?? "",
  target: process.env.TELEMETRY,
  clock: systemClock(),
});

const NXDOMAIN = 3;
/** No question of this zone needs more; what comes after is closed. */
const TCP_IDLE_MS = 10_000;

type Query = Pick<ReturnType<typeof decode>, "id" | "questions">;

function reply(query: Query): Parameters<typeof encode>[0] {
  const question = query.questions?.[0];
  const answers = question === undefined ? [] : answersOf(question);
  const flags = AUTHORITATIVE_ANSWER | (answers === undefined ? NXDOMAIN : 0);
  return { type: "response", id: query.id ?? 0, flags, questions: query.questions ?? [], answers: answers ?? [] };
}

const udp = createSocket("udp4");
udp.on("message", (message, peer) => {
  telemetry.receive(message.length);
  try {
    const response = encode(reply(decode(message)));
    telemetry.send(response.length);
    udp.send(response, peer.port, peer.address);
    telemetry.count("answers");
  } catch {
    // what is not DNS gets no answer, as of any name server
    telemetry.count("malformed");
  }
});
udp.bind(port, address);

function serveTcp(socket: Socket): void {
  let buffered = Buffer.alloc(0);
  socket.setTimeout(TCP_IDLE_MS, () => socket.destroy());
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk) => {
    buffered = Buffer.concat([buffered, chunk]);
    if (buffered.length < 2 || buffered.length < 2 + buffered.readUInt16BE(0)) return;
    try {
      socket.end(streamEncode(reply(streamDecode(buffered))));
    } catch {
      socket.destroy();
    }
  });
}

createServer(serveTcp).listen(port, address);
process.on("SIGTERM", () => process.exit(0));
