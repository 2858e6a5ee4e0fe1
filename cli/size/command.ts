import { accessOptions, count, example, outputOption, type Verbs } from "../access/command.js";

/** `rackctl scale`, `suspend` and `resume`. */
export function addSize(verbs: Verbs): void {
  const { program, run } = verbs;
  const command = accessOptions(program.command("scale <sg/NAME> [service=N...]"))
    .description("set the size of services (instances in each copy of the group) or of the whole group")
    .option("--replicas <n>", "copies of the whole group", count)
    .option("--by <factor>", "multiply the present sizes of services once, rounded up; write the results")
    .option("--dry-run", "tell what would be changed, and change nothing")
    .addOption(outputOption())
    .action((target, sizes, flags) =>
      run(command, async (session) => (await import("./scale.js")).scale(session, [target, ...sizes], flags)),
    );
  example(command, "scale sg/shop web=3 db=1", "scale sg/shop --replicas 2", "scale sg/shop web --by 1.5");
  addSuspend(verbs, "suspend", "stop every instance of a ServiceGroup; sizes are kept");
  addSuspend(verbs, "resume", "start a suspended ServiceGroup again");
}

function addSuspend({ program, run }: Verbs, verb: "suspend" | "resume", description: string): void {
  const command = accessOptions(program.command(`${verb} <sg/NAME>`))
    .description(description)
    .addOption(outputOption())
    .action((target) =>
      run(command, async (session) => (await import("./scale.js")).suspend(session, target, verb === "suspend")),
    );
  example(command, `${verb} sg/shop`);
}
