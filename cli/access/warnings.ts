/** The texts of a Warning header: `299 - "one", 299 - "two"`. */
export function warningTexts(header: string | undefined): readonly string[] {
  const parts = (header ?? "").matchAll(/\d{3} \S+ "((?:[^"\\]|\\.)*)"/g);
  return [...parts].map(([, text = ""]) => text.replaceAll(/\\(.)/g, "$1"));
}
