import { randomUUID } from "node:crypto";

/** The one seam for randomness: jitter, ids and receipts all draw from it. */
export interface Random {
  /** In [0, 1). */
  next(): number;
  uuid(): string;
}

export const systemRandom: Random = { next: Math.random, uuid: () => randomUUID() };

/** The same numbers for the same seed on every machine (mulberry32). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return { next, uuid: () => uuidFrom(next) };
}

/** A well-formed version 4 UUID from sixteen random bytes. */
function uuidFrom(next: () => number): string {
  const bytes = Uint8Array.from({ length: 16 }, () => Math.floor(next() * 256));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Buffer.from(bytes).toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
