import { expect, it } from "vitest";
import { ServiceGroup } from "../../../api-types/service-group.js";
import { startHarness } from "../../http/testing/api-harness.js";
import { GROUPS, group, MERGE } from "../../http/testing/samples.js";
import type { AdmissionInput } from "../admission.js";
import { restartTime } from "./restart-time.js";

const FUTURE = "2026-01-01T00:01:01Z";
const REFUSED = `spec.restartedAt: Invalid value: "${FUTURE}": must not be in the future: it is 2026-01-01T00:00:00Z here, and up to 60 s ahead of that are accepted`;

it("takes a restart of now, by a clock that is a little ahead, and refuses one of later", async () => {
  const api = await startHarness();
  const web = group("web");
  expect((await api.call("POST", GROUPS, { body: web })).status).toBe(201);
  const set = (restartedAt: string) =>
    api.call("PATCH", `${GROUPS}/web`, { body: { spec: { restartedAt } }, type: MERGE });
  expect((await set("2026-01-01T00:01:00Z")).status).toBe(200);
  const refused = await set(FUTURE);
  expect(refused.status).toBe(422);
  expect(refused.body.message).toContain(REFUSED);
  const created = await api.call("POST", GROUPS, { body: group("other", {}, { ...web.spec, restartedAt: FUTURE }) });
  expect(created.status).toBe(422);
});

it("lets what is stored be, whatever the clock says since", () => {
  const object = { ...group("shop", {}, { restartedAt: FUTURE }), metadata: { name: "shop" } };
  const write = { kind: ServiceGroup, subresource: "", now: 0, previous: object } as const;
  // of a write, only what the rule looks at
  const input = { ...write, object: { ...object, spec: { ...object.spec, replicas: 2 } } } as unknown as AdmissionInput;
  expect(restartTime(input)).toEqual({});
  expect(restartTime({ ...input, previous: undefined }).errors).toHaveLength(1);
});
