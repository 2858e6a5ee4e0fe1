import net from "node:net";
import tls from "node:tls";
import { createAuthority, issue } from "../../apiserver/pki/authority.js";
import { systemClock } from "../../platform/clock.js";
import { createNetworkProber } from "./network.js";
import { probeDriverSuite } from "./suite.js";

const HOST = "127.0.0.1";

probeDriverSuite("over sockets", async () => {
  const clock = systemClock();
  const open: (() => void)[] = [];

  /** A server that sends this text to everyone who says something. */
  async function listen(text: string, scheme: "http" | "https"): Promise<{ host: string; port: number }> {
    const onConnection = (socket: net.Socket) => {
      open.push(() => socket.destroy());
      socket.on("error", () => {});
      socket.on("data", () => void socket.write(text));
    };
    const server =
      scheme === "https" ? tls.createServer(await certificate(), onConnection) : net.createServer(onConnection);
    open.push(() => server.close());
    await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
    // it listens on TCP
    return { host: HOST, port: (server.address() as net.AddressInfo).port };
  }

  return {
    driver: createNetworkProber(clock),
    serve({ status, information, scheme = "http", location, isEndless = false }) {
      const before = information === undefined ? "" : `HTTP/1.1 ${information} Wait\r\n\r\n`;
      const head = location === undefined ? "" : `location: ${location}\r\n`;
      const length = isEndless ? "transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n" : "content-length: 0\r\n\r\n";
      return listen(before + (status === undefined ? "" : `HTTP/1.1 ${status} Word\r\n${head}${length}`), scheme);
    },
    async nowhere() {
      const server = net.createServer();
      await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
      // it listens on TCP
      const { port } = server.address() as net.AddressInfo;
      await new Promise((resolve) => server.close(resolve));
      return { host: HOST, port };
    },
    settle: (result) => result,
    async close() {
      for (const step of open) step();
    },
  };
});

/** Signed by nobody whom a client trusts. */
async function certificate() {
  const validity = { from: Date.now(), until: Date.now() + 86_400_000 };
  const subject = { commonName: "probed", hosts: ["probed.example"] };
  const { certificate: cert, key } = await issue(await createAuthority(validity), subject, validity);
  return { cert, key };
}
