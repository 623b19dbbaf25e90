/** The part of Stripe that takes payments, over real HTTP: it keeps books, and idempotency keys as Stripe does. */
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import {
  type Charge,
  charge,
  type Dispute,
  error,
  idOf,
  type Json,
  type PaymentIntent,
  paymentIntent,
  type Refund,
  refund,
} from "./fixture.ts";

interface Answer {
  status: number;
  body: Json | string;
  headers?: Record<string, string>;
}

export interface Sent {
  method: string;
  path: string;
  query: URLSearchParams;
  form: Record<string, string>;
  headers: http.IncomingHttpHeaders;
}

/**
 * What becomes of the next request instead: an `answer` in place of the real one, or, once the request has been done,
 * an answer that is never sent (`silence`), that is cut off after its headers (`cut`), or a closed connection (`reset`).
 */
type Mishap = Answer | "silence" | "cut" | "reset";

/** https://docs.stripe.com/testing: what each of these cards does. */
const declinedCards: Record<string, { code: string; decline_code?: string }> = {
  pm_card_visa_chargeDeclined: { code: "card_declined", decline_code: "generic_decline" },
  pm_card_visa_chargeDeclinedInsufficientFunds: { code: "card_declined", decline_code: "insufficient_funds" },
  pm_card_visa_chargeDeclinedLostCard: { code: "card_declined", decline_code: "lost_card" },
  pm_card_visa_chargeDeclinedStolenCard: { code: "card_declined", decline_code: "stolen_card" },
  pm_card_visa_chargeDeclinedFraudulent: { code: "card_declined", decline_code: "fraudulent" },
  pm_card_chargeDeclinedExpiredCard: { code: "expired_card" },
  pm_card_chargeDeclinedIncorrectCvc: { code: "incorrect_cvc" },
  pm_card_chargeDeclinedProcessingError: { code: "processing_error" },
};

const acceptedCards: Record<string, Partial<PaymentIntent>> = {
  pm_card_visa: { status: "requires_capture" },
  pm_card_authenticationRequired: { status: "requires_action", next_action: { type: "use_stripe_sdk" } },
  pm_processing: { status: "processing" },
  pm_captured_at_once: { status: "succeeded" },
};

export class StripeServer {
  readonly sent: Sent[] = [];
  /** Newest last. */
  readonly intents: PaymentIntent[] = [];
  readonly charges = new Map<string, Charge>();
  readonly refunds: Refund[] = [];
  readonly disputes: Dispute[] = [];
  /** What search finds: Stripe's index lags behind. */
  indexed = true;
  /** What a refund becomes. */
  refundOutcome: Json = { status: "succeeded" };
  port = 0;

  private readonly mishaps: Mishap[] = [];
  private readonly remembered = new Map<string, { request: string; answer: Answer }>();
  private readonly http = http.createServer((request, response) => void this.serve(request, response));
  private count = 0;

  static async start(): Promise<StripeServer> {
    const server = new StripeServer();
    await new Promise<void>((resolve) => server.http.listen(0, "127.0.0.1", resolve));
    server.port = (server.http.address() as AddressInfo).port;
    return server;
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.http.close(resolve));
    this.http.closeAllConnections();
    await closed;
  }

  /** Forgets everything. */
  reset(): void {
    for (const list of [this.sent, this.intents, this.refunds, this.disputes, this.mishaps]) list.length = 0;
    this.charges.clear();
    this.remembered.clear();
    this.indexed = true;
    this.refundOutcome = { status: "succeeded" };
  }

  next(...mishaps: Mishap[]): void {
    this.mishaps.push(...mishaps);
  }

  add(given: Partial<PaymentIntent> = {}): PaymentIntent {
    const number = ++this.count;
    const intent = paymentIntent({ id: idOf("pi", number), ...given });
    const made = charge({ id: idOf("ch", number) }, intent);
    this.charges.set(made.id, made);
    intent.latest_charge = made.id;
    this.intents.push(intent);
    return intent;
  }

  chargeOf(intent: PaymentIntent): Charge {
    return this.charges.get(intent.latest_charge ?? "")!;
  }

  private async serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const sent = await read(request);
    this.sent.push(sent);
    const mishap = this.mishaps.shift();
    const answer = typeof mishap === "object" ? this.remember(sent, () => mishap) : this.answer(sent);
    if (mishap === "silence") return;
    if (mishap === "reset") return void response.destroy();
    const body = typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body);
    const headers = { "content-type": "application/json", "request-id": "req_Tn3tVpoGrOiwlK", ...answer.headers };
    response.writeHead(answer.status, { ...headers, "content-length": Buffer.byteLength(body) });
    if (mishap !== "cut") return void response.end(body);
    response.write(body.slice(0, 20), () => response.destroy());
  }

  private answer(sent: Sent): Answer {
    if (!/^Bearer sk_test_/.test(sent.headers.authorization ?? "")) {
      return { status: 401, body: error("invalid_request_error", "Invalid API Key provided: sk_****") };
    }
    return sent.method === "POST" ? this.remember(sent, () => this.change(sent)) : this.tell(sent);
  }

  /** https://docs.stripe.com/api/idempotent_requests */
  private remember(sent: Sent, perform: () => Answer): Answer {
    const key = String(sent.headers["idempotency-key"]);
    const request = JSON.stringify([sent.path, sent.form]);
    const before = this.remembered.get(key);
    if (!before) {
      const answer = structuredClone(perform());
      if (sent.method === "POST" && answer.status !== 429 && answer.status !== 409) {
        this.remembered.set(key, { request, answer });
      }
      return answer;
    }
    if (before.request !== request) {
      const message = `Keys for idempotent requests can only be used with the same parameters they were first used with.`;
      return { status: 400, body: error("idempotency_error", message) };
    }
    return { ...before.answer, headers: { ...before.answer.headers, "idempotent-replayed": "true" } };
  }

  private change({ path, form }: Sent): Answer {
    const [, , resource, id, action] = path.split("/");
    if (resource === "refunds") return this.createRefund(form);
    if (!id) return this.createIntent(form);
    const intent = this.intents.find((one) => one.id === id);
    if (!intent) return missing("payment_intent", "intent", id);
    return action === "capture" ? this.capture(intent, form) : this.cancel(intent);
  }

  private createIntent(form: Record<string, string>): Answer {
    const card = form.payment_method ?? "";
    const failure = declinedCards[card];
    const outcome = failure ? { status: "requires_payment_method" } : acceptedCards[card];
    if (!outcome) {
      const message = `No such PaymentMethod: '${card}'`;
      const more = { code: "resource_missing", param: "payment_method" };
      return { status: 400, body: error("invalid_request_error", message, more) };
    }
    const { amount, currency = "" } = form;
    const intent = this.add({ amount: Number(amount), currency, metadata: metadataOf(form), ...outcome });
    if (!failure) return { status: 200, body: intent };
    intent.last_payment_error = { ...failure, message: "Your card was declined.", type: "card_error" };
    const more = { ...failure, charge: intent.latest_charge, payment_intent: intent };
    return { status: 402, body: error("card_error", "Your card was declined.", more) };
  }

  private capture(intent: PaymentIntent, form: Record<string, string>): Answer {
    if (intent.status !== "requires_capture") return unexpectedState(intent, "captured");
    const amount = Number(form.amount_to_capture);
    if (amount > intent.amount_capturable) {
      const message =
        "The provided amount_to_capture is greater than the amount you can capture for this PaymentIntent.";
      const more = { code: "amount_too_large", param: "amount_to_capture" };
      return { status: 400, body: error("invalid_request_error", message, more) };
    }
    const change = { status: "succeeded", amount_capturable: 0, amount_received: amount };
    return { status: 200, body: Object.assign(intent, change) };
  }

  private cancel(intent: PaymentIntent): Answer {
    const cancelable = ["requires_payment_method", "requires_action", "requires_capture", "requires_confirmation"];
    if (!cancelable.includes(intent.status)) return unexpectedState(intent, "canceled");
    return { status: 200, body: Object.assign(intent, { status: "canceled", amount_capturable: 0 }) };
  }

  private createRefund(form: Record<string, string>): Answer {
    const intent = this.intents.find(({ id }) => id === form.payment_intent);
    if (!intent) return missing("payment_intent", "payment_intent", form.payment_intent ?? "");
    const made = this.chargeOf(intent);
    const amount = Number(form.amount);
    const left = intent.amount_received - made.amount_refunded;
    if (left === 0) {
      const more = { code: "charge_already_refunded" };
      return {
        status: 400,
        body: error("invalid_request_error", `Charge ${made.id} has already been refunded.`, more),
      };
    }
    if (amount > left) {
      const message = `Refund amount (€${amount / 100}) is greater than unrefunded amount on charge (€${left / 100})`;
      return { status: 400, body: error("invalid_request_error", message, { param: "amount" }) };
    }
    made.amount_refunded += amount;
    const about = { amount, currency: intent.currency, payment_intent: intent.id, metadata: metadataOf(form) };
    const given = refund({ id: idOf("re", ++this.count), ...about, ...this.refundOutcome });
    this.refunds.push(given);
    return { status: 200, body: given };
  }

  private tell({ path, query }: Sent): Answer {
    const [, , resource, id] = path.split("/");
    const about = ({ payment_intent }: Refund | Dispute) => payment_intent === query.get("payment_intent");
    if (resource === "refunds") return page(path, query, this.refunds.filter(about));
    if (resource === "disputes") return page(path, query, this.disputes.filter(about));
    if (id === "search") return this.search(path, query);
    if (!id) return this.list(path, query);
    const intent = this.intents.find((one) => one.id === decodeURIComponent(id));
    return intent ? { status: 200, body: intent } : missing("payment_intent", "intent", id);
  }

  private list(path: string, query: URLSearchParams): Answer {
    const [from, to] = [Number(query.get("created[gte]")), Number(query.get("created[lt]") ?? Infinity)];
    const made = this.intents.filter(({ created }) => created >= from && created < to);
    const expanded = query.get("expand[0]") === "data.latest_charge";
    return page(path, query, expanded ? made.map((one) => ({ ...one, latest_charge: this.chargeOf(one) })) : made);
  }

  private search(path: string, query: URLSearchParams): Answer {
    const terms = [...(query.get("query") ?? "").matchAll(/metadata\["(\w+)"\]:"((?:[^"\\]|\\.)*)"/g)];
    const wanted = terms.map(([, field = "", value = ""]) => [field, value.replaceAll(/\\(.)/g, "$1")] as const);
    const found = this.intents.filter(({ metadata }) => wanted.every(([field, value]) => metadata[field] === value));
    const data = this.indexed && wanted.length > 0 ? found : [];
    return { status: 200, body: { object: "search_result", url: path, has_more: false, data, next_page: null } };
  }
}

/** The newest come first, as in all lists of Stripe's. */
function page(path: string, query: URLSearchParams, oldestFirst: Array<{ id: string }>): Answer {
  const all = oldestFirst.toReversed();
  const start = all.findIndex(({ id }) => id === query.get("starting_after")) + 1;
  const end = start + Number(query.get("limit") ?? 10);
  return { status: 200, body: { object: "list", url: path, has_more: end < all.length, data: all.slice(start, end) } };
}

function missing(resource: string, param: string, id: string): Answer {
  const more = { code: "resource_missing", param };
  return { status: 404, body: error("invalid_request_error", `No such ${resource}: '${id}'`, more) };
}

function unexpectedState(intent: PaymentIntent, what: string): Answer {
  const message = `This PaymentIntent could not be ${what} because it has a status of ${intent.status}.`;
  const more = { code: "payment_intent_unexpected_state", payment_intent: { ...intent } };
  return { status: 400, body: error("invalid_request_error", message, more) };
}

function metadataOf(form: Record<string, string>): Record<string, string> {
  const fields = Object.entries(form).map(([name, value]) => [/^metadata\[(\w+)\]$/.exec(name)?.[1], value]);
  return Object.fromEntries(fields.filter(([name]) => name));
}

async function read(request: http.IncomingMessage): Promise<Sent> {
  let body = "";
  for await (const chunk of request.setEncoding("utf8")) body += chunk;
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://stripe");
  const form = Object.fromEntries(new URLSearchParams(body));
  return { method: request.method ?? "", path: pathname, query: searchParams, form, headers: request.headers };
}
