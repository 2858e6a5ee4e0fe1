import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { isMissing, programOf, startConsul } from "./servers.js";

const run = promisify(execFile);

describe.skipIf(isMissing("consul"))("a real Consul", () => {
  it("starts on loopback, keeps its data over a restart, and stops", async () => {
    const consul = await startConsul();
    try {
      await fetch(`${consul.endpoint}/v1/kv/a`, { method: "PUT", body: "1" });
      await consul.restart();
      expect(await (await fetch(`${consul.endpoint}/v1/kv/a?raw`)).text()).toBe("1");
      const dig = programOf("dig");
      if (dig === undefined) return;
      const { stdout } = await run(dig, ["+short", "@127.0.0.1", "-p", `${consul.dnsPort}`, "consul.service.torc"]);
      expect(stdout.trim()).toBe("127.0.0.1");
    } finally {
      await consul.stop();
    }
    await expect(fetch(consul.endpoint)).rejects.toThrow();
  });
});

describe("the installed clients", () => {
  it.each([
    ["kubectl", ["version", "--client"], /v1\.3\d/],
    ["kubectl-1.20", ["version", "--client"], /v1\.20/],
    ["dig", ["-v"], /DiG 9/],
  ])("%s runs", async (tool, flags, expected) => {
    if (isMissing(tool)) return;
    const { stdout, stderr } = await run(programOf(tool) ?? tool, flags);
    expect(stdout + stderr).toMatch(expected);
  });
});
