import { StatusError } from "../../../../api-types/meta/status-error.js";
import { TransportError } from "../../../../platform/transport.js";
import { type Answer, textOf } from "../session/master.js";

/** What a scheduler call was answered with, other than success. */
export interface Refusal {
  /** To be thrown to the caller. */
  readonly error: Error;
  /** The master does not take this stream for ours: it must be opened anew. */
  readonly isDisowned: boolean;
}

/**
 * | status                                | error               | disowned |
 * |---------------------------------------|---------------------|----------|
 * | 2xx                                   | none                |          |
 * | 307                                   | ServiceUnavailable  | yes      |
 * | 400 stream id, 403, framework unknown | ServiceUnavailable  | yes      |
 * | other 400                             | Invalid             | no       |
 * | 401                                   | Unauthorized        | no       |
 * | other 4xx                             | Invalid             | no       |
 * | 503                                   | ServiceUnavailable  | no       |
 * | other 5xx                             | TransportError sent | no       |
 */
export function refusalOf(operation: string, answer: Answer): Refusal | undefined {
  const { status } = answer;
  if (status >= 200 && status < 300) return undefined;
  const text = `${operation}: the master answered ${status} ${textOf(answer).trim()}`.trim();
  if (isDisowning(answer)) return { error: new StatusError("ServiceUnavailable", text), isDisowned: true };
  return { error: errorOf(status, text), isDisowned: false };
}

function isDisowning(answer: Answer): boolean {
  if (answer.status === 307 || answer.status === 403) return true;
  return answer.status === 400 && DISOWNING_TEXTS.some((part) => textOf(answer).includes(part));
}

const DISOWNING_TEXTS = ["Framework cannot be found", "didn't match the stream ID"];

function errorOf(status: number, text: string): Error {
  if (status === 401) return new StatusError("Unauthorized", text);
  if (status === 503) return new StatusError("ServiceUnavailable", text);
  if (status >= 500) return new TransportError(text, { isSent: true });
  return new StatusError("Invalid", text);
}
