import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { count } from "./command.js";
import { withUsageErrors } from "./usage-error.js";

/** What is said of a command line, and how it ends. */
function said(words: readonly string[]): { readonly text: string; readonly code: number } {
  let text = "";
  const program = withUsageErrors(new Command("rackctl").option("-n, --namespace <name>").exitOverride(), words);
  const { outputError } = program.configureOutput();
  program.configureOutput({ outputError: (told) => outputError?.(told, (line) => (text += line)) });
  program
    .command("scale <group>")
    .option("--replicas <n>", "", count)
    .action(() => {});
  const rollout = program.command("rollout");
  rollout.command("undo <group>").action(() => {});
  try {
    program.parse(words, { from: "user" });
    return { text, code: 0 };
  } catch (error) {
    return { text, code: (error as { exitCode: number }).exitCode }; // nothing but Commander's own errors is thrown
  }
}

describe("a command line that makes no sense", () => {
  it.each([
    [["scal"], "unknown command 'scal' (Did you mean scale?); rackctl help tells how it is used"],
    [["scale"], "missing required argument 'group'; rackctl help scale tells how it is used"],
    [["-n", "lab", "scale"], "missing required argument 'group'; rackctl help scale tells how it is used"],
    [
      ["scale", "a", "b"],
      "too many arguments for 'scale'. Expected 1 argument but got 2; rackctl help scale tells how it is used",
    ],
    [
      ["scale", "a", "--replicas", "many"],
      "option '--replicas <n>' argument 'many' is invalid. must be a whole number, 0 or more; rackctl help scale tells how it is used",
    ],
    [["rollout", "undo"], "missing required argument 'group'; rackctl rollout help undo tells how it is used"],
    [["rollout", "sideways"], "unknown command 'sideways'; rackctl help rollout tells how it is used"],
    [
      ["scale", "--", "rollout", "x"],
      "too many arguments for 'scale'. Expected 1 argument but got 2; rackctl help scale tells how it is used",
    ],
  ])("%j", (words, sentence) => expect(said(words)).toEqual({ text: `rackctl: ${sentence}\n`, code: 1 }));
});
