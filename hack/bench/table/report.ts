import { cpus, totalmem } from "node:os";
import type { Findings, Row } from "./benchmark.js";

/** The table for a terminal: a line of numbers and a line of words for each row, then further tables. */
export function textOf(findings: readonly Findings[]): string {
  const rows = findings.flatMap((each) => each.rows);
  const cells = rows.map(cellsOf);
  const widths = HEAD.map((title, column) => Math.max(title.length, ...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("   ")
      .trimEnd();
  const body = rows.map((row, index) => `${line(cells[index] ?? [])}\n    ${row.meaning}`);
  return [line(HEAD), ...body, ...findings.flatMap((each) => (each.notes ?? []).map((note) => `\n${note}`))].join("\n");
}

/** The page docs/benchmarks.md. */
export function pageOf(findings: readonly Findings[], command: string): string {
  const rows = findings.flatMap((each) => each.rows);
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const table = [line(HEAD), line(HEAD.map(() => "---")), ...rows.map((row) => line(cellsOf(row)))];
  const meanings = rows.map((row) => `- **${row.what}.** ${row.meaning}`);
  const notes = findings.flatMap((each) => (each.notes ?? []).flatMap((note) => ["```", note, "```", ""]));
  const made = [
    `Made with \`${command}\` on ${new Date().toISOString().slice(0, 10)}:`,
    `${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB of memory, Node ${process.versions.node}, ${process.platform} ${process.arch}.`,
  ];
  return [
    ...HEADER,
    ...made,
    "",
    ...table,
    "",
    "What each line says:",
    "",
    ...meanings,
    "",
    "## Further counts",
    "",
    ...notes,
  ].join("\n");
}

const HEAD = ["what", "measured", "against", "ratio"];

const HEADER = [
  "# Benchmarks",
  "",
  "`make bench` measures what the design promises. Every time is printed beside a yardstick that was measured in the same run,",
  "so that a slow machine makes both slow: compare ratios between machines, never times. Each benchmark runs in a process of",
  "its own, on compiled code, warms up first, alternates with its yardstick and takes the middle of several rounds. Counts are exact.",
  "`make bench` fails when an instance costs more store writes than the limit, or when an idle rack writes anything but leases.",
  "`npx tsx hack/bench.ts NAME…` runs some,",
  "`--prof` writes a CPU profile of each to `.cache/profiles`, `--write` makes this page.",
  "",
];

function cellsOf({ what, measured, yardstick, ratio }: Row): readonly string[] {
  return [what, measured, yardstick, ratio === undefined ? "" : ratioText(ratio)];
}

function ratioText(ratio: number): string {
  return ratio >= 100 ? Math.round(ratio).toLocaleString("en-US") : ratio.toPrecision(2);
}
