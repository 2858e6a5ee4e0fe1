import { mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { writeKubeconfig } from "./kubeconfig.js";

describe("the kubeconfig of an installation", () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "kubeconfig-"));
    path = join(folder, "kubeconfig");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const write = (server = "https://127.0.0.1:6443") =>
    writeKubeconfig({ path, server, authority: "CA", client: { certificate: "CERT", key: "KEY" } });
  const read = () => parse(readFileSync(path, "utf8"));
  const other = {
    apiVersion: "v1",
    kind: "Config",
    preferences: {},
    clusters: [{ name: "home", cluster: { server: "https://home" } }],
    users: [{ name: "me", user: { token: "t" } }],
    contexts: [{ name: "home", context: { cluster: "home", user: "me", namespace: "mine" } }],
    "current-context": "home",
  };

  it("is readable by its owner only, and names one context, the current one", async () => {
    await write();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(read()).toMatchObject({
      clusters: [{ name: "rackwright", cluster: { server: "https://127.0.0.1:6443" } }],
      contexts: [{ name: "rackwright", context: { cluster: "rackwright", user: "rackwright" } }],
      "current-context": "rackwright",
    });
  });

  it("is not touched while nothing has changed", async () => {
    await write();
    utimesSync(path, 1, 1);
    await write();
    expect(statSync(path).mtimeMs).toBe(1000);
  });

  it("keeps other contexts and which one is current; ours follows the server", async () => {
    writeFileSync(path, stringify(other));
    await write();
    await write("https://127.0.0.1:7443");
    const now = read();
    expect(now.clusters[0]).toEqual(other.clusters[0]);
    expect(now.clusters[1]).toMatchObject({ name: "rackwright", cluster: { server: "https://127.0.0.1:7443" } });
    expect(now.contexts[0]).toEqual(other.contexts[0]);
    expect([now.contexts.length, now.users.length, now["current-context"]]).toEqual([2, 2, "home"]);
    expect(now.preferences).toEqual({});
  });

  it("keeps the namespace that was chosen in our context", async () => {
    await write();
    const chosen = read();
    chosen.contexts[0].context.namespace = "shop";
    writeFileSync(path, stringify(chosen));
    await write("https://127.0.0.1:7443");
    expect(read().contexts).toEqual([
      { name: "rackwright", context: { cluster: "rackwright", user: "rackwright", namespace: "shop" } },
    ]);
  });

  it.each([
    ["an empty file", ""],
    ["one without lists, as kubectl leaves it", "apiVersion: v1\nkind: Config\nclusters: null\ncontexts: null\n"],
    ["one whose current context is gone", stringify({ ...other, "current-context": "gone" })],
  ])("fills %s", async (_, text) => {
    writeFileSync(path, text);
    await write();
    expect(read()["current-context"]).toBe("rackwright");
  });

  it.each([
    ["what is no YAML", "a: [b"],
    ["what is no kubeconfig", "hello"],
    ["lists that are none", "clusters: 3"],
  ])("is not written over %s", async (_, text) => {
    writeFileSync(path, text);
    await expect(write()).rejects.toThrow(`reading ${path}: `);
    expect(readFileSync(path, "utf8")).toBe(text);
  });
});
