import { createHash } from "node:crypto";

/** Stands for the hash of a request whose words were erased: whoever can guess them could tell by it. */
export const erasedFingerprint = "erased";

/** Whether a request is the one that was made under its key. Of one that was erased nobody can tell any more. */
export function isSameRequest(stored: string | undefined, fingerprint: string): boolean {
  return stored === erasedFingerprint || stored === fingerprint;
}

/** Hash of a request: tells one that is repeated from a key that is used for another. */
export function fingerprintOf(input: unknown): string {
  return createHash("sha256").update(JSON.stringify(input)).digest("base64url");
}
