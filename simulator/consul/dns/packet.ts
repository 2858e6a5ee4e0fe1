import packet from "dns-packet";
import type { DnsAnswer, DnsQuestion, DnsRecord } from "./answer.js";

const RCODES = { NOERROR: 0, NXDOMAIN: 3, REFUSED: 5 } as const;
const FORMAT_ERROR = 1;
const NOT_IMPLEMENTED = 4;
const UDP_SIZE = 512;
const UDP_SIZE_MAX = 4096;

/** The reply to a query's bytes, at most as long as the client takes; undefined when the bytes deserve none. */
export function replyTo(
  query: Uint8Array,
  answer: (question: DnsQuestion) => DnsAnswer,
  transport: "udp" | "tcp",
): Uint8Array | undefined {
  const decoded = decode(query);
  if (decoded === undefined) return undefined;
  const [question] = decoded.questions ?? [];
  if (question === undefined || decoded.questions?.length !== 1) return encode(decoded, { rcode: FORMAT_ERROR });
  if ((((decoded.flags ?? 0) >> 11) & 15) !== 0) return encode(decoded, { rcode: NOT_IMPLEMENTED });
  const told = answer({ name: question.name, type: question.type });
  const limit = transport === "tcp" ? 65_535 : udpLimit(decoded);
  return cutToSize(decoded, told, limit);
}

function decode(query: Uint8Array): packet.DecodedPacket | undefined {
  try {
    const decoded = packet.decode(Buffer.from(query));
    return decoded.type === "query" ? decoded : undefined;
  } catch {
    return undefined;
  }
}

function optionOf(query: packet.DecodedPacket) {
  return query.additionals?.find((record) => record.type === "OPT");
}

function udpLimit(query: packet.DecodedPacket): number {
  const option = optionOf(query);
  if (option === undefined || !("udpPayloadSize" in option)) return UDP_SIZE;
  return Math.min(Math.max(option.udpPayloadSize, UDP_SIZE), UDP_SIZE_MAX);
}

/** Leaves out additional records first, then answers, and says so by the TC bit. */
function cutToSize(query: packet.DecodedPacket, told: DnsAnswer, limit: number): Uint8Array {
  const rcode = RCODES[told.rcode];
  const isAuthoritative = told.rcode !== "REFUSED";
  let sections: Sections = told;
  let encoded = encode(query, { rcode, isAuthoritative, sections });
  if (encoded.length <= limit) return encoded;
  sections = { ...told, additionals: [] };
  while (encoded.length > limit) {
    encoded = encode(query, {
      rcode,
      isAuthoritative,
      sections,
      isTruncated: sections.answers.length < told.answers.length,
    });
    const excess = encoded.length - limit;
    const perAnswer = Math.max(1, encoded.length / Math.max(1, sections.answers.length));
    const fewer = sections.answers.length - Math.max(1, Math.floor(excess / perAnswer));
    if (excess > 0) sections = { ...sections, answers: sections.answers.slice(0, Math.max(0, fewer)) };
  }
  return encoded;
}

type Sections = Pick<DnsAnswer, "answers" | "authorities" | "additionals">;

function encode(
  query: packet.DecodedPacket,
  reply: {
    readonly rcode: number;
    readonly isAuthoritative?: boolean;
    readonly isTruncated?: boolean;
    readonly sections?: Sections;
  },
): Uint8Array {
  const { answers = [], authorities = [], additionals = [] } = reply.sections ?? {};
  const isRecursionDesired = query.flag_rd ? packet.RECURSION_DESIRED : 0;
  const authoritative = reply.isAuthoritative ? packet.AUTHORITATIVE_ANSWER : 0;
  const truncated = reply.isTruncated ? packet.TRUNCATED_RESPONSE : 0;
  const option: packet.Answer[] =
    optionOf(query) === undefined
      ? []
      : [
          {
            type: "OPT",
            name: ".",
            udpPayloadSize: UDP_SIZE_MAX,
            extendedRcode: 0,
            ednsVersion: 0,
            flags: 0,
            flag_do: false,
            options: [],
          },
        ];
  return packet.encode({
    type: "response",
    id: query.id ?? 0,
    flags: reply.rcode | isRecursionDesired | authoritative | truncated,
    questions: query.questions ?? [],
    answers: answers.map(recordOf),
    authorities: authorities.map(recordOf),
    additionals: [...additionals.map(recordOf), ...option],
  });
}

function recordOf(record: DnsRecord): packet.Answer {
  // dns-packet's types tie each type to its data one by one, as DnsRecord does
  return { ...record, class: "IN" } as packet.Answer;
}
