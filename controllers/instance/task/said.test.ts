import { expect, it } from "vitest";
import type { TaskStatus } from "../../../drivers/compute/driver.js";
import { afterHearing } from "./said.js";

/** `r` a statement about now, else the acknowledgement of a change; only what is looked at. */
function status(text: string): TaskStatus {
  const [taskId = "", state = "", mark = ""] = text.split(" ");
  const acknowledgement = mark === "r" ? undefined : mark;
  return { taskId, state, isReconciliation: mark === "r", acknowledgement } as TaskStatus;
}

const text = ({ taskId, state, acknowledgement = "r" }: TaskStatus) => `${taskId} ${state} ${acknowledgement}`;

it.each([
  [
    "keeps changes in order",
    ["a Starting 1", "b Running 2", "a Running 3"],
    ["a Starting 1", "b Running 2", "a Running 3"],
  ],
  [
    "keeps a change once that is repeated until it is stored",
    ["a Running 1", "a Running 1", "a Running 1"],
    ["a Running 1"],
  ],
  ["keeps the newest statement of each task", ["a Running r", "b Running r", "a Gone r"], ["b Running r", "a Gone r"]],
  ["keeps changes beside statements", ["a Running r", "a Failed 1", "a Failed r"], ["a Failed 1", "a Failed r"]],
])("%s", (_, told, expected) => {
  const said = told.map(status).reduce<readonly TaskStatus[]>(afterHearing, []);
  expect(said.map(text)).toEqual(expected);
});
