/** What we give out and take back, and must know again: cursors, and the tokens of guests. */
import { createHmac, timingSafeEqual } from "node:crypto";
import { Resource } from "sst";
import { parseKeys } from "./key.ts";

/**
 * Signs a text for one purpose (HMAC-SHA-256, base64url), by the first of the keys in `SigningKey`. A signature for one
 * purpose is worth nothing for another: each has a key of its own, derived from that one.
 */
export function sign(purpose: string, text: string): string {
  return signWith(signingKeys()[0], purpose, text).toString("base64url");
}

/** Whether the signature was made by `sign` of the same purpose and text, with any of the keys. Never throws for what is forged. */
export function verify(purpose: string, text: string, signature: string): boolean {
  // Compared as bytes a signature would have several spellings.
  if (!/^[\w-]{43}$/.test(signature)) return false;
  const given = Buffer.from(signature);
  const matches = signingKeys().map((key) => {
    const expected = signWith(key, purpose, text).toString("base64url");
    return timingSafeEqual(Buffer.from(expected), given);
  });
  return matches.includes(true);
}

function signWith(key: Uint8Array, purpose: string, text: string): Buffer {
  const ofPurpose = createHmac("sha256", key).update(purpose).digest();
  return createHmac("sha256", ofPurpose).update(text).digest();
}

function signingKeys() {
  return parseKeys("SigningKey", Resource.SigningKey.value);
}
