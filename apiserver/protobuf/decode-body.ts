import type { KubeObject } from "../../api-types/meta/object.js";
import { StatusError } from "../../api-types/meta/status-error.js";
import { decodeMessage } from "./decode-message.js";
import { messageOf } from "./messages.js";
import { bytes, type Message, nested, text } from "./shape.js";
import { WireError } from "./wire.js";

/**
 * Decodes the body of a request in Kubernetes' protobuf envelope (`k8s\0`) into the object as JSON would show it: bytes as
 * base64, times as RFC 3339. Throws BadRequest for anything else, and for kinds that are not sent this way.
 */
export function decodeProtobufBody(body: Uint8Array): KubeObject {
  try {
    return decodeEnvelope(body);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw new StatusError("BadRequest", `decoding the request body: not protobuf: ${error.message}`, { cause: error });
  }
}

const MAGIC = [0x6b, 0x38, 0x73, 0x00] as const;

const UNKNOWN: Message = {
  1: ["typeMeta", nested({ 1: ["apiVersion", text], 2: ["kind", text] })],
  2: ["raw", bytes],
  3: ["contentEncoding", text],
  4: ["contentType", text],
};

/** What `UNKNOWN` decodes to. */
interface Envelope {
  readonly typeMeta?: { readonly apiVersion?: string; readonly kind?: string };
  readonly raw?: string;
  readonly contentEncoding?: string;
  readonly contentType?: string;
}

function decodeEnvelope(body: Uint8Array): KubeObject {
  if (MAGIC.some((byte, index) => body[index] !== byte)) throw new WireError("the body does not begin with k8s\\0");
  const envelope: Envelope = decodeMessage(body.subarray(MAGIC.length), UNKNOWN);
  const { apiVersion = "", kind = "" } = envelope.typeMeta ?? {};
  const message = messageOf(apiVersion, kind);
  if (message === undefined) {
    throw new StatusError("BadRequest", `decoding the request body: no kind "${kind}" of "${apiVersion}" in protobuf`);
  }
  if (envelope.contentEncoding !== undefined) throw new WireError(`it is encoded as ${envelope.contentEncoding}`);
  const object = decodeMessage(Buffer.from(envelope.raw ?? "", "base64"), message);
  const { metadata = {}, ...rest } = object;
  // every message but the delete options has metadata, decoded as ObjectMeta; those are read as plain fields
  return { apiVersion, kind, metadata, ...rest } as KubeObject;
}
