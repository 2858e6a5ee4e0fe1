import type { FieldNote } from "../../api-types/meta/field-notes.js";
import type { Kind } from "../../api-types/meta/kind.js";

/** The list of what is declared, published and refused. */
export function notSupportedYetPage(kinds: readonly Kind[]): string {
  return [
    "# Not supported yet",
    "",
    "Generated from `api-types/` by `make generate`. These fields and values are part of the API, so that manifests keep",
    'their meaning when they are built; until then the server refuses an object that uses one, with "not supported yet".',
    "",
    ...kinds.flatMap(section),
  ].join("\n");
}

function section(kind: Kind): readonly string[] {
  const lines = [
    ...(kind.isCreatable ? [] : ["The whole kind: it is listed, and creation is refused."]),
    ...(kind.fieldNotes ?? []).flatMap((note, _index, all) => line(note, all)),
    ...(kind.notYet ?? []),
  ];
  return lines.length === 0 ? [] : [`## ${kind.kind}`, "", ...lines.map((text) => `- ${text}`), ""];
}

/** What lies inside a refused field is not told again. */
function line(note: FieldNote, all: readonly FieldNote[]): readonly string[] {
  if (note.later === undefined) return [];
  if (note.later !== true) {
    return [`\`${note.path}\`: the values ${note.later.map((value) => `\`${value}\``).join(", ")}`];
  }
  const isInside = all.some(
    (other) =>
      other.later === true && (note.path.startsWith(`${other.path}.`) || note.path.startsWith(`${other.path}[`)),
  );
  return isInside ? [] : [`\`${note.path}\`: ${note.description}`];
}
