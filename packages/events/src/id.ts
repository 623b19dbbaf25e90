import { createHash } from "node:crypto";
import { ulid } from "ulid";
import * as z from "zod";

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

export type Prefix =
  | "ord"
  | "usr"
  | "pay"
  | "evt"
  | "adj"
  | "rsv"
  | "req"
  | "rpl"
  | "rfd"
  | "ret"
  | "ful"
  | "mov"
  | "crt"
  | "rbd"
  | "adr";

/** `ord_` and a ULID; the first character stays below 8 because a ULID holds 128 bits. */
export function idSchema(prefix: Prefix) {
  return z
    .string()
    .regex(
      new RegExp(`^${prefix}_[0-7][${alphabet}]{25}$`),
      `expected an id such as ${prefix}_01J9ZC5Q8MXW3VT0S6K2F4B7RD`,
    );
}

export function newId(prefix: Prefix): string {
  return `${prefix}_${ulid()}`;
}

/** The same parts always give the same id, so a repeated command addresses the same item instead of a second one. */
export function deriveId(prefix: Prefix, ...parts: string[]): string {
  const digest = createHash("sha256").update(JSON.stringify(parts)).digest();
  return `${prefix}_${encode(digest.subarray(0, 16))}`;
}

/** A UUID and a ULID both hold 128 bits: the customer's id is the identity provider's `sub` in our spelling. */
export function idFromUuid(prefix: Prefix, uuid: string): string {
  const hex = uuid.replaceAll("-", "");
  if (!/^[0-9a-f]{32}$/i.test(hex)) throw new TypeError(`expected a UUID, got ${JSON.stringify(uuid)}`);
  return `${prefix}_${encode(Buffer.from(hex, "hex"))}`;
}

/** The UUID that `idFromUuid` has spelled so, in lower case. Throws a `TypeError` for what is no id. */
export function uuidFromId(id: string): string {
  const digits = /^[a-z]{3}_([0-7][0-9A-HJKMNP-TV-Z]{25})$/.exec(id)?.[1];
  if (!digits) throw new TypeError(`expected an id, got ${JSON.stringify(id)}`);
  let value = 0n;
  for (const digit of digits) value = (value << 5n) | BigInt(alphabet.indexOf(digit));
  return value
    .toString(16)
    .padStart(32, "0")
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** Keeps the ULID and exchanges the prefix: an order has one payment, so their ids differ in the prefix alone. */
export function withPrefix(prefix: Prefix, id: string): string {
  return `${prefix}_${id.slice(id.indexOf("_") + 1)}`;
}

function encode(bytes: Uint8Array): string {
  let value = BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
  let text = "";
  for (let digit = 0; digit < 26; digit++) {
    text = alphabet[Number(value & 31n)] + text;
    value >>= 5n;
  }
  return text;
}
