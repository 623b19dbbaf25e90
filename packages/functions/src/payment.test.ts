import { Payment } from "@cartwright/core/payment";
import { answerBank, captured, cause, createCheckout, paymentIdOf, paymentOf } from "@cartwright/core/test/payment";
import { User } from "@cartwright/core/user";
import { newId } from "@cartwright/events";
import { Resource } from "sst";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { payments } from "./payment.ts";
import { call, key } from "./test/call.ts";
import { type Issuer, startIssuer } from "./test/issuer.ts";

let issuer: Issuer;
let customer: string;
let customerId: string;
let stranger: string;
let staff: string;

beforeAll(async () => {
  issuer = await startIssuer();
  const claims = issuer.claims();
  customer = await issuer.sign(claims);
  customerId = User.idFromSub(claims.sub!);
  stranger = await issuer.customer();
  staff = await issuer.staff();
});
afterAll(() => issuer.stop());

const euros = (amount: number) => ({ amount, currency: "EUR" });

async function createAuthorized(token = "tok_ok") {
  const checkout = { ...(await createCheckout(token)), customerId };
  await Payment.authorize(checkout, cause);
  return checkout;
}

async function createCaptured(token = "tok_ok") {
  const checkout = await createAuthorized(token);
  await Payment.capture(checkout.orderId, cause);
  return checkout;
}

const get = (path: string, token?: string) => call(payments, "GET", path, token === undefined ? {} : { token });

describe("a payment", () => {
  test("is shown to its owner and to staff; for others there is no such payment", async () => {
    const checkout = await createCaptured();
    const path = `/payments/${paymentIdOf(checkout)}`;
    const own = await get(path, customer);
    expect(own).toMatchObject({
      status: 200,
      json: {
        orderId: checkout.orderId,
        status: "captured",
        balance: euros(900),
        attempts: [{ kind: "intent" }, {}, {}],
      },
    });
    const { version } = await paymentOf(checkout);
    expect(own.headers.get("ETag")).toBe(`"${version}"`);
    expect(own.headers.get("Cache-Control")).toBe("no-store");
    expect(JSON.stringify(own.json)).not.toContain("sbx_");
    const theirs = await get(path, staff);
    expect(theirs.status).toBe(200);
    expect(JSON.stringify(theirs.json)).toContain("sbx_");
    expect(await get(path, stranger)).toMatchObject({ status: 404, json: { code: "payment_not_found" } });
    expect((await get(path)).status).toBe(401);
  });

  test("that does not exist is 404, and an id that is none is 400", async () => {
    expect(await get(`/payments/${newId("pay")}`, staff)).toMatchObject({ status: 404 });
    expect(await get(`/payments/${newId("ord")}`, staff)).toMatchObject({
      status: 400,
      json: { errors: [{ path: "id" }] },
    });
  });
});

describe("what the customer has to confirm", () => {
  test("is a page of ours, for the owner and for staff", async () => {
    const checkout = await createAuthorized("tok_requires_action");
    const path = `/payments/${paymentIdOf(checkout)}/action`;
    const own = await get(path, customer);
    expect(own).toMatchObject({
      status: 200,
      json: {
        url: expect.stringMatching(/^\/sandbox\/challenges\/sbx_[0-9a-f]{24}\?secret=[0-9a-f]{32}$/),
      },
    });
    expect((await get(path, staff)).json).toEqual(own.json);
    expect(await get(path, stranger)).toMatchObject({ status: 404, json: { code: "payment_not_found" } });
    expect((await get(path)).status).toBe(401);
  });

  test("is nothing once they have, and nothing of a payment that needs no confirming: 409", async () => {
    const checkout = await createAuthorized("tok_requires_action");
    const path = `/payments/${paymentIdOf(checkout)}/action`;
    await answerBank(checkout, true);
    expect(await get(path, customer)).toMatchObject({ status: 409, json: { code: "no_action_required" } });
    const other = await createAuthorized();
    expect(await get(`/payments/${paymentIdOf(other)}/action`, customer)).toMatchObject({ status: 409 });
  });
});

describe("a refund", () => {
  const refund = (id: string, body: unknown, token = staff, headers: Record<string, string> = key()) =>
    call(payments, "POST", `/payments/${id}/refunds`, { token, body, headers });

  test("is answered 202 with where to follow it", async () => {
    const checkout = await createCaptured();
    const id = paymentIdOf(checkout);
    const answer = await refund(id, { amount: euros(400), reason: " broken " });
    expect(answer).toMatchObject({
      status: 202,
      json: { paymentId: id, status: "pending", amount: euros(400), reason: "broken" },
    });
    expect(answer.headers.get("Location")).toBe(`/payments/${id}`);
    expect(answer.headers.get("Idempotent-Replayed")).toBeNull();
    expect((await get(`/payments/${id}`, staff)).json).toMatchObject({
      pendingRefund: euros(400),
      balance: euros(900),
    });
    const own = await get(`/payments/${id}`, customer);
    expect(own.json).toMatchObject({ pendingRefund: euros(400) });
    expect(JSON.stringify(own.json)).not.toContain("broken");
  });

  test("again with the same key is answered the same, and says so; with another body it is 422", async () => {
    const id = paymentIdOf(await createCaptured());
    const headers = key();
    const first = await refund(id, { reason: "broken" }, staff, headers);
    const again = await refund(id, { reason: "broken" }, staff, headers);
    expect(again).toMatchObject({ status: 202, json: first.json });
    expect(again.headers.get("Idempotent-Replayed")).toBe("true");
    const other = await refund(id, { reason: "too blue" }, staff, headers);
    expect(other).toMatchObject({ status: 422, json: { code: "idempotency_key_reused" } });
  });

  test("is the same whatever the order of its fields", async () => {
    const id = paymentIdOf(await createCaptured());
    const headers = key();
    const first = await refund(id, '{"reason":"broken","amount":{"currency":"EUR","amount":5}}', staff, headers);
    const again = await refund(id, '{"amount":{"amount":5,"currency":"EUR"},"reason":"broken"}', staff, headers);
    expect(again).toMatchObject({ status: 202, json: first.json });
  });

  test("of more than is left is 409, and says how much is; of nothing too", async () => {
    const id = paymentIdOf(await createCaptured());
    expect(await refund(id, { amount: euros(901), reason: "broken" })).toMatchObject({
      status: 409,
      json: { code: "refund_too_large", errors: [{ path: "amount.amount", message: "expected at most 900" }] },
    });
    await refund(id, { reason: "broken" });
    expect(await refund(id, { reason: "broken" })).toMatchObject({ status: 409, json: { code: "nothing_to_refund" } });
    const authorized = paymentIdOf(await createAuthorized());
    expect(await refund(authorized, { reason: "broken" })).toMatchObject({ status: 409 });
  });

  test.each<[string, unknown, string[]]>([
    ["without a reason", {}, ["reason"]],
    ["whose reason is blank", { reason: "  " }, ["reason"]],
    ["whose reason is too long", { reason: "x".repeat(201) }, ["reason"]],
    ["of nothing", { amount: euros(0), reason: "r" }, ["amount.amount"]],
    ["of less than nothing", { amount: euros(-1), reason: "r" }, ["amount.amount"]],
    ["of a fraction", { amount: euros(0.5), reason: "r" }, ["amount.amount"]],
    ["of a text", { amount: { amount: "1", currency: "eur" }, reason: "r" }, ["amount.amount", "amount.currency"]],
    ["with fields of its own", { amount: { ...euros(1), to: "me" }, reason: "r", to: "me" }, ["amount.to", "to"]],
  ])("%s is 400, with paths", async (_, body, paths) => {
    const answer = await refund(newId("pay"), body);
    expect(answer).toMatchObject({ status: 400, json: { code: "invalid_request" } });
    expect([...new Set(answer.json.errors!.map(({ path }) => path))].sort()).toEqual(paths);
  });

  test("in another currency is 400, and says where", async () => {
    const id = paymentIdOf(await createCaptured());
    const answer = await refund(id, { amount: { amount: 1, currency: "USD" }, reason: "r" });
    expect(answer).toMatchObject({
      ...{ status: 400, json: { code: "wrong_currency", errors: [{ path: "amount.currency" }] } },
    });
  });

  test("is for staff alone, takes a key, and a payment that exists", async () => {
    const id = paymentIdOf(await createCaptured());
    const body = { reason: "broken" };
    expect(await refund(id, body, customer)).toMatchObject({ status: 403, json: { code: "staff_only" } });
    expect((await refund(id, body, "")).status).toBe(401);
    expect(await refund(id, body, staff, {})).toMatchObject({
      status: 400,
      json: { code: "idempotency_key_required" },
    });
    expect(await refund(newId("pay"), body)).toMatchObject({ status: 404, json: { code: "payment_not_found" } });
    expect((await get(`/payments/${id}`, staff)).json).toMatchObject({ pendingRefund: euros(0) });
  });
});

describe("a webhook", () => {
  const createWebhook = (overrides: Record<string, unknown> = {}) => ({
    ...{ id: newId("evt"), type: "charge.updated", orderId: newId("ord"), createdAt: new Date().toISOString() },
    ...overrides,
  });

  function post(webhook: unknown, { by = Resource.SandboxWebhookSecret.value, provider = "sandbox" } = {}) {
    const body = typeof webhook === "string" ? webhook : JSON.stringify(webhook);
    const signature = Payment.signWebhook(body, by, Math.floor(Date.now() / 1000));
    const headers = { [Payment.signatureHeader]: signature };
    return call(payments, "POST", `/webhooks/${provider}`, { body, headers });
  }

  test("is answered 200 as soon as it is stored, each time it comes, and worked off later", async () => {
    const checkout = await createAuthorized("tok_requires_action");
    await answerBank(checkout, true);
    const before = await paymentOf(checkout);
    const webhook = createWebhook({ orderId: checkout.orderId });
    for (let time = 0; time < 2; time++) {
      expect(await post(webhook)).toMatchObject({ status: 200, json: { received: true, ignored: false } });
    }
    expect(await paymentOf(checkout)).toEqual(before);
  });

  test("of a type that we don't know, or about an order that we don't know, is taken", async () => {
    expect(await post(createWebhook({ type: "payout.paid" }))).toMatchObject({ status: 200, json: { ignored: true } });
    expect(await post(createWebhook())).toMatchObject({ status: 200, json: { ignored: false } });
  });

  test("that is forged, or not signed, is 401 and told nothing of", async () => {
    const forged = await post(createWebhook(), { by: "guess" });
    expect(forged).toMatchObject({ status: 401, json: { code: "forged_webhook" } });
    const unsigned = await call(payments, "POST", "/webhooks/sandbox", { body: createWebhook() });
    expect(unsigned).toMatchObject({ status: 401, json: { code: "forged_webhook" } });
  });

  test("that is signed and can't be read is 400", async () => {
    expect(await post("{")).toMatchObject({ status: 400, json: { code: "malformed_webhook" } });
  });

  test("is verified byte for byte: the same JSON written another way is not the same", async () => {
    const webhook = createWebhook();
    const signature = Payment.signWebhook(
      JSON.stringify(webhook),
      Resource.SandboxWebhookSecret.value,
      Date.now() / 1000,
    );
    const headers = { [Payment.signatureHeader]: signature };
    const body = JSON.stringify(webhook, null, 1);
    expect((await call(payments, "POST", "/webhooks/sandbox", { body, headers })).status).toBe(401);
  });

  test("of a provider that this stage does not use is 404, and of one that nobody knows 400", async () => {
    expect(await post(createWebhook(), { provider: "stripe" })).toMatchObject({
      ...{ status: 404, json: { code: "no_such_provider" } },
    });
    expect(await post(createWebhook(), { provider: "paypal" })).toMatchObject({
      ...{ status: 400, json: { errors: [{ path: "provider" }] } },
    });
  });

  test("of more than 64 KB is 413, before anybody verifies it", async () => {
    const body = JSON.stringify(createWebhook({ note: "x".repeat(65 * 1024) }));
    const headers = { "Content-Length": String(Buffer.byteLength(body)) };
    const answer = await call(payments, "POST", "/webhooks/sandbox", { body, headers });
    expect(answer).toMatchObject({ status: 413, json: { code: "body_too_large" } });
  });
});

test("the sandbox tells that it makes no trouble while it is quiet", async () => {
  const { status, json } = await get("/sandbox/trouble");
  expect({ status, json }).toEqual({ status: 200, json: { trouble: {} } });
});

describe("the sandbox's page", () => {
  async function createChallenge() {
    const checkout = await createAuthorized("tok_requires_action");
    const { json } = await get(`/payments/${paymentIdOf(checkout)}/action`, customer);
    const { url } = json as unknown as { url: string };
    return { checkout, path: url.replace(/\?.*/, ""), url };
  }

  const show = async (url: string) => {
    const response = await payments.request(url);
    return { status: response.status, headers: response.headers, text: await response.text() };
  };

  const answer = async (url: string, body: string) => {
    const headers = { "Content-Type": "application/x-www-form-urlencoded" };
    const response = await payments.request(url, { method: "POST", body, headers });
    return { status: response.status, text: await response.text() };
  };

  test("asks whoever has its secret how much they want to pay, and lets nothing else into it", async () => {
    const { checkout, url } = await createChallenge();
    const { status, headers, text } = await show(url);
    expect(status).toBe(200);
    expect(headers.get("Content-Type")).toMatch(/^text\/html/);
    expect(headers.get("Content-Security-Policy")).toMatch(/default-src 'none'.*form-action 'self'/);
    expect(headers.get("Referrer-Policy")).toBe("no-referrer");
    expect(headers.get("Cache-Control")).toBe("no-store");
    expect(text).toContain("<strong>9.00 EUR</strong>");
    for (const word of [checkout.orderId, customerId, "tok_requires_action"]) expect(text).not.toContain(word);
  });

  test.each([
    ["approve", "authorized"],
    ["refuse", "declined"],
  ])("takes the answer %s, after which the payment is %s", async (word, status) => {
    const { checkout, url } = await createChallenge();
    expect((await answer(url, `answer=${word}`)).status).toBe(200);
    expect((await show(url)).text).toContain(`The payment is ${status}`);
    expect((await show(url)).text).not.toContain("<form");
    await Payment.reconcile(checkout.orderId, cause);
    expect(await paymentOf(checkout)).toMatchObject({ status });
  });

  test.each([
    ["approve", "refuse", "authorized"],
    ["refuse", "approve", "declined"],
  ])("keeps the first answer %s when %s is answered later, and says so", async (first, second, status) => {
    const { checkout, url } = await createChallenge();
    await answer(url, `answer=${first}`);
    const late = await answer(url, `answer=${second}`);
    expect(late).toMatchObject({ status: 200, text: expect.stringContaining(`The payment is ${status}`) });
    await Payment.reconcile(checkout.orderId, cause);
    expect(await paymentOf(checkout)).toMatchObject({ status });
  });

  test("takes one answer of ten that are given at once", async () => {
    const { checkout, url } = await createChallenge();
    const words = Array.from({ length: 10 }, (_, index) => (index % 2 ? "approve" : "refuse"));
    const answers = await Promise.all(words.map((word) => answer(url, `answer=${word}`)));
    const told = new Set(answers.map(({ text }) => /The payment is (\w+)/.exec(text)?.[1]));
    expect(told.size).toBe(1);
    await Payment.reconcile(checkout.orderId, cause);
    expect([...told]).toEqual([(await paymentOf(checkout)).status]);
  });

  test("does nothing after the payment was undone", async () => {
    const { checkout, url } = await createChallenge();
    await Payment.undo(checkout.orderId, cause);
    expect((await show(url)).text).toContain("The payment is voided");
    expect(await answer(url, "answer=approve")).toMatchObject({
      text: expect.stringContaining("The payment is voided"),
    });
    expect(await paymentOf(checkout)).toMatchObject({ status: "voided" });
  });

  test("is not there for those without its secret", async () => {
    const { checkout, path, url } = await createChallenge();
    const wrong = `${path}?secret=${"0".repeat(32)}`;
    expect(await show(wrong)).toMatchObject({ status: 404, text: expect.stringContaining("charge_not_found") });
    expect((await answer(wrong, "answer=approve")).status).toBe(404);
    const nowhere = url.replace(/sbx_[0-9a-f]{24}/, `sbx_${"0".repeat(24)}`);
    expect((await show(nowhere)).status).toBe(404);
    await Payment.reconcile(checkout.orderId, cause);
    expect(await paymentOf(checkout)).toMatchObject({ status: "action_required" });
  });

  test.each([
    (url: string) => url.replace(/\?.*/, ""),
    (url: string) => url.replace(/secret=.*/, "secret=<script>"),
    (url: string) => url.replace(/sbx_\w+/, "<script>alert(1)<%2Fscript>"),
    (url: string) => `${url}&next=https://evil.example`,
  ])("of an address that is none of ours is 400, and shows nothing of it as HTML", async (change) => {
    const { url } = await createChallenge();
    const { status, headers, text } = await show(change(url));
    expect(status).toBe(400);
    expect(headers.get("Content-Type")).toBe("application/problem+json");
    expect(headers.get("X-Content-Type-Options")).toBe("nosniff");
    expect(JSON.parse(text)).toMatchObject({ code: "invalid_request" });
  });

  test.each(["", "answer=perhaps", "answer=approve&answer=refuse", "answer=approve&to=me"])(
    "refuses an answer of %j",
    async (body) => {
      const { checkout, url } = await createChallenge();
      expect((await answer(url, body)).status).toBe(400);
      await Payment.reconcile(checkout.orderId, cause);
      expect(await paymentOf(checkout)).toMatchObject({ status: "action_required" });
    },
  );
});

test("another customer's payment can't be found out by asking for it", async () => {
  const theirs = await get(`/payments/${paymentIdOf(await captured())}`, stranger);
  const nobodys = await get(`/payments/${newId("pay")}`, stranger);
  expect({ status: theirs.status, code: theirs.json.code }).toEqual({ status: 404, code: nobodys.json.code });
});
