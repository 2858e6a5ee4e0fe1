import { type Answer, type DecodedPacket, decode, encode, type Packet, type RecordType } from "dns-packet";
import type { MessageNetwork, MessageTransport } from "../network/message-network.js";

export interface Asked {
  readonly network: MessageNetwork;
  readonly port?: number;
  readonly transport?: MessageTransport;
  /** Laid over the message. */
  readonly packet?: Partial<Packet>;
}

/** The bytes of a question that wishes recursion. */
export function questionBytes(name: string, type: string, packet: Partial<Packet> = {}): Uint8Array {
  // `AXFR` and what dns-packet does not list are types, too
  const question = { name, type: type as RecordType, class: "IN" as const };
  return encode({ type: "query", id: 4711, flags: 0x0100, questions: [question], ...packet });
}

/** Asks a server as any client would, and reads its answer with another implementation than ours. */
export async function ask(name: string, type: string, { network, port = 5300, transport = "udp", packet }: Asked) {
  const message = questionBytes(name, type, packet);
  const server = { host: "127.0.0.1", port };
  return decode(Buffer.from(await network.ask({ server, transport, message, timeoutMs: 5000, isAnswer: () => true })));
}

/** What an answer says, line by line, without order. */
export function linesOf(answers: readonly Answer[] | undefined): readonly string[] {
  return (answers ?? []).map(lineOf).sort();
}

function lineOf(answer: Answer): string {
  if (!("data" in answer) || !("ttl" in answer)) return answer.type;
  const { name, ttl, type, data } = answer;
  if (typeof data === "string") return `${name} ${ttl} ${type} ${data}`;
  return `${name} ${ttl} ${type} ${Object.values(data as object).join(" ")}`;
}

/** The reply's code and flags. */
export function summaryOf({ rcode, flag_aa, flag_tc, flag_ra }: DecodedPacket & { readonly rcode?: string }): string {
  return [rcode, flag_aa && "aa", flag_tc && "tc", flag_ra && "ra"].filter(Boolean).join(" ");
}
