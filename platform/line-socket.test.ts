import { createServer, type Server, type Socket } from "node:net";
import { afterEach, expect, it } from "vitest";
import { systemClock } from "./clock.js";
import { lineSocket } from "./line-socket.js";

let server: Server | undefined;
const open: Socket[] = [];
afterEach(() => {
  for (const socket of open) socket.destroy();
  server?.close();
});

async function listen(answer: (socket: Socket, line: string) => void): Promise<string> {
  const started = createServer({ allowHalfOpen: true }, (socket) => {
    open.push(socket);
    socket.on("data", (data) => answer(socket, data.toString()));
  });
  server = started;
  await new Promise<void>((resolve) => started.listen(0, "127.0.0.1", resolve));
  const address = started.address();
  return `127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
}

const ask = lineSocket({ clock: systemClock(), timeoutMs: 200, bytesMax: 100 });

it("gives the whole answer to one line", async () => {
  const address = await listen((socket, line) => {
    socket.write("you said ");
    socket.end(line);
  });
  expect(await ask(address, "show stat")).toBe("you said show stat\n");
});

it.each<[string, (socket: Socket) => void, RegExp]>([
  ["an answer that never ends", (socket) => socket.write("x"), /no answer in 200 ms/],
  ["an answer that is too long", (socket) => socket.end("x".repeat(101)), /longer than 100 bytes/],
])("rejects %s, and says that the line was sent", async (_, answer, message) => {
  const address = await listen(answer);
  await expect(ask(address, "x")).rejects.toMatchObject({ message: expect.stringMatching(message), isSent: true });
});

it("says that nothing was sent when nobody listens", async () => {
  await expect(ask("/nonexistent/socket", "x")).rejects.toMatchObject({ isSent: false });
});

it("gives up when it is told to", async () => {
  const address = await listen(() => {});
  await expect(ask(address, "x", AbortSignal.abort())).rejects.toThrow("aborted");
});
