import { expect, it } from "vitest";
import { Instance } from "../../api-types/instance.js";
import { ServiceGroup } from "../../api-types/service-group.js";
import { computeWorld, machines, webGroup } from "./compute/compute-world.js";
import { NAMESPACE } from "./world/lab.js";
import type { World } from "./world/world.js";

const SECRET = `
apiVersion: v1
kind: Secret
metadata: { name: key, namespace: ${NAMESPACE} }
stringData: { token: canary-4711 }
`;

const GROUP = webGroup("web", {
  instances: 2,
  more: `
attached:
- name: log
  image: logger
  env: [{ name: TOKEN, valueFrom: { secretKeyRef: { name: key, key: token } } }, { name: TO, value: $(PORT_HTTP) }]
- { name: sync, shell: sync --forever }
`,
});

/** What runs: task ids without namespace, and without what makes them unique. */
function running(world: World): readonly string[] {
  return world.runner
    .running()
    .map(({ task }) => task.taskId.replace(/^shop\.web-(web-\d+)-\w+\.\w{8}/, "$1"))
    .sort();
}

it("runs what is attached beside each instance, with secrets that nobody else sees, and ends it with the instance", async () => {
  const world = await computeWorld({ seed: 1, nodes: machines(2), groups: [SECRET, GROUP] });
  await world.until("everything runs", () => running(world).length === 6, 60_000);
  expect(running(world)).toEqual(["web-1", "web-1.log", "web-1.sync", "web-2", "web-2.log", "web-2.sync"]);
  await world.until(
    "the status says so",
    async () => {
      const { items } = await world.client.list(Instance);
      return items.every(({ status }) => status?.attached?.every(({ state }) => state === "Running") ?? false);
    },
    60_000,
  );
  const { items } = await world.ask(() => world.client.list(Instance));
  for (const { status } of items) {
    const [port] = status?.placement?.ports ?? [];
    const log = world.runner.running().find(({ task }) => task.taskId === `${status?.placement?.taskID}.log`);
    expect(log?.task.env).toMatchObject({ TOKEN: "canary-4711", TO: String(port?.port) });
  }
  expect(JSON.stringify(items)).not.toContain("canary-4711");
  await world.ask(() => world.client.delete(ServiceGroup, { namespace: NAMESPACE, name: "web" }));
  await world.until("everything ended", () => running(world).length === 0, 60_000);
  await world.stop();
});
