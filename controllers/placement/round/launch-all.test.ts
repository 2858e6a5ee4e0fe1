import { expect, it } from "vitest";
import type { Action } from "../../../actuation/action.js";
import type { Offer, TaskLaunch } from "../../../drivers/compute/driver.js";
import { rack } from "../../testing/objects.js";
import type { IntentTools } from "./intents.js";
import { type Intent, launchAll } from "./launch-all.js";

function open() {
  const log: string[] = [];
  const execute = async (actions: readonly Action[]) => {
    log.push(...actions.map(({ key }) => `accept ${key}`));
    return [];
  };
  // nothing else of them is asked
  const tools = { rack: rack(), loop: { context: { execute } } } as unknown as IntentTools;
  const intent = (agent: string, onWrite = () => {}): Intent => ({
    key: `default/${agent}`,
    agentId: agent,
    offerIds: [`offer-${agent}`],
    node: agent,
    ports: [],
    async write() {
      log.push(`write ${agent}`);
      onWrite();
      return { type: "launch", tasks: [{ taskId: agent, name: agent } as TaskLaunch] };
    },
  });
  return { log, tools, intent };
}

const offers = (...agents: readonly string[]) => agents.map((agent) => ({ id: `offer-${agent}` }) as Offer);

it("stores an intent before its offer is accepted", async () => {
  const { log, tools, intent } = open();
  const held = offers("a");
  expect([...(await launchAll(tools, [intent("a")], () => held))]).toEqual(["offer-a"]);
  expect(log).toEqual(["write a", "accept a"]);
});

it("stores nothing for an offer that was taken back since the round began", async () => {
  const { log, tools, intent } = open();
  const held = offers("b");
  expect([...(await launchAll(tools, [intent("a"), intent("b")], () => held))]).toEqual(["offer-b"]);
  expect(log).toEqual(["write b", "accept b"]);
});

it("looks at the offers of each agent when its turn comes", async () => {
  const { log, tools, intent } = open();
  const agents = Array.from({ length: 17 }, (_, index) => `n${index}`);
  let held = offers(...agents);
  const first = intent("n0", () => {
    held = offers();
  });
  await launchAll(tools, [first, ...agents.slice(1).map((agent) => intent(agent))], () => held);
  expect(log).toContain("accept n0");
  expect(log).not.toContain("write n16");
});
