/** Payments through Stripe: a charge of ours is a payment intent that is confirmed at once and captured later. */
import Stripe from "stripe";
import { now } from "../../clock.ts";
import { lazy } from "../../lazy.ts";
import {
  CaptureRefusedError,
  type Charge,
  type Dispute,
  type Lookup,
  type Provider,
  type Refund,
  UnknownOutcomeError,
} from "../provider.ts";
import { toStripe } from "./amount.ts";
import {
  type Intent,
  isMadeFor,
  orderOf,
  readConfirmation,
  readDispute,
  readIntent,
  readListed,
  readMetadata,
  readRefund,
} from "./answer.ts";
import { isMissing, isReplayed, ProviderRefusedError, reading, readingAll, writing } from "./fault.ts";
import { readEvent, type StripeEvent } from "./webhook.ts";

export interface StripeConfig {
  apiKey: string;
  /** Of the endpoint's secrets those in use: while one is rolled, the old one stays active for up to a day. */
  webhookSecrets: () => string[];
  /** App and stage, such as `cartwright-production`: an account may be shared, and nobody else's charge is ours. */
  application: string;
  /** For a whole answer, including the connection. */
  timeoutMs: number;
  host?: string;
  port?: number;
  protocol?: "http" | "https";
}

/**
 * Where Stripe makes nothing, there is no id of Stripe's: the `reference` of a charge for an unknown token, and of a
 * refund that was refused at once, is our own key. Without a reference, `find` and `action` can miss a charge when
 * Stripe's search lags behind; repeating the call under its key then answers as the first time, for a day at least.
 */
export function stripe(config: StripeConfig): Provider {
  const { application } = config;
  const client = lazy(() => connect(config));
  const metadata = (orderId: string, key: string) => ({ application, order_id: orderId, key });

  return {
    name: "stripe",

    async authorize({ key, orderId, amount, token }) {
      const params = { ...toStripe(amount), ...held, payment_method: token, metadata: metadata(orderId, key) };
      const call = client().paymentIntents.create(params, { idempotencyKey: key });
      try {
        return (await writing(call, readIntent)).charge;
      } catch (error) {
        if (!isDecline(error)) throw error;
        const { reference = key, reason } = error;
        return { reference, status: "declined", amount, capturedMinor: 0, refunds: [], disputes: [], reason };
      }
    },

    async capture({ key, orderId, reference, amount }) {
      const params = { amount_to_capture: toStripe(amount).amount };
      const call = once(key, (options) => client().paymentIntents.capture(reference, params, options));
      try {
        return (await writing(call, readIntent)).charge;
      } catch (error) {
        if (!(error instanceof ProviderRefusedError) || error.mistake) throw error;
        const charge = ended.has(error.reason) ? await asItIs(client(), reference) : undefined;
        if (charge && charge.status !== "authorized") return charge;
        if (error.reason === unexpectedState) throw new UnknownOutcomeError("Stripe", error);
        throw new CaptureRefusedError(orderId, error.reason);
      }
    },

    async void({ key, reference }) {
      const call = once(key, (options) => client().paymentIntents.cancel(reference, {}, options));
      try {
        return (await writing(call, readIntent)).charge;
      } catch (error) {
        if (!(error instanceof ProviderRefusedError) || error.reason !== unexpectedState) throw error;
        return asItIs(client(), reference);
      }
    },

    async refund({ key, orderId, reference, amount }) {
      const params = { payment_intent: reference, amount: toStripe(amount).amount, metadata: metadata(orderId, key) };
      const call = client().refunds.create(params, { idempotencyKey: key });
      try {
        return await writing(call, readRefund);
      } catch (error) {
        if (!(error instanceof ProviderRefusedError) || error.mistake) throw error;
        return { reference: key, key, status: "failed", amountMinor: amount.amount, reason: error.reason };
      }
    },

    async find(lookup) {
      const intent = await locate({ client: client(), application, read: readIntent }, lookup);
      return intent && complete(client(), intent.charge);
    },

    assertPayable: (amount) => void toStripe(amount),

    async action(lookup) {
      const intent = await locate({ client: client(), application, read: readConfirmation }, lookup);
      return intent?.action;
    },

    async *list({ from, to }) {
      const created = { gte: inSeconds(from), lt: inSeconds(to) };
      const intents = client().paymentIntents.list({ created, limit: 100, expand: ["data.latest_charge"] });
      for await (const listed of readingAll(intents, (answer) => readListed(answer, application))) {
        if (listed) yield listed;
      }
    },

    async parseWebhook(body, header) {
      const event = readEvent(body, header("stripe-signature"), config.webhookSecrets());
      const orderId = event && (await orderBehind(client(), application, event));
      return orderId ? { id: event.id, type: event.type, orderId } : undefined;
    },
  };
}

/** Confirmed at once, with the customer present, and by methods that need no page of a third party to return from. */
const held = {
  confirm: true,
  capture_method: "manual",
  automatic_payment_methods: { enabled: true, allow_redirects: "never" },
} as const;

/** Stripe's search is behind by less than a minute, unless something is wrong. */
const searchLagSeconds = 300;

const unexpectedState = "payment_intent_unexpected_state";

/** Refusals of a capture after which the intent itself may tell what became of it. */
const ended = new Set([
  unexpectedState,
  "capture_charge_authorization_expired",
  "charge_already_captured",
  "charge_expired_for_capture",
]);

/** Refusals of an authorization that are about the customer's means of payment, although Stripe blames the request. */
const declines = new Set([
  "expired_payment_method",
  "payment_intent_authentication_failure",
  "payment_intent_incompatible_payment_method",
  "payment_method_currency_mismatch",
  "payment_method_customer_decline",
  "payment_method_provider_decline",
  "payment_method_unexpected_state",
]);

/** Over `fetch`, whose timeout holds for the answer as a whole, and which repeats nothing on its own. */
function connect({ apiKey, timeoutMs, host, port, protocol }: StripeConfig): Stripe {
  return new Stripe(apiKey, {
    apiVersion: "2026-10-28.endive",
    httpClient: Stripe.createFetchHttpClient(),
    maxNetworkRetries: 0,
    timeout: timeoutMs,
    telemetry: false,
    ...(host && { host }),
    ...(port && { port }),
    ...(protocol && { protocol }),
  });
}

/**
 * For calls that the intent's own state keeps from happening twice. When Stripe repeats an earlier error, which it does
 * for a day, the state may have changed since: then it is asked anew.
 */
async function once(key: string, call: (options: Stripe.RequestOptions) => Promise<unknown>): Promise<unknown> {
  try {
    return await call({ idempotencyKey: key });
  } catch (error) {
    if (!isReplayed(error)) throw error;
    return call({});
  }
}

/** Stripe answers 402 when the request was right, and the card is not. */
function isDecline(error: unknown): error is ProviderRefusedError {
  if (!(error instanceof ProviderRefusedError)) return false;
  return error.httpStatus === 402 || error.param === "payment_method" || declines.has(error.reason);
}

interface Search<Found> {
  client: Stripe;
  application: string;
  read: (answer: unknown) => Found;
}

async function locate<Found extends Intent>(
  by: Search<Found>,
  { key, orderId, reference }: Lookup,
): Promise<Found | undefined> {
  const found = reference ? await retrieve(by, reference) : ((await search(by, key)) ?? (await searchLatest(by, key)));
  return found && isMadeFor(found.metadata, by.application, orderId) ? found : undefined;
}

async function retrieve<Found>({ client, read }: Search<Found>, reference: string): Promise<Found | undefined> {
  try {
    return await reading(client.paymentIntents.retrieve(reference), read);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function search<Found>({ client, application, read }: Search<Found>, key: string): Promise<Found | undefined> {
  const query = `metadata["key"]:${quoted(key)} AND metadata["application"]:${quoted(application)}`;
  for await (const found of readingAll(client.paymentIntents.search({ query, limit: 1 }), read)) return found;
  return undefined;
}

/** Stripe's lists are not behind: what the search may still miss is looked for among the latest intents. */
async function searchLatest<Found>(
  { client, application, read }: Search<Found>,
  key: string,
): Promise<Found | undefined> {
  const latest = client.paymentIntents.list({ created: { gte: inSeconds(now()) - searchLagSeconds }, limit: 100 });
  const readOurs = (answer: unknown) => {
    const metadata = readMetadata(answer);
    return metadata.application === application && metadata.key === key ? read(answer) : undefined;
  };
  for await (const found of readingAll(latest, readOurs)) if (found) return found;
  return undefined;
}

/** https://docs.stripe.com/search#search-query-language */
function quoted(value: string): string {
  return `"${value.replaceAll(/["\\]/g, "\\$&")}"`;
}

/** With its refunds and disputes, which an intent does not carry. */
async function complete(client: Stripe, charge: Charge): Promise<Charge> {
  const about = { payment_intent: charge.reference, limit: 100 };
  const refunds: Refund[] = [];
  const disputes: Dispute[] = [];
  for await (const refund of readingAll(client.refunds.list(about), readRefund)) refunds.push(refund);
  for await (const dispute of readingAll(client.disputes.list(about), readDispute)) {
    if (dispute) disputes.push(dispute);
  }
  return { ...charge, refunds, disputes };
}

async function asItIs(client: Stripe, reference: string): Promise<Charge> {
  const { charge } = await reading(client.paymentIntents.retrieve(reference), readIntent);
  return complete(client, charge);
}

/**
 * Stripe copies the metadata of an intent to its charges alone: a dispute has none, and neither has a refund that
 * somebody made by hand. Those are told by their intent.
 */
async function orderBehind(client: Stripe, application: string, event: StripeEvent): Promise<string | undefined> {
  const { metadata, intentReference } = event;
  if (metadata.application !== undefined) return orderOf(metadata, application);
  const intent = intentReference && (await retrieve({ client, application, read: readIntent }, intentReference));
  return intent ? orderOf(intent.metadata, application) : undefined;
}

/** Stripe's clock tells whole seconds; rounded alike at both ends, windows that meet leave nothing out. */
function inSeconds(time: Date): number {
  return Math.ceil(time.getTime() / 1000);
}
