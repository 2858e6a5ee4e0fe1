import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { KINDS, RACKWRIGHT_KINDS } from "./kinds.js";
import { faultsOf } from "./meta/suite.js";

interface Sample {
  readonly file: string;
  readonly object: {
    readonly apiVersion?: string;
    readonly kind?: string;
    readonly metadata?: { readonly name?: string };
  };
}

const folder = new URL("../manifests/samples/", import.meta.url);
const samples: readonly Sample[] = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".yaml"))
  .sort()
  .flatMap((file) => {
    const documents = parseAllDocuments(readFileSync(fileURLToPath(new URL(file, folder)), "utf8"), {
      version: "1.1",
      merge: true,
    });
    return documents.map((document) => ({ file, object: document.toJS() as Sample["object"] }));
  });

const named = (file: string) =>
  samples
    .filter((sample) => sample.file === `dns-example/${file}`)
    .map(({ object }) => `${object.kind}/${object.metadata?.name}`);

describe("the samples", () => {
  it.each(samples.map(({ file, object }) => [file, object.kind, object.metadata?.name, object] as const))(
    "%s: %s %s is accepted under strict validation",
    (...[, , , object]) => {
      const kind = KINDS.find(({ apiVersion, kind }) => apiVersion === object.apiVersion && kind === object.kind);
      expect(kind === undefined ? ["no such kind"] : faultsOf(kind, object)).toEqual([]);
    },
  );

  it("show every kind that can be created", () => {
    const shown = new Set(samples.filter(({ file }) => !file.includes("/")).map(({ object }) => object.kind));
    expect([...shown].sort()).toEqual(
      RACKWRIGHT_KINDS.filter((kind) => kind.isCreatable)
        .map(({ kind }) => kind)
        .sort(),
    );
  });

  it("hold the whole DNS example", () => {
    expect(named("00-namespaces.yaml")).toEqual(["Namespace/torc-core", "Namespace/dns-example"]);
    expect(named("10-rack.yaml")).toEqual(["Rack/torc"]);
    expect(named("20-names.yaml")).toEqual(
      ["etcd", "network-agent", "mesos-master", "torc-scheduler"].map((name) => `DnsRecord/${name}`),
    );
    expect(named("30-core.yaml")).toEqual(["ServiceGroup/core"]);
    expect(named("40-dns.yaml")).toEqual(["ServiceGroup/dns"]);
    expect(named("50-load.yaml")).toEqual(["ServiceGroup/normalload200", "ServiceGroup/normalload400"]);
    expect(named("60-policy.yaml")).toEqual(["ScalingPolicy/dns"]);
  });
});

/** Values that have broken parsers and validators before. */
const hostile = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>(
    null,
    "",
    "$(",
    "$(A)".repeat(1000),
    "/".repeat(10_000),
    "a-".repeat(10_000),
    "1".repeat(10_000),
    -0,
    Number.MAX_VALUE,
    [[[]]],
    JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}'),
  ),
);

/** A copy of plain data in which the node that `picks` lead to is another one. */
function withOther(value: unknown, other: unknown, picks: readonly number[]): unknown {
  const [pick, ...rest] = picks;
  if (pick === undefined || typeof value !== "object" || value === null) return other;
  const keys = Object.keys(value);
  const key = keys[pick % Math.max(keys.length, 1)];
  if (key === undefined) return other;
  const changed = Object.entries(value).map(([name, child]) => [
    name,
    name === key ? withOther(child, other, rest) : child,
  ]);
  return Array.isArray(value) ? changed.map(([, child]) => child) : Object.fromEntries(changed);
}

describe("a sample of which one part is replaced", () => {
  it("is accepted or refused with paths, and breaks nothing", () => {
    const known = samples.flatMap(({ object }) => {
      const kind = KINDS.find(({ apiVersion, kind }) => apiVersion === object.apiVersion && kind === object.kind);
      return kind === undefined ? [] : [{ kind, object }];
    });
    fc.assert(
      fc.property(
        fc.constantFrom(...known),
        hostile,
        fc.array(fc.nat(), { minLength: 1, maxLength: 7 }),
        ({ kind, object }, other, picks) => {
          const spec = withOther((object as { spec?: unknown }).spec ?? {}, other, picks);
          const faults = faultsOf(kind, { ...object, spec });
          expect(
            faults.every((fault) => /^(spec|unknown field "spec)/.test(fault)),
            faults.join("\n"),
          ).toBe(true);
          expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
        },
      ),
      { numRuns: 3000 },
    );
  }, 60_000);
});
