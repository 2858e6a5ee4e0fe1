#!/usr/bin/env -S node --max-semi-space-size=32
import { Command, InvalidArgumentError, Option } from "commander";
import { StatusError } from "../api-types/meta/status-error.js";
import { accessOptions, type Verbs } from "./access/command.js";
import type { AccessFlags } from "./access/session.js";
import { withUsageErrors } from "./access/usage-error.js";
import { addFramework } from "./framework/command.js";
import { addNodes } from "./nodes/command.js";
import { addRehearsal } from "./rehearse/command.js";
import { addRollout } from "./rollout/command.js";
import { addSize } from "./size/command.js";
import { addTasks } from "./tasks/command.js";

// rackctl: one file per verb; verbs are loaded when they are asked for.

/** `HOST:PORT`, e.g. `127.0.0.1:6443` or `[::1]:6443`. */
function address(text: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65535) throw new InvalidArgumentError("must be HOST:PORT, such as 127.0.0.1:6443.");
  return { host, port };
}

/** An option for an address on loopback, whose default is shown as it would be written. */
function addressOption(flags: string, description: string, port: number): Option {
  const host = "127.0.0.1";
  return new Option(flags, description).argParser(address).default({ host, port }, `${host}:${port}`);
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError("must be a whole number, 0 or more.");
  return value;
}

const program = withUsageErrors(accessOptions(new Command("rackctl")), process.argv.slice(2))
  .description("Rackwright: a control plane for a software-defined rack")
  .version("0.1.0")
  // what follows `--` belongs to the program that `exec` runs
  .enablePositionalOptions();

program
  .command("up")
  .description("run API server and controllers in this process, with --simulate a simulated rack beside it")
  .option("--simulate", "start a simulated rack (or attach to the one of this data directory)", false)
  .option("--data <dir>", "data directory; the kubeconfig is written there", "./data")
  .addOption(addressOption("--listen <host:port>", "where the Kubernetes API is served", 6443))
  .addOption(
    new Option("--store <type>", "where objects are kept").choices(["embedded", "etcd", "memory"]).default("embedded"),
  )
  .option("--etcd-endpoints <urls>", "comma-separated, with --store etcd", "http://127.0.0.1:2379")
  .addOption(addressOption("--dns <host:port>", "where the simulated rack answers DNS", 8600))
  .addOption(addressOption("--metrics <host:port>", "where Prometheus scrapes", 9464))
  .option("--seed <n>", "repeats the simulated rack's random choices", wholeNumber)
  .option("--log-level <level>", "debug, info, warn or error; JSON lines in DIR/rackwright.log", "info")
  .action(async (options) => {
    const { up } = await import("./up/up.js");
    process.exitCode = await up({
      ...options,
      isTerminal: process.stdout.isTTY === true,
      entry: process.argv[1] ?? "",
      execArgv: process.execArgv,
    });
  });

program
  .command("simulate")
  .description("run the simulated rack alone; its addresses are written to DIR/rack.yaml")
  .option("--data <dir>", "directory of its state", "./data/simulator")
  .addOption(addressOption("--dns <host:port>", "where it answers DNS", 8600))
  .option("--seed <n>", "repeats its random choices", wholeNumber)
  .option("--agents <n>", "pretended agents beside the real ones: their tasks are no processes", wholeNumber, 0)
  .option("--churn <tasks per second>", "how many tasks of the pretended agents fail", wholeNumber, 0)
  .option("--agent-timeout <seconds>", "how long the master waits for an agent that is cut off", wholeNumber, 75)
  .action(async (options) => {
    const { simulateVerb } = await import("./simulate.js");
    process.exitCode = await simulateVerb(options);
  });

const verbs: Verbs = {
  program,
  async run(command, verb) {
    const { withSession } = await import("./access/session.js");
    // a reader that closed the pipe, such as `head`, has seen enough
    process.stdout.on("error", () => process.exit(0));
    const flags: AccessFlags = { ...program.opts(), ...command.opts() };
    const surroundings = { kubeconfigs: process.env.KUBECONFIG, home: process.env.HOME };
    process.exitCode = await withSession(flags, surroundings, verb);
  },
};
addRollout(verbs);
addSize(verbs);
addTasks(verbs);
addNodes(verbs);
addFramework(verbs);
addRehearsal(program);

try {
  await program.parseAsync();
} catch (error) {
  // an error of the world has a message for people; anything else is a bug and keeps its stack
  console.error(error instanceof StatusError ? `rackctl: ${error.message}` : error);
  process.exitCode = 1;
}
// everything was closed in order: what a library left open must not keep the process
process.exit();
