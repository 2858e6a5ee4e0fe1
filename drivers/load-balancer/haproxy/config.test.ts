import { describe, expect, it } from "vitest";
import { markerOf, parseConfig, renderConfig } from "./config.js";
import { itemsOf } from "./observed.js";

const options = { identity: "demo", bindAddress: "0.0.0.0", balance: "leastconn" } as const;
const PORTS = [
  { servicePort: 80, servers: [] },
  { servicePort: 10_000, servers: [{ id: "demo.w.1", address: "10.0.0.1", port: 31_000 }] },
];

describe("the file of a proxy", () => {
  it("says again what it was written from, in the same text", () => {
    const text = renderConfig(options, PORTS.toReversed());
    expect(parseConfig("demo", text)).toEqual(PORTS);
    expect(renderConfig(options, PORTS)).toBe(text);
  });

  it.each<[string, string, string]>([
    ["of another rack", "other", renderConfig(options, PORTS)],
    ["of an operator", "demo", "global\n  daemon\n"],
  ])("is not ours when it is one %s", (_, identity, text) => expect(parseConfig(identity, text)).toBeUndefined());

  it.each([{ balance: "source" }, { bindAddress: "127.0.0.1" }, { identity: "other" }] as const)(
    "has another marker with %j",
    (fields) => expect(markerOf({ ...options, ...fields })).not.toBe(markerOf(options)),
  );
});

describe("what a proxy tells", () => {
  const ROWS = [
    "# pxname,svname,scur,status,addr,",
    `${markerOf(options)},BACKEND,0,UP,,`,
    "rackwright:demo:80,FRONTEND,0,OPEN,,",
    "rackwright:demo:80,demo.w.1,2,DRAIN 1/3,10.0.0.1:31000,",
    "rackwright:other:80,theirs,0,UP,10.0.0.9:1,",
    "theirs,web,0,UP,10.0.0.9:1,",
  ];
  const stat = `${ROWS.join("\n")}\n\n`;
  const alone = "# workers\n12 worker 0\n# programs\n";
  const told = (processes: string) => itemsOf(options, { stat, processes, file: undefined });

  it("R18 is ours by its prefix only", () => {
    expect([...told(alone).keys()]).toEqual(["80", "80/demo.w.1"]);
    expect(told(alone).get("80/demo.w.1")).toMatchObject({ state: "Drain", sessions: 2, isStored: false });
  });

  it("says nothing of sessions while a worker from before a reload lives", () => {
    const old = "# workers\n12 worker 0\n# old workers\n11 worker 1\n# programs\n";
    expect(told(old).get("80/demo.w.1")).not.toHaveProperty("sessions");
  });

  it("R1 is nothing when its end is missing, at whatever byte it is cut", () => {
    for (let length = 0; length < stat.length; length++) {
      const cut = { stat: stat.slice(0, length), processes: alone, file: undefined };
      expect(() => itemsOf(options, cut)).toThrow("not whole");
    }
  });
});
