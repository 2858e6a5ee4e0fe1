import type { Command } from "commander";

/** Makes a program say what is wrong with its command line as verbs say theirs: one sentence, and where to read on. */
export function withUsageErrors(program: Command, words: readonly string[]): Command {
  return program.configureOutput({
    outputError: (text, write) => write(usageError(text, namedVerbs(program, words))),
  });
}

/** `text` is Commander's: `error: …`, a full stop at times, and a suggestion on a line of its own. */
export function usageError(text: string, verbs: readonly string[]): string {
  const [fault = "", ...suggestion] = text
    .replace(/^error: /, "")
    .trim()
    .split("\n");
  const sentence = [fault.replace(/\.$/, ""), ...suggestion].join(" ");
  return `rackctl: ${sentence}; ${helpOf(verbs)} tells how it is used\n`;
}

/** Commander's own help knows one level at a time: `rackctl rollout help undo`. */
function helpOf(verbs: readonly string[]): string {
  return ["rackctl", ...verbs.slice(0, -1), "help", ...verbs.slice(-1)].join(" ");
}

/** The verbs that the words of a command line name, from the outermost. */
function namedVerbs(program: Command, words: readonly string[]): readonly string[] {
  const verbs: string[] = [];
  let at = program;
  for (const [index, word] of words.entries()) {
    if (word === "--") break;
    const next = at.commands.find((command) => command.name() === word);
    // an option, or what may be its value
    const isPassed = word.startsWith("-") || words[index - 1]?.startsWith("-") === true;
    if (next === undefined && !isPassed) break;
    if (next === undefined) continue;
    verbs.push(word);
    at = next;
  }
  return verbs;
}
