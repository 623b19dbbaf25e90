import { createHash } from "node:crypto";

/** What would be one key of an index is spread over so many, since one key takes 1,000 writes a second at most. */
export const buckets = 32;

/** Which of them an order belongs to, for ever. */
export function bucketOf(orderId: string): number {
  return createHash("sha256").update(orderId).digest().readUInt16BE(0) % buckets;
}
