/** What a payment takes: a checkout with a sealed token, and somebody who looks at what became of it. */
import { type Checkout, newId, withPrefix } from "@cartwright/events";
import { Resource } from "sst";
import type { Actor } from "../../actor.ts";
import { seal } from "../../seal.ts";
import { cause } from "../../test/cause.ts";
import { Payment } from "../index.ts";
import type { Charge } from "../provider.ts";
import { charges } from "../sandbox/charge.entity.ts";
import { sandbox } from "../sandbox/sandbox.ts";

export { cause } from "../../test/cause.ts";

export const staff: Actor = { userId: newId("usr"), roles: ["customer", "staff"] };

export async function createCheckout(token: string): Promise<Checkout> {
  const orderId = newId("ord");
  return {
    orderId,
    customerId: newId("usr"),
    lines: [{ sku: "CUP", quantity: 1 }],
    total: { amount: 900, currency: "EUR" },
    sealedToken: await seal(token, orderId, Resource.PaymentTokenKey.value),
    deadlineAt: "2030-01-01T00:00:00.000Z",
    abandoned: false,
  };
}

export const paymentIdOf = ({ orderId }: Pick<Checkout, "orderId">) => withPrefix("pay", orderId);

export const paymentOf = (checkout: Pick<Checkout, "orderId">) => Payment.fromID(paymentIdOf(checkout), staff);

/** What the provider holds, whatever we believe. */
export const atProvider = ({ orderId }: Pick<Checkout, "orderId">) =>
  sandbox.find({ key: `${orderId}:authorize`, orderId });

export async function captured(token = "tok_ok"): Promise<Checkout> {
  const checkout = await createCheckout(token);
  await Payment.authorize(checkout, cause);
  await Payment.capture(checkout.orderId, cause);
  return checkout;
}

/** Answers the customer's bank in their place; nothing of ours hears of it. */
export async function answerBank(checkout: Checkout, approved: boolean): Promise<void> {
  const reader = { userId: checkout.customerId, roles: ["customer" as const] };
  const { url } = await Payment.actionFromID(paymentIdOf(checkout), reader);
  const { pathname, searchParams } = new URL(url!, "http://shop.example");
  await Payment.answerChallenge(pathname.split("/").at(-1)!, searchParams.get("secret")!, approved);
}

/** The customer's bank decides the dispute that it has opened; nothing of ours hears of it. */
export async function decideDispute(checkout: Pick<Checkout, "orderId">, status: "won" | "lost"): Promise<void> {
  const { reference, disputes } = (await atProvider(checkout))!;
  await charges()
    .patch({ reference })
    .set({ disputes: disputes.map((dispute) => ({ ...dispute, status })) })
    .go();
}

/** What is with the provider of the customer's money, in minor units. */
export function heldMinor(charge: Charge | undefined): number {
  if (!charge) return 0;
  const returned = charge.refunds.reduce((sum, one) => sum + (one.status === "failed" ? 0 : one.amountMinor), 0);
  const authorized = charge.status === "authorized" ? charge.amount.amount : 0;
  return authorized + charge.capturedMinor - returned;
}
