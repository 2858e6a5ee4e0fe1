import { expect, it } from "vitest";
import { Rack } from "../../api-types/rack.js";
import { ServiceGroup } from "../../api-types/service-group.js";
import { apply, availableOf, computeWorld, machines, tasksOf } from "./compute/compute-world.js";
import { NAMESPACE } from "./world/lab.js";

const RUNNERS = `
apiVersion: rackwright.dev/v1alpha1
kind: ServiceGroup
metadata: { name: runners, namespace: ${NAMESPACE} }
spec:
  rackName: lab
  services:
  - name: own
    instances: 2
    shell: work
    executor: { name: runner, command: ./runner }
  - name: common
    instances: 3
    shell: work
    executor: { name: runner, command: ./runner, shared: true }
    placement: { nodeNames: [n1] }
`;

it("ends an executor when the last of its tasks has ended, and not before", async () => {
  const world = await computeWorld({ seed: 1, nodes: machines(3), groups: [] });
  const allow = [{ namespaces: [NAMESPACE], executors: true }];
  await world.ask(() => world.client.patch(Rack, { name: "lab" }, { spec: { safety: { allow } } }));
  await apply(world, RUNNERS);
  await world.until("five run", async () => (await availableOf(world, "runners")) === 5, 30_000);

  const shutdowns = () =>
    world.wire.flatMap(({ call }) => (call.type === "other" && call.call === "SHUTDOWN" ? [call] : [])).length;
  const scale = (sizes: object) =>
    world.ask(() =>
      world.client.patch(ServiceGroup, { namespace: NAMESPACE, name: "runners" }, { spec: { scale: sizes } }),
    );
  await scale({ common: 1 });
  await world.until("one of three is left", () => tasksOf(world, "runners").length === 3, 30_000);
  await world.clock.advance(5000);
  expect(shutdowns()).toBe(0);
  await scale({ common: 0, own: 0 });
  await world.until("none is left", () => tasksOf(world, "runners").length === 0, 30_000);
  await world.clock.advance(5000);
  expect(shutdowns()).toBe(3);
  await world.stop();
});
