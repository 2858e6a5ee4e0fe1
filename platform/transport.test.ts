import { describe, expect, it } from "vitest";
import { type HttpRequest, inProcessTransport, readBody, TransportError } from "./transport.js";

async function* chunks(...texts: readonly string[]): AsyncIterable<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

describe("readBody", () => {
  it("reads bytes and streams", async () => {
    const read = async (body: Uint8Array | AsyncIterable<Uint8Array>) =>
      Buffer.from(await readBody({ status: 200, headers: {}, body })).toString();
    expect(await read(Buffer.from("ab"))).toBe("ab");
    expect(await read(chunks("a", "", "b"))).toBe("ab");
  });

  it("refuses a stream above the limit", async () => {
    const response = { status: 200, headers: {}, body: chunks("abc", "def") };
    await expect(readBody(response, 5)).rejects.toBeInstanceOf(TransportError);
  });
});

describe("inProcessTransport", () => {
  it("calls the handler of the host with path and query, and refuses unknown hosts", async () => {
    const seen: HttpRequest[] = [];
    const transport = inProcessTransport(
      new Map([
        [
          "api:80",
          async (request: HttpRequest) => {
            seen.push(request);
            return { status: 204, headers: {}, body: Buffer.of() };
          },
        ],
        ["other:1234", async () => ({ status: 200, headers: {}, body: Buffer.of() })],
      ]),
    );
    const send = (url: string) => transport({ method: "GET", url, headers: {} });
    expect((await send("http://other:1234/x")).status).toBe(200);
    expect((await send("http://api/a?b=c")).status).toBe(204);
    await expect(send("http://nobody:1/")).rejects.toMatchObject({ name: "TransportError", isSent: false });
    expect(seen.map(({ url }) => url)).toEqual(["/a?b=c"]);
  });
});
