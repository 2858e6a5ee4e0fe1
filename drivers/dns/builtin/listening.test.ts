import { describe, expect, it } from "vitest";
import { virtualClock } from "../../../platform/virtual-clock.js";
import { inProcessMessages } from "./network/in-process.js";
import { ask } from "./testing/ask.js";
import { SETTINGS, startServer } from "./testing/server.js";

async function answers(network: ReturnType<typeof inProcessMessages>, port: number): Promise<boolean> {
  return ask("service.torc", "SOA", { network, port }).then(
    () => true,
    () => false,
  );
}

describe("the address of a name server", () => {
  it("is taken as soon as it is free, and said to be taken meanwhile", async () => {
    const clock = virtualClock();
    const network = inProcessMessages();
    const other = await network.listen({ host: "127.0.0.1", port: 5300 }, async function* () {});
    const server = await startServer(network, clock);
    const driver = server.openDriver({ identity: "torc", periodMs: 5000 });
    expect(driver.problem?.()).toBe("127.0.0.1:5300 is in use by another program");
    await other.close();
    await clock.advance(2000);
    expect([driver.problem?.(), await answers(network, 5300)]).toEqual([undefined, true]);
  });

  it("moves: the new one is listened on before the old one is left", async () => {
    const clock = virtualClock();
    const network = inProcessMessages();
    const events: string[] = [];
    const watched: typeof network = {
      ...network,
      async listen(address, handler) {
        const listener = await network.listen(address, handler);
        events.push(`listen ${address.port}`);
        return {
          close: () => {
            events.push(`leave ${address.port}`);
            return listener.close();
          },
        };
      },
    };
    const server = await startServer(watched, clock);
    server.configure({ ...SETTINGS, listen: "127.0.0.1:5301" });
    await clock.advance(0);
    expect(events).toEqual(["listen 5300", "listen 5301", "leave 5300"]);
    expect([await answers(network, 5300), await answers(network, 5301)]).toEqual([false, true]);
  });

  it("stays while the one to move to is taken, and says so", async () => {
    const clock = virtualClock();
    const network = inProcessMessages();
    await network.listen({ host: "127.0.0.1", port: 5301 }, async function* () {});
    const server = await startServer(network, clock);
    const driver = server.openDriver({ identity: "torc", periodMs: 5000 });
    server.configure({ ...SETTINGS, listen: "127.0.0.1:5301" });
    await clock.advance(10_000);
    expect(driver.problem?.()).toBe("127.0.0.1:5301 is in use by another program");
    expect(await driver.read("a/b")).toEqual({ type: "absent" });
    expect(await answers(network, 5300)).toBe(true);
    server.configure(SETTINGS);
    await clock.advance(10_000);
    expect([driver.problem?.(), await answers(network, 5300)]).toEqual([undefined, true]);
  });

  it("leaves the old one first where both have one port, as all addresses of the machine have", async () => {
    const clock = virtualClock();
    const network = inProcessMessages();
    const events: string[] = [];
    const watched: typeof network = {
      ...network,
      async listen(address, handler) {
        events.push(`listen ${address.host}`);
        const listener = await network.listen(address, handler);
        return {
          close: () => {
            events.push(`leave ${address.host}`);
            return listener.close();
          },
        };
      },
    };
    const server = await startServer(watched, clock);
    server.configure({ ...SETTINGS, listen: "0.0.0.0:5300" });
    await clock.advance(0);
    expect(events).toEqual(["listen 127.0.0.1", "leave 127.0.0.1", "listen 0.0.0.0"]);
  });

  it("is given back when the server is closed, even while it waits for another", async () => {
    const clock = virtualClock();
    const network = inProcessMessages();
    await network.listen({ host: "127.0.0.1", port: 5301 }, async function* () {});
    const server = await startServer(network, clock);
    server.configure({ ...SETTINGS, listen: "127.0.0.1:5301" });
    await clock.advance(100);
    await server.close();
    expect(await answers(network, 5300)).toBe(false);
  });
});
