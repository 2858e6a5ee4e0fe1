import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CONTEST_MS, isContested, type Takeovers, withTakeovers } from "./contest.js";

const MINUTE_MS = 60_000;

function takenAt(...minutes: readonly number[]): Takeovers {
  const none: Takeovers = new Map();
  return minutes.reduce((known, minute) => withTakeovers(known, ["web/one"], minute * MINUTE_MS), none);
}

type Row = readonly [name: string, takeovers: Takeovers, nowMinute: number, isContested: boolean];

describe("R21 a contest for an entry", () => {
  const rows: readonly Row[] = [
    ["is none before the first takeover", takenAt(), 0, false],
    ["is none after an adoption", takenAt(0), 0, false],
    ["is none after two takeovers", takenAt(0, 1), 1, false],
    ["begins with the third takeover within ten minutes", takenAt(0, 1, 2), 2, true],
    ["lasts ten minutes from the last takeover", takenAt(0, 5, 10), 19, true],
    ["is over ten minutes after the last takeover", takenAt(0, 1, 2), 12, false],
    ["is none when three takeovers took longer than ten minutes", takenAt(0, 1, 11), 11, false],
    ["begins anew when the entry is taken three times again", takenAt(0, 1, 2, 12, 13, 14), 14, true],
  ];
  for (const [name, takeovers, minute, expected] of rows) {
    it(name, () => expect(isContested(takeovers, ["web/one"], minute * MINUTE_MS)).toBe(expected));
  }

  it("concerns only the entry that was taken over", () => {
    expect(isContested(takenAt(0, 1, 2), ["web/two"], 2 * MINUTE_MS)).toBe(false);
    expect(isContested(takenAt(0, 1, 2), ["web/two", "web/one"], 2 * MINUTE_MS)).toBe(true);
  });

  it("lets nobody take an entry more than three times within ten minutes, whatever the adversary does", () => {
    const gaps = fc.array(fc.integer({ min: 1, max: 2 * CONTEST_MS }), { maxLength: 60 });
    fc.assert(
      fc.property(gaps, (waits) => {
        const taken: number[] = [];
        let takeovers: Takeovers = new Map();
        let now = 0;
        for (const wait of waits) {
          now += wait;
          if (isContested(takeovers, ["a"], now)) continue;
          takeovers = withTakeovers(takeovers, ["a"], now);
          taken.push(now);
        }
        for (const [index, at] of taken.entries()) {
          const fourth = taken[index + 3];
          if (fourth !== undefined) expect(fourth - at).toBeGreaterThan(CONTEST_MS);
        }
      }),
    );
  });
});
