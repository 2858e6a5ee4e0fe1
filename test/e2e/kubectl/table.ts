/** One row of a printed table by its headings; a cell that holds nothing is "". */
export type Row = Readonly<Record<string, string>>;

/** What `kubectl get` printed, read by the positions of the headings: cells that are not aligned become wrong. */
export function readTable(text: string): readonly Row[] {
  const [heading = "", ...lines] = text.trimEnd().split("\n");
  const columns = [...heading.matchAll(/\S+(?: \S+)*/g)].map(({ 0: name, index }) => ({ name, from: index }));
  return lines.map((line) =>
    Object.fromEntries(
      columns.map(({ name, from }, index) => [name, line.slice(from, columns[index + 1]?.from).trim()]),
    ),
  );
}

/** Several tables, as `kubectl get a,b` prints them. */
export function readTables(text: string): readonly (readonly Row[])[] {
  return text.trimEnd().split("\n\n").map(readTable);
}
