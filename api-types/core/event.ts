import type { TProperties } from "typebox";
import { textColumn, wide } from "../meta/columns.js";
import { defineKind } from "../meta/define-kind.js";
import type { Column, ObjectOf } from "../meta/kind.js";
import type { KubeObject } from "../meta/object.js";
import { integer, object, optional, text } from "../schema/fields.js";

const reference = (description: string) =>
  object(description, {
    kind: optional(text("Kind.")),
    namespace: optional(text("Namespace.")),
    name: optional(text("Name.")),
    uid: optional(text("UID.")),
    apiVersion: optional(text("API version.")),
    resourceVersion: optional(text("Version.")),
    fieldPath: optional(text("Part of the object.")),
  });

const source = (description: string) =>
  object(description, { component: optional(text("Component.")), host: optional(text("Host.")) });

const microTime = "RFC 3339 with microseconds.";

/** Fields of the same name and meaning in both shapes. */
const shared = {
  reason: optional(text("Why it happened, one word.")),
  type: optional(text("Normal or Warning.")),
  action: optional(text("What was done.")),
  eventTime: optional(text(`When it was first seen; ${microTime}`)),
  related: optional(reference("A second object.")),
} satisfies TProperties;

/** Something that happened to an object, for people to read. */
export const Event = defineKind({
  kind: "Event",
  plural: "events",
  shortNames: ["ev"],
  group: "",
  version: "v1",
  family: "core",
  scope: "Namespaced",
  description: "Something that happened to an object, for people to read.",
  fields: {
    ...shared,
    involvedObject: reference("The object it happened to."),
    message: optional(text("What happened, in a sentence.")),
    source: optional(source("Who reports it.")),
    firstTimestamp: optional(text("When it was first seen.")),
    lastTimestamp: optional(text("When it was last seen.")),
    count: optional(integer("How often it was seen.")),
    series: optional(
      object("Repetitions.", {
        count: optional(integer("How often.")),
        lastObservedTime: optional(text(`When last; ${microTime}`)),
      }),
    ),
    reportingComponent: optional(text("Who reports it.", { default: "" })),
    reportingInstance: optional(text("Which process reports it.", { default: "" })),
  },
  columns: eventColumns("involvedObject", "message"),
  selectableFields: {
    ...referenceFields("involvedObject"),
    reason: (event) => at(event, ["reason"]),
    reportingComponent: (event) => at(event, ["reportingComponent"]),
    source: (event) => at(event, ["source", "component"]) || at(event, ["reportingComponent"]),
    type: (event) => at(event, ["type"]),
  },
});
export type Event = ObjectOf<typeof Event>;

/** The same objects in the shape of the newer group. */
export const EventsEvent = defineKind({
  kind: "Event",
  plural: "events",
  shortNames: ["ev"],
  group: "events.k8s.io",
  version: "v1",
  family: "core",
  scope: "Namespaced",
  description: "Something that happened to an object, for people to read.",
  fields: {
    ...shared,
    regarding: optional(reference("The object it happened to.")),
    note: optional(text("What happened, in a sentence.")),
    reportingController: optional(text("Who reports it.")),
    reportingInstance: optional(text("Which process reports it.")),
    series: optional(
      object("Repetitions.", {
        count: integer("How often."),
        lastObservedTime: text(`When last; ${microTime}`),
      }),
    ),
    deprecatedSource: optional(source("`source` of the older shape.")),
    deprecatedFirstTimestamp: optional(text("`firstTimestamp` of the older shape.")),
    deprecatedLastTimestamp: optional(text("`lastTimestamp` of the older shape.")),
    deprecatedCount: optional(integer("`count` of the older shape.")),
  },
  columns: eventColumns("regarding", "note"),
  selectableFields: {
    ...referenceFields("regarding"),
    reason: (event) => at(event, ["reason"]),
    reportingController: (event) => at(event, ["reportingController"]),
    type: (event) => at(event, ["type"]),
  },
});
export type EventsEvent = ObjectOf<typeof EventsEvent>;

function eventColumns(reference: "involvedObject" | "regarding", message: "message" | "note"): readonly Column[] {
  return [
    {
      name: "Last Seen",
      type: "date",
      description: "When it was last seen.",
      jsonPath: reference === "regarding" ? ".deprecatedLastTimestamp" : ".lastTimestamp",
      value: (event) => lastSeen(event) || undefined,
    },
    textColumn("Type", ".type", "Normal or Warning."),
    textColumn("Reason", ".reason", "Why it happened."),
    {
      ...textColumn("Object", `.${reference}.name`, "The object it happened to."),
      value: (event) => `${at(event, [reference, "kind"]).toLowerCase()}/${at(event, [reference, "name"])}`,
    },
    wide(textColumn("Subobject", `.${reference}.fieldPath`, "Part of the object.")),
    wide({
      ...textColumn("Source", ".source.component", "Who reports it."),
      value: (event) =>
        at(event, ["source", "component"]) ||
        at(event, ["deprecatedSource", "component"]) ||
        at(event, ["reportingComponent"]) ||
        at(event, ["reportingController"]),
    }),
    textColumn("Message", `.${message}`, "What happened."),
    wide({
      name: "First Seen",
      type: "date",
      description: "When it was first seen.",
      jsonPath: ".firstTimestamp",
      value: (event) => firstSeen(event) || undefined,
    }),
    wide({
      name: "Count",
      type: "integer",
      description: "How often it was seen.",
      jsonPath: ".count",
      value: (event) =>
        Number(at(event, ["series", "count"]) || at(event, ["count"]) || at(event, ["deprecatedCount"]) || 1),
    }),
    wide(textColumn("Name", ".metadata.name", "Name of the event.")),
  ];
}

function lastSeen(event: KubeObject): string {
  const paths = [["series", "lastObservedTime"], ["lastTimestamp"], ["deprecatedLastTimestamp"], ["eventTime"]];
  return firstOf(event, paths) || firstSeen(event);
}

function firstSeen(event: KubeObject): string {
  return firstOf(event, [
    ["firstTimestamp"],
    ["deprecatedFirstTimestamp"],
    ["eventTime"],
    ["metadata", "creationTimestamp"],
  ]);
}

function firstOf(event: KubeObject, paths: readonly (readonly string[])[]): string {
  return paths.map((path) => at(event, path)).find((text) => text !== "") ?? "";
}

function referenceFields(reference: string): Readonly<Record<string, (event: KubeObject) => string>> {
  const names = ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"];
  return Object.fromEntries(names.map((name) => [`${reference}.${name}`, (event) => at(event, [reference, name])]));
}

/** The text at a path; empty when there is none. */
function at(value: unknown, path: readonly string[]): string {
  const [name, ...rest] = path;
  if (name === undefined) return typeof value === "string" || typeof value === "number" ? String(value) : "";
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return "";
  // Just found to have the field.
  return at((value as Readonly<Record<string, unknown>>)[name], rest);
}
