import { type Command, InvalidArgumentError, Option } from "commander";
import { isDuration, parseDuration } from "../../api-types/schema/duration.js";
import type { Session } from "./session.js";

/** What a verb's part of the command line is made with. */
export interface Verbs {
  readonly program: Command;
  /** Runs a verb with the API server that its options name; the exit code becomes that of the process. */
  run(command: Command, verb: (session: Session) => Promise<number>): Promise<void>;
}

/** Options by which a verb finds the API server. */
export function accessOptions(command: Command): Command {
  return command
    .option("--kubeconfig <file>", "default: KUBECONFIG, else ./data/kubeconfig, else ~/.kube/config")
    .option("--context <name>", "context of the kubeconfig")
    .option("-n, --namespace <name>", "default: that of the context");
}

/** The form of what a verb prints. */
export function outputOption(): Option {
  return new Option("-o, --output <form>", "what is printed").choices(["json", "yaml", "name"]);
}

/** Lines that stand below the options in `--help`. */
export function example(command: Command, ...lines: readonly string[]): Command {
  return command.addHelpText("after", `\nExamples:\n${lines.map((line) => `  rackctl ${line}`).join("\n")}`);
}

/** Milliseconds of a Go duration such as `10m`. */
export function duration(text: string): number {
  if (!isDuration(text) || parseDuration(text) < 0)
    throw new InvalidArgumentError("must be a duration such as 90s or 10m.");
  return parseDuration(text);
}

/** A whole number, 0 or more. */
export function count(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("must be a whole number, 0 or more.");
  return Number(text);
}
