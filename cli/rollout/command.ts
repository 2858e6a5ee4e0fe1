import { accessOptions, count, duration, example, outputOption, type Verbs } from "../access/command.js";
import type { UpdateVerb } from "./update.js";

/** `rackctl rollout …`. */
export function addRollout(verbs: Verbs): void {
  const rollout = verbs.program.command("rollout").description("follow, undo and steer the update of a ServiceGroup");
  const within = { ...verbs, program: rollout };
  addStatus(within);
  addHistory(within);
  addUndo(within);
  addUpdate(within, "pause", "replace nothing for now");
  addUpdate(within, "resume", "let a paused update go on");
  addUpdate(within, "promote", "let an update go on that is held at its canary");
  addRestart(within);
}

function addStatus({ program, run }: Verbs): void {
  const command = accessOptions(program.command("status <sg/NAME>"))
    .description("wait until an update is over; exit code 1 when it failed or was rolled back")
    .option("--service <name>", "of one service only")
    .option("-w, --watch", "wait, a line for each change", true)
    .option("--no-watch", "tell what is so now, and do not wait")
    .option("--timeout <duration>", "give up after this time, e.g. 5m", duration)
    .action((target, flags) =>
      run(command, async (session) => (await import("./status.js")).status(session, target, flags)),
    );
  example(command, "rollout status sg/shop", "rollout status sg/shop --service web --timeout 5m");
}

function addHistory({ program, run }: Verbs): void {
  const command = accessOptions(program.command("history <sg/NAME>"))
    .description("list revisions, and what each changed")
    .option("--service <name>", "of one service only")
    .option("--revision <number>", "show the template of this one", count)
    .addOption(outputOption())
    .action((target, flags) =>
      run(command, async (session) => (await import("./history.js")).history(session, target, flags)),
    );
  example(command, "rollout history sg/shop", "rollout history sg/shop --service web --revision 2");
}

function addUndo({ program, run }: Verbs): void {
  const command = accessOptions(program.command("undo <sg/NAME>"))
    .description("go back to an earlier revision of a service; sizes and what restarts nothing stay as they are")
    .option("--service <name>", "which one; needed where several have earlier revisions")
    .option(
      "--to-revision <number>",
      "default: the last that was wholly available; when that is the current one, the newest such one before it",
      count,
    )
    .option("--dry-run", "tell what would be changed, and change nothing")
    .addOption(outputOption())
    .action((target, flags) =>
      run(command, async (session) => (await import("./undo.js")).undo(session, target, flags)),
    );
  example(command, "rollout undo sg/shop", "rollout undo sg/shop --service web --to-revision 2 --dry-run");
}

function addUpdate({ program, run }: Verbs, verb: UpdateVerb, description: string): void {
  const command = accessOptions(program.command(`${verb} <sg/NAME>`))
    .description(description)
    .option("--service <name>", "of one service only")
    .addOption(outputOption())
    .action((target, { service }) =>
      run(command, async (session) => (await import("./update.js")).changeUpdate(session, target, { verb, service })),
    );
  example(command, `rollout ${verb} sg/shop`);
}

function addRestart({ program, run }: Verbs): void {
  const command = accessOptions(program.command("restart <sg/NAME>"))
    .description("replace every instance, in the way of an update")
    .addOption(outputOption())
    .action((target) => run(command, async (session) => (await import("./update.js")).restart(session, target)));
  example(command, "rollout restart sg/shop");
}
