import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lockDirectory } from "./directory-lock.js";

describe("the lock of a directory", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "lock-"));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it("is taken by exactly one of many who find a stale one, and leaves nothing behind", async () => {
    for (let round = 0; round < 60; round++) {
      await writeFile(join(directory, "_lock"), JSON.stringify({ pid: 2 ** 22 - 3, birth: "", since: "" }));
      const tries = await Promise.allSettled(Array.from({ length: 4 }, () => lockDirectory(directory, 0)));
      const taken = tries.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
      expect(taken).toHaveLength(1);
      await taken[0]?.release();
      expect(await readdir(directory)).toEqual([]);
    }
  });

  it("says since when it is held", async () => {
    const lock = await lockDirectory(directory, Date.UTC(2026, 0, 1));
    await expect(lockDirectory(directory, 0)).rejects.toThrow(/since 2026-01-01T00:00:00.000Z; stop that process/);
    await lock.release();
  });
});
