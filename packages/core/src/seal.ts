import { CompactEncrypt, compactDecrypt } from "jose";
import { parseKeys } from "./key.ts";

const secretName = "PaymentTokenKey";

/**
 * Seals a payment token for one order (JWE, `dir` with AES-256-GCM), so that it can travel in events and be archived:
 * only holders of the key can open it, and for no other order. `keys` are one or more of 32 bytes in base64, separated
 * by commas: the first one seals, all of them open, so that a key can be replaced while orders are under way.
 */
export async function seal(token: string, orderId: string, keys: string): Promise<string> {
  return new CompactEncrypt(new TextEncoder().encode(JSON.stringify([orderId, token])))
    .setProtectedHeader({ alg: "dir", enc: "A256GCM" })
    .encrypt(parseKeys(secretName, keys)[0]);
}

export async function unseal(sealed: string, orderId: string, keys: string): Promise<string> {
  const plaintext = await Promise.any(parseKeys(secretName, keys).map((key) => open(sealed, key))).catch(
    (error: AggregateError) => {
      throw new Error(`no key opens the payment token of ${orderId}`, { cause: error.errors[0] });
    },
  );
  const [sealedFor, token] = JSON.parse(plaintext) as [string, string];
  if (sealedFor !== orderId) throw new Error(`the payment token was sealed for another order than ${orderId}`);
  return token;
}

async function open(sealed: string, key: Uint8Array): Promise<string> {
  const { plaintext } = await compactDecrypt(sealed, key, {
    keyManagementAlgorithms: ["dir"],
    contentEncryptionAlgorithms: ["A256GCM"],
  });
  return new TextDecoder().decode(plaintext);
}
