/** Bytes that grow at their end, as DNS writes numbers and names. */
export interface Bytes {
  length(): number;
  uint16(value: number): void;
  uint32(value: number): void;
  raw(part: Uint8Array): void;
  /** A name without a final dot; its end is a pointer where that was written before, but for whom pointers are strange. */
  name(text: string, isCompressed?: boolean): void;
  /** Tells that this name stands at `at`. */
  noteName(text: string, at: number): void;
  setUint16(at: number, value: number): void;
  /** Forgets everything from `length` on. */
  cut(length: number): void;
  take(): Uint8Array;
}

/** A pointer has 14 bits. */
const POINTER_MAX = 0x3fff;
const POINTER = 0xc000;
const ROOT = Uint8Array.of(0);

/** No bytes. */
export function createBytes(): Bytes {
  let bytes = Buffer.alloc(512);
  let end = 0;
  /** Where each name, and each end of a name, was written first. */
  const names = new Map<string, number>();

  const reserve = (count: number) => {
    if (end + count <= bytes.length) return;
    const larger = Buffer.alloc(Math.max(bytes.length * 2, end + count));
    bytes.copy(larger, 0, 0, end);
    bytes = larger;
  };
  const uint16 = (value: number) => {
    reserve(2);
    end = bytes.writeUInt16BE(value & 0xffff, end);
  };
  const raw = (part: Uint8Array) => {
    reserve(part.length);
    bytes.set(part, end);
    end += part.length;
  };
  const noteName = (text: string, at: number) => {
    if (at <= POINTER_MAX && !names.has(text)) names.set(text, at);
  };
  return {
    length: () => end,
    uint16,
    uint32(value) {
      reserve(4);
      end = bytes.writeUInt32BE(value >>> 0, end);
    },
    raw,
    noteName,
    name(text, isCompressed = true) {
      let rest = text;
      while (rest !== "") {
        const known = isCompressed ? names.get(rest) : undefined;
        if (known !== undefined) return uint16(POINTER | known);
        noteName(rest, end);
        const [label = ""] = rest.split(".", 1);
        raw(Uint8Array.of(label.length));
        raw(Buffer.from(label, "latin1"));
        rest = rest.slice(label.length + 1);
      }
      raw(ROOT);
    },
    setUint16: (at, value) => void bytes.writeUInt16BE(value, at),
    cut(length) {
      end = length;
      for (const [text, at] of names) if (at >= length) names.delete(text);
    },
    take: () => bytes.subarray(0, end),
  };
}
