/** JSON as Mesos prints it: fields that are doubles in its protocol always carry a decimal point (`4.0`). */
export function encodeJson(value: unknown): string {
  return JSON.stringify(value).replace(DOUBLES, '"$1":$2.0');
}

const DOUBLE_FIELDS = [
  "value",
  "timestamp",
  "failover_timeout",
  "refuse_seconds",
  "heartbeat_interval_seconds",
  "delay_seconds",
  "interval_seconds",
  "timeout_seconds",
  "grace_period_seconds",
  "start_time",
  "elected_time",
  "registered_time",
  "build_time",
  "weight",
  "cpus",
  "mem",
  "disk",
  "gpus",
];

/** A key and a whole number; a key inside a string has its quotes escaped and does not match. */
const DOUBLES = new RegExp(`"(${DOUBLE_FIELDS.join("|")})":(-?\\d+)(?=[,}\\]])`, "g");

/** One RecordIO record in Mesos' JSON. */
export function encodeEvent(event: unknown): Uint8Array {
  const body = Buffer.from(encodeJson(event), "utf8");
  return Buffer.concat([Buffer.from(`${body.length}\n`, "latin1"), body]);
}
