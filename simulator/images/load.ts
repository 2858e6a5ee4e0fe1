import { createSocket, type Socket } from "node:dgram";
import { decode, encode, RECURSION_DESIRED } from "dns-packet";
import type { Clock, Timer } from "../../platform/clock.js";
import type { Random } from "../../platform/random.js";
import type { Telemetry } from "./telemetry.js";
import { QUESTIONS, ZONE } from "./zone.js";

/** The load of ToRC's DNS demo: `users` that pause, pick one of the servers that are up, and ask one question. */
export interface LoadOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  readonly users: number;
  /** Pause between a user's questions: normal distribution, never negative. Milliseconds. */
  readonly meanMs: number;
  readonly deviationMs: number;
  /** Names, resolved anew at each up check. */
  readonly servers: readonly string[];
  readonly serverPort: number;
  readonly resolver: { readonly host: string; readonly port: number };
  readonly localAddress: string;
}

const CHECK_PERIOD_MS = 6000;
const ANSWER_TIMEOUT_MS = 5000;
const ID_MAX = 0xffff;

interface Server {
  readonly name: string;
  /** Undefined: down. */
  address: string | undefined;
}

interface Pending {
  readonly timer: Timer;
  readonly finish: (packet: ReturnType<typeof decode> | undefined) => void;
}

/** Starts asking, and goes on until the process ends. Counts `queries`, `answers` and `lost` in the telemetry. */
export function createLoad(options: LoadOptions): void {
  const { clock, random, telemetry } = options;
  const servers: Server[] = options.servers.map((name) => ({ name, address: undefined }));
  const ask = createAsker(options);

  const check = async (server: Server): Promise<void> => {
    clock.schedule(CHECK_PERIOD_MS, () => void check(server));
    const address = await resolve(server.name);
    const isUp =
      address !== undefined &&
      (await ask({ name: ZONE, type: "A" }, { host: address, port: options.serverPort })) !== undefined;
    server.address = isUp ? address : undefined;
  };
  const resolve = async (name: string): Promise<string | undefined> => {
    const packet = await ask({ name, type: "A" }, options.resolver);
    const answer = packet?.answers?.find((candidate) => candidate.type === "A");
    return answer?.type === "A" ? answer.data : undefined;
  };
  const user = async (turn: number): Promise<void> => {
    clock.schedule(pauseMs(random, options), () => void user(turn + 1));
    const up = servers.filter((server) => server.address !== undefined);
    const server = up[turn % Math.max(1, up.length)];
    const question = QUESTIONS[random.integer(QUESTIONS.length)];
    if (server?.address === undefined || question === undefined) return;
    telemetry.count("queries");
    const answer = await ask(question, { host: server.address, port: options.serverPort });
    telemetry.count(answer === undefined ? "lost" : "answered");
  };

  for (const server of servers) void check(server);
  for (let index = 0; index < options.users; index++) {
    clock.schedule(random.next() * options.meanMs, () => void user(index));
  }
}

/** Box and Muller's normal distribution, cut at zero. */
function pauseMs(random: Random, { meanMs, deviationMs }: LoadOptions): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.next()));
  return Math.max(0, meanMs + deviationMs * radius * Math.cos(2 * Math.PI * random.next()));
}

/** Questions over one socket, told apart by their id. An answer is undefined when none came in time. */
function createAsker({ clock, telemetry, localAddress }: LoadOptions) {
  const pending = new Map<number, Pending>();
  const socket: Socket = createSocket("udp4");
  let lastId = 0;
  socket.bind(0, localAddress);
  socket.on("error", () => {});
  socket.on("message", (message) => {
    telemetry.receiveReply(message.length);
    const packet = decoded(message);
    pending.get(packet?.id ?? -1)?.finish(packet);
  });

  return (
    question: { readonly name: string; readonly type: "A" | "MX" | "NS" },
    to: { readonly host: string; readonly port: number },
  ) =>
    new Promise<ReturnType<typeof decode> | undefined>((resolve) => {
      lastId = (lastId % ID_MAX) + 1;
      const id = lastId;
      const finish: Pending["finish"] = (packet) => {
        pending.get(id)?.timer.cancel();
        pending.delete(id);
        resolve(packet);
      };
      pending.set(id, { timer: clock.schedule(ANSWER_TIMEOUT_MS, () => finish(undefined)), finish });
      const message = encode({ type: "query", id, flags: RECURSION_DESIRED, questions: [question] });
      telemetry.send(message.length);
      socket.send(message, to.port, to.host);
    });
}

function decoded(message: Buffer): ReturnType<typeof decode> | undefined {
  try {
    return decode(message);
  } catch {
    return undefined;
  }
}
