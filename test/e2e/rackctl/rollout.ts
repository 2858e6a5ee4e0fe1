import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ServiceGroup } from "../../../api-types/service-group.js";
import { isMissing } from "../../integration/servers.js";
import { kubectlOf } from "../kubectl/client.js";
import { NAMESPACE, script, type Workplace } from "./workplace.js";

/** Updates, and what is told of them. */
export function testRollout({
  apply,
  available,
  begin,
  client,
  data,
  folder,
  ok,
  rackctl,
  serviceOf,
}: Workplace): void {
  describe("rackctl rollout", () => {
    it("follows an update, tells what changed, and goes back", async () => {
      const dns = { publish: "WhenReady" };
      await apply("shop", { shell: script("first"), instances: 2, dns });
      expect(await ok("rollout", "status", "sg/shop", "--timeout", "60s")).toMatch(
        /^web: rolled out, 2 instances are available with shop-web-1$/m,
      );
      await apply("shop", { shell: script("second"), instances: 2, dns });
      const followed = await ok("rollout", "status", "sg/shop", "--timeout", "60s");
      // counts are written once a second: a quick update may show few of them, but not none of its states
      expect(followed).toMatch(
        /^(shop: waiting for|shop: all services are updated|web: \d of 2 updated, \d available)/,
      );
      expect(followed).toMatch(/\nweb: rolled out, 2 instances are available with shop-web-2\n$/);
      const history = await ok("rollout", "history", "sg/shop");
      expect(history).toMatch(/^SERVICE +REVISION +CREATED +STATE +INSTANCES +CHANGE$/m);
      expect(history).toMatch(/^web +2 +\S+ +current +2 +shell echo "first .*… → echo "second .*…$/m);
      await ok("scale", "sg/shop", "web=1");
      expect(await ok("rollout", "undo", "sg/shop")).toContain("web goes back to revision 1");
      await ok("rollout", "status", "sg/shop", "--timeout", "60s");
      expect((await serviceOf("shop"))?.shell).toBe(script("first"));
      const [only] = await available("shop", 1);
      expect(only?.spec.revisionName).toBe("shop-web-1");
    });

    it("holds an update that is paused, and lets it go on", async () => {
      await apply("held", { shell: script("first") });
      await ok("rollout", "status", "sg/held", "--timeout", "60s");
      await ok("rollout", "pause", "sg/held");
      await client().patch(
        ServiceGroup,
        { namespace: NAMESPACE, name: "held" },
        { spec: { services: [{ ...(await serviceOf("held")), shell: script("second") }] } },
      );
      const waiting = begin(["rollout", "status", "sg/held", "--timeout", "60s"]);
      await waiting.says(/paused .*\(rackctl rollout resume sg\/held/, 30_000);
      await ok("rollout", "resume", "sg/held");
      expect((await waiting.ended).code).toBe(0);
      expect(waiting.stdout()).toMatch(/rolled out, 1 instance is available with held-web-2\n$/);
    });

    describe.each(["rackctl", "kubectl"])("a canary that %s promotes", (program) => {
      const group = `bird-${program}`;
      const promote = async () => {
        if (program === "rackctl") return ok("rollout", "promote", `sg/${group}`);
        const patch = [{ op: "replace", path: "/spec/services/0/update/canary", value: 0 }];
        const kubectl = kubectlOf("kubectl", join(data, "kubeconfig"), folder);
        return kubectl.ok(["patch", "sg", group, "-n", NAMESPACE, "--type=json", "-p", JSON.stringify(patch)]);
      };
      const revisions = async () => (await available(group, 3)).map(({ spec }) => spec.revisionName).sort();

      it.skipIf(program === "kubectl" && isMissing(program))("stops after one, then goes on", async () => {
        await apply(group, { shell: script("first"), instances: 3 });
        await ok("rollout", "status", `sg/${group}`, "--timeout", "60s");
        await apply(group, { shell: script("second"), instances: 3, update: { canary: 1, maxSurge: 1 } });
        expect(await ok("rollout", "status", `sg/${group}`, "--timeout", "60s")).toContain(
          `web: 1 of 3 updated, 3 available; held at its canary; rackctl rollout promote sg/${group} lets it go on\n`,
        );
        expect(await revisions()).toEqual([`${group}-web-1`, `${group}-web-1`, `${group}-web-2`]);
        expect(await promote()).toBe(
          `servicegroup.rackwright.dev/${group} ${program === "rackctl" ? "promoted" : "patched"}\n`,
        );
        const done = await ok("rollout", "status", `sg/${group}`, "--timeout", "60s");
        expect(done).toContain(`web: rolled out, 3 instances are available with ${group}-web-2\n`);
        expect(await revisions()).toEqual(new Array(3).fill(`${group}-web-2`));
        const again = await rackctl(["rollout", "promote", `sg/${group}`]);
        expect(again).toMatchObject({ code: 0, stderr: `${group} is held at no canary; nothing is changed\n` });
      });
    });
  });
}
