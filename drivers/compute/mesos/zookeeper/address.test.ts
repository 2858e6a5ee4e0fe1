import { describe, expect, it } from "vitest";
import { parseZooKeeperAddress } from "./address.js";

describe("a ZooKeeper address", () => {
  it.each([
    ["zk://a:1/mesos", [{ host: "a", port: 1 }], "/mesos"],
    [
      "zk://10.0.0.1:2181,b.c,[fe80::1]:2182/a/b/",
      [
        { host: "10.0.0.1", port: 2181 },
        { host: "b.c", port: 2181 },
        { host: "fe80::1", port: 2182 },
      ],
      "/a/b",
    ],
    [
      "zk://user:secret@a:1,b:2/mesos",
      [
        { host: "a", port: 1 },
        { host: "b", port: 2 },
      ],
      "/mesos",
    ],
  ])("%s", (text, servers, path) => {
    expect(parseZooKeeperAddress(text)).toEqual({ servers, path });
  });

  it.each([
    "http://a:1/mesos",
    "zk://a:1",
    "zk:///mesos",
    "zk://a:1/",
    "zk://a:0/m",
    "zk://a:70000/m",
    "zk://a:1,/m",
    "zk://::1/m",
  ])("is not: %s", (text) => {
    expect(parseZooKeeperAddress(text)).toBeUndefined();
  });
});
