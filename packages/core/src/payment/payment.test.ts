import { setTimeout as sleep } from "node:timers/promises";
import { newId } from "@cartwright/events";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { Payment } from "./index.ts";
import { payments } from "./payment.entity.ts";
import { ProviderUnavailableError, UnknownOutcomeError } from "./provider.ts";
import { charges } from "./sandbox/charge.entity.ts";
import { sandbox } from "./sandbox/sandbox.ts";
import {
  answerBank,
  atProvider,
  captured,
  cause,
  createCheckout,
  heldMinor,
  paymentIdOf,
  paymentOf,
} from "./test/fixture.ts";

const itemOf = async ({ orderId }: { orderId: string }) =>
  (await payments().get({ orderId }).go({ consistent: true })).data!;
const outboxOf = async (checkout: { orderId: string }) =>
  JSON.parse((await itemOf(checkout)).outbox ?? "[]") as { name: string; data: Record<string, unknown> }[];

describe("authorizing", () => {
  test("twice, and at the same time, asks for the money once", async () => {
    const checkout = await createCheckout("tok_ok");
    const both = [Payment.authorize(checkout, cause), Payment.authorize(checkout, cause)];
    expect(await Promise.all(both)).toEqual(["authorized", "authorized"]);
    expect(await Payment.authorize(checkout, cause)).toBe("authorized");
    expect(await paymentOf(checkout)).toMatchObject({ status: "authorized", authorized: { amount: 900 } });
    const { data } = await charges()
      .scan.where(({ orderId }, { eq }) => eq(orderId, checkout.orderId))
      .go({ pages: "all" });
    expect(data.length).toBe(1);
  });

  test.each([
    ["tok_declined", "PaymentDeclinedError"],
    ["tok_insufficient_funds", "InsufficientFundsError"],
    ["tok_never_heard_of", "PaymentDeclinedError"],
    ["constructor", "PaymentDeclinedError"],
  ])("%s is refused, and refused again when repeated", async (token, name) => {
    const checkout = await createCheckout(token);
    await expect(Payment.authorize(checkout, cause)).rejects.toMatchObject({ name });
    await expect(Payment.authorize(checkout, cause)).rejects.toMatchObject({ name });
    expect(await paymentOf(checkout)).toMatchObject({ status: "declined" });
  });

  test("an answer that was lost is looked up instead of charging again", async () => {
    const checkout = await createCheckout("tok_timeout");
    expect(await Payment.authorize(checkout, cause)).toBe("authorized");
    expect(await atProvider(checkout)).toMatchObject({ status: "authorized" });
  });

  test("a provider that is away fails in a way that may be tried again", async () => {
    const checkout = await createCheckout("tok_unavailable");
    await expect(Payment.authorize(checkout, cause)).rejects.toMatchObject({ kind: "unavailable" });
    expect(await paymentOf(checkout)).toMatchObject({ status: "intent" });
    expect(await atProvider(checkout)).toBeUndefined();
  });

  test("a customer who has to act is waited for, and their approval authorizes", async () => {
    const checkout = await createCheckout("tok_requires_action");
    expect(await Payment.authorize(checkout, cause)).toBe("waiting");
    expect(await Payment.authorize(checkout, cause)).toBe("waiting");
    expect(await paymentOf(checkout)).toMatchObject({ status: "action_required" });
    await answerBank(checkout, true);
    expect(await Payment.authorize(checkout, cause)).toBe("authorized");
    expect((await paymentOf(checkout)).attempts).toMatchObject([
      { kind: "intent", outcome: "succeeded", amount: { amount: 900 } },
      { kind: "action", outcome: "succeeded" },
      { kind: "authorize", outcome: "succeeded", amount: { amount: 900 } },
    ]);
  });

  test("a customer who has to act is waited for also while the provider is away", async () => {
    const checkout = await createCheckout("tok_requires_action");
    await Payment.authorize(checkout, cause);
    const { version } = await paymentOf(checkout);
    const find = vi.spyOn(sandbox, "find").mockRejectedValueOnce(new ProviderUnavailableError("away"));
    onTestFinished(() => find.mockRestore());
    expect(await Payment.authorize(checkout, cause)).toBe("waiting");
    expect(find).toHaveBeenCalledOnce();
    expect(await paymentOf(checkout)).toMatchObject({ status: "action_required", version });
    await answerBank(checkout, true);
    expect(await Payment.authorize(checkout, cause)).toBe("authorized");
  });

  test("their refusal declines", async () => {
    const checkout = await createCheckout("tok_requires_action");
    await Payment.authorize(checkout, cause);
    await answerBank(checkout, false);
    await expect(Payment.authorize(checkout, cause)).rejects.toMatchObject({ name: "PaymentDeclinedError" });
    expect(await paymentOf(checkout)).toMatchObject({ status: "declined", reason: "refused_by_bank" });
  });

  test("there is nothing to confirm for a payment that does not wait, and for another customer no payment", async () => {
    const checkout = await createCheckout("tok_ok");
    await Payment.authorize(checkout, cause);
    await expect(answerBank(checkout, true)).rejects.toMatchObject({ code: "no_action_required" });
    const stranger = { ...checkout, customerId: newId("usr") };
    await expect(answerBank(stranger, true)).rejects.toMatchObject({ code: "payment_not_found" });
  });

  test("an approval after the payment was undone holds nothing", async () => {
    const checkout = await createCheckout("tok_requires_action");
    await Payment.authorize(checkout, cause);
    const { url } = await Payment.actionFromID(paymentIdOf(checkout), {
      userId: checkout.customerId,
      roles: ["customer"],
    });
    await Payment.undo(checkout.orderId, cause);
    const { pathname, searchParams } = new URL(url!, "http://shop.example");
    await Payment.answerChallenge(pathname.split("/").at(-1)!, searchParams.get("secret")!, true);
    await Payment.reconcile(checkout.orderId, cause);
    expect(await paymentOf(checkout)).toMatchObject({ status: "voided" });
    expect(await atProvider(checkout)).toMatchObject({ status: "voided" });
  });
});

describe("capturing", () => {
  test("twice, and at the same time, collects once", async () => {
    const checkout = await createCheckout("tok_ok");
    await Payment.authorize(checkout, cause);
    await Promise.all([Payment.capture(checkout.orderId, cause), Payment.capture(checkout.orderId, cause)]);
    const { version } = await paymentOf(checkout);
    expect(await Payment.capture(checkout.orderId, cause)).toBe("captured");
    expect(await paymentOf(checkout)).toMatchObject({ status: "captured", version, captured: { amount: 900 } });
    expect(await atProvider(checkout)).toMatchObject({ status: "captured", capturedMinor: 900 });
  });

  test("an answer that was lost is looked up", async () => {
    const checkout = await captured("tok_capture_timeout");
    expect(await paymentOf(checkout)).toMatchObject({ status: "captured", balance: { amount: 900 } });
  });

  test("what was never authorized is not captured", async () => {
    const checkout = await createCheckout("tok_unavailable");
    await expect(Payment.authorize(checkout, cause)).rejects.toThrow();
    await expect(Payment.capture(checkout.orderId, cause)).rejects.toMatchObject({ name: "PaymentNotAuthorizedError" });
  });

  test("a refusal is for good", async () => {
    const checkout = await createCheckout("tok_capture_refused");
    await Payment.authorize(checkout, cause);
    for (let attempt = 0; attempt < 2; attempt++) {
      await expect(Payment.capture(checkout.orderId, cause)).rejects.toMatchObject({ name: "CaptureRefusedError" });
    }
  });

  const captureOf = async (checkout: { orderId: string }) =>
    (await paymentOf(checkout)).attempts.filter(({ kind }) => kind === "capture");
  const refusedFor = (providerReason: string) => [{ name: "payment.capture-refused", data: { providerReason } }];

  test("a refusal is in the ledger and told with its reason, once however often, and nothing is collected", async () => {
    const checkout = await createCheckout("tok_capture_refused");
    const { orderId } = checkout;
    await Payment.authorize(checkout, cause);
    const { version } = await paymentOf(checkout);
    await expect(Payment.capture(orderId, cause)).rejects.toThrow();
    expect(await outboxOf(checkout)).toMatchObject(refusedFor("authorization revoked"));
    await Promise.allSettled([Payment.capture(orderId, cause), Payment.capture(orderId, cause)]);
    expect(await captureOf(checkout)).toMatchObject([{ outcome: "failed", reason: "authorization revoked" }]);
    expect(await paymentOf(checkout)).toMatchObject({
      ...{ status: "authorized", version: version + 1, captured: { amount: 0 } },
    });
  });

  test("a refusal is told also when nobody could say before whether it had been collected", async () => {
    const checkout = await createCheckout("tok_capture_refused");
    const { orderId } = checkout;
    await Payment.authorize(checkout, cause);
    const capture = vi.spyOn(sandbox, "capture").mockRejectedValue(new UnknownOutcomeError("the sandbox"));
    onTestFinished(() => capture.mockRestore());
    await expect(Payment.capture(orderId, cause)).rejects.toMatchObject({ name: "UnknownOutcomeError" });
    expect(await captureOf(checkout)).toMatchObject([{ outcome: "unknown" }]);
    capture.mockRestore();
    await expect(Payment.capture(orderId, cause)).rejects.toMatchObject({ name: "CaptureRefusedError" });
    expect(await captureOf(checkout)).toMatchObject([{ outcome: "failed", reason: "authorization revoked" }]);
    expect(await outboxOf(checkout)).toMatchObject(refusedFor("authorization revoked"));
  });

  test("an authorization that the provider has let go of can't be collected", async () => {
    const checkout = await createCheckout("tok_ok");
    const { orderId } = checkout;
    await Payment.authorize(checkout, cause);
    const { reference } = (await atProvider(checkout))!;
    await sandbox.void({ key: "elsewhere", orderId, reference });
    await expect(Payment.capture(orderId, cause)).rejects.toMatchObject({ name: "CaptureRefusedError" });
    await expect(Payment.capture(orderId, cause)).rejects.toMatchObject({ name: "CaptureRefusedError" });
    expect(await paymentOf(checkout)).toMatchObject({ status: "voided" });
  });
});

describe("undoing", () => {
  const entriesOf = async (checkout: { orderId: string }) => (await itemOf(checkout)).entries;

  test.each(["tok_ok", "tok_timeout", "tok_requires_action"])("gives back what %s holds, once", async (token) => {
    const checkout = await createCheckout(token);
    await Payment.authorize(checkout, cause);
    const { orderId } = checkout;
    await Promise.all([Payment.undo(orderId, cause), Payment.undo(orderId, cause)]);
    const { version } = await paymentOf(checkout);
    await Payment.undo(orderId, cause);
    expect(await paymentOf(checkout)).toMatchObject({ status: "voided", version });
    expect(await atProvider(checkout)).toMatchObject({ status: "voided" });
  });

  test("ends with the void what the customer was to confirm", async () => {
    const checkout = await createCheckout("tok_requires_action");
    await Payment.authorize(checkout, cause);
    for (let time = 0; time < 2; time++) await Payment.undo(checkout.orderId, cause);
    const { attempts } = await paymentOf(checkout);
    expect(attempts.find(({ kind }) => kind === "action")).toMatchObject({ outcome: "failed", reason: "voided" });
    expect(attempts.filter(({ settledAt }) => settledAt === undefined)).toEqual([]);
  });

  test("asks the provider nothing about an order for which it was never asked", async () => {
    const checkout = await createCheckout("tok_ok");
    const find = vi.spyOn(sandbox, "find").mockRejectedValue(new ProviderUnavailableError("away"));
    onTestFinished(() => find.mockRestore());
    for (let time = 0; time < 2; time++) await Payment.undo(checkout.orderId, cause);
    expect(find).not.toHaveBeenCalled();
    expect(await paymentOf(checkout)).toMatchObject({ status: "voided" });
  });

  test("an authorization that arrives after its undo holds nothing", async () => {
    const checkout = await createCheckout("tok_ok");
    await Payment.undo(checkout.orderId, cause);
    await expect(Payment.authorize(checkout, cause)).rejects.toMatchObject({ name: "PaymentVoidedError" });
    expect(await atProvider(checkout)).toBeUndefined();
  });

  test("leaves a declined payment as it is", async () => {
    const checkout = await createCheckout("tok_declined");
    await expect(Payment.authorize(checkout, cause)).rejects.toThrow();
    const before = await paymentOf(checkout);
    await Payment.undo(checkout.orderId, cause);
    expect(await paymentOf(checkout)).toEqual(before);
  });

  test("at the same time as authorizing leaves no money held", async () => {
    for (let round = 0; round < 10; round++) {
      const checkout = await createCheckout("tok_ok");
      const { orderId } = checkout;
      await Promise.allSettled([Payment.authorize(checkout, cause), Payment.undo(orderId, cause)]);
      await Payment.undo(orderId, cause);
      expect(heldMinor(await atProvider(checkout))).toBe(0);
    }
  });

  test("that meets an approval leaves no money held", async () => {
    for (let round = 0; round < 10; round++) {
      const checkout = await createCheckout("tok_requires_action");
      const { orderId } = checkout;
      await Payment.authorize(checkout, cause);
      const approval = sleep(round % 5).then(() => answerBank(checkout, true));
      await Promise.allSettled([approval, Payment.undo(orderId, cause)]);
      await Payment.reconcile(orderId, cause);
      expect(await atProvider(checkout)).toMatchObject({ status: "voided" });
      expect(await paymentOf(checkout)).toMatchObject({ status: "voided" });
    }
  });

  test("that meets a capture ends in one of the two, and the customer has their money", async () => {
    for (let round = 0; round < 20; round++) {
      const checkout = await createCheckout("tok_ok");
      const { orderId } = checkout;
      await Payment.authorize(checkout, cause);
      const capture = sleep(round % 7).then(() => Payment.capture(orderId, cause));
      const [collected] = await Promise.allSettled([capture, Payment.undo(orderId, cause)]);
      if (collected.status === "rejected") expect(collected.reason).toMatchObject({ name: "CaptureRefusedError" });
      await Payment.undo(orderId, cause);
      expect(heldMinor(await atProvider(checkout))).toBe(0);
      const payment = await paymentOf(checkout);
      expect(["voided", "refunded"]).toContain(payment.status);
      expect(payment.balance.amount).toBe(0);
    }
  });

  test("of an order for which nothing was ever asked is final: a stray charge of it is given back when found", async () => {
    const checkout = await createCheckout("tok_ok");
    const { orderId, total } = checkout;
    await Payment.undo(orderId, cause);
    await sandbox.authorize({ key: `${orderId}:authorize`, orderId, amount: total, token: "tok_ok" });
    await Payment.undo(orderId, cause);
    expect(await atProvider(checkout)).toMatchObject({ status: "authorized" });
    for (let time = 0; time < 2; time++) expect(await Payment.reconcile(orderId, cause)).toEqual([]);
    expect(await atProvider(checkout)).toMatchObject({ status: "voided" });
    expect(await paymentOf(checkout)).toMatchObject({ status: "voided" });
  });

  test("that died before it reached the provider is completed when repeated", async () => {
    const checkout = await createCheckout("tok_ok");
    const { orderId } = checkout;
    await Payment.authorize(checkout, cause);
    const find = vi.spyOn(sandbox, "find").mockRejectedValueOnce(new ProviderUnavailableError("away"));
    onTestFinished(() => find.mockRestore());
    await expect(Payment.undo(orderId, cause)).rejects.toMatchObject({ kind: "unavailable" });
    expect(await paymentOf(checkout)).toMatchObject({ status: "voiding" });
    await Payment.undo(orderId, cause);
    expect(await atProvider(checkout)).toMatchObject({ status: "voided" });
    expect(await paymentOf(checkout)).toMatchObject({ status: "voided" });
  });

  test("refunds in full what was captured, once", async () => {
    const checkout = await captured();
    const { orderId } = checkout;
    await Promise.all([Payment.undo(orderId, cause), Payment.undo(orderId, cause)]);
    await Payment.undo(orderId, cause);
    expect(await paymentOf(checkout)).toMatchObject({ status: "refunded", balance: { amount: 0 } });
    expect((await atProvider(checkout))!.refunds).toMatchObject([{ status: "succeeded", amountMinor: 900 }]);
  });

  test("leaves of captured money that it was undone: a void that came too late, for which the refund stands", async () => {
    const checkout = await captured();
    const { orderId } = checkout;
    for (let time = 0; time < 2; time++) await Payment.undo(orderId, cause);
    expect((await entriesOf(checkout)).slice(3).map(({ key, outcome, reason }) => [key, outcome, reason])).toEqual([
      ["void", "requested", undefined],
      ["void", "failed", "captured"],
      [expect.stringMatching(/^refund:rfd_/), "requested", undefined],
      [expect.stringMatching(/^refund:rfd_/), "succeeded", undefined],
    ]);
    const [, , , tooLate] = (await paymentOf(checkout)).attempts;
    expect(tooLate).toMatchObject({ kind: "void", outcome: "failed", reason: "captured" });
  });

  test("is decided and told before the provider is asked, also of captured money, and is completed later", async () => {
    const checkout = await captured();
    const { orderId } = checkout;
    const { version } = await paymentOf(checkout);
    const find = vi.spyOn(sandbox, "find").mockRejectedValueOnce(new ProviderUnavailableError("away"));
    onTestFinished(() => find.mockRestore());
    await expect(Payment.undo(orderId, cause)).rejects.toMatchObject({ kind: "unavailable" });
    expect(await outboxOf(checkout)).toMatchObject([{ name: "payment.void-requested" }]);
    // A void comes too late: nothing of it stays open, whatever becomes of the refund.
    expect((await entriesOf(checkout)).slice(3)).toMatchObject([
      { key: "void", outcome: "requested" },
      { key: "void", outcome: "failed", reason: "captured" },
    ]);
    expect(await paymentOf(checkout)).toMatchObject({ version: version + 1 });
    await Payment.undo(orderId, cause);
    expect(await paymentOf(checkout)).toMatchObject({ status: "refunded", refunded: { amount: 900 } });
    expect(heldMinor(await atProvider(checkout))).toBe(0);
  });

  test("of money that was captured and has gone back where we did not see it leaves nothing open", async () => {
    const checkout = await createCheckout("tok_ok");
    const { orderId, total } = checkout;
    await Payment.authorize(checkout, cause);
    const { reference } = (await atProvider(checkout))!;
    await sandbox.capture({ key: "by-hand", orderId, reference, amount: total });
    await sandbox.refund({ key: "by-hand", orderId, reference, amount: total });
    for (let time = 0; time < 2; time++) await Payment.undo(orderId, cause);
    const { status, attempts } = await paymentOf(checkout);
    expect(status).toBe("refunded");
    expect(attempts.filter(({ settledAt }) => settledAt === undefined)).toEqual([]);
    expect(attempts.find(({ kind }) => kind === "void")).toMatchObject({ outcome: "failed", reason: "captured" });
  });

  test("of money that staff have refunded leaves nothing open, and refunds nothing", async () => {
    const checkout = await captured();
    const { orderId } = checkout;
    const by = { actorId: newId("usr"), idempotencyKey: newId("req") };
    const { refund } = await Payment.requestRefund(paymentIdOf(checkout), { reason: "broken" }, by, cause);
    await Payment.issueRefund(orderId, Payment.refundKeyOf(refund.id), cause);
    const { version } = await paymentOf(checkout);
    for (let time = 0; time < 2; time++) await Payment.undo(orderId, cause);
    const { attempts, ...payment } = await paymentOf(checkout);
    expect(payment).toMatchObject({ status: "refunded", version: version + 1 });
    expect(attempts.filter(({ settledAt }) => settledAt === undefined)).toEqual([]);
  });

  test.each(["refunded", "charged back"])("of money that is %s already leaves nothing open", async (what) => {
    const checkout = await captured("tok_dispute");
    const { orderId } = checkout;
    const { reference } = (await atProvider(checkout))!;
    if (what === "refunded") await sandbox.refund({ key: "by-hand", orderId, reference, amount: checkout.total });
    else await Payment.workForSandbox({ do: "dispute", reference });
    await Payment.undo(orderId, cause);
    const { version, attempts } = await paymentOf(checkout);
    expect(attempts.find(({ kind }) => kind === "void")).toMatchObject({ outcome: "failed", reason: "captured" });
    await Payment.undo(orderId, cause);
    expect(await paymentOf(checkout)).toMatchObject({ version, pendingRefund: { amount: 0 } });
  });

  test("that can't pay back ends, and tells a person by an event of its own", async () => {
    const checkout = await captured("tok_refund_failed");
    const { orderId } = checkout;
    await Payment.undo(orderId, cause);
    const { reference } = (await atProvider(checkout))!;
    const [refund] = (await atProvider(checkout))!.refunds;
    await Payment.workForSandbox({ do: "settle-refund", reference, refund: refund!.key! });
    await Payment.undo(orderId, cause);
    expect(await outboxOf(checkout)).toMatchObject([
      { name: "payment.refund-failed", data: { amount: { amount: 900 }, providerReason: "expired_or_canceled_card" } },
    ]);
    const { version } = await paymentOf(checkout);
    await Payment.undo(orderId, cause);
    expect(await paymentOf(checkout)).toMatchObject({ version });
    await expect(Payment.review(orderId, cause)).rejects.toMatchObject({
      code: "refund_failed",
      message: `9.00 EUR were not paid back (expired_or_canceled_card) (the payment of ${orderId})`,
    });
    expect(heldMinor(await atProvider(checkout))).toBe(900);
  });

  test("whose refund is refused at once ends too, and tells a person by the same event", async () => {
    const checkout = await captured();
    const { orderId } = checkout;
    const spy = vi.spyOn(sandbox, "refund").mockImplementation(async ({ key, reference, amount }) => ({
      ...{ key, reference, status: "failed", amountMinor: amount.amount, reason: "insufficient_balance" },
    }));
    onTestFinished(() => spy.mockRestore());
    for (let time = 0; time < 2; time++) await Payment.undo(orderId, cause);
    expect(spy).toHaveBeenCalledOnce();
    expect(await outboxOf(checkout)).toMatchObject([
      { name: "payment.refund-failed", data: { providerReason: "insufficient_balance" } },
    ]);
    await expect(Payment.review(orderId, cause)).rejects.toMatchObject({ code: "refund_failed" });
  });
});

test("another customer's payment is not found, and staff see more of it than its owner", async () => {
  const checkout = await captured();
  const read = (userId: string) => Payment.fromID(paymentIdOf(checkout), { userId, roles: ["customer"] });
  await expect(read(newId("usr"))).rejects.toMatchObject({ kind: "not_found" });
  expect((await read(checkout.customerId)).attempts.every((attempt) => !("reference" in attempt))).toBe(true);
  const authorize = (await paymentOf(checkout)).attempts.find(({ kind }) => kind === "authorize");
  expect(authorize).toMatchObject({ reference: expect.any(String) });
});

test.each([
  ["tok_never_heard_of", "other", "unknown_token"],
  ["tok_insufficient_funds", "insufficient_funds", "insufficient_funds"],
])("the owner of a declined %s is told %s, and staff the provider's %s", async (token, ours, theirs) => {
  const checkout = await createCheckout(token);
  await expect(Payment.authorize(checkout, cause)).rejects.toThrow();
  const owner = { userId: checkout.customerId, roles: ["customer" as const] };
  const own = await Payment.fromID(paymentIdOf(checkout), owner);
  expect(own).toMatchObject({ status: "declined", reason: ours });
  expect(own.attempts.every((attempt) => !("reason" in attempt))).toBe(true);
  const { reason, attempts } = await paymentOf(checkout);
  expect(reason).toBe(theirs);
  expect(attempts.find(({ kind }) => kind === "authorize")).toMatchObject({ outcome: "failed", reason: theirs });
});

test("the owner is told of what was made at the provider by its place, of what is ours by its key; staff by all keys", async () => {
  const checkout = await captured("tok_dispute");
  const { orderId, customerId } = checkout;
  const owner = { userId: customerId, roles: ["customer" as const] };
  const own = async () => (await Payment.fromID(paymentIdOf(checkout), owner)).attempts.map(({ key }) => key);
  const { reference } = (await atProvider(checkout))!;
  await sandbox.refund({ key: "by-hand", orderId, reference, amount: { amount: 50, currency: "EUR" } });
  await Payment.reconcile(orderId, cause);
  const by = { actorId: newId("usr"), idempotencyKey: newId("req") };
  const input = { amount: { amount: 50, currency: "EUR" }, reason: "broken" };
  const { refund } = await Payment.requestRefund(paymentIdOf(checkout), input, by, cause);
  const before = await own();
  await sandbox.refund({ key: "by-hand-again", orderId, reference, amount: { amount: 50, currency: "EUR" } });
  await Payment.workForSandbox({ do: "dispute", reference });
  await Payment.reconcile(orderId, cause);
  const ours = `refund:${refund.id}`;
  expect(await own()).toEqual([
    ...["intent", "authorize", "capture", "refund:3", ours],
    ...["refund:5", "chargeback:6"],
  ]);
  expect(await own()).toEqual(expect.arrayContaining(before));
  expect(JSON.stringify(await Payment.fromID(paymentIdOf(checkout), owner))).not.toMatch(/"[^"]*\b(re|dp|sbx)_/);
  const { refunds, disputes } = (await atProvider(checkout))!;
  const keys = (await paymentOf(checkout)).attempts.map(({ key }) => key);
  expect(keys).toContain(ours);
  for (const made of refunds.filter(({ key }) => key?.startsWith("by-hand"))) {
    expect(keys).toContain(`refund:${made.reference}`);
  }
  expect(keys).toContain(`chargeback:${disputes[0]!.reference}`);
});
