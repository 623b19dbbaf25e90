/**
 * Keys of 32 bytes in base64, separated by commas: the first one is used, all of them are accepted, so that a key can be
 * replaced while what was made with it is under way. `name` is the secret's, for whoever has to set it right.
 */
export function parseKeys(name: string, keys: string): [Uint8Array, ...Uint8Array[]] {
  const [first, ...others] = keys.split(",").map((base64) => parseKey(name, base64));
  return [first!, ...others];
}

function parseKey(name: string, base64: string): Uint8Array {
  const bytes = Buffer.from(base64.trim(), "base64");
  if (bytes.length === 32) return bytes;
  throw new Error(`${name} must be 32 bytes in base64, got ${bytes.length}: make one with openssl rand -base64 32`);
}
