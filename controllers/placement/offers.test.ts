import { describe, expect, it } from "vitest";
import type { ComputeDriver, Offer } from "../../drivers/compute/driver.js";
import { virtualClock } from "../../platform/virtual-clock.js";
import { createOfferKeeper } from "./offers.js";

/** What the driver was asked for; `fail` makes the next question fail. */
function recordingDriver() {
  const calls: string[] = [];
  let failure: Error | undefined;
  const say = async (text: string) => {
    const error = failure;
    failure = undefined;
    if (error !== undefined) throw error;
    calls.push(text);
  };
  // only what the keeper uses
  const driver = {
    revive: () => say("revive"),
    suppress: () => say("suppress"),
    decline: (ids: readonly string[], seconds: number) => say(`decline ${ids.join("+")} for ${seconds} s`),
  } as unknown as ComputeDriver;
  const fail = (error: Error) => {
    failure = error;
  };
  const taken = () => calls.splice(0);
  return { driver, taken, fail };
}

function offer(id: string, ports: Offer["resources"]["ports"] = []): Offer {
  const resources = { cpu: 1.5, memoryMiB: 100, diskMiB: 10, gpu: 0, ports };
  return {
    id,
    agentId: "agent",
    hostname: "n1",
    attributes: {},
    resources,
    pools: [{ role: "*", resources }],
    role: "*",
  };
}

function setUp() {
  const clock = virtualClock();
  const recorder = recordingDriver();
  const keeper = createOfferKeeper(clock);
  const settle = (held: readonly string[], waiting: readonly string[], used: readonly string[] = []) =>
    keeper.settle({
      driver: recorder.driver,
      held: held.map((id) => offer(id)),
      used: new Set(used),
      waiting,
      unplaced: used.length === 0 ? waiting : [],
    });
  return { clock, settle, ...recorder };
}

describe("keeping offers", () => {
  it("holds an unused offer for a second, then gives it back and suppresses when nothing waits", async () => {
    const { clock, settle, taken } = setUp();
    expect(await settle(["o1"], [])).toEqual({ requeueAfterMs: 1000 });
    expect(taken()).toEqual([]);
    await clock.advance(1000);
    expect(await settle(["o1"], [])).toEqual({});
    expect(taken()).toEqual(["decline o1 for 60 s", "suppress"]);
  });

  it("gives back sooner what waits for better offers, and does not suppress", async () => {
    const { clock, settle, taken } = setUp();
    await settle(["o1"], ["a"]);
    await clock.advance(1000);
    await settle(["o1"], ["a"]);
    expect(taken()).toEqual(["decline o1 for 5 s"]);
  });

  it("does not give back what was used", async () => {
    const { clock, settle, taken } = setUp();
    await settle(["o1", "o2"], ["a"], ["o1"]);
    await clock.advance(1000);
    await settle(["o2"], ["a"]);
    expect(taken()).toEqual(["decline o2 for 5 s"]);
  });

  it("counts each offer's second from when it came", async () => {
    const { clock, settle, taken } = setUp();
    await settle(["o1"], ["a"]);
    await clock.advance(600);
    await settle(["o1", "o2"], ["a"]);
    await clock.advance(400);
    expect(await settle(["o1", "o2"], ["a"])).toEqual({ requeueAfterMs: 1000 });
    expect(taken()).toEqual(["decline o1 for 5 s"]);
  });

  it("suppresses once all that waited was launched", async () => {
    const { settle, taken } = setUp();
    await settle(["o1"], [], ["o1"]);
    expect(taken()).toEqual(["suppress"]);
    await settle([], []);
    expect(taken()).toEqual([]);
  });

  it("asks again when something new waits, once", async () => {
    const { settle, taken } = setUp();
    await settle(["o1"], [], ["o1"]);
    taken();
    await settle([], ["a"]);
    await settle([], ["a"]);
    expect(taken()).toEqual(["revive"]);
    await settle([], ["a", "b"]);
    expect(taken()).toEqual(["revive"]);
  });

  it("does not ask for more while offers are held", async () => {
    const { settle, taken } = setUp();
    await settle(["o1"], ["a"]);
    expect(taken()).toEqual([]);
  });

  it("asks for what was given back before something came that the held offers do not suit", async () => {
    const { clock, settle, taken } = setUp();
    await settle(["o1"], []);
    await clock.advance(1000);
    await settle(["o1", "o2"], []);
    expect(taken()).toEqual(["decline o1 for 60 s"]);
    await settle(["o2"], ["a"]);
    expect(taken()).toEqual(["revive"]);
    await settle(["o2"], ["a"]);
    expect(taken()).toEqual([]);
  });

  it("asks again in the next round when the question was lost", async () => {
    const { settle, taken, fail } = setUp();
    await settle(["o1"], [], ["o1"]);
    taken();
    fail(new Error("connection lost"));
    await expect(settle([], ["a"])).rejects.toThrow("connection lost");
    await settle([], ["a"]);
    expect(taken()).toEqual(["revive"]);
  });

  it("suppresses in the next round when that was lost", async () => {
    const { settle, taken, fail } = setUp();
    fail(new Error("connection lost"));
    await expect(settle(["o1"], [], ["o1"])).rejects.toThrow("connection lost");
    await settle(["o1"], [], ["o1"]);
    expect(taken()).toEqual(["suppress"]);
  });
});
