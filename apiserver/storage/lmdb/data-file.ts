import { spawn } from "node:child_process";
import { constants } from "node:fs";
import { access, type FileHandle, open } from "node:fs/promises";
import { createRequire } from "node:module";
import { damaged, unusable } from "./unusable.js";

/**
 * Whether the data file exists and is sound enough to be opened in this process, where a fault inside of it would end
 * the process. False: there is none yet. Throws ServiceUnavailable when it is foreign, cut, damaged or not writable.
 */
export async function checkDataFile(path: string, directory: string): Promise<boolean> {
  const file = await open(path, constants.O_RDWR).catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw unusable(directory, error);
  });
  if (file === undefined) {
    await access(directory, constants.W_OK).catch((error: unknown) => {
      throw unusable(directory, error);
    });
    return false;
  }
  const fault = await headerFault(file).finally(() => file.close());
  if (fault !== undefined) throw damaged(directory, fault);
  await readElsewhere(path, directory);
  return true;
}

const PAGE_HEADER = 24;
const MAGIC = 0xbeefc0de;
const HEAD_SIZE = 160;

/** Looks at the two meta pages: a file cut below what they point to would end the process with SIGBUS. */
async function headerFault(file: FileHandle): Promise<string | undefined> {
  const { size } = await file.stat();
  const head = Buffer.alloc(HEAD_SIZE);
  await file.read(head, 0, HEAD_SIZE, 0);
  const pageSize = head.readUInt32LE(PAGE_HEADER + 24);
  const isPageSize = pageSize >= 512 && pageSize <= 65536 && (pageSize & (pageSize - 1)) === 0;
  if (size < HEAD_SIZE || head.readUInt32LE(PAGE_HEADER) !== MAGIC || !isPageSize) {
    return "its data file was not written by this program, or its beginning is overwritten";
  }
  const second = Buffer.alloc(HEAD_SIZE);
  await file.read(second, 0, HEAD_SIZE, pageSize);
  const last = [head, second].map((meta) => Number(meta.readBigUInt64LE(PAGE_HEADER + 120)));
  const needed = (Math.max(...last) + 1) * pageSize;
  return size < needed ? `its data file is cut: ${size} bytes are left of ${needed}` : undefined;
}

/** Reads every row in a process of its own: the engine aborts on a damaged page, and nobody can catch that. */
function readElsewhere(path: string, directory: string): Promise<void> {
  const engine = createRequire(import.meta.url).resolve("lmdb");
  const child = spawn(process.execPath, ["-e", READ_EVERYTHING, engine, path], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said = (said + chunk).slice(0, 4096);
  });
  return new Promise((resolve, reject) => {
    child.on("error", (error) => reject(unusable(directory, error)));
    child.on("close", (code, signal) => {
      if (code === 0) resolve();
      else
        reject(
          damaged(directory, `its data file is damaged (reading it ended with ${signal ?? `code ${code}`})`, said),
        );
    });
  });
}

const READ_EVERYTHING = `
const { open } = require(process.argv[1]);
const options = { encoding: "binary", keyEncoding: "binary" };
const root = open({ path: process.argv[2], noSubdir: true, readOnly: true, maxDbs: 4, ...options });
let size = 0;
for (const name of ["objects", "undo"]) {
  for (const row of root.openDB(name, options)?.getRange() ?? []) size += row.key.length + row.value.length;
}
root.close();
`;
