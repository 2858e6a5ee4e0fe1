import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { open as openLmdb } from "lmdb";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../platform/clock.js";
import { type VirtualClock, virtualClock } from "../../platform/virtual-clock.js";
import { bytes, commit, create, text } from "./conformance/harness/suite.js";
import { openEmbeddedStore } from "./embedded.js";
import { CompactedError } from "./store.js";
import { storeSuite } from "./suite.js";

const HISTORY = { ageMs: 1_000, revisions: 5 };

storeSuite(
  "the embedded store",
  async () => {
    const clock = virtualClock();
    const directory = await mkdtemp(join(tmpdir(), "store-"));
    const open = () => openEmbeddedStore({ directory, clock, history: HISTORY });
    let store = await open();
    return {
      store: () => store,
      async compact() {
        await clock.advance(HISTORY.ageMs);
        for (let filler = 0; filler < HISTORY.revisions; filler++) await create(store, `filler/${filler}`);
      },
      async restart() {
        const old = store;
        await Promise.all([create(store, `on the way/${await store.current()}`), old.close()]);
        store = await open();
      },
      async close() {
        await store.close();
        await rm(directory, { recursive: true });
      },
    };
  },
  { histories: 20 },
);

describe("the embedded store", { timeout: 60_000 }, () => {
  let directory: string;
  let clock: VirtualClock;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "store-"));
    clock = virtualClock();
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));
  const open = () => openEmbeddedStore({ directory, clock, history: HISTORY });
  const refusal = async (where = directory) => {
    const failed = await openEmbeddedStore({ directory: where, clock }).catch((error: unknown) => error);
    expect(failed).toMatchObject({ name: "StatusError", reason: "ServiceUnavailable" });
    expect(String(failed)).toContain(where);
    return String(failed);
  };

  it("has its values, its revision and its past after it was opened again", async () => {
    const store = await open();
    const first = await create(store, "a", "1");
    const second = await commit(store, { type: "update", key: "a", value: bytes("2"), revision: first });
    await store.write(
      { type: "create", key: "b", value: bytes("b") },
      { internal: [{ key: "_term", value: bytes("1") }] },
    );
    const last = await commit(store, { type: "delete", key: "a", revision: second });
    await store.close();
    const again = await open();
    expect(await again.current()).toBe(last);
    const past = [];
    for (const atRevision of [first, second, last])
      past.push(text((await again.list("a", { atRevision })).entries[0]?.value));
    expect(past).toEqual(["1", "2", undefined]);
    expect((await again.get("_term"))?.revision).toBe(last - 1);
    expect(await create(again, "c")).toBe(last + 1);
    await again.close();
  });

  it("stays compacted after it was opened again", async () => {
    const store = await open();
    const first = await create(store, "a");
    await clock.advance(HISTORY.ageMs);
    for (let index = 0; index < 8; index++) await create(store, `b/${index}`);
    await store.close();
    const again = await open();
    await expect(again.list("", { atRevision: first - 1 })).rejects.toBeInstanceOf(CompactedError);
    await again.close();
  });

  it("is opened once: the second start learns the pid of the first", async () => {
    const store = await open();
    expect(await refusal()).toContain(`process ${process.pid} holds it`);
    await create(store, "a");
    await store.close();
    await (await open()).close();
    expect(await readdir(directory)).not.toContain("_lock");
  });

  it.each([
    ["a process that ended", JSON.stringify({ pid: 2 ** 22 - 3, birth: "", since: "" })],
    ["an earlier process with our pid", JSON.stringify({ pid: process.pid, birth: "another boot/1", since: "" })],
    ["a start that lost its power", ""],
  ])("takes over the lock of %s", async (_, content) => {
    await writeFile(join(directory, "_lock"), content);
    await (await open()).close();
  });

  const spoil: [string, (path: string) => Promise<void>, RegExp][] = [
    ["foreign", (path) => writeFile(path, "SQLite format 3\0".repeat(1000)), /not written by this program/],
    ["empty", (path) => writeFile(path, ""), /not written by this program/],
    ["cut", (path) => truncate(path, 12_288), /cut/],
    [
      "overwritten inside",
      async (path) => {
        const content = await readFile(path);
        await writeFile(path, content.fill(0xab, 8192, content.length));
      },
      /damaged/,
    ],
    [
      "changed by one bit in a value",
      async (path) => {
        const content = await readFile(path);
        for (let at = content.indexOf("precious"); at >= 0; at = content.indexOf("precious", at + 1))
          content[at] = 0x51;
        await writeFile(path, content);
      },
      /damaged/,
    ],
  ];
  it.each(spoil)("refuses a data file that is %s, and leaves it as it is", async (_, damage, message) => {
    const store = await open();
    for (let index = 0; index < 50; index++) await create(store, `a/${index}`, "precious ".repeat(100));
    await store.close();
    const path = join(directory, "data.mdb");
    await damage(path);
    const before = await readFile(path);
    expect(await refusal()).toMatch(message);
    expect(Buffer.compare(await readFile(path), before)).toBe(0);
    expect(await readdir(directory)).not.toContain("_lock");
  });

  it("refuses a data file of the same engine that another program wrote", async () => {
    const foreign = openLmdb({ path: join(directory, "data.mdb"), noSubdir: true });
    await foreign.put("theirs", 1);
    await foreign.close();
    expect(await refusal()).toMatch(/another program's/);
  });

  it("refuses everything once the disk failed, says so, and has what was acknowledged at the next start", async () => {
    const { acknowledged, said } = await writeUntilTheDiskIsFull(directory);
    expect(said).toMatch(
      /StoreUnavailableError true writing the store in .*: (File too large|Input\/output error).*; check the disk/,
    );
    const store = await open();
    const { entries } = await store.list("");
    expect(acknowledged).toBeGreaterThan(10);
    expect(entries.length).toBeGreaterThanOrEqual(acknowledged);
    await store.close();
  });

  it("says what to do when the path is no directory", async () => {
    await writeFile(join(directory, "file"), "");
    expect(await refusal(join(directory, "file"))).toContain("choose");
    expect(await refusal(join(directory, "file", "below"))).toContain("choose");
  });

  it("has every acknowledged write after kill -9, and no half of any", async () => {
    for (let round = 0; round < 2; round++) {
      const acknowledged = await writeUntilKilled(directory, `round-${round}`, 1_100);
      const store = await openEmbeddedStore({ directory, clock: systemClock() });
      const { entries, revision } = await store.list(`round-${round}/`);
      const found = new Map(entries.map((entry) => [entry.key, entry.revision]));
      expect(acknowledged.length).toBeGreaterThan(1_000);
      expect(acknowledged.filter(([key, at]) => found.get(key) !== at)).toEqual([]);
      expect((await store.get("_count"))?.revision).toBe(revision);
      await store.close();
    }
  });
});

/** Writes in a process of its own that is killed in the middle; the writes that it was told are done. */
async function writeUntilKilled(
  directory: string,
  prefix: string,
  count: number,
): Promise<readonly [string, number][]> {
  const program = `${opening(directory)}
    const internal = [{ key: "_count", value: new Uint8Array(8) }];
    let next = 0;
    for (let writer = 0; writer < 16; writer++) void (async () => {
      for (;;) {
        const key = ${JSON.stringify(prefix)} + "/" + next++;
        const { revision } = await store.write({ type: "create", key, value: new Uint8Array(1000) }, { internal });
        process.stdout.write(key + " " + revision + "\\n");
      }
    })();`;
  const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const acknowledged: [string, number][] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const [key = "", revision] = line.split(" ");
    acknowledged.push([key, Number(revision)]);
    if (acknowledged.length === count) child.kill("SIGKILL");
  }
  await ended;
  // the last line may be cut by the kill
  return acknowledged.slice(0, -1);
}

/** The beginning of a program that has `store`. */
function opening(directory: string): string {
  const source = new URL("./embedded.ts", import.meta.url).href;
  const clock = new URL("../../platform/clock.ts", import.meta.url).href;
  return `
    const { openEmbeddedStore } = await import(${JSON.stringify(source)});
    const { systemClock } = await import(${JSON.stringify(clock)});
    const store = await openEmbeddedStore({ directory: ${JSON.stringify(directory)}, clock: systemClock() });`;
}

/** Writes in a process that may not make a file larger than 4 MiB; how many writes were done, and the last words. */
async function writeUntilTheDiskIsFull(directory: string): Promise<{ acknowledged: number; said: string }> {
  const program = `${opening(directory)}
    let count = 0;
    try {
      for (;;) {
        await store.write({ type: "create", key: "key/" + count, value: new Uint8Array(20_000) });
        count += 1;
      }
    } catch (error) {
      await new Promise((resolve) => setImmediate(resolve));
      const again = await store.get("key/0").catch((refused) => refused.name);
      process.stdout.write("\\n" + JSON.stringify({ acknowledged: count, said: [error.name, error.isSent, error.message, again].join(" ") }));
      process.exit(0);
    }`;
  const flags = ["--import", "tsx", "--input-type=module", "-e", program];
  const child = spawn("sh", ["-c", 'trap "" XFSZ; ulimit -f 8192; exec "$@"', "sh", process.execPath, ...flags], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk));
  const code = await new Promise((resolve) => child.on("close", (exit, signal) => resolve(signal ?? exit)));
  if (code !== 0) throw new Error(`the writer ended with ${code}: ${output.slice(-2000)}`);
  // the writer's own line is the last; the engine may print before it
  return JSON.parse(output.trim().split("\n").at(-1) ?? "") as { acknowledged: number; said: string };
}
