import type { Cell, Column, Kind } from "../../api-types/meta/kind.js";
import type { KubeObject, ObjectMeta } from "../../api-types/meta/object.js";
import { printAge } from "./age.js";
import { compileJsonPath } from "./json-path.js";

/** What a table is made of. `now` is wall time in milliseconds: dates are printed as ages. */
export interface TableInput {
  readonly kind: Kind;
  readonly objects: readonly KubeObject[];
  readonly now: number;
  /** What each row carries beside its cells. */
  readonly includeObject: "Object" | "Metadata" | "None";
  readonly listMeta: TableMeta;
  /** False: a later table of the same watch, whose columns the client knows. */
  readonly isFirst: boolean;
}

/** The metadata of a list. */
interface TableMeta {
  readonly resourceVersion?: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

/** A column as clients see it. */
interface TableColumn {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  readonly priority: number;
}

/** A row: null is a missing value. */
interface TableRow {
  readonly cells: readonly (string | number | boolean | null)[];
  readonly object?: KubeObject | PartialObjectMetadata;
}

/** An object without anything but its metadata. */
export interface PartialObjectMetadata {
  readonly kind: "PartialObjectMetadata";
  readonly apiVersion: "meta.k8s.io/v1";
  readonly metadata: ObjectMeta;
}

/** meta.k8s.io/v1 Table. */
export interface Table {
  readonly kind: "Table";
  readonly apiVersion: "meta.k8s.io/v1";
  readonly metadata: TableMeta;
  readonly columnDefinitions: readonly TableColumn[] | null;
  readonly rows: readonly TableRow[];
}

/** The objects as rows of the kind's printer columns, the name first. */
export function tableOf(input: TableInput): Table {
  const columns = columnsOf(input.kind);
  return {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata: input.listMeta,
    columnDefinitions: input.isFirst ? columns.map(({ definition }) => definition) : null,
    rows: input.objects.map((object) => rowOf(object, columns, input)),
  };
}

interface CompiledColumn {
  readonly definition: TableColumn;
  readonly isDate: boolean;
  readonly read: (object: KubeObject) => unknown;
}

const NAME: CompiledColumn = {
  definition: {
    name: "Name",
    type: "string",
    format: "name",
    description: "Name must be unique within a namespace.",
    priority: 0,
  },
  isDate: false,
  read: (object) => object.metadata.name,
};

const compiled = new WeakMap<Kind, readonly CompiledColumn[]>();

/** The kind's columns behind the name, unless the kind places the name itself. */
function columnsOf(kind: Kind): readonly CompiledColumn[] {
  let columns = compiled.get(kind);
  if (columns === undefined) {
    const own = kind.columns.map(compileColumn);
    columns = kind.columns.some((column) => column.name === NAME.definition.name) ? own : [NAME, ...own];
    compiled.set(kind, columns);
  }
  return columns;
}

function compileColumn(column: Column): CompiledColumn {
  const { name, type, format = "", description, priority = 0 } = column;
  return {
    definition: { name, type, format, description, priority },
    isDate: type === "date",
    read: column.value ?? compileJsonPath(column.jsonPath),
  };
}

function rowOf(object: KubeObject, columns: readonly CompiledColumn[], { now, includeObject }: TableInput): TableRow {
  const cells = columns.map(({ read, isDate, definition }) => {
    const value = read(object);
    return isDate ? ageCell(value, now) : cellOf(value, definition.type);
  });
  switch (includeObject) {
    case "None":
      return { cells };
    case "Object":
      return { cells, object };
    case "Metadata":
      return {
        cells,
        object: { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata: object.metadata },
      };
    default: {
      const unreachable: never = includeObject;
      return unreachable;
    }
  }
}

function ageCell(value: unknown, now: number): string | null {
  const time = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? null : printAge(now - time);
}

/** A value as its column's type wants it; what does not fit is shown as text, objects as JSON. */
function cellOf(value: unknown, type: string): Exclude<Cell, undefined> | null {
  if (value === undefined || value === null) return null;
  if (type === "integer" && typeof value === "number") return Math.trunc(value);
  if (typeof value === "number" || typeof value === "boolean") return type === "string" ? String(value) : value;
  return typeof value === "string" ? value : JSON.stringify(value);
}
