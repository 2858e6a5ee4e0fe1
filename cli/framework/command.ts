import { accessOptions, example, type Verbs } from "../access/command.js";

/** `rackctl framework teardown`. */
export function addFramework({ program, run }: Verbs): void {
  const framework = program.command("framework").description("the framework that a Rack has at Mesos");
  const command = accessOptions(framework.command("teardown <rack/NAME>"))
    .description("let Mesos end the framework of a Rack with ALL of its tasks, at once and without drain")
    .option("--yes-i-know <framework>", "the name of the framework (spec.compute.mesos.frameworkName), to confirm")
    .option("--dry-run", "tell what would end, and change nothing")
    .option("--force", "although groups of the rack are neither suspended nor deleted: their tasks start again")
    .option("--master <url>", "instead of the masters that the Rack names")
    .action((target, flags) =>
      run(command, async (session) => (await import("./teardown.js")).teardown(session, target, flags)),
    );
  example(command, "framework teardown rack/torc --dry-run", "framework teardown rack/torc --yes-i-know rackwright");
}
