import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe } from "vitest";
import { testChanging, type Workplace } from "./kubectl/changing.js";
import { CLIENTS, type Kubectl, kubectlOf } from "./kubectl/client.js";
import { testReading } from "./kubectl/reading.js";
import { testRefusing } from "./kubectl/refusing.js";
import { buildProduct } from "./product/build.js";
import { freePorts, start } from "./product/rackctl.js";

// One `rackctl up --simulate`, with the DNS example running in real processes, and real kubectl clients in front of it.

const folder = mkdtempSync(join(tmpdir(), "rackwright-kubectl-"));
const data = join(folder, "data");
const closers: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];

beforeAll(async () => {
  const build = buildProduct();
  closers.unshift(() => build.remove());
  const [api, dns, metrics] = await freePorts(3);
  const addresses = ["--listen", `127.0.0.1:${api}`, "--dns", `127.0.0.1:${dns}`, "--metrics", `127.0.0.1:${metrics}`];
  const product = start(process.execPath, [build.entry, "up", "--simulate", "--data", data, ...addresses]);
  closers.unshift(() => {
    product.signal("SIGINT");
    return product.ended;
  });
  await product.says(/all \d+ objects are Ready\n/, 100_000);
});

afterAll(async () => {
  for (const close of closers) await close();
});

describe.each(CLIENTS)("$title", (client) => {
  describe.skipIf(client.isMissing)("against a running rack", () => {
    let kubectl: Kubectl;
    const place = (): Workplace => ({ kubectl, namespace: `e2e-${client.minor}`, folder });

    beforeAll(async () => {
      kubectl = kubectlOf(client.program, join(data, "kubeconfig"), folder);
      await kubectl.ok(["create", "namespace", place().namespace]);
    });

    describe("reading", () => testReading(client, () => kubectl));
    describe("changing", () => testChanging(client, place));
    describe("refusing", () => testRefusing(client, place));
  });
});
