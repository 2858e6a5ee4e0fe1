import { type DestinationStream, type Logger as Pino, pino, stdSerializers, stdTimeFunctions } from "pino";
import type { LogFields, Logger } from "./log.js";

export interface PinoOptions {
  readonly level: "debug" | "info" | "warn" | "error";
  /** Takes one JSON line at a time; default: standard error. */
  readonly destination?: { write(line: string): void };
}

/** A logger of JSON lines: `level`, `time`, `message` and the fields; an `error` field keeps type, message and stack. */
export function pinoLogger(options: PinoOptions): Logger {
  const destination: DestinationStream = options.destination ?? pino.destination({ fd: 2, sync: true });
  const settings = {
    level: options.level,
    base: null,
    messageKey: "message",
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { error: stdSerializers.errWithCause },
  };
  return loggerOver(pino(settings, destination));
}

function loggerOver(target: Pino): Logger {
  return {
    debug: (message, fields) => target.debug({ ...fields }, message),
    info: (message, fields) => target.info({ ...fields }, message),
    warn: (message, fields) => target.warn({ ...fields }, message),
    error: (message, fields) => target.error({ ...fields }, message),
    child: (fields: LogFields) => loggerOver(target.child({ ...fields })),
  };
}
