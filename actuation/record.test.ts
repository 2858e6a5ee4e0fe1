import { expect, it } from "vitest";
import { type LogFields, type Logger, silentLogger } from "../platform/log.js";
import { virtualClock } from "../platform/virtual-clock.js";
import type { Action, Outcome } from "./action.js";
import { actionRecorder } from "./record.js";

const action: Action = {
  type: "instance.remove",
  rack: "rack",
  key: "default/a",
  change: {},
  message: "release it",
  ground: { type: "tombstone", owner: "uid" },
  cause: [],
  evidence: [],
};
const refused = (reason: "BudgetExceeded" | "Frozen", key = action.key): Outcome => ({
  type: "refused",
  action: { ...action, key },
  reason,
  message: "no",
});

it("writes down a refusal that stays the same every five minutes, and at once what is new", async () => {
  const clock = virtualClock();
  const lines: (LogFields | undefined)[] = [];
  const write = (_: string, fields?: LogFields) => void lines.push(fields);
  const log: Logger = { ...silentLogger, info: write, warn: write };
  const record = actionRecorder({ clock, log, leadership: { term: "1" } });
  const said = () => lines.splice(0).map((fields) => fields?.outcome);
  for (let look = 0; look < 30; look++) {
    record(refused("BudgetExceeded"), 0);
    await clock.advance(10_000);
  }
  expect(said()).toEqual(["BudgetExceeded"]);
  record(refused("BudgetExceeded"), 0);
  record(refused("BudgetExceeded", "default/b"), 0);
  record(refused("Frozen"), 0);
  expect(said()).toEqual(["BudgetExceeded", "BudgetExceeded", "Frozen"]);
  record({ type: "verified", action }, 0);
  record({ type: "verified", action }, 0);
  record(refused("Frozen"), 0);
  expect(said()).toEqual(["verified", "verified"]);
});
