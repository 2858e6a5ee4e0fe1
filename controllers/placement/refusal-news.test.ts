import { describe, expect, it } from "vitest";
import { isNewsOfRefusal, NO_NODE_FITS, WAITING_FOR_OFFERS } from "./refusal-news.js";

describe("what is worth reporting of a refusal", () => {
  const fits = (message: string) => ({ reason: NO_NODE_FITS, message });
  const none = { reason: WAITING_FOR_OFFERS, message: "no node offers resources at the moment" };
  it.each([
    ["the first", undefined, none, true],
    ["the same again", none, none, false],
    ["nodes refuse after nothing was offered", none, fits("1 offering node refused: 1 by cpu"), true],
    ["no offers for a moment", fits("1 offering node refused: 1 by cpu"), none, false],
    [
      "no offers for a moment, while something else is missing",
      { reason: "ReferenceNotFound", message: "" },
      none,
      false,
    ],
    ["nodes refuse what lacked something else", { reason: "ReferenceNotFound", message: "" }, fits("1 by cpu"), true],
    [
      "some more nodes refuse",
      fits("3 offering nodes refused: 3 by cpu"),
      fits("5 offering nodes refused: 5 by cpu"),
      false,
    ],
    [
      "twice as many nodes refuse",
      fits("1 offering node refused: 1 by cpu"),
      fits("2 offering nodes refused: 2 by cpu"),
      true,
    ],
    [
      "fewer nodes refuse",
      fits("2 offering nodes refused: 2 by cpu"),
      fits("1 offering node refused: 1 by cpu"),
      false,
    ],
    [
      "they refuse for another reason",
      fits("2 offering nodes refused: 2 by cpu"),
      fits("1 offering node refused: 1 by memory"),
      true,
    ],
    [
      "another node came nearest, and others are silent",
      fits("2 offering nodes refused: 2 by cpu; nearest: a lacks 1 cpu; 3 suitable nodes offer nothing now"),
      fits("2 offering nodes refused: 2 by cpu; nearest: b lacks 1 cpu"),
      false,
    ],
    [
      "waiting cannot help any more",
      fits("2 offering nodes refused: 2 by cpu"),
      fits("2 offering nodes refused: 2 by cpu; none of 2 nodes is suitable"),
      true,
    ],
    [
      "only nodes that it may not run on offer at the moment",
      fits("1 offering node refused: 1 by draining; nearest: a is closed; none of 4 nodes is suitable, 1 closed"),
      fits("3 offering nodes refused: 3 by node name; none of 4 nodes is suitable, 1 closed"),
      false,
    ],
    [
      "only nodes that it may not run on offer, and its own can take it again",
      fits("1 offering node refused: 1 by draining; nearest: a is closed; none of 4 nodes is suitable, 1 closed"),
      fits("3 offering nodes refused: 3 by node name; 1 suitable node offers nothing now"),
      true,
    ],
    [
      "one of its own nodes is heard of",
      fits("3 offering nodes refused: 3 by node name; none of 4 nodes is suitable, 1 closed"),
      fits("1 offering node refused: 1 by draining; nearest: a is closed; none of 4 nodes is suitable, 1 closed"),
      true,
    ],
    [
      "nodes that it may not run on offer beside its own",
      fits("4 offering nodes refused: 1 by draining, 3 by node name"),
      fits("1 offering node refused: 1 by draining"),
      false,
    ],
    [
      "still nothing is offered, by fewer nodes",
      { ...none, message: "none; 3 suitable nodes offer nothing now" },
      { ...none, message: "none; 2 suitable nodes offer nothing now" },
      false,
    ],
  ])("%s", (_, before, next, isNews) => {
    expect(isNewsOfRefusal(before, next)).toBe(isNews);
  });
});
