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
    expect(driver.problem?.()).toBe("127.0.0.1:5300 is in use by another program or Rack");
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
    expect(driver.problem?.()).toBe("127.0.0.1:5301 is in use by another program or Rack");
    expect(await driver.read("a/b")).toEqual({ type: "absent" });
    expect(await answers(network, 5300)).toBe(true);
    server.configure(SETTINGS);
    await clock.advance(10_000);
    expect([driver.problem?.(), await answers(network, 5300)]).toEqual([undefined, true]);
  });

  describe("of which the old one is in the way", () => {
    /** As a real machine does: all addresses of a port are one with each of them. */
    function strict() {
      const network = inProcessMessages();
      const ports = new Set<number>();
      const listen: typeof network.listen = async (address, handler) => {
        if (ports.has(address.port)) throw new Error(`${address.host}:${address.port} is in use`);
        const listener = await network.listen(address, handler);
        ports.add(address.port);
        return {
          close() {
            ports.delete(address.port);
            return listener.close();
          },
        };
      };
      return { ...network, listen };
    }

    it("is taken when that is left", async () => {
      const clock = virtualClock();
      const server = await startServer(strict(), clock);
      const driver = server.openDriver({ identity: "torc", periodMs: 5000 });
      server.configure({ ...SETTINGS, listen: "0.0.0.0:5300" });
      await clock.advance(0);
      expect([driver.problem?.(), await driver.read("a/b")]).toEqual([undefined, { type: "absent" }]);
    });

    it("is not, when it cannot be taken all the same: the old one is listened on again", async () => {
      const clock = virtualClock();
      const network = strict();
      const listen: typeof network.listen = (address, handler) =>
        address.host === "0.0.0.0" ? Promise.reject(new Error("somebody else is")) : network.listen(address, handler);
      const server = await startServer({ ...network, listen }, clock);
      const driver = server.openDriver({ identity: "torc", periodMs: 5000 });
      server.configure({ ...SETTINGS, listen: "0.0.0.0:5300" });
      await clock.advance(10_000);
      expect([driver.problem?.(), await driver.read("a/b")]).toEqual(["somebody else is", { type: "absent" }]);
      expect(await answers(network, 5300)).toBe(true);
    });
  });

  it("stays while the new one is none, as with a variable that the Rack does not give", async () => {
    const clock = virtualClock();
    const network = inProcessMessages();
    const server = await startServer(network, clock);
    const driver = server.openDriver({ identity: "torc", periodMs: 5000 });
    server.configure({ ...SETTINGS, listen: "$(IP):5300" });
    await clock.advance(10_000);
    expect(driver.problem?.()).toBe("$(IP):5300 is no IPv4 address and port");
    expect(await answers(network, 5300)).toBe(true);
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
