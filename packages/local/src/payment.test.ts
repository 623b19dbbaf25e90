/** Money under faults, on the whole system: invariants 1, 2, 4 and 6 of docs/architecture.md. */
import { createHmac } from "node:crypto";
import { PutItemCommand, ScanCommand } from "@aws-sdk/client-dynamodb";
import { SFNClient, StartExecutionCommand } from "@aws-sdk/client-sfn";
import { newKey, ProblemError } from "@cartwright/client";
import { Payment } from "@cartwright/core/payment";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { answerBank, paymentIdOf, paymentOf } from "./shop/scenario.ts";
import { archived, deadLetters, failuresIn, type Item, place, returnAll, settle } from "./test/checkout.ts";
import { clientOf, dynamoOf } from "./test/endpoint.ts";
import { booksOf, expectMoneyRight } from "./test/money.ts";
import { expectNothingLost } from "./test/outbox.ts";
import { type System, startSystem } from "./test/system.ts";

let system: System;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system.stop());
afterEach(() => {
  system.mend();
  for (const { arn } of system.local.queues.all()) system.local.queues.purge(arn);
});

const stock = () => system.shop.staff.products.stock("MUG-BLUE");
const orderOf = (id: string) => system.shop.customer.orders.get(id);
const ledgerOf = async (id: string) => (await paymentOf(system.shop.staff, id))!;
const runsOf = (id: string) => system.local.executions.mentioning(id);

async function minutes(count: number): Promise<void> {
  for (let minute = 0; minute < count; minute++) await system.skip(61_000);
}

/** A promise that a hook waits for, and what ends the waiting. */
function gate(): { held: Promise<undefined>; reached: Promise<void>; arrive(): void; open(): void } {
  let open = () => {};
  let arrive = () => {};
  const held = new Promise<undefined>((resolve) => {
    open = () => resolve(undefined);
  });
  const reached = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  return { held, reached, arrive, open };
}

/** Holds the first call of a function, before it has begun or after it has ended. */
function hold(when: "beforeInvoke" | "afterInvoke", name: string) {
  const { held, reached, arrive, open } = gate();
  let first = true;
  system.hooks[when] = (invoked) => {
    if (invoked !== name || !first) return undefined;
    first = false;
    arrive();
    return held;
  };
  return { reached, open };
}

describe("each token of the sandbox", () => {
  /** How its order ends, and what is left for a person. */
  const ends: Record<string, { status: string; reason?: string; payment: string; letter?: string }> = {
    tok_ok: { status: "confirmed", payment: "captured" },
    tok_timeout: { status: "confirmed", payment: "captured" },
    tok_capture_timeout: { status: "confirmed", payment: "captured" },
    tok_refund_timeout: { status: "confirmed", payment: "captured" },
    tok_refund_pending: { status: "confirmed", payment: "captured" },
    tok_refund_failed: { status: "confirmed", payment: "captured" },
    tok_requires_action: { status: "cancelled", reason: "expired", payment: "voided" },
    tok_declined: { status: "cancelled", reason: "payment_declined", payment: "declined" },
    tok_insufficient_funds: { status: "cancelled", reason: "insufficient_funds", payment: "declined" },
    tok_unavailable: { status: "cancelled", reason: "temporarily_unavailable", payment: "voided" },
    tok_capture_refused: { status: "cancelled", reason: "payment_declined", payment: "voided" },
    tok_dispute: { status: "confirmed", payment: "captured", letter: "disputed" },
  };

  test("is in the list below", () => {
    expect(Object.keys(ends).sort()).toEqual([...Payment.sandboxTokens].sort());
  });

  test.each(Object.entries(ends))("%s ends as it should, and all books agree", async (token, end) => {
    const id = await place(system, token);
    expect(await settle(system, id)).toMatchObject({
      status: end.status,
      ...(end.reason && { reason: end.reason }),
    });
    await minutes(2);
    expect(await ledgerOf(id)).toMatchObject({ status: end.payment });
    await expectMoneyRight(system, [id]);
    const letters = failuresIn(system, "NeedsOperatorDeadLetters").map((failure) => failure?.code);
    expect(letters).toEqual(end.letter ? [end.letter] : []);
  });

  test.each([
    ["tok_ok", "refunded"],
    ["tok_refund_timeout", "refunded"],
    ["tok_refund_pending", "refunded"],
  ])("an order of %s that is cancelled after it was paid has its money back", async (token, status) => {
    const before = await stock();
    const id = await place(system, token);
    await settle(system, id);
    await system.shop.customer.orders.cancel(id);
    expect(await settle(system, id)).toMatchObject({ status: "cancelled", reason: "customer_request" });
    await minutes(5);
    expect(await ledgerOf(id)).toMatchObject({ status, balance: { amount: 0 }, pendingRefund: { amount: 0 } });
    expect(await stock()).toEqual(before);
    expect(deadLetters(system)).toEqual({});
    await expectMoneyRight(system, [id]);
  });

  test("a refund that fails in the end is a letter for a person, who can ask for another one", async () => {
    const id = await place(system, "tok_refund_failed");
    await settle(system, id);
    await system.shop.customer.orders.cancel(id);
    await minutes(5);
    expect(failuresIn(system, "NeedsOperatorDeadLetters").map((failure) => failure?.code)).toEqual(["refund_failed"]);
    const payment = await ledgerOf(id);
    expect(payment).toMatchObject({ status: "captured", balance: payment.captured, pendingRefund: { amount: 0 } });
    // The token makes every refund fail; that this one is under way again is what counts.
    await system.shop.staff.payments.refund(paymentIdOf(id), { reason: "by another card" });
    await system.local.idle();
    expect((await ledgerOf(id)).pendingRefund).toEqual(payment.captured);
  });
});

describe("executions of one checkout at the same time", () => {
  test.each(["tok_ok", "tok_timeout", "tok_capture_timeout", "tok_declined", "tok_capture_refused"])(
    "of %s charge once, and end in one way",
    async (token) => {
      const id = await place(system, token);
      const placed = await vi.waitUntil(() =>
        archived(system).find(({ detail }) => detail.name === "order.placed" && detail.subject === id),
      );
      const machines = new SFNClient(clientOf(system.local));
      const stateMachineArn = system.local.topology.machines.Checkout!.arn;
      const input = JSON.stringify(placed);
      await Promise.all(
        Array.from({ length: 6 }, () => machines.send(new StartExecutionCommand({ stateMachineArn, input }))),
      );
      await settle(system, id);
      await minutes(1);
      expect(runsOf(id).length).toBeGreaterThanOrEqual(7);
      await expectMoneyRight(system, [id]);
      await expectNothingLost(system);
    },
  );
});

describe("a crash between the provider's answer and our write", () => {
  /** Fails our next write, with all of the SDK's own attempts, once the provider's books say `mark`. */
  async function crashAfter(mark: string) {
    const attempts = await dynamoOf(system.local).config.maxAttempts();
    let [armed, failed] = [false, 0];
    system.hooks.onDynamoRequest = (operation, request) => {
      const text = JSON.stringify(request);
      if (!["PutItem", "UpdateItem"].includes(operation)) return undefined;
      if (text.includes("SandboxTable") && text.includes(mark)) armed = true;
      else if (armed && text.includes("PaymentTable") && text.includes("outbox") && failed < attempts) {
        failed++;
        return { when: "before", disconnect: true };
      }
      return undefined;
    };
    return { crashed: () => failed === attempts };
  }

  test.each([
    ["authorize", "tok_ok", '"authorized"', "confirmed"],
    ["authorize, of a decline", "tok_declined", '"declined"', "cancelled"],
    ["authorize, of a customer who has to act", "tok_requires_action", '"action_required"', "cancelled"],
    ["capture", "tok_ok", '"captured"', "confirmed"],
    ["void", "tok_capture_refused", '"voided"', "cancelled"],
  ])("at %s is harmless", async (_, token, mark, status) => {
    const before = await stock();
    const { crashed } = await crashAfter(mark);
    const id = await place(system, token);
    expect(await settle(system, id)).toMatchObject({ status });
    expect(crashed()).toBe(true);
    await minutes(1);
    expect(before.available - (await stock()).available).toBe(status === "confirmed" ? 1 : 0);
    await expectMoneyRight(system, [id]);
    await expectNothingLost(system);
  });

  test("at refund is harmless: the customer is paid once", async () => {
    const id = await place(system, "tok_ok");
    await settle(system, id);
    const { crashed } = await crashAfter('"re_');
    await system.shop.staff.payments.refund(paymentIdOf(id), { reason: "torn" });
    await system.local.idle();
    expect(crashed()).toBe(true);
    expect(await ledgerOf(id)).toMatchObject({ refunded: { amount: 0 }, pendingRefund: { amount: 1450 } });
    await minutes(4);
    expect(await ledgerOf(id)).toMatchObject({ status: "refunded", pendingRefund: { amount: 0 } });
    await expectMoneyRight(system, [id]);
  });
});

/** As the sandbox posts it. */
async function postWebhook(orderId: string, id = newKey()): Promise<Response> {
  const { apiUrl, links, now } = system.local;
  const createdAt = new Date(now()).toISOString();
  const body = JSON.stringify({ id, type: "charge.updated", orderId, createdAt });
  const seconds = Math.floor(now() / 1000);
  const mac = createHmac("sha256", String(links.SandboxWebhookSecret!.value))
    .update(`${seconds}.${body}`)
    .digest("hex");
  const headers = { "Content-Type": "application/json", "Cartwright-Signature": `t=${seconds},v1=${mac}` };
  return fetch(`${apiUrl}/webhooks/sandbox`, { method: "POST", body, headers });
}

describe("a webhook", () => {
  test("that comes before the provider's answer is written changes nothing about the end", async () => {
    const { held, reached, arrive, open } = gate();
    let first = true;
    system.hooks.onDynamoRequest = async (operation, request) => {
      const isOurs = operation === "UpdateItem" && JSON.stringify(request).includes("payment.authorized");
      if (!isOurs || !first) return undefined;
      first = false;
      arrive();
      return held;
    };
    const id = await place(system, "tok_ok");
    await reached;
    expect((await postWebhook(id)).status).toBe(200);
    await vi.waitUntil(async () => (await ledgerOf(id)).status === "authorized", { timeout: 20_000 });
    open();
    expect(await settle(system, id)).toMatchObject({ status: "confirmed", paid: true });
    const { attempts } = await ledgerOf(id);
    expect(attempts.map(({ kind }) => kind)).toEqual(["intent", "authorize", "capture"]);
    await expectMoneyRight(system, [id]);
    await expectNothingLost(system);
  });

  test("that comes twenty times, and again much later, is one notification and no change", async () => {
    const id = await place(system, "tok_ok");
    await settle(system, id);
    const { version } = await ledgerOf(id);
    const webhookId = newKey();
    const answers = await Promise.all(Array.from({ length: 20 }, () => postWebhook(id, webhookId)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    await minutes(10);
    expect((await postWebhook(id, webhookId)).status).toBe(200);
    await system.local.idle();
    const notified = archived(system).filter(({ detail }) => JSON.stringify(detail).includes(webhookId));
    expect(notified.length).toBe(1);
    expect((await ledgerOf(id)).version).toBe(version);
  });

  test("that is forged is refused, and logged without its body", async () => {
    const logged: string[] = [];
    system.hooks.onLog = ({ text }) => logged.push(text);
    const canary = "canary-in-a-forged-body";
    const headers = { "Content-Type": "application/json", "Cartwright-Signature": `t=1,v1=${"0".repeat(64)}` };
    const body = JSON.stringify({ id: canary, type: "charge.updated", orderId: canary });
    const response = await fetch(`${system.local.apiUrl}/webhooks/sandbox`, { method: "POST", body, headers });
    expect(response.status).toBe(401);
    expect(logged.filter((text) => text.includes("forged webhook")).length).toBe(1);
    expect(logged.join("\n")).not.toContain(canary);
  });
});

describe("cancelling", () => {
  const points = [
    ["before its stock is reserved", "beforeInvoke", "ReserveStock"],
    ["before its payment is authorized", "beforeInvoke", "AuthorizePayment"],
    ["once its payment is authorized", "afterInvoke", "AuthorizePayment"],
    ["before it is confirmed", "beforeInvoke", "ConfirmOrder"],
    ["once it is confirmed", "afterInvoke", "ConfirmOrder"],
    ["before its capture", "beforeInvoke", "CapturePayment"],
    ["once its money is captured", "afterInvoke", "CapturePayment"],
    ["before it is marked paid", "beforeInvoke", "MarkPaid"],
    ["before its stock is committed", "beforeInvoke", "CommitReservation"],
    ["once its stock is committed", "afterInvoke", "CommitReservation"],
  ] as const;

  test.each(points)("an order %s leaves neither money nor stock with us", async (_, when, name) => {
    const before = await stock();
    const { reached, open } = hold(when, name);
    const id = await place(system, "tok_ok");
    await reached;
    const { status } = await system.shop.customer.orders.cancel(id);
    expect(status).toBe("cancelling");
    // The undo meets the checkout that is still under way.
    await new Promise((resolve) => setTimeout(resolve, 300));
    open();
    expect(await settle(system, id)).toMatchObject({ status: "cancelled", reason: "customer_request" });
    await minutes(2);
    expect(await stock()).toEqual(before);
    expect(deadLetters(system)).toEqual({});
    await expectMoneyRight(system, [id]);
    await expectNothingLost(system);
  });

  test("while the provider is captured from at this very moment ends in one of the two", async () => {
    const before = await stock();
    const { held, reached, arrive, open } = gate();
    let first = true;
    system.hooks.onDynamoRequest = async (operation, request) => {
      const text = JSON.stringify(request);
      if (operation !== "UpdateItem" || !text.includes("SandboxTable") || !text.includes('"captured"'))
        return undefined;
      if (!first) return undefined;
      first = false;
      arrive();
      return held;
    };
    const id = await place(system, "tok_ok");
    await reached;
    await system.shop.customer.orders.cancel(id);
    await vi.waitUntil(async () => (await booksOf(system)).get(id)?.status === "voided", { timeout: 20_000 });
    open();
    expect(await settle(system, id)).toMatchObject({ status: "cancelled" });
    expect(await ledgerOf(id)).toMatchObject({ captured: { amount: 0 } });
    expect(await stock()).toEqual(before);
    await expectMoneyRight(system, [id]);
  });

  test("twice is once; a returned order, and somebody else's, can't be cancelled", async () => {
    const id = await place(system, "tok_ok");
    await settle(system, id);
    const stranger = await system.newCustomer();
    await expect(stranger.orders.cancel(id)).rejects.toMatchObject({ status: 404 });
    const key = newKey();
    const first = await system.shop.customer.orders.cancel(id, key);
    expect(await system.shop.customer.orders.cancel(id, key)).toEqual(first);
    await settle(system, id);
    expect(await system.shop.customer.orders.cancel(id)).toMatchObject({ reason: "customer_request" });
    const returned = await place(system, "tok_ok");
    await settle(system, returned);
    await returnAll(system, returned);
    await expect(system.shop.customer.orders.cancel(returned)).rejects.toMatchObject({ code: "order_not_cancellable" });
    await minutes(1);
    await expectMoneyRight(system, [id, returned]);
  });
});

describe("an undo that fails", () => {
  test.each(["VoidPayment", "ReleaseStock", "CancelOrder"])(
    "in %s fails its run loudly, holds the order back from being cancelled, and ends once it works",
    async (name) => {
      const before = await stock();
      system.hooks.beforeInvoke = (invoked) => {
        if (invoked === name) throw new Error("out of order");
      };
      const id = await place(system, "tok_capture_refused");
      await minutes(4);
      expect(await orderOf(id)).toMatchObject({ status: "confirmed", cancelling: true });
      expect(runsOf(id).some(({ result }) => result?.status === "FAILED")).toBe(true);
      delete system.hooks.beforeInvoke;
      expect(await settle(system, id)).toMatchObject({ status: "cancelled" });
      expect(await stock()).toEqual(before);
      await expectMoneyRight(system, [id]);
    },
  );
});

describe("what no rule mends", () => {
  /** Changes the sandbox's own book of an order, as only somebody at the provider could. */
  async function tamper(orderId: string, change: Item): Promise<void> {
    const TableName = system.local.topology.tables.SandboxTable!.name;
    const dynamo = dynamoOf(system.local);
    const { Items = [] } = await dynamo.send(new ScanCommand({ TableName, ConsistentRead: true }));
    const book = Items.find((item) => item.orderId?.S === orderId)!;
    await dynamo.send(new PutItemCommand({ TableName, Item: { ...book, ...change } }));
  }

  const codes = () => failuresIn(system, "NeedsOperatorDeadLetters").map((failure) => failure?.code);

  test("is found by the schedule, waits for a person once, and is gone once it is mended and redriven", async () => {
    const id = await place(system, "tok_ok");
    await settle(system, id);
    await tamper(id, { capturedMinor: { N: "1000" } });
    for (let times = 0; times < 12; times++) await system.skip(5 * 61_000);
    expect(codes()).toEqual(["amount_differs"]);
    for (let times = 0; times < 6; times++) await system.skip(5 * 61_000);
    expect(codes()).toEqual(["amount_differs"]);
    await tamper(id, { capturedMinor: { N: "1450" } });
    await system.shop.staff.ops.deadLetters.redrive({ subscriber: "NeedsOperator", all: true });
    await minutes(4);
    expect(deadLetters(system)).toEqual({});
    await expectMoneyRight(system, [id]);
  });

  test("is a second charge of an order as well, which our keys should have kept the provider from", async () => {
    const id = await place(system, "tok_ok");
    await settle(system, id);
    await tamper(id, { pk: { S: "$sandbox#reference_sbx_again" }, reference: { S: "sbx_again" } });
    for (let times = 0; times < 12; times++) await system.skip(5 * 61_000);
    expect(failuresIn(system, "NeedsOperatorDeadLetters")).toMatchObject([
      { code: "charged_twice", message: expect.stringContaining("sbx_again") },
    ]);
  });
});

describe("while the provider does not answer", () => {
  /** The sandbox's books are out of reach; all other tables are not. */
  function breakProvider(): void {
    system.hooks.onDynamoRequest = (_, request) =>
      JSON.stringify(request).includes("SandboxTable")
        ? { when: "before", name: "InternalServerError", statusCode: 500 }
        : undefined;
  }

  test("the breaker opens in the middle of a checkout: orders wait, people are told when, and all ends well", async () => {
    const logged: string[] = [];
    system.hooks.onLog = ({ text }) => logged.push(text);
    const asked = await place(system, "tok_requires_action");
    await system.local.idle();
    const paid = await place(system, "tok_ok");
    await settle(system, paid);
    const { reached, open } = hold("beforeInvoke", "CapturePayment");
    const halfway = await place(system, "tok_ok");
    await reached;
    breakProvider();
    const failing = await Promise.all(Array.from({ length: 4 }, () => place(system, "tok_ok")));
    await vi.waitUntil(() => logged.some((text) => text.includes("BreakerTransition")), { timeout: 25_000 });
    open();
    const late = await place(system, "tok_ok");
    await system.local.idle();

    for (const id of [halfway, late]) {
      const states = runsOf(id).flatMap(({ history }) =>
        history.flatMap((event) => (event.type === "state-exited" ? [event.state] : [])),
      );
      expect(states, id).toContain("AwaitProvider");
      expect(states, id).not.toContain("AbandonOrder");
    }
    expect(await orderOf(halfway)).toMatchObject({ status: "confirmed", paid: false, cancelling: false });
    expect(await orderOf(late)).toMatchObject({ status: "pending", cancelling: false });
    const { customer, staff } = system.shop;
    for (const waiting of [
      () => staff.payments.refund(paymentIdOf(paid), { reason: "torn" }),
      () => customer.payments.action(paymentIdOf(asked)),
    ]) {
      await expect(waiting()).rejects.toMatchObject({ status: 503, code: "circuit_open" });
    }
    const headers = { "Idempotency-Key": newKey(), "Content-Type": "application/json" };
    expect(await retryAfterOf(`/payments/${paymentIdOf(paid)}/refunds`, headers)).toBeGreaterThan(1);
    expect((await ledgerOf(paid)).pendingRefund.amount).toBe(0);

    delete system.hooks.onDynamoRequest;
    for (const id of [halfway, late])
      expect(await settle(system, id)).toMatchObject({ status: "confirmed", paid: true });
    for (const id of failing) await settle(system, id);
    await answerBank(customer, asked).catch((error: unknown) => expect(error).toBeInstanceOf(ProblemError));
    await settle(system, asked);
    await minutes(3);
    const transitions = logged.filter((text) => text.includes("BreakerTransition"));
    expect(transitions.some((text) => text.includes('"to":"open"'))).toBe(true);
    expect(transitions.some((text) => text.includes('"to":"closed"'))).toBe(true);
    await expectMoneyRight(system, [asked, paid, halfway, late, ...failing]);
  });

  async function retryAfterOf(path: string, headers: Record<string, string>): Promise<number> {
    const { email, password } = (await import("./shop/seed.ts")).people.staff;
    const { accessToken } = await system.shop.staff.users.signIn({ email, password });
    const response = await fetch(`${system.local.apiUrl}${path}`, {
      method: "POST",
      headers: { ...headers, Authorization: `Bearer ${accessToken}` },
      body: JSON.stringify({ reason: "torn" }),
    });
    expect(response.status).toBe(503);
    return Number(response.headers.get("Retry-After"));
  }
});

describe("a provider that is slow, loses calls and answers, and whose webhooks come late, twice or never", () => {
  // What customers and staff do is the same for a seed; the ids of orders, and with them the sandbox's trouble, are not.
  const seed = process.env.CHAOS_SEED ?? "20261125";

  beforeAll(async () => {
    await system.stop();
    system = await startSystem({
      trouble: `seed=${seed} unavailable=0.1 lost=0.2 delay=20 duplicate=0.3 late=0.3 dropped=0.3`,
    });
  });

  test(`ends every order, with all books in agreement (seed ${seed})`, async () => {
    const roll = (what: string, index: number) => chance(seed, what, index);
    const tokens = ["tok_ok", "tok_ok", "tok_requires_action", "tok_timeout", "tok_declined", "tok_refund_pending"];
    const ids: string[] = [];
    for (let round = 0; round < 3; round++) {
      const placed = await Promise.all(
        Array.from({ length: 8 }, (_, index) => place(system, tokens[Math.floor(roll(`token ${round}`, index) * 6)]!)),
      );
      ids.push(...placed);
      await system.local.idle();
      for (const [index, id] of placed.entries()) await meddle(id, roll(`act ${round}`, index));
      await minutes(1);
    }
    // Deadlines, refunds that take their time, and the reconcilers, which look at what is half an hour old.
    for (let times = 0; times < 20; times++) await system.skip(181_000);
    for (const id of ids) await settle(system, id);
    await minutes(5);
    await expectMoneyRight(system, ids);
    await expectNothingLost(system);
    const { available, reserved, onHand } = await stock();
    expect(available + reserved).toBe(onHand);
    const kept = await Promise.all(ids.map(orderOf));
    expect(reserved).toBe(kept.filter(({ status }) => status === "confirmed").length);
    const codes = failuresIn(system, "NeedsOperatorDeadLetters").map((failure) => failure?.code);
    // The provider gave no answer for as long as it was asked; nothing is wrong with any payment.
    const unanswered = ["outcome_unknown", "ProviderUnavailableError", "CircuitOpenError", "UnknownOutcomeError"];
    expect(codes.filter((code) => !unanswered.includes(code!))).toEqual([]);
    // A run of the reconcilers, or the look after a webhook, that met trouble each time; a later one has made up for it.
    const harmless = ["NeedsOperatorDeadLetters", "ReconcilePaymentsDeadLetters", "HeedWebhookDeadLetters"];
    expect(Object.keys(deadLetters(system)).filter((name) => !harmless.includes(name))).toEqual([]);
  }, 120_000);

  /** What customers and staff do meanwhile; being told to come back later is no fault. */
  async function meddle(id: string, dice: number): Promise<void> {
    const { customer, staff } = system.shop;
    const attempt = (act: Promise<unknown>) =>
      act.catch((error: unknown) => {
        expect(error).toBeInstanceOf(ProblemError);
        expect([404, 409, 503]).toContain((error as ProblemError).status);
      });
    if (dice < 0.25) await attempt(answerBank(customer, id, dice < 0.2));
    else if (dice < 0.45) await attempt(customer.orders.cancel(id));
    else if (dice < 0.6) await attempt(staff.payments.refund(paymentIdOf(id), { reason: "goodwill" }));
    else if (dice < 0.7) await attempt(returnAll(system, id));
    else if (dice < 0.8) {
      const amount = { amount: 500, currency: "EUR" };
      await Promise.all(
        [1, 2, 3, 4].map(() => attempt(staff.payments.refund(paymentIdOf(id), { amount, reason: "torn" }))),
      );
    }
  }
});

/** From 0 to 1, by seed and words alone. */
function chance(seed: string, what: string, index: number): number {
  return createHmac("sha256", seed).update(`${what} ${index}`).digest().readUInt32BE(0) / 2 ** 32;
}
