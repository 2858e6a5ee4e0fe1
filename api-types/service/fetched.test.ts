import { describe, expect, it } from "vitest";
import { isArchive, schemeOf } from "./fetched.js";

describe("isArchive", () => {
  it.each([
    "a.tar",
    "a.tar.gz",
    "a.tgz",
    "a.tar.bz2",
    "a.tbz2",
    "a.tar.xz",
    "a.txz",
    "a.gz",
    "a.zip",
    "a.zip?v=1",
    "a.zip#x",
  ])("of %s is true", (name) => expect(isArchive(`http://host/${name}`)).toBe(true));

  it.each(["a", "zip", "a.zip.sig", "a.jar", "a.bz2", "a.tar.", "a?b=c.zip"])("of %s is false", (name) =>
    expect(isArchive(`http://host/${name}`)).toBe(false),
  );

  it("is told in a moment of an address that never ends", () => {
    expect(isArchive(".tar".repeat(250_000))).toBe(true);
  });
});

describe("schemeOf", () => {
  it.each<[uri: string, scheme: string | undefined]>([
    ["https://h/a", "https"],
    ["HTTP://h/a", "http"],
    ["file:///a", "file"],
    ["s3://bucket/key", "s3"],
    ["hdfs://name:1/a", "hdfs"],
    ["gopher://h/a", undefined],
    ["/a", undefined],
    ["http:/a", undefined],
    ["http://", undefined],
  ])("of %s is %s", (uri, scheme) => expect(schemeOf(uri)).toBe(scheme));
});
