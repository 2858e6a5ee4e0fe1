import { describe, expect, it } from "vitest";
import { seededRandom } from "../platform/random.js";
import { type HttpRequest, type HttpResponse, readBody, TransportError } from "../platform/transport.js";
import { virtualClock } from "../platform/virtual-clock.js";
import { type Fault, type FaultScript, withFaults } from "./faults.js";

const REQUEST: HttpRequest = { method: "POST", url: "/x", headers: {} };

function behind(...faults: readonly Fault[]) {
  const clock = virtualClock();
  const script: FaultScript = { rules: faults.map((fault) => ({ fault })) };
  const served: HttpRequest[] = [];
  const handler = withFaults(
    async (request): Promise<HttpResponse> => {
      served.push(request);
      return {
        status: 200,
        headers: {},
        body: request.url === "/stream" ? chunks() : Buffer.from(`answer ${served.length}`),
      };
    },
    { clock, random: seededRandom(3), script },
  );
  return { clock, script, served, handler };
}

async function* chunks(): AsyncGenerator<Uint8Array> {
  yield Buffer.from("one ");
  yield Buffer.from("two ");
  await new Promise(() => {});
}

async function textOf(response: HttpResponse): Promise<string> {
  return Buffer.from(await readBody(response)).toString("utf8");
}

/** What was read before the stream broke. */
async function readUntilBroken(response: HttpResponse): Promise<string> {
  let text = "";
  try {
    if (!(response.body instanceof Uint8Array)) for await (const chunk of response.body) text += Buffer.from(chunk);
  } catch (error) {
    expect(error).toBeInstanceOf(TransportError);
    return text;
  }
  throw new Error("the stream did not break");
}

describe("faults", () => {
  it("are off without rules", async () => {
    const { handler } = behind();
    expect(await textOf(await handler(REQUEST))).toBe("answer 1");
  });

  it.each<{ fault: Fault; isSent: boolean; served: number }>([
    { fault: { type: "refuse" }, isSent: false, served: 0 },
    { fault: { type: "dropRequest" }, isSent: true, served: 0 },
    { fault: { type: "dropResponse" }, isSent: true, served: 1 },
  ])("$fault.type rejects with isSent $isSent after the server served $served", async ({ fault, isSent, served }) => {
    const { handler, clock, ...parts } = behind(fault);
    const outcome = handler(REQUEST).catch((error: unknown) => error);
    await clock.advance(1);
    expect(await outcome).toMatchObject({ name: "TransportError", isSent });
    expect(parts.served).toHaveLength(served);
  });

  it.each<{ fault: Fault; status: number; text: string; served: number }>([
    { fault: { type: "duplicate" }, status: 200, text: "answer 2", served: 2 },
    { fault: { type: "status", status: 503, body: "busy" }, status: 503, text: "busy", served: 0 },
    { fault: { type: "html" }, status: 200, text: "<html><body>It works!</body></html>", served: 0 },
    { fault: { type: "truncate", bytes: 3 }, status: 200, text: "ans", served: 1 },
  ])("$fault.type answers $status $text", async ({ fault, status, text, served }) => {
    const { handler, ...parts } = behind(fault);
    const response = await handler(REQUEST);
    expect([response.status, await textOf(response), parts.served.length]).toEqual([status, text, served]);
  });

  it("delay holds the request back and leaves the rest to the next rule", async () => {
    const { handler, clock, served } = behind({ type: "delay", ms: 500 }, { type: "status", status: 500 });
    const outcome = handler(REQUEST);
    await clock.advance(499);
    expect(served).toHaveLength(0);
    await clock.advance(2);
    expect((await outcome).status).toBe(500);
  });

  it("truncate breaks a stream after its bytes", async () => {
    const { handler } = behind({ type: "truncate", bytes: 6 });
    expect(await readUntilBroken(await handler({ ...REQUEST, url: "/stream" }))).toBe("one tw");
  });

  it("end closes a body in the middle as if it were complete", async () => {
    const { handler } = behind({ type: "end", bytes: 6 });
    expect(await textOf(await handler(REQUEST))).toBe("answer");
    expect(await textOf(await handler({ ...REQUEST, url: "/stream" }))).toBe("one tw");
  });

  it("cut breaks a stream after its time", async () => {
    const { handler, clock } = behind({ type: "cut", afterMs: 1000 });
    const text = readUntilBroken(await handler({ ...REQUEST, url: "/stream" }));
    await clock.advance(1001);
    expect(await text).toBe("one two ");
  });

  it("strike as often as their rule says, and follow rules that change", async () => {
    const { handler, script } = behind();
    script.rules = [{ fault: { type: "status", status: 500 }, times: 2, when: (request) => request.url === "/x" }];
    const statuses = [];
    for (const url of ["/y", "/x", "/x", "/x"]) statuses.push((await handler({ ...REQUEST, url })).status);
    expect(statuses).toEqual([200, 500, 500, 200]);
    script.rules = [{ fault: { type: "html" } }];
    expect((await handler(REQUEST)).headers["content-type"]).toBe("text/html");
  });

  it("are drawn the same from the same seed", async () => {
    const runs = [behind(), behind()].map(async ({ handler, script }) => {
      script.rules = [{ fault: { type: "status", status: 500 }, probability: 0.3 }];
      const statuses: number[] = [];
      for (let index = 0; index < 50; index++) statuses.push((await handler(REQUEST)).status);
      return statuses;
    });
    const [first, second] = await Promise.all(runs);
    expect(first).toEqual(second);
    expect(new Set(first)).toEqual(new Set([200, 500]));
  });
});
