/** What each event about an order means to a person. */
import type { CancelReason, DeclineReason, OrderEventName } from "@cartwright/events";
import { inWords as moneyInWords } from "../../money.ts";
import type { Step } from "../rule.ts";
import type { TimelineItem } from "./timeline.entity.ts";

type Undo = "abandon" | "void" | "release" | "cancel";

interface Meaning {
  /** The step of the checkout that it comes from, or of the undo. */
  step?: Step;
  undo?: Undo;
  tell(item: TimelineItem): string;
}

/** An event about an order that has no sentence here does not compile. */
const meanings: Record<OrderEventName, Meaning> = {
  "order.placed": { tell: () => "Order placed" },
  "checkout.resumed": { tell: ({ trigger }) => because("Checkout started again", triggers[trigger ?? ""]) },
  "stock.reserved": { step: "reserve", tell: ({ units }) => `Stock reserved${counted(units)}` },
  "payment.authorized": { step: "authorize", tell: () => "Payment authorized" },
  "payment.declined": { step: "authorize", tell: ({ reason }) => because("Payment declined", inWords(reason)) },
  "payment.action-required": { step: "authorize", tell: () => "Payment waits for the customer to confirm it" },
  "payment.action-completed": {
    tell: ({ approved }) => (approved ? "Customer confirmed the payment" : "Payment was refused when asked to confirm"),
  },
  "order.confirmed": { step: "confirm", tell: () => "Order confirmed" },
  "payment.captured": { step: "capture", tell: () => "Payment captured" },
  "order.paid": { tell: () => "Order paid" },
  "stock.committed": { tell: ({ units }) => `Stock set aside for good${counted(units)}` },
  "payment.outcome-unknown": {
    tell: ({ failedStep }) => `The provider gave no answer${asked[failedStep ?? ""] ?? ""}: it will be asked again`,
  },
  "payment.anonymized": { tell: () => "Notes on the payment were erased" },
  "payment.notified": { tell: () => "The provider has news of the payment" },
  "payment.refund-requested": { tell: (item) => `Refund decided${money(item)}` },
  "payment.refund-accepted": { tell: (item) => `Refund under way${money(item)}` },
  "payment.refunded": { tell: (item) => `Refunded${money(item)}` },
  "payment.refund-failed": { tell: (item) => `Refund failed${money(item)}: a person has to see to it` },
  "payment.charged-back": { tell: (item) => `The bank has taken the money back${money(item)}` },
  "payment.chargeback-closed": { tell: (item) => `The bank has decided about the chargeback${money(item)}` },
  "payment.mismatched": { tell: () => "The provider's books differ from ours: a person has to look" },
  "order.cancellation-requested": { tell: () => "Cancellation requested" },
  "order.fulfilled": { tell: ({ units }) => `Sent${counted(units)}` },
  "order.return-requested": { tell: ({ units }) => `Return asked for${counted(units)}` },
  "order.return-declined": { tell: () => "Return declined" },
  "order.returned": { tell: ({ units }) => `Goods returned${counted(units)}` },
  "order.refunded": { tell: (item) => `Paid back to the customer${money(item)}` },
  "order.anonymized": { tell: () => "Address and free text erased on request" },
  "order.refund-reversed": { tell: (item) => `Refund does not count${money(item)}` },
  "stock.refused": { step: "reserve", tell: () => "Not enough in stock" },
  "stock.backordered": { tell: ({ units }) => `Promised, and still to come${counted(units)}` },
  "stock.allocated": { tell: ({ units }) => `Stock came in and is held${counted(units)}` },
  "stock.shipped": { tell: ({ units }) => `Left the house${counted(units)}` },
  "stock.restocked": { tell: ({ units }) => `Back on the shelf${counted(units)}` },
  "stock.written-off": { tell: ({ units }) => `Returned goods that can't be sold again${counted(units)}` },
  "payment.void-requested": { tell: () => "Payment is being undone" },
  "payment.capture-refused": {
    step: "capture",
    tell: () => "The provider refused to collect the money",
  },
  "order.abandoned": { undo: "abandon", tell: givenUp },
  "payment.voided": { undo: "void", tell: () => "Payment voided: nothing will be charged" },
  "stock.released": { undo: "release", tell: ({ units }) => `Stock given back${counted(units)}` },
  "order.cancelled": { undo: "cancel", tell: ({ reason }) => because("Order cancelled", inWords(reason)) },
};

/** Events of a domain that this code does not know are told by their names. */
const meaningOf = (event: string): Meaning | undefined => meanings[event as OrderEventName];

export const told = Object.keys(meanings);

export function stepOf(event: string): Step | Undo | undefined {
  const meaning = meaningOf(event);
  return meaning?.undo ?? meaning?.step;
}

export function undoes(event: string): boolean {
  return meaningOf(event)?.undo !== undefined;
}

/** A sentence such as "Payment declined: insufficient funds". */
export function textOf(item: TimelineItem): string {
  return meaningOf(item.event)?.tell(item) ?? item.event;
}

const triggers: Record<string, string> = {
  watch: "it was not settled yet",
  "payment-action": "the customer was done with their bank",
  cancellation: "to give everything back",
  "late-capture": "its money came when it was not expected",
};

const asked: Record<string, string> = {
  authorize: " about the authorization",
  capture: " about the capture",
  void: " about the void",
  refund: " about a refund",
};

const failures: Record<string, string> = {
  reserve: "while its stock was being reserved",
  authorize: "while its payment was being authorized",
  confirm: "while it was being confirmed",
  capture: "while its payment was being captured",
};

const reasons: Record<CancelReason | DeclineReason, string> = {
  out_of_stock: "out of stock",
  payment_declined: "the payment was declined",
  insufficient_funds: "insufficient funds",
  temporarily_unavailable: "something was unavailable for too long",
  expired: "its time ran out",
  internal_error: "an error on our side",
  customer_request: "the customer asked for it",
  staff_request: "staff asked for it",
  card_declined: "the card was declined",
  refused_by_bank: "the bank refused it",
  other: "the provider gave another reason",
};

function givenUp({ failedStep, reason, error }: TimelineItem): string {
  const where = failures[failedStep ?? ""];
  const sentence = because(where ? `Order given up ${where}` : "Order given up", inWords(reason));
  // Other reasons say all there is to say; here the name is what a person can search for.
  return reason === "internal_error" && error ? `${sentence} (${error})` : sentence;
}

function because(what: string, why: string | undefined): string {
  return why ? `${what}: ${why}` : what;
}

function inWords(reason: string | undefined): string | undefined {
  return reason && (reasons[reason as keyof typeof reasons] ?? reason.replaceAll("_", " "));
}

/** Such as ": 19.99 EUR". */
function money({ amountMinor, currency }: TimelineItem): string {
  return amountMinor === undefined || currency === undefined
    ? ""
    : `: ${moneyInWords({ amount: amountMinor, currency })}`;
}

function counted(units: number | undefined): string {
  return units ? `: ${units} ${units === 1 ? "unit" : "units"}` : "";
}
