import { describe, expect, it } from "vitest";
import { TransportError } from "../../../../platform/transport.js";
import { type Bench, launchOf, PERIOD_MS, withOffer } from "./bench.js";
import { textResponse } from "./scripted-master.js";

const RESCIND = { type: "RESCIND", rescind: { offer_id: { value: "O1" } } };
const SILENT = new TransportError("no answer", { isSent: true });
const UNSENT = new TransportError("refused", { isSent: false });

/** The next call of this type is answered so; others as usual. */
function answerOnce(bench: Bench, type: string, respond: () => ReturnType<typeof textResponse>): void {
  bench.master.state.intercept = (_request, body) => {
    if (body.type !== type) return undefined;
    bench.master.state.intercept = () => undefined;
    return respond();
  };
}

const fail = (error: Error) => () => {
  throw error;
};
const declined = (bench: Bench) =>
  bench.master
    .callsOf("DECLINE")
    .map(({ body }) => body.decline.offer_ids.map(({ value }: { value: string }) => value));
const ids = (bench: Bench) => bench.offers().map(({ id }) => id);

describe("an offer that was to be given back", () => {
  it.each([
    ["not answered", fail(SILENT)],
    ["not sent", fail(UNSENT)],
    ["answered with 503", () => textResponse(503, "busy")],
  ])(
    "is given back at the next look when that was %s: else the master takes it for ours for ever",
    async (_, respond) => {
      const bench = await withOffer();
      answerOnce(bench, "DECLINE", respond);
      await expect(bench.driver.decline(["O1"], 5)).rejects.toThrow("declining 1 offers");
      expect(ids(bench)).toEqual([]);
      await bench.clock.advance(3 * PERIOD_MS);
      expect(declined(bench)).toEqual([["O1"], ["O1"]]);
    },
  );

  it("is forgotten with its connection", async () => {
    const bench = await withOffer();
    answerOnce(bench, "DECLINE", fail(SILENT));
    await bench.driver.decline(["O1"], 5).catch(() => {});
    bench.master.endStream("broken");
    await bench.clock.advance(2_000);
    await bench.subscribed();
    await bench.clock.advance(3 * PERIOD_MS);
    expect(declined(bench)).toEqual([["O1"]]);
  });
});

describe("an offer that was to be used", () => {
  it("is given back when nobody knows whether it was: a launch that is still on its way comes to nothing", async () => {
    const bench = await withOffer();
    answerOnce(bench, "ACCEPT", fail(SILENT));
    await expect(bench.driver.launch(["O1"], [launchOf("t")])).rejects.toThrow("launching t");
    expect(ids(bench)).toEqual([]);
    await bench.clock.advance(3 * PERIOD_MS);
    expect(declined(bench)).toEqual([["O1"]]);
  });

  it("is held again when the master refused", async () => {
    const bench = await withOffer();
    answerOnce(bench, "ACCEPT", () => textResponse(400, "no"));
    await bench.driver.launch(["O1"], [launchOf("t")]).catch(() => {});
    expect(ids(bench)).toEqual(["O1"]);
  });

  it("is not held again when it was rescinded meanwhile", async () => {
    const bench = await withOffer();
    let refuse: (error: Error) => void = () => {};
    answerOnce(bench, "ACCEPT", () => new Promise((_, reject) => (refuse = reject)) as never);
    const launch = bench.driver.launch(["O1"], [launchOf("t")]).catch(() => {});
    bench.master.push(RESCIND);
    await bench.settle();
    refuse(UNSENT);
    await launch;
    expect(ids(bench)).toEqual([]);
    await bench.clock.advance(3 * PERIOD_MS);
    expect(declined(bench)).toEqual([]);
  });
});
