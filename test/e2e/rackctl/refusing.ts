import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { run } from "../product/rackctl.js";
import { expectRefusal, type Workplace } from "./workplace.js";

/** Faults of the command line, and of what it leads to. */
export function testRefusing({ data, entry, folder, rackctl }: Workplace): void {
  describe("rackctl says what is wrong", () => {
    it.each([
      [["rollout", "status", "sg/nothing"], "there is no ServiceGroup nothing in namespace verbs; kubectl get sg -A"],
      [["logs", "inst/nothing"], "there is no Instance nothing in namespace verbs"],
      [["exec", "inst/nothing", "--", "ls"], "there is no Instance nothing in namespace verbs"],
      [["drain", "node/nothing"], "there is no Node nothing; kubectl get rn lists what there is"],
      [["scale", "deployment/web", "web=1"], '"deployment/web" names no object here: it must be sg/NAME'],
      [["scale"], "missing required argument 'sg/NAME'; rackctl help scale tells how it is used"],
      [["rollout", "undo", "--too"], "unknown option '--too'; rackctl rollout help undo tells how it is used"],
    ])("%j", async (words, sentence) => expectRefusal(await rackctl(words), sentence));

    it("names the API server that it cannot reach", async () => {
      const kubeconfig = join(folder, "away");
      writeFileSync(
        kubeconfig,
        readFileSync(join(data, "kubeconfig"), "utf8").replace(/127\.0\.0\.1:\d+/, "127.0.0.1:1"),
      );
      const ended = await run(process.execPath, [entry(), "cordon", "node/n1", "--kubeconfig", kubeconfig]);
      expectRefusal(ended, "reaching the API server https://127.0.0.1:1 of kubeconfig");
      expect(ended.stderr).toContain("is rackctl up running?");
    });
  });
}
