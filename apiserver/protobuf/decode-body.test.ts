import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeProtobufBody } from "./decode-body.js";

/** Bodies as kubectl 1.32 sent them, in base64, with the object that each one is. */
const RECORDED: readonly (readonly [name: string, body: string, expected: unknown])[] = [
  [
    "a namespace",
    "azhzAAoPCgJ2MRIJTmFtZXNwYWNlEhwKFAoEdGVhbRIAGgAiACoAMgA4AEIAEgAaAgoAGgAiAA==",
    { apiVersion: "v1", kind: "Namespace", metadata: { name: "team" }, spec: {}, status: {} },
  ],
  [
    "a config map",
    "azhzAAoPCgJ2MRIJQ29uZmlnTWFwEjgKEgoCY20SABoAIgAqADIAOABCABIGCgFhEgExEgoKAWISBcO8bsOvGg4KB2Jpbi5kYXQSA/8AARoAIgA=",
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "cm" },
      data: { a: "1", b: "ünï" },
      binaryData: { "bin.dat": "/wAB" },
    },
  ],
  [
    "a secret",
    "azhzAAoMCgJ2MRIGU2VjcmV0EioKEgoCc2USABoAIgAqADIAOABCABISCghwYXNzd29yZBIGczNjcmV0GgAaACIA",
    { apiVersion: "v1", kind: "Secret", metadata: { name: "se" }, data: { password: "czNjcmV0" } },
  ],
  [
    "a service account",
    "azhzAAoUCgJ2MRIOU2VydmljZUFjY291bnQSFAoSCgJzYRIAGgAiACoAMgA4AEIAGgAiAA==",
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "sa" } },
  ],
  [
    "a question about a resource",
    "azhzAAoyChdhdXRob3JpemF0aW9uLms4cy5pby92MRIXU2VsZlN1YmplY3RBY2Nlc3NSZXZpZXcSNgoQCgASABoAIgAqADIAOABCABIYChYKAW4SA2dldBoAIgAqBHBvZHMyADoAGggIABIAGgAgABoAIgA=",
    {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SelfSubjectAccessReview",
      metadata: {},
      spec: { resourceAttributes: { namespace: "n", verb: "get", resource: "pods" } },
      status: {},
    },
  ],
  [
    "a question about a path",
    "azhzAAoyChdhdXRob3JpemF0aW9uLms4cy5pby92MRIXU2VsZlN1YmplY3RBY2Nlc3NSZXZpZXcSLwoQCgASABoAIgAqADIAOABCABIREg8KCC9oZWFsdGh6EgNnZXQaCAgAEgAaACAAGgAiAA==",
    {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SelfSubjectAccessReview",
      metadata: {},
      spec: { nonResourceAttributes: { path: "/healthz", verb: "get" } },
      status: {},
    },
  ],
  [
    "a question about all rules",
    "azhzAAoxChdhdXRob3JpemF0aW9uLms4cy5pby92MRIWU2VsZlN1YmplY3RSdWxlc1JldmlldxIdChAKABIAGgAiACoAMgA4AEIAEgMKAW4aBBgAIgAaACIA",
    { apiVersion: "authorization.k8s.io/v1", kind: "SelfSubjectRulesReview", metadata: {}, spec: { namespace: "n" } },
  ],
  [
    "who am I",
    "azhzAAotChhhdXRoZW50aWNhdGlvbi5rOHMuaW8vdjESEVNlbGZTdWJqZWN0UmV2aWV3EhoKEAoAEgAaACIAKgAyADgAQgASBgoECgASABoAIgA=",
    { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview", metadata: {}, status: { userInfo: {} } },
  ],
  [
    "a role",
    "azhzAAokChxyYmFjLmF1dGhvcml6YXRpb24uazhzLmlvL3YxEgRSb2xlEigKEQoBchIAGgAiACoAMgA4AEIAEhMKA2dldBIAGgpjb25maWdtYXBzGgAiAA==",
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "Role",
      metadata: { name: "r" },
      rules: [{ verbs: ["get"], apiGroups: [""], resources: ["configmaps"] }],
    },
  ],
  [
    "a role binding",
    "azhzAAorChxyYmFjLmF1dGhvcml6YXRpb24uazhzLmlvL3YxEgtSb2xlQmluZGluZxJ8ChIKAnJiEgAaACIAKgAyADgAQgASJgoEVXNlchIZcmJhYy5hdXRob3JpemF0aW9uLms4cy5pbxoBdSIAEhgKDlNlcnZpY2VBY2NvdW50EgAaAXMiAW4aJAoZcmJhYy5hdXRob3JpemF0aW9uLms4cy5pbxIEUm9sZRoBchoAIgA=",
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata: { name: "rb" },
      subjects: [
        { kind: "User", apiGroup: "rbac.authorization.k8s.io", name: "u" },
        { kind: "ServiceAccount", name: "s", namespace: "n" },
      ],
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "r" },
    },
  ],
  [
    "a cluster role",
    "azhzAAorChxyYmFjLmF1dGhvcml6YXRpb24uazhzLmlvL3YxEgtDbHVzdGVyUm9sZRIlChIKAmNyEgAaACIAKgAyADgAQgASDwoDZ2V0KggvaGVhbHRoehoAIgA=",
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: { name: "cr" },
      rules: [{ verbs: ["get"], nonResourceURLs: ["/healthz"] }],
    },
  ],
  [
    "a token request",
    "azhzAAooChhhdXRoZW50aWNhdGlvbi5rOHMuaW8vdjESDFRva2VuUmVxdWVzdBIdChAKABIAGgAiACoAMgA4AEIAEgMg2AQaBAoAEgAaACIA",
    {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      metadata: {},
      spec: { expirationSeconds: 600 },
      status: {},
    },
  ],
];

type Part = Uint8Array;

/** A field that holds bytes, a text or a message. */
function field(number: number, value: string | readonly Part[] | Uint8Array): Part {
  const bytes =
    typeof value === "string" ? Buffer.from(value) : value instanceof Uint8Array ? value : Buffer.concat(value);
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
}

function integerField(number: number, value: number): Part {
  return Buffer.concat([varint(number * 8), varint(value)]);
}

function varint(value: number): Part {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    bytes.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Uint8Array.from(bytes);
}

/** `type`: apiVersion and kind, with a space between. */
function envelope(type: string, raw: readonly Part[], rest: readonly Part[] = []): Uint8Array {
  const [apiVersion = "", kind = ""] = type.split(" ");
  const typeMeta = field(1, [field(1, apiVersion), field(2, kind)]);
  return Buffer.concat([Buffer.from("k8s\0"), typeMeta, field(2, raw), ...rest]);
}

const time = (seconds: number, nanos = 0) => [integerField(1, seconds), integerField(2, nanos)];

describe("decodeProtobufBody", () => {
  it.each(RECORDED)("decodes %s of kubectl", (_, body, expected) => {
    expect(decodeProtobufBody(Buffer.from(body, "base64"))).toEqual(expected);
  });

  it("keeps six digits of a lease's times, and zeros that were set", () => {
    const spec = [
      field(1, "me"),
      integerField(2, 15),
      field(3, time(1_767_225_600, 12_345_678)),
      field(4, time(1_767_225_601)),
      integerField(5, 0),
    ];
    const meta = [
      field(1, "lock"),
      field(8, time(1_767_225_600, 5)),
      field(11, [field(1, "__proto__"), field(2, "x")]),
    ];
    const body = envelope("coordination.k8s.io/v1 Lease", [field(1, meta), field(2, spec)]);
    const lease = decodeProtobufBody(body);
    expect(lease.spec).toEqual({
      holderIdentity: "me",
      leaseDurationSeconds: 15,
      acquireTime: "2026-01-01T00:00:00.012345Z",
      renewTime: "2026-01-01T00:00:01.000000Z",
      leaseTransitions: 0,
    });
    expect(JSON.stringify(lease.metadata)).toBe(
      '{"name":"lock","creationTimestamp":"2026-01-01T00:00:00Z","labels":{"__proto__":"x"}}',
    );
  });

  it("decodes both shapes of events", () => {
    const reference = [field(1, "Route"), field(3, "r")];
    const old = [
      field(2, reference),
      field(4, "text"),
      field(7, time(1)),
      integerField(8, -3),
      field(5, [field(1, "c")]),
    ];
    expect(decodeProtobufBody(envelope("v1 Event", old))).toMatchObject({
      involvedObject: { kind: "Route", name: "r" },
      message: "text",
      lastTimestamp: "1970-01-01T00:00:01Z",
      count: -3,
      source: { component: "c" },
    });
    const series = [integerField(1, 2), field(2, time(1))];
    const current = [field(8, reference), field(10, "text"), field(2, time(1)), field(3, series), field(6, "Placing")];
    expect(decodeProtobufBody(envelope("events.k8s.io/v1 Event", current))).toMatchObject({
      regarding: { kind: "Route", name: "r" },
      note: "text",
      eventTime: "1970-01-01T00:00:01.000000Z",
      series: { count: 2, lastObservedTime: "1970-01-01T00:00:01.000000Z" },
      action: "Placing",
    });
  });

  it("decodes delete options of any group", () => {
    const raw = [integerField(1, 0), field(2, [field(1, "u")]), field(4, "Background"), field(5, "All")];
    expect(decodeProtobufBody(envelope("coordination.k8s.io/v1 DeleteOptions", raw))).toMatchObject({
      gracePeriodSeconds: 0,
      preconditions: { uid: "u" },
      propagationPolicy: "Background",
      dryRun: ["All"],
    });
  });

  it("decodes extra values of a subject, managed fields, and owner references", () => {
    const extra = field(5, [field(1, "scopes"), field(2, [field(1, "a"), field(1, "b")])]);
    const review = envelope("authorization.k8s.io/v1 SubjectAccessReview", [
      field(2, [field(3, "u"), field(4, "g"), extra]),
    ]);
    expect(decodeProtobufBody(review).spec).toEqual({ user: "u", groups: ["g"], extra: { scopes: ["a", "b"] } });
    const entry = [field(1, "m"), field(2, "Update"), field(6, "FieldsV1"), field(7, [field(1, '{"f:data":{}}')])];
    const owner = [field(1, "K"), field(3, "o"), field(4, "1"), field(5, "v1"), integerField(6, 0)];
    const meta = field(1, [field(13, owner), field(14, "a/b"), field(17, entry)]);
    expect(decodeProtobufBody(envelope("v1 ConfigMap", [meta])).metadata).toEqual({
      ownerReferences: [{ kind: "K", name: "o", uid: "1", apiVersion: "v1", controller: false }],
      finalizers: ["a/b"],
      managedFields: [{ manager: "m", operation: "Update", fieldsType: "FieldsV1", fieldsV1: { "f:data": {} } }],
    });
  });

  it("passes over fields that it does not know", () => {
    const fixed = Buffer.concat([varint(200 * 8 + 1), new Uint8Array(8), varint(201 * 8 + 5), new Uint8Array(4)]);
    const body = envelope("v1 ConfigMap", [field(99, "x"), integerField(98, 1), fixed, field(2, [field(1, "a")])]);
    expect(decodeProtobufBody(body)).toEqual({ apiVersion: "v1", kind: "ConfigMap", metadata: {}, data: { a: "" } });
  });

  it.each([
    ["nothing", new Uint8Array(0)],
    ["JSON", Buffer.from("{}")],
    ["an unknown kind", envelope("v1 Pod", [])],
    ["a compressed body", envelope("v1 ConfigMap", [], [field(3, "gzip")])],
    ["a text that is no UTF-8", envelope("v1 Event", [field(3, Uint8Array.of(0xff))])],
    ["an integer in place of a text", envelope("v1 Event", [integerField(3, 1)])],
    ["a text in place of an integer", envelope("v1 Event", [field(8, "x")])],
    ["a time beyond the calendar", envelope("v1 Event", [field(7, time(1e15))])],
    [
      "managed fields that are not JSON",
      envelope("v1 ConfigMap", [field(1, [field(17, [field(7, [field(1, "{")])])])]),
    ],
    ["a group", envelope("v1 Event", [Uint8Array.of(0x0b)])],
    ["an endless integer", envelope("v1 Event", [new Uint8Array(11).fill(0xff)])],
  ])("refuses %s", (_, body) => {
    expect(() => decodeProtobufBody(body)).toThrow(expect.objectContaining({ reason: "BadRequest" }));
  });

  it("answers every damaged body with an object or BadRequest", () => {
    const bodies = RECORDED.map(([, body]) => Buffer.from(body, "base64"));
    const flips = fc.array(fc.tuple(fc.nat(), fc.nat(7)), { maxLength: 8 });
    fc.assert(
      fc.property(fc.constantFrom(...bodies), fc.nat(300), flips, (body, length, changes) => {
        const damaged = Uint8Array.from(body).subarray(0, length);
        for (const [at, bit] of changes) damaged[at % (damaged.length || 1)]! ^= 1 << bit;
        try {
          expect(decodeProtobufBody(damaged)).toHaveProperty("metadata");
        } catch (error) {
          expect(error).toMatchObject({ name: "StatusError", reason: "BadRequest" });
        }
      }),
      { numRuns: 2000 },
    );
  });
});
