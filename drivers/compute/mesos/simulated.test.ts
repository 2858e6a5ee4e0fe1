import { Subject } from "rxjs";
import { silentLogger } from "../../../platform/log.js";
import { seededRandom } from "../../../platform/random.js";
import { type HttpHandler, TransportError } from "../../../platform/transport.js";
import { virtualClock } from "../../../platform/virtual-clock.js";
import { createMesosMaster } from "../../../simulator/mesos/master.js";
import type { RunnableTask, RunnerEvent, TaskRunner } from "../../../simulator/mesos/task-runner.js";
import { computeDriverSuite, SUITE_PERIOD_MS } from "../suite.js";
import { createMesosDriver } from "./driver.js";

computeDriverSuite("mesos before a simulated master", () => {
  const clock = virtualClock();
  const log = silentLogger;
  const resources = { cpus: "4", mem: "4096", disk: "10000", ports: "[31000-32000]" };
  const agent = (name: string, port: number) => ({ name, ip: "127.0.0.1", port, attributes: { rack: "1" }, resources });
  const master = createMesosMaster({
    clock,
    random: seededRandom(1),
    log,
    cluster: { hostname: "127.0.0.1", port: 5050, agents: [agent("bladerunner1", 5051), agent("bladerunner2", 5052)] },
    runner: pretendingRunner(clock),
  });
  let isCut = false;
  const transport: HttpHandler = async (request) => {
    if (isCut) throw new TransportError("unplugged", { isSent: false });
    const url = new URL(request.url);
    return master.handler({ ...request, url: url.pathname + url.search });
  };
  const options = {
    transport,
    masters: ["http://127.0.0.1:5050"],
    frameworkName: "rackwright",
    user: "root",
    roles: ["web"],
    failoverTimeoutSeconds: 604_800,
    frameworkId: undefined,
    identity: "rack-a",
    observePeriodMs: SUITE_PERIOD_MS,
    clock,
    random: seededRandom(2),
    log,
  };
  const driver = createMesosDriver(options);
  let frameworkId: string | undefined;
  driver.connection$.subscribe((connection) => {
    if (connection.type === "subscribed") frameworkId = connection.frameworkId;
  });
  return {
    clock,
    driver,
    disconnect() {
      isCut = true;
      master.dropConnection();
    },
    reconnect() {
      isCut = false;
    },
    takeOver: () => void createMesosDriver({ ...options, frameworkId, random: seededRandom(3) }),
  };
});

/** Every task runs until it is killed. */
function pretendingRunner(clock: ReturnType<typeof virtualClock>): TaskRunner {
  const events = new Subject<RunnerEvent>();
  const tasks = new Map<string, RunnableTask>();
  return {
    events$: events.asObservable(),
    launch(task) {
      tasks.set(task.taskId, task);
      clock.schedule(100, () => events.next({ type: "started", taskId: task.taskId, address: "127.0.0.1" }));
    },
    kill(taskId) {
      clock.schedule(100, () => {
        if (tasks.delete(taskId)) events.next({ type: "exited", taskId, signal: "SIGTERM" });
      });
    },
    probe: async () => true,
    statistics: () => undefined,
    running: () => [...tasks.values()].map((task) => ({ task, address: "127.0.0.1" })),
  };
}
