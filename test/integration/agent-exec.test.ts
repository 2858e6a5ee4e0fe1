import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createAgentApi } from "../../drivers/compute/mesos/agent/api.js";
import { encodeRecord, recordDecoder } from "../../drivers/compute/mesos/recordio.js";
import { systemClock } from "../../platform/clock.js";
import { systemRandom } from "../../platform/random.js";
import { undiciTransport } from "../../platform/undici-transport.js";

const STATE = {
  frameworks: [
    { id: "f", executors: [{ id: "t", directory: "/d", container: "c", tasks: [{ id: "t", state: "TASK_RUNNING" }] }] },
  ],
};

/** An agent over HTTP whose programs give back what they are fed, and end with their input. */
function echoingAgent(): Server {
  let session: ServerResponse | undefined;
  const say = (data: string) => session?.write(encodeRecord({ type: "DATA", data: { type: "STDOUT", data } }));

  async function feed(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const decoder = recordDecoder();
    for await (const chunk of request) {
      for (const record of decoder.push(chunk)) {
        const { attach_container_input: input } = JSON.parse(Buffer.from(record).toString("utf8"));
        const data = input.process_io?.data?.data;
        if (data === "") session?.end();
        else if (data !== undefined) say(data);
      }
    }
    response.end();
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === "GET") return void response.end(JSON.stringify(STATE));
    if (request.headers["content-type"] === "application/recordio") return feed(request, response);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { type } = JSON.parse(Buffer.concat(chunks).toString("utf8"));
    if (type === "WAIT_NESTED_CONTAINER") {
      return void response.end(JSON.stringify({ type, wait_nested_container: { exit_status: 5 << 8 } }));
    }
    session = response;
    response.writeHead(200, { "content-type": "application/recordio" }).flushHeaders();
  }

  return createServer((request, response) => void answer(request, response));
}

describe("a program beside a task, over sockets", () => {
  const server = echoingAgent();
  const transport = undiciTransport();
  beforeAll(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)));
  afterAll(async () => {
    server.closeAllConnections();
    server.close();
    await transport.close();
  });

  it("is answered while its input is still open, and told its end", async () => {
    const { port } = server.address() as AddressInfo; // a listening TCP server has one
    const url = `http://127.0.0.1:${port}`;
    const api = createAgentApi({ transport, url, clock: systemClock(), random: systemRandom() });
    const session = await api.exec({ taskId: "t" }, { argv: ["cat"], tty: undefined });
    let heard = "";
    let wake = () => {};
    session.output$.subscribe(({ bytes }) => {
      heard += Buffer.from(bytes).toString("utf8");
      wake();
    });
    for (const word of ["one ", "two "]) {
      const before = heard;
      void session.write(Buffer.from(word));
      // the next word is only sent when this one has come back
      while (heard !== before + word) await new Promise<void>((resolve) => (wake = resolve));
    }
    session.endInput();
    expect(await session.ended).toEqual({ type: "exited", exitCode: 5 });
    expect(heard).toBe("one two ");
    api.close();
  });
});
