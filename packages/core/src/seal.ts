import { CompactEncrypt, compactDecrypt } from "jose";

/**
 * Seals a payment token for one order (JWE, `dir` with AES-256-GCM), so that it can travel in events and be archived
 * without anyone but the payment domain being able to use it, and for no other order.
 */
export async function seal(token: string, orderId: string, keyBase64: string): Promise<string> {
  return new CompactEncrypt(new TextEncoder().encode(JSON.stringify([orderId, token])))
    .setProtectedHeader({ alg: "dir", enc: "A256GCM" })
    .encrypt(key(keyBase64));
}

export async function unseal(sealed: string, orderId: string, keyBase64: string): Promise<string> {
  const { plaintext } = await compactDecrypt(sealed, key(keyBase64), {
    keyManagementAlgorithms: ["dir"],
    contentEncryptionAlgorithms: ["A256GCM"],
  });
  const [sealedFor, token] = JSON.parse(new TextDecoder().decode(plaintext)) as [string, string];
  if (sealedFor !== orderId) throw new Error(`the payment token was sealed for another order than ${orderId}`);
  return token;
}

function key(base64: string): Uint8Array {
  const bytes = Buffer.from(base64, "base64");
  if (bytes.length !== 32) {
    throw new Error(
      `PaymentTokenKey must be 32 bytes in base64, got ${bytes.length}: make one with openssl rand -base64 32`,
    );
  }
  return bytes;
}
