import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** One source file of the project. */
export interface Source {
  /** From the root, e.g. `runtime/cache.ts`. */
  readonly path: string;
  readonly text: string;
  /** Tests, suites and what only they use. */
  readonly isTest: boolean;
}

/** Every TypeScript file that git knows or would add. */
export function readSources(): readonly Source[] {
  const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.ts"], {
    encoding: "utf8",
  });
  const paths = [...new Set(listed.split("\n"))].filter((path) => path !== "" && path !== "vitest.config.ts");
  return paths.flatMap((path) => {
    const text = readIfThere(path);
    return text === undefined ? [] : [{ path, text, isTest: isTest(path) }];
  });
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function isTest(path: string): boolean {
  return /\.test\.ts$|(^|\/)suite\.ts$|^test\/|\/testing\/|\/conformance\/|\/replay\/|harness\.ts$|(^|\/)testing\.ts$/.test(
    path,
  );
}

/** Lines that hold code: neither blank nor comment. */
export function codeLines(text: string): number {
  const withoutBlocks = text.replace(/\/\*[\s\S]*?\*\//g, (block) => block.replace(/[^\n]/g, ""));
  return withoutBlocks.split("\n").filter((line) => line.trim() !== "" && !line.trim().startsWith("//")).length;
}
