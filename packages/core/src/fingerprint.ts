import { createHash } from "node:crypto";

/** Hash of a request: tells one that is repeated from a key that is used for another. */
export function fingerprintOf(input: unknown): string {
  return createHash("sha256").update(JSON.stringify(input)).digest("base64url");
}
