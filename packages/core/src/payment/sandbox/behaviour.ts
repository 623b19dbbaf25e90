/** How the sandbox behaves: by token for one payment, by seed for all of them. */
import { createHash } from "node:crypto";
import * as z from "zod";
import { InvalidError } from "../../error.ts";
import type { ChargeItem } from "./charge.entity.ts";

interface Behaviour extends Pick<ChargeItem, "status" | "reason"> {
  /** Nothing answers, and nothing happens. */
  unavailable?: boolean;
  /** Happens, and its first answer is lost. */
  loses?: "authorize" | "capture" | "refund";
  /** A refund takes its time, and then succeeds or fails. */
  refunds?: "slowly" | "never";
  capture?: "refused";
  /** The customer takes the money back through their bank. */
  disputed?: boolean;
}

const held = { status: "authorized" as const };

/** What the tokens do. Everything unknown is declined. */
const behaviours = new Map<string, Behaviour>(
  Object.entries({
    tok_ok: held,
    tok_declined: { status: "declined", reason: "card_declined" },
    tok_insufficient_funds: { status: "declined", reason: "insufficient_funds" },
    tok_timeout: { ...held, loses: "authorize" },
    tok_unavailable: { ...held, unavailable: true },
    tok_requires_action: { status: "action_required" },
    tok_capture_refused: { ...held, capture: "refused" },
    tok_capture_timeout: { ...held, loses: "capture" },
    tok_refund_pending: { ...held, refunds: "slowly" },
    tok_refund_failed: { ...held, refunds: "never" },
    tok_refund_timeout: { ...held, loses: "refund" },
    tok_dispute: { ...held, disputed: true },
  } satisfies Record<string, Behaviour>),
);

export const tokens = [...behaviours.keys()];

export function behaviourOf(token: string): Behaviour {
  return behaviours.get(token) ?? { status: "declined", reason: "unknown_token" };
}

const rate = z.coerce.number().min(0).max(1).default(0);

/** Rates from 0 to 1, of calls or of webhooks. */
export const Trouble = z.strictObject({
  /** The same seed has the same trouble with the same keys. */
  seed: z.string().default("0"),
  /** Calls that are refused before anything has happened. */
  unavailable: rate,
  /** Calls that happen, and whose answer is lost. */
  lost: rate,
  /** How long a call takes at most, in milliseconds. */
  delay: z.coerce.number().int().min(0).max(10_000).default(0),
  /** Webhooks that come twice. */
  duplicate: rate,
  /** Webhooks that come up to two minutes late, and so out of order. */
  late: rate,
  /** Webhooks that never come. */
  dropped: rate,
});
export type Trouble = z.infer<typeof Trouble>;

/** Reads `quiet`, or a list such as `seed=7 lost=0.2 late=0.5`. Throws `InvalidError` that says what is wrong. */
export function parseTrouble(text: string): Trouble {
  const words = text.trim() === "quiet" ? [] : text.trim().split(/\s+/);
  const names = words.map((word) => word.split("=", 1)[0]);
  const odd = words.filter((word, index) => !/^[^=]+=[^=]+$/.test(word) || names.indexOf(names[index]) < index);
  if (odd.length > 0) throw refused(`${odd.join(" ")} is no name=value, or comes again`);
  const parsed = Trouble.safeParse(Object.fromEntries(words.map((word) => word.split("="))));
  if (parsed.success) return parsed.data;
  throw refused(parsed.error.issues.map(({ path, message }) => `${path.join(".")} ${message}`.trim()).join("; "));
}

function refused(why: string): InvalidError {
  const detail = `SandboxTrouble takes quiet, or words such as seed=7 lost=0.2 late=0.5: ${why}`;
  return new InvalidError("invalid_sandbox_trouble", detail);
}

/** A number from 0 to 1 that depends on seed and words alone. */
export function chance({ seed }: Trouble, ...words: (string | number)[]): number {
  const digest = createHash("sha256")
    .update(JSON.stringify([seed, ...words]))
    .digest();
  return digest.readUInt32BE(0) / 2 ** 32;
}
