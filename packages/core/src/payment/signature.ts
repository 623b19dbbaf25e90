/** The scheme by which providers sign their webhooks: `t=<unix seconds>,v1=<HMAC-SHA-256 over "t.body">[,v1=…]`. */
import { createHmac, timingSafeEqual } from "node:crypto";
import { now as clock } from "../clock.ts";
import { ForgedWebhookError } from "./provider.ts";

/** Enough for a signature by every secret in use and for older schemes; a longer one is not worth reading. */
const longestHeader = 2_000;

export interface Signed {
  /** As it was received, to the byte. */
  body: string;
  header: string | undefined;
  /** Those in use: while one is replaced, two. */
  secrets: readonly string[];
  /** How many seconds its time may be before or after ours. Default: 300. */
  toleranceSeconds?: number;
  now?: Date;
}

/**
 * Throws `ForgedWebhookError` unless one of the signatures was made with one of the secrets, and lately. All of them
 * are compared, in constant time, so that nothing is learned from how long it takes.
 */
export function verifySignature({ body, header, secrets, toleranceSeconds = 300, now = clock() }: Signed): void {
  const { timestampSeconds, signatures } = parse(header);
  const expected = secrets.filter((secret) => secret !== "").map((secret) => mac(body, secret, timestampSeconds));
  const matches = expected.flatMap((one) => signatures.map((other) => timingSafeEqual(one, other)));
  if (!matches.includes(true)) throw new ForgedWebhookError("its signature is wrong");
  if (Math.abs(now.getTime() / 1000 - timestampSeconds) > toleranceSeconds) {
    throw new ForgedWebhookError(`it is more than ${toleranceSeconds} seconds away from our time`);
  }
}

/** What a provider sends in its header: for the sandbox, and for tests. */
export function sign(body: string, secret: string, timestampSeconds: number): string {
  return `t=${timestampSeconds},v1=${mac(body, secret, timestampSeconds).toString("hex")}`;
}

/** Other schemes in the same header, such as a `v0`, are passed over. */
function parse(header: string | undefined): { timestampSeconds: number; signatures: Buffer[] } {
  if (!header || header.length > longestHeader) throw new ForgedWebhookError("it carries no signature t=…,v1=…");
  const parts = header.split(",");
  const [time, ...otherTimes] = parts.filter((part) => part.startsWith("t="));
  const signatures = parts.filter((part) => /^v1=[0-9a-f]{64}$/.test(part)).map((part) => part.slice(3));
  if (!time || otherTimes.length > 0 || !/^t=\d{1,12}$/.test(time) || signatures.length === 0) {
    throw new ForgedWebhookError("it carries no signature t=…,v1=…");
  }
  return {
    timestampSeconds: Number(time.slice(2)),
    signatures: signatures.map((signature) => Buffer.from(signature, "hex")),
  };
}

function mac(body: string, secret: string, timestampSeconds: number): Buffer {
  return createHmac("sha256", secret).update(`${timestampSeconds}.${body}`).digest();
}
