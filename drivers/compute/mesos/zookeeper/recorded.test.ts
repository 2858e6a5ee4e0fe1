import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { silentLogger } from "../../../../platform/log.js";
import { seededRandom } from "../../../../platform/random.js";
import { virtualClock } from "../../../../platform/virtual-clock.js";
import { type Channel, channel } from "./harness.js";
import { type Leadership, watchLeader } from "./leader.js";
import { childrenRequest, connectRequest, NO_NODE, parseConnectAnswer, parseServerMessage } from "./messages.js";

interface Line {
  readonly note?: string;
  readonly sent?: string;
  readonly received?: string;
}

const FILE = new URL("../../../../test/recordings/zookeeper/leader.jsonl", import.meta.url);
const LINES: readonly Line[] = readFileSync(FILE, "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line));

/** The lines after a note, up to the next. */
function part(note: string): readonly Line[] {
  const from = LINES.findIndex((line) => line.note?.includes(note)) + 1;
  const to = LINES.findIndex((line, index) => index >= from && line.note !== undefined);
  return LINES.slice(from, to === -1 ? undefined : to);
}

const bytesOf = (hex: string | undefined) => Buffer.from(hex ?? "", "hex");

describe("a recorded ZooKeeper", () => {
  it.each([1, 3, 4, 7, 1_000])("names the leader, then the next one, in pieces of %i bytes", async (size) => {
    const script = [
      ...part("a session is opened"),
      { note: "pause" },
      ...part("the first node is deleted"),
      ...part("three seconds later").slice(0, 2),
    ];
    const clock = virtualClock();
    const sent: string[] = [];
    let at = 0;
    /** The server's lines up to the next of the client. */
    const play = (socket: Channel) => {
      for (let line = script[at]; line?.received !== undefined; line = script[++at]) {
        const bytes = bytesOf(line.received);
        for (let from = 0; from < bytes.length; from += size) socket.send(bytes.subarray(from, from + size));
      }
    };
    const socket = channel((bytes) => {
      sent.push(Buffer.from(bytes).toString("hex"));
      at += 1;
      play(socket);
    });
    const watch = watchLeader({
      address: "zk://127.0.0.1:2181/mesos",
      connect: async () => socket,
      clock,
      random: seededRandom(1),
      log: silentLogger,
    });
    const seen: Leadership[] = [];
    watch.leader$.subscribe((leadership) => seen.push(leadership));
    await clock.advance(0);
    const master = { hostname: "127.0.0.1", ip: "127.0.0.1", port: 5050 };
    expect(seen.at(-1)).toEqual({ type: "leads", master });
    expect(script[at]?.note).toBe("pause");
    at += 1;
    play(socket);
    await clock.advance(0);
    expect(seen.at(-1)).toEqual({ type: "leads", master: { ...master, port: 5060 } });
    await clock.advance(3_400);
    const wanted = script.flatMap((line) => ("sent" in line && line.sent !== undefined ? [line.sent] : []));
    expect(sent).toEqual(wanted);
    watch.close();
  });

  it("says that a session has expired", () => {
    const [sent, received] = part("a session that the server does not know");
    const session = { id: 0x1234567812345678n, password: new Uint8Array(16) };
    expect(Buffer.from(connectRequest({ lastZxid: 0n, timeoutMs: 10_000, session })).toString("hex")).toBe(sent?.sent);
    expect(parseConnectAnswer(bytesOf(received?.received).subarray(4))).toEqual({ type: "expired" });
  });

  it("says that a node does not exist", () => {
    const [, , sent, received] = part("a node that does not exist");
    expect(Buffer.from(childrenRequest(1, "/nope")).toString("hex")).toBe(sent?.sent);
    const message = parseServerMessage(bytesOf(received?.received).subarray(4));
    expect(message).toMatchObject({ type: "reply", xid: 1, error: NO_NODE });
    expect(message.type === "reply" && message.body.isAtEnd()).toBe(true);
  });
});
