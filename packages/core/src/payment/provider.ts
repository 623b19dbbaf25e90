/**
 * What we ask of a payment provider. Every call carries a key derived from order and step, and a provider answers
 * the same key with the same outcome, so a call whose answer was lost can be repeated or looked up.
 */
import type { Money } from "@cartwright/events";
import * as z from "zod";
import { DomainError, UnavailableError } from "../error.ts";

export { UnknownOutcomeError } from "../error.ts";

export const ProviderName = z.enum(["sandbox", "stripe"]);
export type ProviderName = z.infer<typeof ProviderName>;

/** What a provider holds or has done for one authorization, as it says now. Amounts are in minor units. */
export interface Charge {
  /** The provider's own id of it. */
  reference: string;
  /** `processing`: the provider itself does not know yet, and will tell by a webhook. */
  status: "action_required" | "processing" | "authorized" | "declined" | "captured" | "voided";
  /** What was asked to be authorized. */
  amount: Money;
  /** All that was ever collected; refunds don't lower it. */
  capturedMinor: number;
  refunds: Refund[];
  disputes: Dispute[];
  /** Why it was declined, in the provider's words. */
  reason?: string | undefined;
}

export interface Refund {
  reference: string;
  /** Ours; absent when somebody has refunded at the provider itself. */
  key?: string | undefined;
  status: "pending" | "succeeded" | "failed";
  amountMinor: number;
  /** Why it failed, in the provider's words. */
  reason?: string | undefined;
}

/** A customer takes the money back through their bank. An open or lost one has taken it; a won one has returned it. */
export interface Dispute {
  reference: string;
  status: "open" | "won" | "lost";
  amountMinor: number;
  reason?: string | undefined;
}

/** How the customer confirms: a page to go to, or what the provider's own script in the browser needs. */
export const Action = z.object({
  url: z.string().optional().describe("A page to send the customer to."),
  clientSecret: z.string().optional().describe("What the provider's own script in the browser needs."),
});
export type Action = z.infer<typeof Action>;

/** A charge of ours in the provider's list, to be compared with our ledger. */
export interface Listed {
  orderId: string;
  charge: Omit<Charge, "refunds" | "disputes"> & {
    /** The sum of the refunds that were not refused, in minor units. */
    refundedMinor: number;
    disputed: boolean;
  };
}

/** What a webhook tells. It is a hint to look, never the truth itself: it may be late, repeated or out of order. */
export interface Notification {
  /** The provider's id of its event. */
  id: string;
  /** In the provider's words, such as `payment_intent.succeeded`. */
  type: string;
  orderId: string;
}

/** How a charge is found: by our key, and straight away once the provider's id of it is known. */
export interface Lookup {
  key: string;
  orderId: string;
  reference?: string | undefined;
}

/**
 * Errors, for every call: `UnknownOutcomeError` (it may have happened: no answer in time, 5xx, an answer that can't be
 * read), `ProviderUnavailableError` (nothing has happened), `InvalidError` and `ProviderRefusedError` (nothing will, since
 * the request is wrong). A refusal of the business is an answer, not an error; but for `capture`, which throws
 * `CaptureRefusedError`.
 */
export interface Provider {
  name: ProviderName;
  /** Holds the amount on the customer's means of payment. A declined card is a charge whose status says so. */
  authorize(request: { key: string; orderId: string; amount: Money; token: string }): Promise<Charge>;
  /** Collects what is authorized. One that was captured or voided before is answered as it is. */
  capture(request: { key: string; orderId: string; reference: string; amount: Money }): Promise<Charge>;
  /** Gives back what is authorized, or still waits for the customer. One that was captured before is answered as it is. */
  void(request: { key: string; orderId: string; reference: string }): Promise<Charge>;
  /** Pays captured money back. A refund that the provider refuses for good is a refund whose status is `failed`. */
  refund(request: { key: string; orderId: string; reference: string; amount: Money }): Promise<Refund>;
  /** The way out of an unknown outcome. `undefined` when the provider knows nothing of it, as far as it can tell now. */
  find(lookup: Lookup): Promise<Charge | undefined>;
  /** How the customer can confirm a charge whose status is `action_required`. */
  action(lookup: Lookup): Promise<Action | undefined>;
  /** Throws `InvalidError` for an amount that the provider has no way to move, before anything is decided about it. */
  assertPayable(amount: Money): void;
  /** Every charge of this application and stage made from `from` on and before `to`, by the provider's clock. */
  list(window: { from: Date; to: Date }): AsyncIterable<Listed>;
  /**
   * Verifies a webhook over its raw body before it reads it. `undefined` when it is genuine, and of no interest to us.
   * Throws `ForgedWebhookError`, or `InvalidError` for a genuine one that can't be read. It may have to ask the provider
   * whose order it is: then also `ProviderUnavailableError`, and the webhook is to come again.
   */
  parseWebhook(body: string, header: (name: string) => string | undefined): Promise<Notification | undefined>;
}

/** The provider has not done it: it was not reached, or would not begin. */
export class ProviderUnavailableError extends UnavailableError {
  override name = "ProviderUnavailableError";
}

/** The provider refuses to collect what it had authorized; repeating the call gives the same answer. */
export class CaptureRefusedError extends DomainError {
  override name = "CaptureRefusedError";
  constructor(
    orderId: string,
    /** In the provider's words. */
    readonly reason: string,
  ) {
    super("conflict", "capture_refused", `the payment of ${orderId} was refused at capture: ${reason}`);
  }
}

export class ForgedWebhookError extends DomainError {
  override name = "ForgedWebhookError";
  constructor(why: string) {
    super("unauthenticated", "forged_webhook", `the webhook is refused: ${why}`);
  }
}
