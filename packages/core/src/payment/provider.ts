/**
 * What we ask of a payment provider. Every call carries a key derived from order and step, and a provider answers
 * the same key with the same outcome, so a call whose answer was lost can be repeated or looked up.
 */
import type { Money } from "@cartwright/events";
import { DomainError } from "../error.ts";

export interface Authorization {
  reference: string;
  status: "authorized" | "action_required" | "declined" | "captured" | "voided";
  /** Why it was declined, in the provider's words. */
  reason?: string;
}

export interface Provider {
  name: string;
  authorize(request: { key: string; orderId: string; amount: Money; token: string }): Promise<Authorization>;
  capture(request: { key: string; reference: string; amount: Money }): Promise<Authorization>;
  void(request: { key: string; reference: string }): Promise<Authorization>;
  /** Looks an authorization up by our key: the way out of an unknown outcome. */
  find(key: string): Promise<Authorization | undefined>;
  /** The orders of authorizations that are open, hold money or may yet do so, and were made before `before`. */
  listHeld(before: Date): Promise<string[]>;
}

/** The provider may or may not have done it: look it up with `find` before anything else. */
export class UnknownOutcomeError extends DomainError {
  override name = "UnknownOutcomeError";
  constructor(provider: string, cause?: unknown) {
    super("unavailable", "unknown_outcome", `${provider} did not answer in time`, { cause });
  }
}

/** The provider refuses to collect what it had authorized; repeating the call gives the same answer. */
export class CaptureRefusedError extends DomainError {
  override name = "CaptureRefusedError";
  constructor(orderId: string, reason: string) {
    super("conflict", "capture_refused", `the payment of ${orderId} was refused at capture: ${reason}`);
  }
}
