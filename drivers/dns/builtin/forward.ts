import type { Random } from "../../../platform/random.js";
import type { MessageNetwork, MessageTransport, SocketAddress } from "./network/message-network.js";
import { HEADER_BYTES } from "./wire/query.js";
import { RCODE } from "./wire/record.js";

/** What we do not know ourselves, asked of others. */
export interface Forwarder {
  /** The answer of the first resolver that gives one, with the id of the question; undefined: none does, or too much is asked. */
  ask(question: ForwardedQuestion): Promise<Uint8Array | undefined>;
}

export interface ForwardedQuestion {
  readonly message: Uint8Array;
  /** The question section of the message: its answer repeats it. */
  readonly question: Uint8Array;
  readonly transport: MessageTransport;
  /** In this order. */
  readonly resolvers: readonly SocketAddress[];
}

/** How long one resolver is waited for. */
const TIMEOUT_MS = 2000;
/** Different questions that are under way; further ones are not asked. */
const QUESTIONS_MAX = 1024;
const ID_BYTES = 2;

/**
 * Asks resolvers. A question that is under way already is not asked again: whoever asks the same waits for the same
 * answer. So a thousand clients cost one question, and two servers that name each other as resolvers ask each other once.
 */
export function createForwarder({
  network,
  random,
}: {
  readonly network: MessageNetwork;
  readonly random: Random;
}): Forwarder {
  const underWay = new Map<string, Promise<Uint8Array | undefined>>();
  const start = (key: string, question: ForwardedQuestion) => {
    const message = withId(question.message, random.integer(0x10000));
    // noted before it is sent: it may come back to us at once
    const asked = Promise.resolve().then(() => askInOrder(network, { ...question, message }));
    underWay.set(key, asked);
    void asked.then(() => underWay.delete(key));
    return asked;
  };
  return {
    async ask(question) {
      const key = `${question.transport} ${Buffer.from(question.message.subarray(ID_BYTES)).toString("latin1")}`;
      const known = underWay.get(key);
      if (known === undefined && underWay.size >= QUESTIONS_MAX) return undefined;
      const answer = await (known ?? start(key, question));
      return answer && withId(answer, idOf(question.message));
    },
  };
}

async function askInOrder(
  network: MessageNetwork,
  { message, question, transport, resolvers }: ForwardedQuestion,
): Promise<Uint8Array | undefined> {
  for (const server of resolvers) {
    const isAnswer = (received: Uint8Array) =>
      isReply(received) && idOf(received) === idOf(message) && repeats(received, question);
    const answer = await network
      .ask({ server, transport, message, timeoutMs: TIMEOUT_MS, isAnswer })
      // the next one may know
      .catch(() => undefined);
    if (answer !== undefined && !isFailure(answer)) return answer;
  }
  return undefined;
}

function isReply(received: Uint8Array): boolean {
  return received.length >= HEADER_BYTES && ((received[2] ?? 0) & 0x80) !== 0;
}

/** Whether it is about the same question, letter case aside; one that cannot be read may be left out of its refusal. */
function repeats(received: Uint8Array, question: Uint8Array): boolean {
  const questions = ((received[4] ?? 0) << 8) | (received[5] ?? 0);
  if (questions === 0) return isFailure(received);
  const repeated = received.subarray(HEADER_BYTES, HEADER_BYTES + question.length);
  return lowered(repeated) === lowered(question);
}

function lowered(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1").toLowerCase();
}

const FAILURES: readonly number[] = [RCODE.FORMERR, RCODE.SERVFAIL, RCODE.NOTIMP, RCODE.REFUSED];

/** It says that it cannot tell. */
function isFailure(answer: Uint8Array): boolean {
  return FAILURES.includes((answer[3] ?? 0) & 15);
}

function idOf(message: Uint8Array): number {
  return ((message[0] ?? 0) << 8) | (message[1] ?? 0);
}

function withId(message: Uint8Array, id: number): Uint8Array {
  const copy = Uint8Array.from(message);
  copy[0] = id >> 8;
  copy[1] = id & 0xff;
  return copy;
}
