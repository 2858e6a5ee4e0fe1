import { StatusError } from "../../api-types/meta/status-error.js";

/**
 * The paths of duplicate keys in raw JSON, such as `spec.image`, each once, in order of appearance. Linear in the size.
 * Text that is not JSON yields what was found before the fault: the parser reports it. Deeper than 64: BadRequest.
 */
export function findDuplicateKeys(bytes: Uint8Array): string[] {
  const scan: Scan = {
    bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    position: 0,
    found: new Set(),
  };
  scanValue(scan, undefined, 0);
  return [...scan.found];
}

/** As deep as a request body may nest. */
const DEPTH_MAX = 64;
/** Enough to explain the fault; more are not listed. */
const FOUND_MAX = 100;

interface Scan {
  readonly bytes: Buffer;
  position: number;
  readonly found: Set<string>;
}

/** Where a value stands: printed only when a duplicate is found. */
interface Place {
  readonly parent: Place | undefined;
  readonly step: string | number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Moves behind the value; false: the text ended or is no JSON. */
function scanValue(scan: Scan, place: Place | undefined, depth: number): boolean {
  if (depth > DEPTH_MAX) {
    throw new StatusError("BadRequest", `decoding the request body: nested deeper than ${DEPTH_MAX} levels`);
  }
  skipSpace(scan);
  switch (scan.bytes[scan.position]) {
    case undefined:
      return false;
    case OPEN_OBJECT:
      return scanObject(scan, place, depth);
    case OPEN_LIST:
      return scanList(scan, place, depth);
    case QUOTE:
      return skipString(scan);
    default:
      return skipScalar(scan);
  }
}

function scanObject(scan: Scan, place: Place | undefined, depth: number): boolean {
  const seen = new Set<string>();
  scan.position++;
  if (isNext(scan, CLOSE_OBJECT)) return true;
  do {
    const key = readKey(scan);
    if (key === undefined || !isNext(scan, COLON)) return false;
    const here: Place = { parent: place, step: key };
    if (seen.has(key) && scan.found.size < FOUND_MAX) scan.found.add(printPlace(here));
    seen.add(key);
    if (!scanValue(scan, here, depth + 1)) return false;
  } while (isNext(scan, COMMA));
  return isNext(scan, CLOSE_OBJECT);
}

function scanList(scan: Scan, place: Place | undefined, depth: number): boolean {
  scan.position++;
  if (isNext(scan, CLOSE_LIST)) return true;
  let index = 0;
  do {
    if (!scanValue(scan, { parent: place, step: index++ }, depth + 1)) return false;
  } while (isNext(scan, COMMA));
  return isNext(scan, CLOSE_LIST);
}

function readKey(scan: Scan): string | undefined {
  skipSpace(scan);
  if (scan.bytes[scan.position] !== QUOTE) return undefined;
  const start = scan.position;
  if (!skipString(scan)) return undefined;
  const inner = scan.bytes.toString("utf8", start + 1, scan.position - 1);
  return inner.includes("\\") ? unescapeKey(inner) : inner;
}

function unescapeKey(inner: string): string | undefined {
  try {
    // a JSON string literal parses to a string
    return JSON.parse(`"${inner}"`) as string;
  } catch {
    // not JSON: the parser that follows says so
    return undefined;
  }
}

function skipString(scan: Scan): boolean {
  const { bytes } = scan;
  for (let position = scan.position + 1; position < bytes.length; position++) {
    if (bytes[position] === BACKSLASH) position++;
    else if (bytes[position] === QUOTE) {
      scan.position = position + 1;
      return true;
    }
  }
  scan.position = bytes.length;
  return false;
}

function skipScalar(scan: Scan): boolean {
  const start = scan.position;
  while (isScalarByte(scan.bytes[scan.position])) scan.position++;
  return scan.position > start;
}

/** Letters, digits, sign and point: what numbers, true, false and null consist of. */
function isScalarByte(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x7a) || byte === 0x45 || isSign(byte);
}

function isSign(byte: number): boolean {
  return byte === 0x2b || byte === 0x2d || byte === 0x2e;
}

function isNext(scan: Scan, byte: number): boolean {
  skipSpace(scan);
  if (scan.bytes[scan.position] !== byte) return false;
  scan.position++;
  return true;
}

function skipSpace(scan: Scan): void {
  for (;;) {
    const byte = scan.bytes[scan.position];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
    scan.position++;
  }
}

function printPlace(place: Place): string {
  let text = "";
  for (let at: Place | undefined = place; at !== undefined; at = at.parent) {
    const isField = typeof at.step === "string";
    const step = isField ? at.step : `[${at.step}]`;
    text = text === "" || text.startsWith("[") ? `${step}${text}` : `${step}.${text}`;
  }
  return text;
}
