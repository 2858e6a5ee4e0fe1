import { accessOptions, duration, example, outputOption, type Verbs } from "../access/command.js";

/** `rackctl drain`, `cordon` and `uncordon`. */
export function addNodes(verbs: Verbs): void {
  const { program, run } = verbs;
  const command = accessOptions(program.command("drain <node/NAME>"))
    .description("move everything away from a Node: successors elsewhere first, where there is room")
    .option("--deadline <duration>", "after this time what is left leaves at once, e.g. 10m", duration)
    .option("--wait", "wait until the node is empty, a line for each change")
    .option("--timeout <duration>", "with --wait: give up waiting after this time", duration)
    .addOption(outputOption())
    .action((target, flags) =>
      run(command, async (session) => (await import("./drain.js")).drain(session, target, flags)),
    );
  example(command, "drain node/n3 --deadline 10m --wait", "uncordon node/n3     # call it off, or end it");
  addCordon(verbs, "cordon", "start nothing new on a Node; what runs stays");
  addCordon(verbs, "uncordon", "let a Node take instances again; a drain is called off");
}

function addCordon({ program, run }: Verbs, verb: "cordon" | "uncordon", description: string): void {
  const command = accessOptions(program.command(`${verb} <node/NAME>`))
    .description(description)
    .addOption(outputOption())
    .action((target) =>
      run(command, async (session) => (await import("./drain.js")).cordon(session, target, verb === "cordon")),
    );
  example(command, `${verb} node/n3`);
}
