import { type Cause, PaymentNotified, withPrefix } from "@cartwright/events";
import { applied } from "../aws-fault.ts";
import { now } from "../clock.ts";
import { DomainError } from "../error.ts";
import { fact, record } from "../outbox.ts";
import { note } from "../spent.ts";
import { notifications } from "./payment.entity.ts";
import type { Notification, ProviderName } from "./provider.ts";
import { isConfigured, providerOf } from "./providers.ts";

export class NoSuchProviderError extends DomainError {
  override name = "NoSuchProviderError";
  constructor(name: string) {
    super("not_found", "no_such_provider", `this stage takes no webhooks of ${name}`);
  }
}

/** Longer than any provider repeats a webhook. */
const retentionDays = 90;

/**
 * Takes a webhook in: verified, stored by the provider's id of it, and worked off later by way of its event, so that the
 * provider has its answer at once. One that came before changes nothing. `undefined` for one of no interest. Throws
 * `NoSuchProviderError`, `ForgedWebhookError`, `InvalidError` for a genuine one that can't be read, and
 * `ProviderUnavailableError` when it can't be told whom it is about: the provider sends it again.
 */
export async function receiveWebhook(
  provider: ProviderName,
  body: string,
  header: (name: string) => string | undefined,
  cause: Cause,
): Promise<Notification | undefined> {
  if (!isConfigured(provider)) throw new NoSuchProviderError(provider);
  const notification = await providerOf(provider).parseWebhook(body, header);
  if (notification) await store(provider, notification, cause);
  return notification;
}

async function store(provider: ProviderName, { id, type, orderId }: Notification, cause: Cause): Promise<void> {
  const receivedAt = now();
  const about = { paymentId: withPrefix("pay", orderId), orderId, provider, notificationId: id, type };
  const written = record(subjectOf(provider, id), 0, receivedAt, cause, [fact(PaymentNotified, about)]);
  const create = notifications()
    .create({
      ...{ provider, notificationId: id, type, orderId, receivedAt: receivedAt.toISOString() },
      expiresAt: Math.floor(receivedAt.getTime() / 1000) + retentionDays * 24 * 60 * 60,
      ...written,
    })
    .go();
  note({ idempotency: (await applied("payments", create)) ? "new" : "duplicate" });
}

/** As its event names it. */
function subjectOf(provider: string, notificationId: string): string {
  return `${provider}:${notificationId}`;
}
