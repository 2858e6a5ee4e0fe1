import { describe, expect, it } from "vitest";
import { Event } from "../api-types/core/event.js";
import { StatusError } from "../api-types/meta/status-error.js";
import { createClient } from "../client/create-client.js";
import { fakeApi } from "../client/testing/fake-api.js";
import { silentLogger } from "../platform/log.js";
import { virtualClock } from "../platform/virtual-clock.js";
import { type ObjectEvent, recordEvent } from "./events.js";

const object = { apiVersion: "example.dev/v1", kind: "Widget", metadata: { name: "a", namespace: "ns", uid: "u" } };
const event: ObjectEvent = { object, type: "Normal", reason: "Scaled", message: "to 3", reporter: "policy" };

function start() {
  const api = fakeApi(Event);
  const clock = virtualClock();
  const client = createClient({ handler: api.handler, baseUrl: "http://api", userAgent: "t" });
  return { api, clock, writer: { client, clock, log: silentLogger } };
}

describe("recordEvent", () => {
  it("creates an Event beside its object", async () => {
    const { api, writer } = start();
    await recordEvent(writer, event);
    expect(api.objects()).toMatchObject([
      {
        metadata: { namespace: "ns", name: expect.stringMatching(/^a\.[0-9a-f]{16}$/) },
        involvedObject: { kind: "Widget", name: "a", namespace: "ns", uid: "u" },
        reason: "Scaled",
        message: "to 3",
        count: 1,
        firstTimestamp: "2026-01-01T00:00:00Z",
        source: { component: "policy" },
      },
    ]);
  });

  it("counts repetitions in one Event, at most one write in ten seconds", async () => {
    const { api, clock, writer } = start();
    for (let second = 0; second < 60; second++) {
      await recordEvent(writer, { ...event, message: `to ${second}` });
      await clock.advance(1000);
    }
    expect(api.objects()).toHaveLength(1);
    expect(api.objects()[0]).toMatchObject({ count: 6, message: "to 50", lastTimestamp: "2026-01-01T00:00:50Z" });
  });

  it("puts events of cluster-scoped objects into the default namespace", async () => {
    const { api, writer } = start();
    await recordEvent(writer, { ...event, object: { ...object, metadata: { name: "rack", uid: "r" } } });
    expect(api.objects()[0]?.metadata.namespace).toBe("default");
  });

  it("fails nothing but Fenced", async () => {
    const { api, writer } = start();
    api.failWith(new StatusError("ServiceUnavailable", "m"));
    await expect(recordEvent(writer, event)).resolves.toBeUndefined();
    api.failWith(new StatusError("Fenced", "m"));
    await expect(recordEvent(writer, event)).rejects.toMatchObject({ reason: "Fenced" });
  });
});
