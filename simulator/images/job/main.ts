import { parseArgs } from "node:util";
import { systemClock } from "../../../platform/clock.js";

// Stands in for `job`: works for `--seconds` (default 1), tells how far it is, and ends with `--code` (default 0).

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "1" }, code: { type: "string", default: "0" } },
  strict: false,
});
const seconds = Number(values.seconds);
const clock = systemClock();

function step(done: number): void {
  console.log(`${Math.min(done, seconds)} of ${seconds} s`);
  if (done >= seconds) process.exit(Number(values.code));
  clock.schedule(1000 * Math.min(1, seconds - done), () => step(done + 1));
}

step(0);
