import { accessOptions, count, example, type Verbs } from "../access/command.js";

/** `rackctl logs` and `exec`. */
export function addTasks(verbs: Verbs): void {
  addLogs(verbs);
  addExec(verbs);
}

function addLogs({ program, run }: Verbs): void {
  const command = accessOptions(program.command("logs <target>"))
    .description(
      "what an instance (inst/NAME) or a group's instances (sg/NAME) wrote to stdout and stderr; of several, the last 10 lines of each, with their names",
    )
    .option("-f, --follow", "go on as more is written, until the task ends")
    .option("--tail <lines>", "only the last lines", count)
    .option("--stdout", "only stdout")
    .option("--stderr", "only stderr")
    .option("--attached <name>", "of the task of this name that runs beside the instance")
    .option("--service <name>", "of a group: only this service")
    .option("-p, --previous", "of the task that ran before in the same place")
    .action((target, flags) =>
      run(command, async (session) => {
        const write = (stream: "stdout" | "stderr", bytes: Uint8Array) => void process[stream].write(bytes);
        return (await import("./logs.js")).logs(session, target, { flags, write });
      }),
    );
  example(command, "logs inst/shop-web-1-x2k4p -f", "logs sg/shop --service web --tail 100 --stderr");
}

function addExec({ program, run }: Verbs): void {
  const command = accessOptions(program.command("exec <inst/NAME> [command...]"))
    .description("run a program beside the task of an instance; its exit code becomes that of rackctl")
    .option("-i, --stdin", "pass input on")
    .option("-t, --tty", "give it a terminal")
    .option("-u, --user <name>", "as whom; default: as the task")
    .option("--attached <name>", "beside the attached task of this name")
    .action((target, argv, flags) =>
      run(command, async (session) => {
        const [{ exec }, { processTerminal }] = await Promise.all([import("./exec.js"), import("./terminal.js")]);
        return exec(session, { target, argv, terminal: processTerminal() }, flags);
      }),
    );
  example(command, "exec inst/shop-web-1-x2k4p -- ls -l", "exec inst/shop-web-1-x2k4p -it -- /bin/sh");
}
