import type { Command } from "commander";
import { example } from "../access/command.js";
import type { RehearsalFlags } from "./rehearse.js";

/** `rackctl rehearse`: breaks parts of the simulated rack and mends them. */
export function addRehearsal(program: Command): void {
  const rehearse = program
    .command("rehearse")
    .description("break a part of the simulated rack and mend it, to see what the control plane makes of it");
  example(rehearse, "rehearse cut node/bladerunner2", "rehearse mend node/bladerunner2");

  const add = (verb: "stop" | "cut" | "crash", argument: string, description: string) => {
    const command = withData(rehearse.command(`${verb} <${argument}>`))
      .description(description)
      .action(async (part: string, flags: RehearsalFlags) => {
        const { beginOutage } = await import("./rehearse.js");
        await beginOutage(part, { ...flags, outage: OUTAGE_OF[verb] });
      });
    const parts = verb === "stop" ? ["node/bladerunner2", "mesos"] : ["node/bladerunner2"];
    example(command, ...parts.map((part) => `rehearse ${verb} ${part}`), "rehearse mend");
  };
  add("stop", "part", "kill the process of mesos, consul, switch or the agent of node/NAME; its tasks run on");
  add("cut", "node/NAME", "let no message pass between an agent and the master; its tasks run on");
  add("crash", "node/NAME", "take the power from a machine: its agent and all of its tasks end");

  withData(rehearse.command("mend [part]"))
    .description("let a part work again, or all")
    .action(async (part: string | undefined, flags: RehearsalFlags) =>
      (await import("./rehearse.js")).endOutage(part, flags),
    );
  withData(rehearse.command("show"))
    .description("what is broken now")
    .action(async (flags: RehearsalFlags) => (await import("./rehearse.js")).showOutages(flags));
}

const OUTAGE_OF = { stop: "stopped", cut: "cut", crash: "crashed" } as const;

function withData(command: Command): Command {
  return command.option("--data <dir>", "data directory of rackctl up", "./data");
}
