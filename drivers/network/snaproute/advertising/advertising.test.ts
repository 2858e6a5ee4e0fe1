import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { silentLogger } from "../../../../platform/log.js";
import { seededRandom } from "../../../../platform/random.js";
import { type HttpHandler, readBody, TransportError } from "../../../../platform/transport.js";
import { virtualClock } from "../../../../platform/virtual-clock.js";
import { createSnapRoute } from "../../../../simulator/snaproute/snaproute.js";
import type { Observation } from "../../../observation.js";
import { advertisingDriverSuite } from "../../advertising/suite.js";
import type { Advertisement } from "../../driver.js";
import { createSnaprouteAdvertising } from "./advertising.js";

const PERIOD_MS = 5000;
const [A, B, C] = ["192.168.2.3/32", "192.168.2.4/32", "192.168.3.0/24"] as const;
/** Somebody else's static route: nobody asked to tell it. */
const OTHERS = "172.16.0.1/32";

/** What becomes of the requests that change something, one after the other. */
type Fate = "done" | "lost answer" | "never sent" | "refused";

function setUp(options: { readonly hasPolicies?: boolean; readonly wrap?: (inner: HttpHandler) => HttpHandler } = {}) {
  const { wrap = (inner) => inner, ...build } = options;
  const clock = virtualClock();
  const tools = { clock, random: seededRandom(5), log: silentLogger };
  const tor = createSnapRoute({ ...tools, ...build, connected: [{ name: "vlan100", cidr: "10.250.3.20/24" }] });
  const writes: string[] = [];
  const fates: Fate[] = [];
  let afterEach = () => {};
  const network: HttpHandler = async (request) => {
    const { pathname, search } = new URL(request.url);
    const isWrite = request.method !== "GET";
    const fate = (isWrite ? fates.shift() : undefined) ?? "done";
    if (isWrite) writes.push(`${request.method} ${pathname.split("/").at(-1)}`);
    if (fate === "never sent") throw new TransportError("no connection", { isSent: false });
    if (fate === "refused") {
      return { status: 500, headers: {}, body: Buffer.from(JSON.stringify({ Result: "Error: out of memory" })) };
    }
    const response = await tor.handler({ ...request, url: pathname + search });
    afterEach();
    if (fate === "lost answer") throw new TransportError("reset", { isSent: true });
    return response;
  };
  const driverFor = (identity: string) =>
    createSnaprouteAdvertising({
      ...tools,
      transport: wrap(network),
      address: "http://switch:8080",
      identity,
      periodMs: PERIOD_MS,
    });
  const driver = driverFor("torc");
  const ask = async (method: string, path: string, body?: object) => {
    const payload = body === undefined ? {} : { body: Buffer.from(JSON.stringify(body)) };
    const response = await tor.handler({ method, url: `/public/v1/config/${path}`, headers: {}, ...payload });
    const text = Buffer.from(await readBody(response)).toString();
    return { status: response.status, value: JSON.parse(text) };
  };
  const settle = () => clock.advance(10);
  /** One change, or several at once; time passes until they are through. */
  const change = async (type: "advertise" | "withdraw", ...prefixes: readonly string[]) => {
    const turns = prefixes.map((prefix) => driver.apply({ type, prefix }));
    const outcomes = Promise.allSettled(turns);
    await clock.advance(2000);
    await outcomes;
    await Promise.all(turns);
  };
  return {
    tor,
    driver,
    driverFor,
    writes,
    fates,
    ask,
    settle,
    clock,
    told: () => [...tor.told()].sort(),
    watch: (look: () => void) => {
      afterEach = look;
    },
    async route(prefix: string) {
      const [network = "", length = ""] = prefix.split("/");
      const NetworkMask = length === "24" ? "255.255.255.0" : "255.255.255.255";
      const NextHop = [{ NextHopIp: "10.250.3.21" }];
      expect((await ask("POST", "IPv4Route", { DestinationNw: network, NetworkMask, NextHop })).status).toBe(201);
      await settle();
    },
    change,
    async names(collection: string): Promise<readonly string[]> {
      const { value } = await ask("GET", collection);
      return value.Objects.map((shown: { Object: { Name: string } }) => shown.Object.Name);
    },
    async global(): Promise<Record<string, unknown>> {
      return (await ask("GET", "BGPGlobal")).value.Object;
    },
    async observed(): Promise<ReadonlyMap<string, Advertisement>> {
      let latest: Observation<Advertisement> | undefined;
      const subscription = driver.observe$.subscribe((observation) => {
        latest = observation;
      });
      await clock.advance(PERIOD_MS);
      subscription.unsubscribe();
      if (latest?.type !== "Complete") throw new Error(`observed ${latest?.type}`);
      return latest.items;
    },
  };
}

async function routed(options: Parameters<typeof setUp>[0] = {}) {
  const world = setUp(options);
  for (const prefix of [A, B, C, OTHERS]) await world.route(prefix);
  return world;
}

const OURS = { Sources: "STATIC", Policy: "rackwright-torc" };

advertisingDriverSuite("snaproute, simulated", async () => {
  const world = await routed();
  const { driver, clock, told } = world;
  return {
    driver,
    told,
    async until(isDone) {
      for (let tries = 0; !(await isDone()); tries += 1) {
        if (tries === 100) throw new Error("it never came to be");
        await clock.advance(100);
      }
    },
    close: async () => driver.close(),
  };
});

describe("telling a prefix", () => {
  it("makes condition, statement, policy and redistribution, in this order", async () => {
    const world = await routed();
    await world.change("advertise", A);
    expect(world.writes).toEqual([
      "POST PolicyCondition",
      "POST PolicyStmt",
      "POST PolicyDefinition",
      "PATCH BGPGlobal",
    ]);
    expect(world.told()).toEqual([A]);
    expect(await world.driver.read(A)).toEqual({
      type: "present",
      item: { type: "prefix", prefix: A, isWhole: true },
    });
    expect(await world.driver.read(B)).toEqual({ type: "absent" });
  });

  it("adds the next one to the statement, and takes it out again", async () => {
    const world = await routed();
    await world.change("advertise", A);
    await world.change("advertise", C);
    expect(world.told()).toEqual([A, C]);
    await world.change("withdraw", A);
    expect(world.told()).toEqual([C]);
    expect(world.writes.slice(4)).toEqual([
      "POST PolicyCondition",
      "PATCH PolicyStmt",
      "PATCH PolicyStmt",
      "DELETE PolicyCondition",
    ]);
    expect([...(await world.observed()).values()]).toEqual([{ type: "prefix", prefix: C, isWhole: true }]);
  });

  it("tells the prefix alone, not what lies in it", async () => {
    const world = await routed();
    await world.route("192.168.3.7/32");
    await world.change("advertise", C);
    expect(world.told()).toEqual([C]);
  });

  it("takes the redistribution away before the last condition, and leaves nothing", async () => {
    const world = await routed();
    await world.change("advertise", A);
    world.writes.length = 0;
    const seen: string[][] = [];
    world.watch(() => seen.push(world.told()));
    await world.change("withdraw", A);
    expect(world.writes).toEqual([
      "PATCH BGPGlobal",
      "DELETE PolicyDefinition",
      "DELETE PolicyStmt",
      "DELETE PolicyCondition",
    ]);
    expect(seen.flat().filter((prefix) => prefix !== A)).toEqual([]);
    for (const collection of ["PolicyConditions", "PolicyStmts", "PolicyDefinitions"]) {
      expect(await world.names(collection)).toEqual([]);
    }
    expect(await world.global()).toMatchObject({ Redistribution: [] });
    expect(world.told()).toEqual([]);
  });

  it("R8 writes nothing when all is there, or gone", async () => {
    const world = await routed();
    await world.change("advertise", A);
    world.writes.length = 0;
    await world.change("advertise", A);
    expect(world.writes).toEqual([]);
    await world.change("withdraw", B);
    expect(world.writes).toEqual(["DELETE PolicyCondition"]);
    expect(world.told()).toEqual([A]);
  });

  it("carries out changes that are asked for at once one after the other", async () => {
    const world = await routed();
    await world.change("advertise", A, B, C);
    expect(world.told()).toEqual([A, B, C]);
    await world.change("withdraw", A, C, B);
    expect(world.told()).toEqual([]);
  });

  it("never empties a statement that is told by, though the switch is slow to do what it accepted", async () => {
    const world = await routed();
    for (const prefix of [A, B]) await world.change("advertise", prefix);
    const seen: string[][] = [];
    world.watch(() => seen.push(world.told()));
    await world.change("withdraw", A, B);
    expect(seen.flat().filter((prefix) => prefix !== A && prefix !== B)).toEqual([]);
  });
});

describe("a build that accepts what it does not carry out", () => {
  it("is never brought to a statement without conditions: it would tell everything", async () => {
    // the second condition never comes into effect
    const wrap =
      (inner: HttpHandler): HttpHandler =>
      async (request) => {
        const response = await inner(request);
        if (!request.url.includes("state/PolicyStmt")) return response;
        const text = Buffer.from(await readBody(response)).toString();
        return { ...response, body: Buffer.from(text.replace(',"rackwright-torc-192.168.2.4_32"', "")) };
      };
    const world = await routed({ wrap });
    for (const prefix of [A, B]) await world.change("advertise", prefix);
    expect(await world.driver.read(B)).toMatchObject({ item: { isWhole: false } });
    world.writes.length = 0;
    await world.change("withdraw", A);
    expect(world.writes[0]).toBe("PATCH BGPGlobal");
    expect(world.told()).toEqual([]);
  });
});

describe("R18 what is not ours", () => {
  const foreign = { Sources: "CONNECTED,OSPF", Policy: "theirs" };
  async function withForeign(entry: object) {
    const world = await routed();
    await world.ask("POST", "PolicyStmt", { Name: "all", Action: "permit" });
    await world.ask("POST", "PolicyDefinition", { Name: "theirs", StatementList: [{ Priority: 0, Statement: "all" }] });
    await world.ask("PATCH", "BGPGlobal", { Redistribution: [entry] });
    await world.settle();
    return world;
  }

  it("stays as it is, 1500 conditions and a redistribution of other sources", async () => {
    const world = await withForeign(foreign);
    const condition = { ConditionType: "MatchDstIpPrefix", IpPrefix: "10.1.0.0/16", MaskLengthRange: "16..24" };
    for (let number = 0; number < 1500; number += 1) {
      await world.ask("POST", "PolicyCondition", { Name: `theirs-${number}`, ...condition });
    }
    const before = world.tor.snapshot().bgp;
    const connected = world.told();
    await world.change("advertise", A);
    expect(await world.global()).toMatchObject({ Redistribution: [foreign, OURS] });
    expect(world.told()).toEqual([...connected, A].sort());
    expect([...(await world.observed()).keys()]).toEqual([A]);
    await world.change("withdraw", A);
    expect(world.tor.snapshot().bgp).toEqual(before);
  });

  it.each(["STATIC", "CONNECTED,STATIC", ""])(
    "decides alone where it is about %s: nothing is made, and it is told by whom",
    async (sources) => {
      const world = await withForeign({ Sources: sources, Policy: "theirs" });
      const before = world.tor.snapshot().bgp;
      await expect(world.driver.apply({ type: "advertise", prefix: A })).rejects.toMatchObject({
        name: "StatusError",
        message: expect.stringContaining("policy theirs decides"),
      });
      expect(world.tor.snapshot().bgp).toEqual(before);
      expect([...(await world.observed()).values()]).toEqual([
        { type: "policy", name: "theirs", sources, isOurs: false },
      ]);
    },
  );

  it("is told apart by the identity: two racks may use one switch's names side by side", async () => {
    const world = await routed();
    const other = world.driverFor("torc-2");
    await world.change("advertise", A);
    await expect(other.apply({ type: "advertise", prefix: B })).rejects.toThrow("policy rackwright-torc decides");
    await other.apply({ type: "withdraw", prefix: A });
    await world.settle();
    expect(world.told()).toEqual([A]);
    expect(await other.read(A)).toEqual({ type: "absent" });
  });
});

describe("a switch that cannot", () => {
  const plain404: (inner: HttpHandler) => HttpHandler = (inner) => async (request) =>
    request.url.includes("BGPGlobal")
      ? { status: 404, headers: {}, body: Buffer.from("404 page not found\n") }
      : inner(request);
  const noRedistribution: (inner: HttpHandler) => HttpHandler = (inner) => async (request) => {
    if (!request.url.includes("BGPGlobal")) return inner(request);
    const body = Buffer.from(JSON.stringify({ ObjectId: "1", Object: { Vrf: "default", ASNum: "65001" } }));
    return { status: 200, headers: {}, body };
  };

  it.each([
    ["has no policies", { hasPolicies: false }],
    ["does not know the path", { wrap: plain404 }],
    ["has no redistribution", { wrap: noRedistribution }],
  ])("%s: says so, refuses to tell, and has nothing to withdraw", async (_, options) => {
    const world = await routed(options);
    expect([...(await world.observed()).values()]).toMatchObject([{ type: "unable", why: "NoPolicies" }]);
    await expect(world.driver.apply({ type: "advertise", prefix: A })).rejects.toMatchObject({ reason: "Invalid" });
    await world.driver.apply({ type: "withdraw", prefix: A });
    expect(await world.driver.read(A)).toEqual({ type: "absent" });
    expect(world.writes).toEqual([]);
  });

  it.each([{ Disabled: true }, { ASNum: "0" }])("with %j is prepared, and told when BGP runs", async (off) => {
    const world = await routed();
    await world.ask("PATCH", "BGPGlobal", off);
    await world.change("advertise", A);
    expect(world.told()).toEqual([]);
    expect([...(await world.observed()).values()]).toMatchObject([
      { type: "prefix", isWhole: true },
      { type: "unable", why: "Disabled" },
    ]);
    await world.ask("PATCH", "BGPGlobal", { Disabled: false, ASNum: "65001" });
    expect(world.told()).toEqual([A]);
  });

  it.each(["<html>", "{", '{"Object":{"Redistribution":7}}', '{"Object":{"Redistribution":[{}]}}'])(
    "R1 says %s: nothing is known",
    async (text) => {
      const wrap = (): HttpHandler => async () => ({ status: 200, headers: {}, body: Buffer.from(text) });
      const world = await routed({ wrap });
      await expect(world.observed()).rejects.toThrow("observed Unknown");
      expect((await world.driver.read(A)).type).toBe("unknown");
      await expect(world.driver.apply({ type: "withdraw", prefix: A })).rejects.toThrow();
      expect(world.writes).toEqual([]);
    },
  );
});

describe("what somebody did to our policy", () => {
  const NAME = "rackwright-torc";
  const CONDITION = "rackwright-torc-192.168.2.3_32";
  type World = Awaited<ReturnType<typeof routed>>;

  it.each<[string, (world: World) => Promise<unknown>]>([
    [
      "deleted the policy",
      async (world) => {
        await world.ask("PATCH", "BGPGlobal", { patch: [{ op: "remove", path: "Redistribution", value: [OURS] }] });
        await world.ask("DELETE", "PolicyDefinition", { Name: NAME });
      },
    ],
    [
      "took the redistribution away",
      (world) => world.ask("PATCH", "BGPGlobal", { patch: [{ op: "remove", path: "Redistribution", value: [OURS] }] }),
    ],
    [
      "made all conditions necessary",
      (world) => world.ask("PATCH", "PolicyStmt", { Name: NAME, MatchConditions: "all" }),
    ],
    [
      "emptied the statement, so that everything is told",
      (world) =>
        world.ask("PATCH", "PolicyStmt", {
          Name: NAME,
          patch: [{ op: "remove", path: "Conditions", value: [CONDITION] }],
        }),
    ],
    [
      "made the condition wider",
      async (world) => {
        const patch = (op: string) => [{ op, path: "Conditions", value: [CONDITION] }];
        await world.ask("PATCH", "PolicyStmt", { Name: NAME, patch: patch("remove") });
        await world.ask("DELETE", "PolicyCondition", { Name: CONDITION });
        const wide = { ConditionType: "MatchDstIpPrefix", IpPrefix: "192.168.0.0/16", MaskLengthRange: "16..32" };
        await world.ask("POST", "PolicyCondition", { Name: CONDITION, ...wide });
        await world.ask("PATCH", "PolicyStmt", { Name: NAME, patch: patch("add") });
      },
    ],
    [
      "replaced the list of redistributions",
      (world) => world.ask("PATCH", "BGPGlobal", { Redistribution: [{ Sources: "CONNECTED", Policy: "x" }] }),
    ],
  ])("%s: it is seen, and mended by telling again", async (_, harm) => {
    const world = await routed();
    await world.change("advertise", A);
    await harm(world);
    await world.settle();
    const seen = await world.observed();
    expect(seen.get(A)).not.toMatchObject({ isWhole: true });
    await world.change("advertise", A);
    await world.change("advertise", A);
    expect(world.told()).toEqual([A]);
    expect((await world.observed()).get(A)).toMatchObject({ isWhole: true });
  });
});

const PREFIXES = [A, B, C] as const;

interface Command {
  readonly prefix: string;
  readonly isWanted: boolean;
  /** Whether the loop comes to act on it before the next command. */
  readonly isActedOn: boolean;
  readonly fates: readonly Fate[];
  /** After so many changes no more of them are sent; undefined: it lives. */
  readonly killedAfter: number | undefined;
}

const command: fc.Arbitrary<Command> = fc.record({
  prefix: fc.constantFrom(...PREFIXES),
  isWanted: fc.boolean(),
  isActedOn: fc.boolean(),
  fates: fc.array(fc.constantFrom<Fate>("done", "done", "done", "lost answer", "never sent", "refused"), {
    maxLength: 8,
  }),
  killedAfter: fc.option(fc.nat({ max: 6 }), { nil: undefined }),
});

/** Plays the commands, then lets the loop act on all; gives what was told without being wanted when it came to be told. */
async function play(commands: readonly Command[]) {
  const world = await routed();
  const wanted = new Set<string>();
  const breaches: string[] = [];
  let before: ReadonlySet<string> = new Set();
  const look = () => {
    const now = world.tor.told();
    breaches.push(...[...now].filter((prefix) => !before.has(prefix) && !wanted.has(prefix)));
    before = new Set(now);
  };
  world.watch(look);
  const act = async (prefix: string) => {
    await world.change(wanted.has(prefix) ? "advertise" : "withdraw", prefix).catch(() => undefined);
    look();
  };
  for (const { prefix, isWanted, isActedOn, fates, killedAfter } of commands) {
    wanted[isWanted ? "add" : "delete"](prefix);
    const rest: Fate[] = killedAfter === undefined ? [] : Array(40).fill("never sent");
    world.fates.splice(0, world.fates.length, ...fates.slice(0, killedAfter), ...rest);
    if (isActedOn) await act(prefix);
  }
  world.fates.length = 0;
  // each Route is looked at again and again
  for (const prefix of [...PREFIXES, ...PREFIXES, ...PREFIXES]) await act(prefix);
  return { breaches, told: world.told(), wanted: [...wanted].sort() };
}

describe("an entry that somebody wrote out of the list, and BGP still goes by", () => {
  it("is taken away all the same", async () => {
    const world = await routed();
    await world.change("advertise", A);
    await world.ask("PATCH", "BGPGlobal", { Redistribution: [] });
    expect(world.told()).toEqual([A]);
    await world.change("withdraw", A);
    expect(world.told()).toEqual([]);
    expect(await world.names("PolicyDefinitions")).toEqual([]);
  });
});

describe("nothing is told that nobody wants", () => {
  it("whatever fails and whenever the loop is killed; and all that is wanted is, once nothing fails", async () => {
    const check = async (commands: readonly Command[]) => {
      const { breaches, told, wanted } = await play(commands);
      expect(breaches).toEqual([]);
      expect(told).toEqual(wanted);
    };
    await fc.assert(fc.asyncProperty(fc.array(command, { maxLength: 12 }), check), { numRuns: 300 });
  }, 60_000);
});
