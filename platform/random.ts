import { randomBytes } from "node:crypto";

/** Chance as everything in this tree sees it: injected, so that a seed repeats a run. */
export interface Random {
  /** A number in [0, 1). */
  next(): number;
  /** An integer in [0, below). */
  integer(below: number): number;
  bytes(length: number): Uint8Array;
  /** A version 4 UUID in lower case. */
  uuid(): string;
  /** `length` characters of the alphabet that Kubernetes uses for generated names. */
  suffix(length: number): string;
}

/** Chance from the operating system. */
export function systemRandom(): Random {
  return randomFrom((length) => randomBytes(length));
}

/** Chance from a seed (mulberry32): the same seed gives the same sequence. Never for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next32 = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  return randomFrom((length) => Uint8Array.from({ length }, () => next32() >>> 24));
}

const NAME_ALPHABET = "bcdfghjklmnpqrstvwxz2456789";

function randomFrom(bytes: (length: number) => Uint8Array): Random {
  const next = () => {
    const [a = 0, b = 0, c = 0, d = 0] = bytes(4);
    return (((a << 24) | (b << 16) | (c << 8) | d) >>> 0) / 2 ** 32;
  };
  const integer = (below: number) => Math.floor(next() * below);
  return {
    next,
    integer,
    bytes,
    uuid: () => uuidFrom(bytes(16)),
    suffix: (length) => Array.from({ length }, () => NAME_ALPHABET[integer(NAME_ALPHABET.length)]).join(""),
  };
}

function uuidFrom(bytes: Uint8Array): string {
  const copy = Uint8Array.from(bytes);
  copy[6] = ((copy[6] ?? 0) & 0x0f) | 0x40;
  copy[8] = ((copy[8] ?? 0) & 0x3f) | 0x80;
  const hex = Buffer.from(copy).toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
