import { readFile, rename, writeFile } from "node:fs/promises";

/** Files of text, by path. */
export interface TextFiles {
  /** Undefined: there is no such file. */
  read(path: string): Promise<string | undefined>;
  /** Replaced as a whole: whoever reads meanwhile finds the old or the new text. */
  write(path: string, text: string): Promise<void>;
}

/** Those of this machine. The folder of a file must allow a second one beside it, `<path>.new`. */
export const textFiles: TextFiles = {
  async read(path) {
    try {
      return await readFile(path, "utf8");
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
      throw error;
    }
  },
  async write(path, text) {
    await writeFile(`${path}.new`, text, { mode: 0o644, flush: true });
    await rename(`${path}.new`, path);
  },
};
