import * as z from "zod";
import { InvalidError } from "../../error.ts";
import { verifySignature } from "../signature.ts";
import { Metadata } from "./answer.ts";

/** Those after which a charge of ours may be another one: https://docs.stripe.com/api/events/types. */
const interesting = new Set([
  "payment_intent.amount_capturable_updated",
  "payment_intent.canceled",
  "payment_intent.payment_failed",
  "payment_intent.processing",
  "payment_intent.requires_action",
  "payment_intent.succeeded",
  "charge.refunded",
  "charge.dispute.closed",
  "charge.dispute.created",
  "charge.dispute.funds_reinstated",
  "charge.dispute.funds_withdrawn",
  "charge.dispute.updated",
  "refund.created",
  "refund.failed",
  "refund.updated",
]);

const Event = z.object({
  id: z.string().min(1),
  type: z.string(),
  data: z.object({ object: z.unknown() }),
});

/** The fields that tell whose it is look the same in every version of Stripe's API that an endpoint may be set to. */
const Subject = z.object({
  id: z.string().min(1),
  object: z.string(),
  metadata: Metadata.nullish(),
  payment_intent: z.union([z.string(), z.object({ id: z.string() }).transform(({ id }) => id)]).nullish(),
});

export interface StripeEvent {
  id: string;
  type: string;
  /** What was written on the object that the event is about. */
  metadata: Metadata;
  /** The payment intent that the object belongs to, or is. */
  intentReference: string | undefined;
}

/** The event in a genuine webhook; `undefined` for one that is of no interest whoever's it is. */
export function readEvent(body: string, signature: string | undefined, secrets: string[]): StripeEvent | undefined {
  verifySignature({ body, header: signature, secrets });
  const event = Event.safeParse(parse(body));
  if (!event.success) throw malformed();
  const { id, type, data } = event.data;
  if (!interesting.has(type)) return undefined;
  const subject = Subject.safeParse(data.object);
  if (!subject.success) throw malformed();
  const { object, metadata, payment_intent: intent } = subject.data;
  const intentReference = object === "payment_intent" ? subject.data.id : (intent ?? undefined);
  return { id, type, metadata: metadata ?? {}, intentReference };
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** Not with what is wrong about it: an error of JSON quotes the body. */
function malformed(): InvalidError {
  return new InvalidError("malformed_webhook", "the webhook is signed, but can't be read");
}
