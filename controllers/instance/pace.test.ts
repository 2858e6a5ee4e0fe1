import { expect, it } from "vitest";
import { virtualClock } from "../../platform/virtual-clock.js";
import { createPace } from "./pace.js";

it("lets a call about a task be made once a period, and anew when the task is forgotten", async () => {
  const clock = virtualClock();
  const pace = createPace(clock);
  expect([pace.dueMs("ask", "a", 1000), pace.isMade("ask", "a")]).toEqual([0, false]);
  pace.made("ask", "a");
  await clock.advance(400);
  expect([pace.dueMs("ask", "a", 1000), pace.isMade("ask", "a")]).toEqual([600, true]);
  expect([pace.dueMs("kill", "a", 1000), pace.dueMs("ask", "b", 1000)]).toEqual([0, 0]);
  pace.forget("a");
  expect(pace.dueMs("ask", "a", 1000)).toBe(0);
});

it("remembers the newest hundred thousand tasks", () => {
  const pace = createPace(virtualClock());
  for (let task = 0; task <= 100_000; task++) pace.made("ask", `t${task}`);
  expect(["t0", "t1", "t100000"].map((task) => pace.isMade("ask", task))).toEqual([false, true, true]);
});
