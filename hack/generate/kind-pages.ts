import type { FieldNote } from "../../api-types/meta/field-notes.js";
import type { Kind } from "../../api-types/meta/kind.js";

const APPLIES_TEXT = {
  restart: "restart",
  inPlace: "in place",
  scaleOnly: "scale only",
} as const;

/** One page for each kind: what it is, its table and every field; and an index of the pages. */
export function kindPages(kinds: readonly Kind[]): readonly (readonly [path: string, text: string])[] {
  return [["docs/kinds/README.md", indexPage(kinds)], ...kinds.map((kind) => [pathOf(kind), page(kind)] as const)];
}

function pathOf(kind: Kind): string {
  return `docs/kinds/${kind.singular}.md`;
}

function indexPage(kinds: readonly Kind[]): string {
  const lines = kinds.map(
    (kind) => `| [${kind.kind}](${kind.singular}.md) | ${kind.shortNames.join(", ")} | ${kind.description} |`,
  );
  return [
    "# The kinds",
    "",
    "Generated from `api-types/` by `make generate`. What is declared but not built is listed in [not-supported-yet](../not-supported-yet.md).",
    "",
    "| kind | short name | what it is |",
    "|---|---|---|",
    ...lines,
    "",
  ].join("\n");
}

function page(kind: Kind): string {
  const notes = kind.fieldNotes ?? [];
  return [
    `# ${kind.kind}`,
    "",
    kind.description,
    "",
    ...facts(kind),
    "",
    ...section("spec", "What you declare.", notes),
    ...section("status", "What the system reports.", notes),
    ...legend(notes),
  ].join("\n");
}

function facts(kind: Kind): readonly string[] {
  const columns = kind.columns.map(({ name, priority = 0 }) => (priority > 0 ? `${name} (wide)` : name)).join(", ");
  return [
    "| | |",
    "|---|---|",
    `| API version | \`${kind.apiVersion}\` |`,
    `| scope | ${kind.scope === "Cluster" ? "cluster" : "namespaced"} |`,
    `| kubectl | \`${[kind.plural, kind.singular, ...kind.shortNames].join("`, `")}\` |`,
    `| columns | ${columns} |`,
    ...(kind.scale === undefined ? [] : [`| scale subresource | \`${kind.scale.specReplicasPath}\` |`]),
    ...(kind.isCreatable ? [] : ["| creation | refused: not supported yet |"]),
  ];
}

function section(part: "spec" | "status", title: string, notes: readonly FieldNote[]): readonly string[] {
  const own = notes.filter(({ path }) => path.startsWith(`${part}.`));
  if (own.length === 0) return [];
  const hasApplies = own.some(({ applies }) => applies !== undefined);
  const head = ["field", "type", "default", ...(hasApplies ? ["a change applies"] : []), "meaning"];
  return [
    `## ${part}`,
    "",
    title,
    "",
    row(head),
    row(head.map(() => "---")),
    ...own.map((note) => row(cells(note, hasApplies))),
    "",
  ];
}

function cells(note: FieldNote, hasApplies: boolean): readonly string[] {
  const applies = note.applies === undefined ? "" : APPLIES_TEXT[note.applies];
  return [
    `\`${note.path.slice(note.path.indexOf(".") + 1)}\``,
    note.type,
    defaultText(note),
    ...(hasApplies ? [applies] : []),
    `${note.description}${laterText(note)}`,
  ];
}

function defaultText(note: FieldNote): string {
  if (note.later === true) return "";
  if (note.default !== undefined) return `\`${JSON.stringify(note.default)}\``;
  return note.isRequired ? "*required*" : "";
}

function laterText({ later }: FieldNote): string {
  if (later === undefined) return "";
  if (later === true) return " **Not supported yet.**";
  return ` Not supported yet: ${later.map((value) => `\`${value}\``).join(", ")}.`;
}

function row(texts: readonly string[]): string {
  return `| ${texts.map((text) => text.replaceAll("|", "\\|")).join(" | ")} |`;
}

/** Explains the words of the column, where there is one. */
function legend(notes: readonly FieldNote[]): readonly string[] {
  if (notes.every(({ applies }) => applies === undefined)) return [];
  return [
    "A change that applies by *restart* replaces the running instances; *in place* keeps them; *scale only* starts or stops some and keeps the others.",
    "",
  ];
}
