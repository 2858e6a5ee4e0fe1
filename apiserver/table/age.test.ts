import { describe, expect, it } from "vitest";
import { printAge } from "./age.js";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe("printAge", () => {
  it.each([
    [-5, "<invalid>"],
    [-1, "0s"],
    [0, "0s"],
    [119, "119s"],
    [120, "2m"],
    [129, "2m9s"],
    [10 * MINUTE + 5, "10m"],
    [179 * MINUTE, "179m"],
    [3 * HOUR, "3h"],
    [3 * HOUR + 4 * MINUTE, "3h4m"],
    [9 * HOUR + 30 * MINUTE, "9h"],
    [47 * HOUR, "47h"],
    [2 * DAY, "2d"],
    [5 * DAY + 3 * HOUR, "5d3h"],
    [8 * DAY + 3 * HOUR, "8d"],
    [729 * DAY, "729d"],
    [730 * DAY + 3 * DAY, "2y3d"],
    [8 * 365 * DAY, "8y"],
  ])("prints %d seconds as %s", (seconds, text) => {
    expect(printAge(seconds * 1000 + 500)).toBe(text);
  });
});
