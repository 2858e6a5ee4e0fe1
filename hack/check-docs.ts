import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { readSources } from "./tidy/sources.js";

// Checks what the hand-written pages say against the tree: links, paths, make targets, and the reasons of conditions.

/** A page, with its fenced blocks apart from its prose. */
interface Page {
  readonly path: string;
  readonly prose: string;
  readonly blocks: string;
}

const OPERATING = "docs/operating.md";
/** Made by running the product or its set-up, so not in the tree. */
const MADE = /^(data|dist|node_modules|\.tools|\.cache)(\/|$)/;
const SOURCE_FILE = /\.(ts|md|ya?ml|sh|json|jsonl)$/;
const FOLDERS = readdirSync(".", { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !MADE.test(entry.name) && !entry.name.startsWith("."))
  .map((entry) => entry.name);

const pages = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", ...markdownBelow("docs")].map(readPage);
const faults = [...pages.flatMap(linkFaults), ...pages.flatMap(pathFaults), ...pages.flatMap(targetFaults)];
faults.push(...reasonFaults());
for (const fault of faults) console.error(fault);
console.log(`check-docs: ${pages.length} pages, ${faults.length} faults`);
process.exit(faults.length === 0 ? 0 : 1);

function markdownBelow(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return markdownBelow(path);
    return path.endsWith(".md") ? [path] : [];
  });
}

function readPage(path: string): Page {
  const parts = readFileSync(path, "utf8").split(/^```.*$/m);
  const every = (rest: number) => parts.filter((_, index) => index % 2 === rest).join("\n");
  return { path, prose: every(0), blocks: every(1) };
}

/** Relative links whose file or heading is not there. */
function linkFaults({ path, prose }: Page): readonly string[] {
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = ""]) => {
    if (/^[a-z]+:/.test(target)) return [];
    const [file = "", anchor] = target.split("#");
    const found = file === "" ? path : normalize(join(dirname(path), file));
    if (!existsSync(found)) return [`${path}: the link ${target} leads nowhere`];
    const isKnown = anchor === undefined || headingsOf(found).includes(anchor);
    return isKnown ? [] : [`${path}: ${found} has no heading #${anchor}`];
  });
}

/** Headings as GitHub's anchors spell them. */
function headingsOf(path: string): readonly string[] {
  if (!path.endsWith(".md")) return [];
  return [...readPage(path).prose.matchAll(/^#+ (.+)$/gm)].map(([, text = ""]) =>
    text
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

/** Paths between backticks that are not there; `<kind>` stands for any name, and what follows it is not checked. */
function pathFaults({ path, prose }: Page): readonly string[] {
  return [...prose.matchAll(/`([^`\n]+)`/g)].flatMap(([, text = ""]) => {
    const fixed = text.replace(/[<*{].*$/, "");
    if (!looksLikePath(text) || existsSync(fixed.length < text.length ? dirname(`${fixed}.`) : fixed)) return [];
    return [`${path}: ${text} is not in the tree`];
  });
}

function looksLikePath(text: string): boolean {
  if (!/^[\w.@-]+(\/[\w.@<>*{},-]*)+$/.test(text) || MADE.test(text)) return false;
  const [first = ""] = text.split("/");
  // `rackwright.dev/leave` is a name of Kubernetes, `data/x.yaml` is made by running
  return FOLDERS.includes(first) || (SOURCE_FILE.test(text) && !first.includes(".") && !/^[A-Z]/.test(first));
}

/** `make x` where the Makefile has no x. */
function targetFaults({ path, prose, blocks }: Page): readonly string[] {
  const targets = new Set([...readFileSync("Makefile", "utf8").matchAll(/^([a-z0-9-]+):/gm)].map(([, name]) => name));
  const spans = [...prose.matchAll(/`([^`\n]+)`/g)].map(([, text = ""]) => text).join("\n");
  return [...`${spans}\n${blocks}`.matchAll(/^(?:\$ )?make ([a-z0-9-]+)/gm)].flatMap(([, name]) =>
    targets.has(name) ? [] : [`${path}: there is no target make ${name}`],
  );
}

/** Reasons that a loop writes and operators cannot look up, and rows about reasons that nobody writes. */
function reasonFaults(): readonly string[] {
  const text = readFileSync(OPERATING, "utf8");
  const sources = readSources().filter(({ path, isTest }) => path.startsWith("controllers/") && !isTest);
  const code = sources.map((source) => source.text).join("\n");
  const written = [
    ...code.matchAll(/status: [^\n]*reason: "([A-Z]\w+)"/g),
    ...code.matchAll(/^ +reason: "([A-Z]\w+)",$/gm),
    ...code.matchAll(/\breason(?:: | = )\w+[^\n"]*\? "([A-Z]\w+)"/g),
    ...code.matchAll(/\breason(?:: | = )\w+[^\n"]*\? "\w+" : "([A-Z]\w+)"/g),
    ...code.matchAll(/conditions\("([A-Z]\w+)"/g),
  ].map(([, reason = ""]) => reason);
  if (written.length === 0) return [`${OPERATING}: no reason was found in controllers/; the check is broken`];
  const missing = [...new Set(written)].filter((reason) => !text.includes(`\`${reason}\``));
  const rows = [...text.matchAll(/^\| `([A-Z]\w+)` \|/gm)].map(([, reason = ""]) => reason);
  return [
    ...missing.map((reason) => `${OPERATING}: reason ${reason} is not explained`),
    ...rows
      .filter((reason) => !code.includes(`"${reason}"`))
      .map((reason) => `${OPERATING}: no loop writes reason ${reason}`),
  ];
}
