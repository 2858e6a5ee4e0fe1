import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { play } from "./demo/scenario.js";
import { createStage } from "./demo/stage.js";
import { createTimeline } from "./demo/timeline.js";

// Plays the DNS scenario of ToRC without a person and exits 0 only if every step held.

const directory = mkdtempSync(join(tmpdir(), "rackwright-demo-"));
const timeline = createTimeline();
const stage = await createStage(directory);
let failure: unknown;
try {
  await play(stage, timeline);
} catch (error) {
  failure = error;
}
await stage.close();
timeline.print();
if (failure !== undefined) {
  console.error(`\ndemo failed: ${failure instanceof Error ? failure.message : String(failure)}`);
  console.error(`what was logged is in ${directory}`);
  process.exit(1);
}
rmSync(directory, { recursive: true, force: true });
console.log(`\nevery step held, in ${timeline.seconds()} s`);
process.exit(0);
