import { describe, expect, it } from "vitest";
import { virtualClock } from "../../../platform/virtual-clock.js";
import { type ApiHarness, startHarness } from "../../http/testing/api-harness.js";
import { APPLY, GROUPS, group, MERGE } from "../../http/testing/samples.js";
import { memoryStore } from "../../storage/memory.js";

/** Services of one port each, by name, with its number at the load balancer. */
const balanced = (ports: Readonly<Record<string, number | undefined>>, rackName = "default") => ({
  rackName,
  services: Object.entries(ports).map(([name, servicePort]) => ({
    name,
    command: ["sleep", "10"],
    network: { ports: [{ name: "http", ...(servicePort !== undefined && { servicePort }) }] },
  })),
});

interface Listed {
  readonly spec: ReturnType<typeof balanced>;
}

const numbersOf = ({ spec }: Listed) =>
  spec.services.flatMap(({ network }) => network.ports.map((port) => port.servicePort));

const create = (api: ApiHarness, name: string, spec: object) =>
  api.call("POST", GROUPS, { body: group(name, {}, { ...spec }) });

const numbersAfter = async (api: ApiHarness, name: string) =>
  numbersOf((await api.call("GET", `${GROUPS}/${name}`)).body);

describe("ports of the load balancer", () => {
  it("are assigned from the lowest free one, beside those that were asked for", async () => {
    const api = await startHarness();
    const first = await create(api, "a", balanced({ x: 0, y: 10_001, z: 0, none: undefined }));
    expect(first.status, first.body.message).toBe(201);
    expect(numbersOf(first.body)).toEqual([10_000, 10_001, 10_002, undefined]);
    expect(numbersOf((await create(api, "b", balanced({ x: 0 }))).body)).toEqual([10_003]);
    expect(numbersOf((await create(api, "c", balanced({ x: 0 }, "other"))).body), "another rack").toEqual([10_000]);
  });

  it("are kept for the port of the service, whoever sends 0 again, and let go with it", async () => {
    const api = await startHarness();
    await create(api, "a", balanced({ x: 0, y: 0 }));
    const patched = await api.call("PATCH", `${GROUPS}/a`, {
      body: { spec: balanced({ y: 0, x: 0, w: 0 }) },
      type: MERGE,
    });
    expect(patched.status, patched.body.message).toBe(200);
    expect(numbersOf(patched.body)).toEqual([10_001, 10_000, 10_002]);
    const swapped = await api.call("PATCH", `${GROUPS}/a?dryRun=All`, {
      body: { spec: balanced({ y: 0, x: 10_001 }) },
      type: MERGE,
    });
    expect(numbersOf(swapped.body), "what is asked for goes before what is kept").toEqual([10_000, 10_001]);
    const { body } = await api.call("GET", `${GROUPS}/a`);
    const replaced = await api.call("PUT", `${GROUPS}/a`, { body: { ...body, spec: balanced({ y: 0 }) } });
    expect(replaced.status, replaced.body.message).toBe(200);
    expect(numbersOf(replaced.body)).toEqual([10_001]);
    expect(numbersOf((await create(api, "b", balanced({ x: 0 }))).body)).toEqual([10_000]);
    const moved = await api.call("PATCH", `${GROUPS}/a`, { body: { spec: balanced({ y: 0 }, "other") }, type: MERGE });
    expect(numbersOf(moved.body), "another rack has numbers of its own").toEqual([10_000]);
  });

  it("are told by a dry run, and not taken by it", async () => {
    const api = await startHarness();
    const tried = await api.call("POST", `${GROUPS}?dryRun=All`, { body: group("a", {}, balanced({ x: 0 })) });
    expect(numbersOf(tried.body)).toEqual([10_000]);
    expect(numbersOf((await create(api, "b", balanced({ x: 0 }))).body)).toEqual([10_000]);
  });

  it("come with a server-side apply, and applying again changes nothing", async () => {
    const api = await startHarness();
    const apply = (name: string) =>
      api.call("PATCH", `${GROUPS}/${name}?fieldManager=me`, {
        body: group(name, {}, balanced({ x: 0 })),
        type: APPLY,
      });
    const first = await apply("a");
    expect(first.status, first.body.message).toBe(201);
    expect(numbersOf(first.body)).toEqual([10_000]);
    await create(api, "b", balanced({ x: 0 }));
    await api.clock.advance(5000);
    const again = await apply("a");
    expect(numbersOf(again.body)).toEqual([10_000]);
    expect(again.body.metadata.resourceVersion).toBe(first.body.metadata.resourceVersion);
  });

  it.each([
    ["of another group", balanced({ x: 10_007 }), 422],
    ["of a group of another rack", balanced({ x: 10_007 }, "other"), 201],
    ["outside of what is assigned", balanced({ x: 80 }), 201],
  ])("%s: a number that is asked for is answered with %i", async (_title, spec, code) => {
    const api = await startHarness();
    await create(api, "owner", balanced({ page: 10_007 }));
    const { status, body } = await create(api, "a", spec);
    expect(status).toBe(code);
    if (code !== 422) return;
    expect(body.details.causes).toEqual([
      {
        reason: "FieldValueInvalid",
        field: "spec.services[0].network.ports[0].servicePort",
        message:
          'Invalid value: 10007: is the port of service "page" of ServiceGroup "default/owner" on Rack "default"; 0 takes a free one',
      },
    ]);
  });

  it("may be held twice after a lost race, without standing in the way of other changes", async () => {
    const clock = virtualClock();
    const store = memoryStore({ clock });
    const api = await startHarness({ clock, store });
    await create(api, "a", balanced({ x: 10_007 }));
    const entry = await store.get("rackwright.dev/servicegroups/default/a");
    if (entry === undefined) throw new Error("the group is stored elsewhere");
    const twin = Buffer.from(entry.value).toString("utf8").replaceAll('"name":"a"', '"name":"b"');
    await store.write({ type: "create", key: entry.key.replace(/a$/, "b"), value: Buffer.from(twin) }, {});
    await clock.advance(1000);
    const scaled = await api.call("PATCH", `${GROUPS}/b`, { body: { spec: { replicas: 2 } }, type: MERGE });
    expect(scaled.status, scaled.body.message).toBe(200);
    const renamed = await api.call("PATCH", `${GROUPS}/b`, { body: { spec: balanced({ y: 10_007 }) }, type: MERGE });
    expect(renamed.status).toBe(422);
  });

  it("are refused when all are taken, and given again when one is free", async () => {
    const api = await startHarness();
    // the range has 10,001 numbers, and a group 200 services of 64 ports
    const many = (name: string, count: number) => ({
      name,
      command: ["sleep", "10"],
      network: { ports: Array.from({ length: count }, (_, index) => ({ name: `p${index}`, servicePort: 0 })) },
    });
    const full = (count: number, rest: number) => ({
      services: [...Array.from({ length: count }, (_, index) => many(`s${index}`, 64)), many("rest", rest)],
    });
    for (const [name, spec] of [
      ["a", full(78, 0)],
      ["c", full(78, 17)],
    ] as const) {
      const { status, body } = await create(api, name, spec);
      expect(status, body.message).toBe(201);
    }
    const refused = await create(api, "b", balanced({ x: 0 }));
    expect(refused.body.message).toContain(
      'spec.services[0].network.ports[0].servicePort: Invalid value: 0: no port of 10000-20000 is free on Rack "default"',
    );
    // a group without a number, as a server of another time stored it, can still be let go
    const entry = await api.store.get("rackwright.dev/servicegroups/default/c");
    const old = group("old", { finalizers: ["a.dev/b"], uid: "1" }, balanced({ x: 0 }));
    const key = `${entry?.key.slice(0, -1)}old`;
    await api.store.write({ type: "create", key, value: Buffer.from(JSON.stringify(old)) }, {});
    const patched = await api.call("PATCH", `${GROUPS}/old`, { body: { metadata: { finalizers: null } }, type: MERGE });
    expect(patched.status, patched.body.message).toBe(200);
    await api.call("DELETE", `${GROUPS}/a`);
    expect((await create(api, "b", balanced({ x: 0 }))).status).toBe(201);
  });
});

describe("two writers at once", () => {
  /** A server whose writes reach the store only when they are let go. */
  async function slowServer() {
    const clock = virtualClock();
    const inner = memoryStore({ clock });
    const gate: { open: () => void; opened: Promise<void>; fails: boolean } = {
      open: () => {},
      opened: Promise.resolve(),
      fails: false,
    };
    const write: typeof inner.write = async (...parameters) => {
      await gate.opened;
      if (gate.fails) throw new Error("connection reset");
      return inner.write(...parameters);
    };
    const api = await startHarness({ clock, store: { ...inner, write } });
    const hold = () => {
      gate.opened = new Promise((resolve) => {
        gate.open = resolve;
      });
    };
    return { api, gate, hold };
  }

  it("get two numbers", async () => {
    const { api, gate, hold } = await slowServer();
    hold();
    const answers = Promise.all(["a", "b", "c"].map((name) => create(api, name, balanced({ x: 0 }))));
    await new Promise((resolve) => setImmediate(resolve));
    gate.open();
    const numbers = (await answers).flatMap(({ body }) => numbersOf(body));
    expect([...numbers].sort()).toEqual([10_000, 10_001, 10_002]);
    for (const name of ["a", "b", "c"]) expect(numbers).toContain((await numbersAfter(api, name))[0]);
  });

  it("do not both get the one they ask for", async () => {
    const { api, gate, hold } = await slowServer();
    await create(api, "b", balanced({ x: 0 }));
    hold();
    const answers = Promise.all([
      create(api, "a", balanced({ x: 10_050 })),
      api.call("PATCH", `${GROUPS}/b`, { body: { spec: balanced({ x: 10_050 }) }, type: MERGE }),
    ]);
    await new Promise((resolve) => setImmediate(resolve));
    gate.open();
    expect((await answers).filter(({ status }) => status === 422)).toHaveLength(1);
  });

  it("do not wait for one that failed", async () => {
    const { api, gate } = await slowServer();
    gate.fails = true;
    expect((await create(api, "a", balanced({ x: 10_050 }))).status).toBe(500);
    gate.fails = false;
    expect((await create(api, "b", balanced({ x: 10_050 }))).status).toBe(201);
  });
});
