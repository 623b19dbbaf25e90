import { inspect } from "node:util";
import { deriveId } from "@cartwright/events";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { setClock } from "../../clock.ts";
import {
  CaptureRefusedError,
  ForgedWebhookError,
  type Listed,
  type Provider,
  ProviderUnavailableError,
  UnknownOutcomeError,
} from "../provider.ts";
import { sign } from "../signature.ts";
import { ProviderRefusedError } from "./fault.ts";
import { stripe } from "./stripe.ts";
import { charge, dispute, error, event, type Json, type PaymentIntent, refund } from "./test/fixture.ts";
import { StripeServer } from "./test/server.ts";

const application = "cartwright-test";
const apiKey = "sk_test_4eC39HqLyjWDarjtT1zdp7dc";
const orderId = deriveId("ord", "one");
const key = `${orderId}:authorize`;
const amount = { amount: 1999, currency: "EUR" };
const metadata = { application, order_id: orderId, key };

const atSeconds = 1_800_000_000;
let clockMs: number;
let server: StripeServer;
let provider: Provider;

beforeAll(async () => {
  server = await StripeServer.start();
});

afterAll(() => server.stop());

beforeEach(() => {
  clockMs = atSeconds * 1000;
  onTestFinished(setClock(() => clockMs));
  server.reset();
  provider = connect();
});

const connect = (config: Partial<Parameters<typeof stripe>[0]> = {}) =>
  stripe({
    apiKey,
    application,
    webhookSecrets: () => ["whsec_old", "whsec_new"],
    timeoutMs: 5_000,
    host: "127.0.0.1",
    port: server.port,
    protocol: "http",
    ...config,
  });

const authorize = (token = "pm_card_visa", money = amount) =>
  provider.authorize({ key, orderId, amount: money, token });
const capture = (reference: string, minor = 1999) =>
  provider.capture({ key: `${orderId}:capture`, orderId, reference, amount: { ...amount, amount: minor } });
const voidIt = (reference: string) => provider.void({ key: `${orderId}:void`, orderId, reference });
const pay = (reference: string, minor: number, step = "refund") =>
  provider.refund({ key: `${orderId}:${step}`, orderId, reference, amount: { ...amount, amount: minor } });

/** What a call throws, having looked that nothing secret is in it, however it is logged. */
async function fault(call: Promise<unknown>): Promise<Error> {
  const thrown = await call.then(
    (answer) => expect.unreachable(`answered ${inspect(answer)}`),
    (caught: unknown) => caught,
  );
  expect(thrown).toBeInstanceOf(Error);
  const told = inspect(thrown, { depth: 20, showHidden: true });
  for (const secret of [apiKey, "pm_", "_secret_", "<html>"]) expect(told).not.toContain(secret);
  return thrown as Error;
}

async function all(list: AsyncIterable<Listed>): Promise<Listed[]> {
  const listed: Listed[] = [];
  for await (const one of list) listed.push(one);
  return listed;
}

describe("authorize", () => {
  test("holds the amount, under our key and our names", async () => {
    const held = await authorize();
    const [intent] = server.intents;
    expect(held).toEqual({
      reference: intent?.id,
      status: "authorized",
      amount,
      capturedMinor: 0,
      refunds: [],
      disputes: [],
    });
    expect(server.sent).toHaveLength(1);
    expect(server.sent[0]).toMatchObject({
      method: "POST",
      path: "/v1/payment_intents",
      form: {
        amount: "1999",
        currency: "eur",
        confirm: "true",
        capture_method: "manual",
        payment_method: "pm_card_visa",
        "automatic_payment_methods[enabled]": "true",
        "automatic_payment_methods[allow_redirects]": "never",
        "metadata[application]": application,
        "metadata[order_id]": orderId,
        "metadata[key]": key,
      },
      headers: {
        authorization: `Bearer ${apiKey}`,
        "content-type": "application/x-www-form-urlencoded",
        "idempotency-key": key,
        "stripe-version": "2026-10-28.endive",
      },
    });
    expect(server.sent[0]?.headers).not.toHaveProperty("x-stripe-client-telemetry");
  });

  test("counts as Stripe does, there and back", async () => {
    const money = { amount: 4500, currency: "ISK" };
    expect(await authorize("pm_card_visa", money)).toMatchObject({ amount: money });
    expect(server.sent[0]?.form).toMatchObject({ amount: "450000", currency: "isk" });
  });

  test("asks nothing about an amount that Stripe can't charge", async () => {
    const money = { amount: 5124, currency: "KWD" };
    expect(await fault(authorize("pm_card_visa", money))).toMatchObject({
      kind: "invalid",
      code: "amount_not_payable",
    });
    expect(server.sent).toHaveLength(0);
  });

  test.each([
    ["pm_card_authenticationRequired", "action_required"],
    ["pm_processing", "processing"],
    ["pm_captured_at_once", "captured"],
  ])("of %s is %s", async (token, status) => {
    expect(await authorize(token)).toMatchObject({ status, reference: server.intents[0]?.id });
  });

  test.each([
    ["pm_card_visa_chargeDeclined", "generic_decline"],
    ["pm_card_visa_chargeDeclinedInsufficientFunds", "insufficient_funds"],
    ["pm_card_visa_chargeDeclinedLostCard", "lost_card"],
    ["pm_card_visa_chargeDeclinedStolenCard", "stolen_card"],
    ["pm_card_visa_chargeDeclinedFraudulent", "fraudulent"],
    ["pm_card_chargeDeclinedExpiredCard", "expired_card"],
    ["pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc"],
    ["pm_card_chargeDeclinedProcessingError", "processing_error"],
  ])("of %s is declined for %s, and found so", async (token, reason) => {
    const declined = await authorize(token);
    const reference = server.intents[0]!.id;
    expect(declined).toMatchObject({ status: "declined", reference, reason, amount, capturedMinor: 0 });
    expect(await authorize(token)).toEqual(declined);
    expect(await provider.find({ key, orderId, reference })).toEqual(declined);
  });

  test("of a token that Stripe does not know is declined, under our key for want of an id", async () => {
    const declined = await authorize("pm_unknown");
    expect(declined).toMatchObject({ status: "declined", reference: key, reason: "resource_missing" });
    expect(await provider.find({ key, orderId, reference: declined.reference })).toBeUndefined();
  });

  test.each(["payment_intent_incompatible_payment_method", "payment_method_currency_mismatch"])(
    "of a means of payment that does not fit (%s) is declined",
    async (code) => {
      server.next({ status: 400, body: error("invalid_request_error", "It does not fit.", { code }) });
      expect(await authorize()).toMatchObject({ status: "declined", reason: code });
    },
  );

  test("of a request that Stripe finds wrong tells its code and its id, and is not to be repeated", async () => {
    const more = { code: "amount_too_small", param: "amount" };
    server.next({ status: 400, body: error("invalid_request_error", "Amount must be at least €0.50", more) });
    const refused = await fault(authorize());
    expect(refused).toBeInstanceOf(ProviderRefusedError);
    expect(refused).toMatchObject({ name: "ProviderRefusedError", kind: "invalid", reason: "amount_too_small" });
    expect(refused.message).toMatch(/amount_too_small.*req_Tn3tVpoGrOiwlK/);
  });

  test("under a key that was used with another request is refused as a mistake", async () => {
    await authorize();
    const refused = await fault(authorize("pm_card_visa", { ...amount, amount: 2000 }));
    expect(refused).toBeInstanceOf(ProviderRefusedError);
    expect(refused).toMatchObject({ kind: "conflict", mistake: true, reason: "idempotency_error" });
    expect(server.intents).toHaveLength(1);
  });
});

describe("an authorization whose answer is lost", () => {
  test.each(["silence", "cut", "reset"] as const)("by %s is unknown, and repeated charges once", async (mishap) => {
    server.next(mishap);
    provider = connect({ timeoutMs: mishap === "silence" ? 200 : 5_000 });
    expect(await fault(authorize())).toBeInstanceOf(UnknownOutcomeError);
    expect(server.sent).toHaveLength(1);
    provider = connect();
    expect(await authorize()).toMatchObject({ status: "authorized", reference: server.intents[0]?.id });
    expect(server.intents).toHaveLength(1);
  });

  test("is found by its key, among the latest until Stripe has indexed it", async () => {
    server.next("reset");
    await fault(authorize());
    const found = await provider.find({ key, orderId });
    expect(found).toMatchObject({ status: "authorized", reference: server.intents[0]?.id });
    server.indexed = false;
    ours({ metadata: { ...metadata, key: "another" } });
    server.add({ metadata: { ...metadata, application: "somebody-else" } });
    expect(await provider.find({ key, orderId })).toEqual(found);
    clockMs += 301_000;
    expect(await provider.find({ key, orderId })).toBeUndefined();
    server.indexed = true;
    expect(await provider.find({ key, orderId })).toEqual(found);
  });

  test.each<[string, Parameters<StripeServer["next"]>[0]]>([
    ["a server error", { status: 500, body: error("api_error", "Sorry! An error occurred.") }],
    ["a gateway's page", { status: 502, body: "<html><h1>502 Bad Gateway</h1></html>" }],
    ["a server error that says nothing", { status: 503, body: {} }],
    ["a dependency of Stripe's that failed", { status: 424, body: error("api_error", "External dependency failed.") }],
    [
      "the same call in progress",
      { status: 409, body: error("idempotency_error", "In progress.", { code: "idempotency_key_in_use" }) },
    ],
    [
      "the same call in progress, whatever its status",
      { status: 400, body: error("idempotency_error", "In progress.", { code: "idempotency_key_in_use" }) },
    ],
    ["a lock", { status: 409, body: error("invalid_request_error", "Locked.", { code: "lock_timeout" }) }],
    ["malformed JSON", { status: 200, body: '{"id": "pi_1", ' }],
    ["JSON that is no object", { status: 200, body: "null" }],
    ["an answer without the fields we need", { status: 200, body: { id: "pi_1", object: "payment_intent" } }],
    ["a status that we don't know", { status: 200, body: { ...intentOf({}), status: "requires_patience" } }],
    ["an amount that is no integer", { status: 200, body: { ...intentOf({}), amount: "1999" } }],
    ["an amount that we can't tell", { status: 200, body: intentOf({ currency: "isk", amount: 4010 }) }],
  ])("behind %s is unknown", async (_, mishap) => {
    server.next(mishap);
    expect(await fault(authorize())).toBeInstanceOf(UnknownOutcomeError);
  });
});

describe("an authorization that has not happened", () => {
  test.each([
    ["too many requests", 429, error("invalid_request_error", "Too many.", { code: "rate_limit" }), /asked too much/],
    ["a key that is no longer valid", 401, error("invalid_request_error", "Expired API Key"), /check StripeApiKey/],
    ["a key without permission", 403, error("invalid_request_error", "No permission"), /check StripeApiKey/],
  ])("for %s says so", async (_, status, body, message) => {
    server.next({ status, body });
    const unavailable = await fault(authorize());
    expect(unavailable).toBeInstanceOf(ProviderUnavailableError);
    expect(unavailable.message).toMatch(message);
    expect(server.intents).toHaveLength(0);
  });

  test("since nobody listens says so", async () => {
    const stopped = await StripeServer.start();
    await stopped.stop();
    provider = connect({ port: stopped.port });
    expect(await fault(authorize())).toBeInstanceOf(ProviderUnavailableError);
  });

  test("since there is no such host says so", async () => {
    provider = connect({ host: "stripe.invalid" });
    expect(await fault(authorize())).toBeInstanceOf(ProviderUnavailableError);
  });
});

describe("capture", () => {
  test("collects what is held, once", async () => {
    const { reference } = await authorize();
    const captured = await capture(reference);
    expect(captured).toMatchObject({ reference, status: "captured", capturedMinor: 1999, amount });
    expect(server.sent.at(-1)).toMatchObject({
      path: `/v1/payment_intents/${reference}/capture`,
      form: { amount_to_capture: "1999" },
      headers: { "idempotency-key": `${orderId}:capture` },
    });
    expect(await capture(reference)).toEqual(captured);
    const again = await provider.capture({ key: "another", orderId, reference, amount });
    expect(again).toEqual(captured);
  });

  test("collects less than what is held", async () => {
    const { reference } = await authorize();
    expect(await capture(reference, 1500)).toMatchObject({ status: "captured", capturedMinor: 1500, amount });
  });

  test("of an authorization that was voided answers that it is voided", async () => {
    const { reference } = await authorize();
    await voidIt(reference);
    expect(await capture(reference)).toMatchObject({ status: "voided", capturedMinor: 0 });
  });

  test("of an authorization that has expired answers that it is voided", async () => {
    const expired = ours({ status: "canceled", cancellation_reason: "expired" });
    expect(await capture(expired.id)).toMatchObject({ status: "voided", reason: "expired" });
  });

  test.each(["charge_expired_for_capture", "capture_charge_authorization_expired", "capture_unauthorized_payment"])(
    "that Stripe refuses for good (%s) is refused",
    async (code) => {
      const { reference } = await authorize();
      server.next({ status: 400, body: error("invalid_request_error", "Expired.", { code }) });
      const refused = await fault(capture(reference));
      expect(refused).toBeInstanceOf(CaptureRefusedError);
      expect(refused.message).toContain(code);
    },
  );

  test("that the bank declines is refused", async () => {
    const { reference } = await authorize();
    const more = { code: "card_declined", decline_code: "do_not_honor" };
    server.next({ status: 402, body: error("card_error", "Your card was declined.", more) });
    expect((await fault(capture(reference))).message).toMatch(/refused at capture: do_not_honor/);
  });

  test("of more than what is held is refused", async () => {
    const { reference } = await authorize();
    expect(await fault(capture(reference, 2000))).toBeInstanceOf(CaptureRefusedError);
  });

  test("of what Stripe does not know is a mistake", async () => {
    const refused = await fault(capture("pi_unknown"));
    expect(refused).toBeInstanceOf(ProviderRefusedError);
    expect(refused).toMatchObject({ reason: "resource_missing", mistake: true });
  });

  test("that came too early is asked anew, although Stripe repeats its first answer", async () => {
    const intent = ours({ status: "processing" });
    expect(await capture(intent.id)).toMatchObject({ status: "processing" });
    intent.status = "requires_capture";
    intent.amount_capturable = intent.amount;
    expect(await capture(intent.id)).toMatchObject({ status: "captured", capturedMinor: 1999 });
  });

  test("whose failure Stripe repeats is asked anew", async () => {
    const { reference } = await authorize();
    server.next({ status: 500, body: error("api_error", "Sorry! An error occurred.") });
    expect(await fault(capture(reference))).toBeInstanceOf(UnknownOutcomeError);
    expect(await capture(reference)).toMatchObject({ status: "captured" });
  });

  test("that overtakes the authorization is unknown, not refused", async () => {
    const intent = ours({});
    const more = { code: "payment_intent_unexpected_state" };
    server.next({ status: 400, body: error("invalid_request_error", "Not yet.", more) });
    expect(await fault(capture(intent.id))).toBeInstanceOf(UnknownOutcomeError);
  });

  test("whose answer is lost is unknown, and repeated collects once", async () => {
    const { reference } = await authorize();
    server.next("reset");
    expect(await fault(capture(reference))).toBeInstanceOf(UnknownOutcomeError);
    expect(await capture(reference)).toMatchObject({ status: "captured", capturedMinor: 1999 });
  });
});

describe("void", () => {
  test.each(["pm_card_visa", "pm_card_authenticationRequired"])("gives back what %s holds, once", async (token) => {
    const { reference } = await authorize(token);
    const voided = await voidIt(reference);
    expect(voided).toMatchObject({ reference, status: "voided", capturedMinor: 0 });
    expect(server.sent.at(-1)).toMatchObject({ path: `/v1/payment_intents/${reference}/cancel` });
    expect(await voidIt(reference)).toEqual(voided);
    expect(await provider.void({ key: "another", orderId, reference })).toEqual(voided);
  });

  test("of what was captured answers it as it is, with what was paid back", async () => {
    const { reference } = await authorize();
    await capture(reference);
    await pay(reference, 500);
    expect(await voidIt(reference)).toMatchObject({
      status: "captured",
      capturedMinor: 1999,
      refunds: [{ amountMinor: 500 }],
    });
  });

  test("that came too early is asked anew", async () => {
    const intent = ours({ status: "processing" });
    expect(await voidIt(intent.id)).toMatchObject({ status: "processing" });
    intent.status = "requires_capture";
    expect(await voidIt(intent.id)).toMatchObject({ status: "voided" });
  });

  test("whose answer is lost is unknown", async () => {
    const { reference } = await authorize();
    server.next("reset");
    expect(await fault(voidIt(reference))).toBeInstanceOf(UnknownOutcomeError);
    expect(await voidIt(reference)).toMatchObject({ status: "voided" });
  });

  test("of what Stripe does not know is a mistake", async () => {
    expect(await fault(voidIt("pi_unknown"))).toMatchObject({ name: "ProviderRefusedError", mistake: true });
  });
});

describe("refund", () => {
  let reference: string;

  beforeEach(async () => {
    ({ reference } = await authorize());
    await capture(reference);
  });

  test("pays back, under our key and our names", async () => {
    const refunded = await pay(reference, 500);
    const [made] = server.refunds;
    expect(refunded).toEqual({
      reference: made?.id,
      key: `${orderId}:refund`,
      status: "succeeded",
      amountMinor: 500,
      reason: undefined,
    });
    expect(server.sent.at(-1)).toMatchObject({
      path: "/v1/refunds",
      form: {
        payment_intent: reference,
        amount: "500",
        "metadata[application]": application,
        "metadata[order_id]": orderId,
        "metadata[key]": `${orderId}:refund`,
      },
      headers: { "idempotency-key": `${orderId}:refund` },
    });
  });

  test.each<[Json, Json]>([
    [{ status: "pending", pending_reason: "processing" }, { status: "pending" }],
    [{ status: "requires_action" }, { status: "pending" }],
    [{ status: null }, { status: "pending" }],
    [
      { status: "failed", failure_reason: "lost_or_stolen_card" },
      { status: "failed", reason: "lost_or_stolen_card" },
    ],
    [{ status: "canceled" }, { status: "failed", reason: "canceled" }],
  ])("that is %j at Stripe is %j", async (outcome, expected) => {
    server.refundOutcome = outcome;
    expect(await pay(reference, 500)).toMatchObject(expected);
  });

  test("of more than is left fails for good, and so does one when nothing is left", async () => {
    await pay(reference, 1500);
    expect(await pay(reference, 500, "second")).toEqual({
      reference: `${orderId}:second`,
      key: `${orderId}:second`,
      status: "failed",
      amountMinor: 500,
      reason: "invalid_request_error (amount)",
    });
    await pay(reference, 499, "third");
    expect(await pay(reference, 1, "fourth")).toMatchObject({ status: "failed", reason: "charge_already_refunded" });
    expect(server.chargeOf(server.intents[0]!).amount_refunded).toBe(1999);
  });

  test("of a charge that is disputed fails for good", async () => {
    server.next({ status: 400, body: error("invalid_request_error", "Disputed.", { code: "charge_disputed" }) });
    expect(await pay(reference, 500)).toMatchObject({ status: "failed", reason: "charge_disputed" });
  });

  test("whose answer is lost is unknown, and repeated pays once", async () => {
    server.next("reset");
    expect(await fault(pay(reference, 500))).toBeInstanceOf(UnknownOutcomeError);
    expect(await pay(reference, 500)).toMatchObject({ status: "succeeded" });
    expect(server.refunds).toHaveLength(1);
  });

  test("of what Stripe does not know, or with a parameter it does not take, is a mistake", async () => {
    expect(await fault(pay("pi_unknown", 500))).toMatchObject({ name: "ProviderRefusedError", mistake: true });
    const more = { code: "parameter_invalid_integer", param: "amount" };
    server.next({ status: 400, body: error("invalid_request_error", "Invalid integer", more) });
    expect(await fault(pay(reference, 0, "zero"))).toMatchObject({ name: "ProviderRefusedError", mistake: true });
  });
});

describe("find", () => {
  test("by reference asks for the charge itself", async () => {
    const { reference } = await authorize();
    server.indexed = false;
    const found = await provider.find({ key, orderId, reference });
    expect(found).toMatchObject({ reference, status: "authorized", amount, refunds: [], disputes: [] });
  });

  test("by key searches for the key and the application", async () => {
    await authorize();
    expect(await provider.find({ key, orderId })).toMatchObject({ status: "authorized" });
    expect(server.sent.at(-3)?.path).toBe("/v1/payment_intents/search");
    expect(server.sent.at(-3)?.query.get("query")).toBe(
      `metadata["key"]:"${key}" AND metadata["application"]:"${application}"`,
    );
  });

  test("by a key with quotes asks for no more than that key", async () => {
    ours({ metadata: { ...metadata, key: 'a" OR "b\\' } });
    expect(await provider.find({ key: 'a" OR "b\\', orderId })).toBeDefined();
    expect(await provider.find({ key: "b", orderId })).toBeUndefined();
  });

  test("of what Stripe does not know finds nothing", async () => {
    expect(await provider.find({ key, orderId })).toBeUndefined();
    expect(await provider.find({ key, orderId, reference: "pi_unknown" })).toBeUndefined();
  });

  test.each([
    ["another application", { ...metadata, application: "somebody-else" }],
    ["another order", { ...metadata, order_id: deriveId("ord", "two") }],
    ["nobody we know", {}],
  ])("of a charge of %s finds nothing", async (_, foreign) => {
    const intent = server.add({ metadata: foreign as Record<string, string> });
    expect(await provider.find({ key, orderId, reference: intent.id })).toBeUndefined();
    expect(await provider.find({ key, orderId })).toBeUndefined();
  });

  test("tells every refund, over all pages, and who made it", async () => {
    const intent = ours({ status: "succeeded" });
    const refunds = Array.from({ length: 101 }, (_, at) =>
      refund({ id: `re_${at}`, payment_intent: intent.id, amount: 1, metadata: at === 0 ? { key: "ours" } : {} }),
    );
    server.refunds.push(...refunds, refund({ id: "re_foreign", payment_intent: "pi_other" }));
    const found = await provider.find({ key, orderId, reference: intent.id });
    expect(found?.refunds.map(({ reference }) => reference)).toEqual(refunds.map(({ id }) => id).toReversed());
    expect(found?.refunds.filter((one) => one.key)).toMatchObject([{ reference: "re_0", key: "ours" }]);
  });

  test.each<[string, Json, string | undefined]>([
    ["that needs a response", { status: "needs_response" }, "open"],
    ["that is under review", { status: "under_review" }, "open"],
    ["that is appealed", { status: "appeal_under_review" }, "open"],
    ["of a status that we don't know", { status: "escalated" }, "open"],
    ["that is won", { status: "won" }, "won"],
    ["that is lost", { status: "lost" }, "lost"],
    ["that is an inquiry", { status: "warning_needs_response", balance_transactions: [] }, undefined],
    ["that was an inquiry", { status: "warning_closed", balance_transactions: [] }, undefined],
    ["that was prevented", { status: "prevented", balance_transactions: [] }, undefined],
    ["that was prevented by paying back", { status: "prevented" }, "lost"],
  ])("of a dispute %s tells as much", async (_, given, status) => {
    const intent = ours({ status: "succeeded" });
    server.disputes.push(dispute({ id: "du_1", payment_intent: intent.id, ...given }));
    const found = await provider.find({ key, orderId, reference: intent.id });
    const told = { reference: "du_1", status, amountMinor: 1999, reason: "fraudulent" };
    expect(found?.disputes).toEqual(status ? [told] : []);
  });

  test.each(["silence", "cut", "reset", { status: 500, body: {} }, { status: 200, body: {} }] as const)(
    "that gets no answer (%j) says that the provider is unavailable",
    async (mishap) => {
      provider = connect({ timeoutMs: mishap === "silence" ? 200 : 5_000 });
      for (const reference of ["pi_1", undefined]) {
        server.next(mishap);
        expect(await fault(provider.find({ key, orderId, reference }))).toBeInstanceOf(ProviderUnavailableError);
      }
    },
  );
});

describe("action", () => {
  test("tells what the provider's script needs, for that order alone", async () => {
    const { reference } = await authorize("pm_card_authenticationRequired");
    const clientSecret = server.intents[0]!.client_secret;
    expect(await provider.action({ key, orderId, reference })).toEqual({ clientSecret, url: undefined });
    expect(await provider.action({ key, orderId })).toEqual({ clientSecret, url: undefined });
    const another = { key, orderId: deriveId("ord", "two"), reference };
    expect(await provider.action(another)).toBeUndefined();
  });

  test("tells the page to go to", async () => {
    const url = "https://hooks.stripe.com/3d_secure_2/hosted?payment_intent=pi_1";
    const next_action = { type: "redirect_to_url", redirect_to_url: { url, return_url: null } };
    const intent = ours({ status: "requires_action", next_action });
    expect(await provider.action({ key, orderId, reference: intent.id })).toMatchObject({ url });
  });

  test.each(["requires_capture", "succeeded", "canceled", "requires_payment_method", "processing"])(
    "is none once the charge is %s",
    async (status) => {
      const intent = ours({ status });
      expect(await provider.action({ key, orderId, reference: intent.id })).toBeUndefined();
    },
  );

  test("of what nobody knows is none, and without an answer the provider is unavailable", async () => {
    expect(await provider.action({ key, orderId })).toBeUndefined();
    server.next("reset");
    expect(await fault(provider.action({ key, orderId }))).toBeInstanceOf(ProviderUnavailableError);
  });
});

describe("list", () => {
  const from = new Date(1_800_000_000_000);
  const to = new Date(1_800_000_060_000);

  test("tells every charge of ours in the window, over all pages, and nobody else's", async () => {
    const made = Array.from({ length: 150 }, (_, at) => {
      const order_id = deriveId("ord", String(at));
      const foreign = at % 3 === 0 ? { application: "somebody-else" } : {};
      return ours({ created: 1_800_000_000 + (at % 60), metadata: { ...metadata, order_id, ...foreign } });
    });
    ours({ created: 1_799_999_999 });
    ours({ created: 1_800_000_060 });
    server.add({ created: 1_800_000_001, metadata: {} });
    ours({ created: 1_800_000_001, metadata: { ...metadata, order_id: "1234" } });
    const listed = await all(provider.list({ from, to }));
    const expected = made.filter((_, at) => at % 3 !== 0).map((intent) => intent.metadata.order_id);
    expect(listed.map((one) => one.orderId).toSorted()).toEqual(expected.toSorted());
    expect(server.sent).toHaveLength(2);
    expect(server.sent[0]?.query.toString()).toBe(
      "created[gte]=1800000000&created[lt]=1800000060&limit=100&expand[0]=data.latest_charge"
        .replaceAll("[", "%5B")
        .replaceAll("]", "%5D"),
    );
    expect(server.sent[1]?.query.get("starting_after")).toMatch(/^pi_/);
  });

  test("tells what was captured, paid back and disputed", async () => {
    const { reference } = await authorize();
    await capture(reference);
    await pay(reference, 500);
    server.chargeOf(server.intents[0]!).disputed = true;
    expect(await all(provider.list({ from, to }))).toEqual([
      {
        orderId,
        charge: { reference, status: "captured", amount, capturedMinor: 1999, refundedMinor: 500, disputed: true },
      },
    ]);
  });

  test("tells a charge that was never attempted, whoever's shape the others have", async () => {
    const intent = ours({ status: "requires_action" });
    server.charges.clear();
    server.add({ metadata: {}, amount_received: -1 });
    expect(await all(provider.list({ from, to }))).toMatchObject([
      { charge: { reference: intent.id, refundedMinor: 0, disputed: false } },
    ]);
  });

  test("of windows that meet tells each charge once", async () => {
    ours({ created: 1_800_000_030 });
    const between = new Date(1_800_000_029_500);
    const [before, after] = [
      { from, to: between },
      { from: between, to },
    ];
    const counts = [await all(provider.list(before)), await all(provider.list(after))].map(({ length }) => length);
    expect(counts).toEqual([0, 1]);
  });

  test("that breaks off between pages says that the provider is unavailable", async () => {
    for (let at = 0; at < 101; at++) ours({});
    const window = provider.list({ from, to })[Symbol.asyncIterator]();
    await window.next();
    server.next("reset");
    const rest = async () => {
      while (!(await window.next()).done);
    };
    expect(await fault(rest())).toBeInstanceOf(ProviderUnavailableError);
  });
});

describe("a webhook", () => {
  const receive = (body: string, header: string | undefined = sign(body, "whsec_new", atSeconds)) =>
    provider.parseWebhook(body, (name) => (name === "stripe-signature" ? header : undefined));

  test.each([
    "payment_intent.amount_capturable_updated",
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "payment_intent.canceled",
    "payment_intent.processing",
    "payment_intent.requires_action",
  ])("about %s names its order, without asking Stripe", async (type) => {
    const notification = await receive(event(type, ours({})));
    expect(notification).toEqual({ id: "evt_1NG8Du2eZvKYlo2CUI79vXWy", type, orderId });
    expect(server.sent).toHaveLength(0);
  });

  test("about a charge or a refund of ours names its order, without asking Stripe", async () => {
    const intent = ours({ status: "succeeded" });
    const made = refund({ id: "re_1", payment_intent: intent.id, metadata });
    expect(await receive(event("charge.refunded", charge({ id: "ch_1" }, intent)))).toMatchObject({ orderId });
    expect(await receive(event("refund.created", made))).toMatchObject({ orderId });
    expect(await receive(event("refund.updated", made))).toMatchObject({ orderId });
    expect(await receive(event("refund.failed", made))).toMatchObject({ orderId });
    expect(server.sent).toHaveLength(0);
  });

  test.each([
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
  ])("about %s names the order of its intent", async (type) => {
    const intent = ours({ status: "succeeded" });
    const body = event(type, dispute({ id: "du_1", payment_intent: intent.id }));
    expect(await receive(body)).toMatchObject({ type, orderId });
    expect(server.sent.map(({ path }) => path)).toEqual([`/v1/payment_intents/${intent.id}`]);
  });

  test("about a refund that somebody made by hand names the order of its intent", async () => {
    const intent = ours({ status: "succeeded" });
    expect(await receive(event("refund.created", refund({ id: "re_1", payment_intent: intent.id })))).toMatchObject({
      orderId,
    });
  });

  test.each<[string, () => string]>([
    ["another application's intent", () => event("payment_intent.succeeded", ours({ metadata: foreign }))],
    ["an intent of nobody we know", () => event("payment_intent.succeeded", server.add())],
    ["a dispute of another application's charge", () => disputed(ours({ metadata: foreign }).id)],
    ["a dispute of a charge that is gone", () => disputed("pi_unknown")],
    ["a dispute without an intent", () => disputed(null as unknown as string)],
    ["an intent of an order that can't be one", () => event("payment_intent.succeeded", ours({ metadata: odd }))],
    ["a type that does not concern us", () => event("payment_intent.created", ours({}))],
    ["an object that has no id", () => event("invoice.upcoming", { object: "invoice" })],
  ])("about %s is of no interest", async (_, body) => {
    expect(await receive(body())).toBeUndefined();
  });

  const foreign = { ...metadata, application: "somebody-else" };
  const odd = { ...metadata, order_id: "1234" };
  const disputed = (payment_intent: string) => event("charge.dispute.created", dispute({ id: "du_1", payment_intent }));

  test("that can't be placed for want of an answer is to come again", async () => {
    const intent = ours({});
    server.next("reset");
    expect(await fault(receive(disputed(intent.id)))).toBeInstanceOf(ProviderUnavailableError);
  });

  test("signed with either secret, among other signatures, is genuine", async () => {
    const body = event("payment_intent.succeeded", ours({}));
    const others = sign(body, "whsec_other", atSeconds);
    const header = `${others},${sign(body, "whsec_old", atSeconds).split(",")[1]},v0=00`;
    expect(await receive(body, header)).toMatchObject({ orderId });
  });

  test("that is forged, stale or from the future is refused before anything is asked", async () => {
    const body = disputed(ours({}).id);
    const headers = [
      undefined,
      sign(body, "whsec_other", atSeconds),
      sign(body, "whsec_new", atSeconds - 301),
      sign(body, "whsec_new", atSeconds + 301),
      sign(`${body} `, "whsec_new", atSeconds),
    ];
    for (const header of headers) {
      const received = provider.parseWebhook(body, () => header);
      expect(await fault(received)).toBeInstanceOf(ForgedWebhookError);
    }
    expect(server.sent).toHaveLength(0);
  });

  test.each([
    "{",
    "[]",
    "null",
    JSON.stringify({ id: "evt_1", type: "payment_intent.succeeded" }),
    event("payment_intent.succeeded", { object: "payment_intent", metadata }),
    event("payment_intent.succeeded", { id: "pi_1", object: "payment_intent", metadata: { order_id: 1 } }),
  ])("that is genuine but can't be read is malformed (%#)", async (body) => {
    expect(await fault(receive(body))).toMatchObject({ name: "InvalidError", code: "malformed_webhook" });
  });
});

function ours(given: Partial<PaymentIntent>): PaymentIntent {
  return server.add({ metadata, ...given });
}

function intentOf(given: Partial<PaymentIntent>): Json {
  return {
    id: "pi_1",
    status: "requires_capture",
    amount: 1999,
    amount_received: 0,
    currency: "eur",
    metadata,
    ...given,
  };
}
