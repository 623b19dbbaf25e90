import { type Checkout, newId } from "@cartwright/events";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { setClock } from "../clock.ts";
import { CircuitOpenError, ContentionError } from "../error.ts";
import { Payment } from "./index.ts";
import { payments, watermarks } from "./payment.entity.ts";
import { ProviderUnavailableError, UnknownOutcomeError } from "./provider.ts";
import { outcomeUnknown } from "./rule.ts";
import { charges } from "./sandbox/charge.entity.ts";
import { referenceOf, sandbox } from "./sandbox/sandbox.ts";
import { change, create } from "./store.ts";
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

type Order = Pick<Checkout, "orderId">;

const amount = { amount: 900, currency: "EUR" };
const nobody = () => ({ orderId: newId("ord") });

async function authorized(token = "tok_ok") {
  const checkout = await createCheckout(token);
  await Payment.authorize(checkout, cause);
  return checkout;
}

/** A process wrote what it was going to do, and died. */
async function intended() {
  const checkout = await createCheckout("tok_ok");
  const { orderId, customerId } = checkout;
  const intent = { key: "intent", outcome: "succeeded" as const, amountMinor: 900, origin: "checkout" };
  await create({ orderId, customerId, amountMinor: 900, currency: "EUR" }, "sandbox", intent);
  return checkout;
}

const decideToVoid = ({ orderId }: Order) =>
  change(orderId, cause, () => ({ entries: [{ key: "void", outcome: "requested" }], facts: [] }));

/** What it asked the provider before it died, as the provider saw it. */
const died = {
  authorizing: ({ orderId }: Order, token = "tok_ok") =>
    sandbox.authorize({ key: `${orderId}:authorize`, orderId, amount, token }),
  capturing: ({ orderId }: Order) =>
    sandbox.capture({ key: `${orderId}:capture`, orderId, reference: chargeOf({ orderId }), amount }),
  voiding: ({ orderId }: Order) => sandbox.void({ key: `${orderId}:void`, orderId, reference: chargeOf({ orderId }) }),
  refunding: ({ orderId }: Order, refundId: string, amountMinor: number) =>
    sandbox.refund({
      ...{ key: `${orderId}:refund:${refundId}`, orderId, reference: chargeOf({ orderId }) },
      amount: { ...amount, amount: amountMinor },
    }),
};

const chargeOf = ({ orderId }: Order) => referenceOf(`${orderId}:authorize`);

/** Somebody meddles with the provider's books. */
const tamper = (order: Order, set: Parameters<ReturnType<ReturnType<typeof charges>["patch"]>["set"]>[0]) =>
  charges()
    .patch({ reference: chargeOf(order) })
    .set(set)
    .go();

const requestRefund = async (order: Order, minor?: number) => {
  const by = { actorId: newId("usr"), idempotencyKey: newId("req") };
  const input = { ...(minor !== undefined && { amount: { ...amount, amount: minor } }), reason: "broken" };
  return (await Payment.requestRefund(paymentIdOf(order), input, by, cause)).refund.id;
};

/** Twice, since whatever reconciles is told more than once; the second time finds nothing to do. */
async function reconcile(order: Order) {
  const complaints = await Payment.reconcile(order.orderId, cause);
  const { version } = await paymentOf(order);
  expect(await Payment.reconcile(order.orderId, cause)).toEqual(complaints);
  expect((await paymentOf(order)).version).toBe(version);
  return complaints;
}

const codes = (complaints: { code: string }[]) => complaints.map(({ code }) => code);

async function outboxOf({ orderId }: Order) {
  const { data } = await payments().get({ orderId }).go({ consistent: true });
  return JSON.parse(data?.outbox ?? "[]") as { name: string; data: Record<string, unknown> }[];
}

describe("a process that died between the provider's answer and our write", () => {
  test.each([
    ["tok_ok", "authorized"],
    ["tok_requires_action", "action_required"],
    ["tok_declined", "declined"],
  ])("when authorizing %s leaves what reconciling finds", async (token, status) => {
    const checkout = await intended();
    await died.authorizing(checkout, token);
    expect(await reconcile(checkout)).toEqual([]);
    expect(await paymentOf(checkout)).toMatchObject({ status });
  });

  test("or before the provider was asked leaves an intent, of which nothing is held", async () => {
    const checkout = await intended();
    expect(await reconcile(checkout)).toEqual([]);
    expect(await paymentOf(checkout)).toMatchObject({ status: "intent" });
    expect(await Payment.authorize(checkout, cause)).toBe("authorized");
  });

  test("when the customer had approved leaves an authorization", async () => {
    const checkout = await authorized("tok_requires_action");
    await answerBank(checkout, true);
    expect(await reconcile(checkout)).toEqual([]);
    expect(await paymentOf(checkout)).toMatchObject({ status: "authorized" });
  });

  test("when capturing leaves money that is ours, and told of", async () => {
    const checkout = await authorized();
    await died.capturing(checkout);
    expect(await reconcile(checkout)).toEqual([]);
    expect(await paymentOf(checkout)).toMatchObject({ status: "captured", captured: amount });
    expect((await outboxOf(checkout)).map(({ name }) => name)).toEqual(["payment.captured"]);
  });

  test.each([true, false])(
    "when voiding leaves nothing held, whether the provider was reached (%s)",
    async (reached) => {
      const checkout = await authorized();
      await decideToVoid(checkout);
      if (reached) await died.voiding(checkout);
      expect(await reconcile(checkout)).toEqual([]);
      expect(await paymentOf(checkout)).toMatchObject({ status: "voided" });
      expect(await atProvider(checkout)).toMatchObject({ status: "voided" });
    },
  );

  test("when voiding what never came to the provider leaves it voided", async () => {
    const checkout = await intended();
    await decideToVoid(checkout);
    expect(await reconcile(checkout)).toEqual([]);
    expect(await paymentOf(checkout)).toMatchObject({ status: "voided" });
    await expect(Payment.authorize(checkout, cause)).rejects.toMatchObject({ name: "PaymentVoidedError" });
    expect(heldMinor(await atProvider(checkout))).toBe(0);
  });

  test.each([true, false])("when refunding pays once, whether the provider was reached (%s)", async (reached) => {
    const checkout = await captured();
    const refundId = await requestRefund(checkout, 400);
    if (reached) await died.refunding(checkout, refundId, 400);
    expect(await reconcile(checkout)).toEqual([]);
    expect(await paymentOf(checkout)).toMatchObject({ refunded: { amount: 400 }, pendingRefund: { amount: 0 } });
    expect((await atProvider(checkout))!.refunds).toMatchObject([{ amountMinor: 400 }]);
  });

  test("when undoing a captured payment pays all of it back, once", async () => {
    const checkout = await captured("tok_refund_timeout");
    await Promise.all([Payment.undo(checkout.orderId, cause), Payment.reconcile(checkout.orderId, cause)]);
    expect(await reconcile(checkout)).toEqual([]);
    expect((await atProvider(checkout))!.refunds).toMatchObject([{ amountMinor: 900 }]);
  });
});

describe("money that belongs to no live payment is given back", () => {
  test.each(["tok_ok", "tok_requires_action"])("when %s was authorized, and the payment is lost", async (token) => {
    const order = nobody();
    await died.authorizing(order, token);
    expect(await reconcile(order)).toEqual([]);
    expect(await atProvider(order)).toMatchObject({ status: "voided" });
    const { orderId, ...checkout } = await createCheckout("tok_ok");
    const late = Payment.authorize({ ...checkout, orderId: order.orderId }, cause);
    await expect(late).rejects.toMatchObject({ name: "PaymentVoidedError" });
  });

  test("when neither we nor the provider know of it, there is nothing to do", async () => {
    const order = nobody();
    expect(await Payment.reconcile(order.orderId, cause)).toEqual([]);
    await expect(paymentOf(order)).rejects.toMatchObject({ code: "payment_not_found" });
  });

  test("when it was captured after we had decided to give it back", async () => {
    const checkout = await authorized();
    await decideToVoid(checkout);
    await died.capturing(checkout);
    expect(await reconcile(checkout)).toEqual([]);
    expect(heldMinor(await atProvider(checkout))).toBe(0);
    expect(await paymentOf(checkout)).toMatchObject({ status: "refunded", balance: { amount: 0 } });
  });

  test("when it was captured after it had been voided", async () => {
    const checkout = await authorized();
    await Payment.undo(checkout.orderId, cause);
    await tamper(checkout, { status: "captured", capturedMinor: 900 });
    expect(await reconcile(checkout)).toEqual([]);
    expect(heldMinor(await atProvider(checkout))).toBe(0);
    expect(await paymentOf(checkout)).toMatchObject({ status: "refunded" });
  });

  test("when the provider has changed its mind about a declined one", async () => {
    const checkout = await createCheckout("tok_declined");
    await expect(Payment.authorize(checkout, cause)).rejects.toThrow();
    await tamper(checkout, { status: "authorized" });
    expect(await reconcile(checkout)).toEqual([]);
    expect(await atProvider(checkout)).toMatchObject({ status: "voided" });
  });

  test.each([
    ["all of it", 900, [900]],
    ["a part of it", 400, [500, 400]],
  ])("when its order is undone while a bank has %s, and leaves that with us after all", async (_, minor, refunds) => {
    const checkout = await captured();
    const dispute = { reference: "dp_1", amountMinor: minor, reason: "fraudulent" };
    await tamper(checkout, { disputes: [{ ...dispute, status: "open" }] });
    for (let time = 0; time < 2; time++) await Payment.undo(checkout.orderId, cause);
    expect(codes(await reconcile(checkout))).toEqual(["disputed"]);
    expect(await paymentOf(checkout)).toMatchObject({ chargedBack: { amount: minor }, balance: { amount: 0 } });
    await tamper(checkout, { disputes: [{ ...dispute, status: "won" }] });
    expect(await reconcile(checkout)).toEqual([]);
    expect(await paymentOf(checkout)).toMatchObject({ status: "refunded", refunded: amount, balance: { amount: 0 } });
    expect((await atProvider(checkout))!.refunds.map(({ amountMinor }) => amountMinor)).toEqual(refunds);
  });

  test("and not what a bank keeps, nor what it leaves us of an order that stands", async () => {
    const [undone, standing] = [await captured(), await captured()];
    const dispute = { reference: "dp_1", amountMinor: 900, reason: "fraudulent" };
    await tamper(undone, { disputes: [{ ...dispute, status: "open" }] });
    await Payment.undo(undone.orderId, cause);
    await tamper(undone, { disputes: [{ ...dispute, status: "lost" }] });
    await tamper(standing, { disputes: [{ ...dispute, status: "won" }] });
    for (const order of [undone, standing]) {
      expect(await reconcile(order)).toEqual([]);
      expect((await atProvider(order))!.refunds).toEqual([]);
    }
  });

  test("when it was undone, and what staff had refunded before never reached the provider, as well as that", async () => {
    const checkout = await captured();
    await requestRefund(checkout, 400);
    await Payment.undo(checkout.orderId, cause);
    expect((await atProvider(checkout))!.refunds).toMatchObject([{ amountMinor: 500 }]);
    expect(await reconcile(checkout)).toEqual([]);
    expect((await atProvider(checkout))!.refunds).toMatchObject([{ amountMinor: 500 }, { amountMinor: 400 }]);
    expect(await paymentOf(checkout)).toMatchObject({ status: "refunded", pendingRefund: { amount: 0 } });
  });

  test("and where it can't be paid back, a person is asked", async () => {
    const checkout = await authorized("tok_refund_failed");
    await decideToVoid(checkout);
    await died.capturing(checkout);
    await Payment.reconcile(checkout.orderId, cause);
    const [refund] = (await atProvider(checkout))!.refunds;
    await Payment.workForSandbox({ do: "settle-refund", reference: chargeOf(checkout), refund: refund!.key! });
    expect(codes(await reconcile(checkout))).toEqual(["refund_failed"]);
    await expect(Payment.review(checkout.orderId, cause)).rejects.toMatchObject({ code: "refund_failed" });
  });
});

describe("money that was collected for a payment that our ledger has lost", () => {
  async function createCollected() {
    const order = nobody();
    await died.authorizing(order);
    await died.capturing(order);
    return order;
  }

  test("is taken in and not given back: a person decides", async () => {
    const order = await createCollected();
    expect(codes(await reconcile(order))).toEqual(["unexpected_money"]);
    expect(await paymentOf(order)).toMatchObject({ status: "captured", amount, captured: amount, balance: amount });
    expect((await paymentOf(order)).attempts).toMatchObject([
      { kind: "intent", origin: "provider", amount },
      { kind: "authorize", outcome: "succeeded" },
      { kind: "capture", outcome: "succeeded" },
    ]);
    expect((await outboxOf(order)).map(({ name }) => name)).toEqual(["payment.authorized", "payment.captured"]);
    expect((await atProvider(order))!.refunds).toEqual([]);
    await expect(Payment.review(order.orderId, cause)).rejects.toMatchObject({ code: "unexpected_money" });
  });

  test("can be given back by staff, and by undoing its order", async () => {
    const [refunded, undone] = [await createCollected(), await createCollected()];
    for (const order of [refunded, undone]) await Payment.reconcile(order.orderId, cause);
    const refundId = await requestRefund(refunded);
    await Payment.issueRefund(refunded.orderId, Payment.refundKeyOf(refundId), cause);
    await Payment.undo(undone.orderId, cause);
    for (const order of [refunded, undone]) {
      expect(await paymentOf(order)).toMatchObject({ status: "refunded" });
      expect(heldMinor(await atProvider(order))).toBe(0);
    }
  });
});

describe("what was done at the provider itself is taken over", () => {
  test("an authorization that was let go", async () => {
    const checkout = await authorized();
    await sandbox.void({ key: "by-hand", orderId: checkout.orderId, reference: chargeOf(checkout) });
    expect(await reconcile(checkout)).toEqual([]);
    expect(await paymentOf(checkout)).toMatchObject({ status: "voided" });
  });

  test("a capture", async () => {
    const checkout = await authorized();
    await sandbox.capture({ key: "by-hand", orderId: checkout.orderId, reference: chargeOf(checkout), amount });
    expect(await reconcile(checkout)).toEqual([]);
    expect(await paymentOf(checkout)).toMatchObject({ status: "captured" });
  });

  test("a capture of a part, of which a person is told", async () => {
    const checkout = await authorized();
    const part = { ...amount, amount: 400 };
    await sandbox.capture({ key: "by-hand", orderId: checkout.orderId, reference: chargeOf(checkout), amount: part });
    expect(await reconcile(checkout)).toEqual([
      { code: "amount_differs", detail: "the order costs 9.00 EUR, and 4.00 EUR were captured" },
    ]);
    expect(await paymentOf(checkout)).toMatchObject({ captured: part, balance: part });
  });
});

describe("a person is asked when", () => {
  test.each([
    ["authorized", authorized],
    ["captured", captured],
  ])("the provider knows nothing of what we have %s", async (_, begin) => {
    const checkout = await begin();
    await charges()
      .delete({ reference: chargeOf(checkout) })
      .go();
    expect(codes(await reconcile(checkout))).toEqual(["unknown_to_provider"]);
    await expect(Payment.review(checkout.orderId, cause)).rejects.toMatchObject({
      ...{ name: "NeedsOperatorError", kind: "conflict", code: "unknown_to_provider" },
    });
  });

  test("the provider has captured less than we know of", async () => {
    const checkout = await captured();
    await tamper(checkout, { capturedMinor: 800 });
    const complaints = await reconcile(checkout);
    expect(complaints).toEqual([
      { code: "amount_differs", detail: "we have captured 9.00 EUR, the provider 8.00 EUR" },
    ]);
  });

  test("the provider holds another amount than the order costs", async () => {
    const checkout = await intended();
    await sandbox.authorize({
      ...{ key: `${checkout.orderId}:authorize`, orderId: checkout.orderId, token: "tok_ok" },
      amount: { ...amount, amount: 90 },
    });
    expect(codes(await reconcile(checkout))).toEqual(["amount_differs"]);
  });

  test("more has gone back than was captured", async () => {
    const checkout = await captured();
    const refund = { status: "succeeded" as const, amountMinor: 900 };
    await tamper(checkout, {
      refunds: [
        { ...refund, reference: "re_1" },
        { ...refund, reference: "re_2" },
      ],
    });
    expect(codes(await reconcile(checkout))).toEqual(["amount_differs"]);
    expect(await paymentOf(checkout)).toMatchObject({ status: "refunded", balance: { amount: 0 } });
  });

  test("the customer's bank takes the money back, until the bank has decided", async () => {
    const checkout = await captured("tok_dispute");
    const reference = chargeOf(checkout);
    for (let time = 0; time < 2; time++) await Payment.workForSandbox({ do: "dispute", reference });
    expect(codes(await reconcile(checkout))).toEqual(["disputed"]);
    expect((await outboxOf(checkout)).map(({ name }) => name)).toEqual(["payment.charged-back"]);
    const { disputes } = (await atProvider(checkout))!;
    expect(disputes.length).toBe(1);
    await tamper(checkout, { disputes: [{ ...disputes[0]!, status: "won" }] });
    expect(await reconcile(checkout)).toEqual([]);
    expect(await outboxOf(checkout)).toMatchObject([{ name: "payment.chargeback-closed", data: { won: true } }]);
    expect(await paymentOf(checkout)).toMatchObject({ chargedBack: { amount: 0 }, balance: { amount: 900 } });
  });

  test("a refund has failed, until its money went back by another", async () => {
    const checkout = await captured("tok_refund_failed");
    const refundId = await requestRefund(checkout);
    await Payment.reconcile(checkout.orderId, cause);
    const refund = `${checkout.orderId}:refund:${refundId}`;
    await Payment.workForSandbox({ do: "settle-refund", reference: chargeOf(checkout), refund });
    expect(codes(await reconcile(checkout))).toEqual(["refund_failed"]);
    await tamper(checkout, { token: "tok_ok" });
    await sandbox.refund({ key: "by-hand", orderId: checkout.orderId, reference: chargeOf(checkout), amount });
    expect(await reconcile(checkout)).toEqual([]);
  });

  test("nobody can say whether a payment was authorized, and not once the provider can", async () => {
    const checkout = await intended();
    await change(checkout.orderId, cause, (payment) => outcomeUnknown(payment, "authorize"));
    expect(codes(await reconcile(checkout))).toEqual(["outcome_unknown"]);
    await died.authorizing(checkout);
    expect(await reconcile(checkout)).toEqual([]);
    expect(await paymentOf(checkout)).toMatchObject({ status: "authorized" });
  });

  test("not while all is well", async () => {
    const checkout = await captured();
    await Payment.review(checkout.orderId, cause);
    await Payment.review(checkout.orderId, cause);
  });
});

/**
 * Comparing looks at whatever lies in its windows, so each of these tests has weeks of its own in a past that no other
 * test knows.
 */
describe("comparing all that has settled", () => {
  const minutes = 60 * 1000;
  const hours = 60 * minutes;
  const days = 24 * hours;
  let weeks = 0;

  /** A shop at noon of a quiet day, whose earlier payments were all compared. */
  async function createShop() {
    const noonMs = Date.UTC(2001, 0, 1, 12) + weeks++ * 28 * days;
    let nowMs = noonMs;
    onTestFinished(setClock(() => nowMs));
    const comparedUntil = async (name: string, untilMs: number) =>
      watermarks()
        .put({ name, until: new Date(untilMs).toISOString() })
        .go();
    await comparedUntil("settled", noonMs - 5 * minutes);
    await comparedUntil("day", noonMs - 5 * minutes);
    await comparedUntil("week", noonMs - 5 * minutes);
    return {
      pass: (ms: number) => {
        nowMs += ms;
      },
      forget: () => comparedUntil("settled", noonMs - 5 * minutes),
    };
  }

  const compare = () => Payment.reconcileAll(cause);
  const nothing = { compared: 0, doubtful: [], wrong: [] };

  test("leaves what agrees as it is, and compares it once", async () => {
    const shop = await createShop();
    const all = [await captured(), await authorized(), await authorized("tok_requires_action")];
    const declined = await createCheckout("tok_declined");
    await expect(Payment.authorize(declined, cause)).rejects.toThrow();
    const voided = await authorized();
    await Payment.undo(voided.orderId, cause);
    const versions = await Promise.all(all.map(async (order) => (await paymentOf(order)).version));
    shop.pass(36 * minutes);
    expect(await compare()).toEqual({ ...nothing, compared: 5 });
    expect(await compare()).toEqual(nothing);
    expect(await Promise.all(all.map(async (order) => (await paymentOf(order)).version))).toEqual(versions);
  });

  test("mends what a process that died has left, and finds money without a payment", async () => {
    const shop = await createShop();
    const lost = await authorized();
    await died.capturing(lost);
    const [held, collected] = [nobody(), nobody()];
    for (const stray of [held, collected]) await died.authorizing(stray);
    await died.capturing(collected);
    await captured();
    shop.pass(36 * minutes);
    const { compared, doubtful, wrong } = await compare();
    expect({ compared, wrong }).toEqual({ compared: 4, wrong: [collected.orderId] });
    expect(doubtful.sort()).toEqual([lost.orderId, held.orderId, collected.orderId].sort());
    expect(await paymentOf(lost)).toMatchObject({ status: "captured" });
    expect(heldMinor(await atProvider(held))).toBe(0);
    expect(heldMinor(await atProvider(collected))).toBe(900);
    expect(await outboxOf(collected)).toMatchObject([
      { name: "payment.mismatched", data: { code: "unexpected_money" } },
    ]);
  });

  test("leaves a payment in progress to its checkout, and comes to it later", async () => {
    const shop = await createShop();
    const checkout = await intended();
    await died.authorizing(checkout);
    shop.pass(29 * minutes);
    expect(await compare()).toEqual(nothing);
    expect(await paymentOf(checkout)).toMatchObject({ status: "intent" });
    shop.pass(7 * minutes);
    expect(await compare()).toEqual({ ...nothing, compared: 1, doubtful: [checkout.orderId] });
    expect(await paymentOf(checkout)).toMatchObject({ status: "authorized" });
  });

  test("has no doubts about what began while it was about to end", async () => {
    const shop = await createShop();
    for (let time = 0; time < 4; time++) {
      await captured();
      shop.pass(1.5 * minutes);
    }
    shop.pass(27 * minutes);
    const first = await compare();
    shop.pass(20 * minutes);
    const second = await compare();
    expect([...first.doubtful, ...second.doubtful]).toEqual([]);
    expect(first.compared + second.compared).toBeGreaterThanOrEqual(4);
  });

  test("tells what no rule mends once, however often it is found", async () => {
    const shop = await createShop();
    const checkout = await captured();
    await tamper(checkout, { capturedMinor: 800 });
    const { version } = await paymentOf(checkout);
    shop.pass(36 * minutes);
    const found = { ...nothing, compared: 1, doubtful: [checkout.orderId], wrong: [checkout.orderId] };
    expect(await compare()).toEqual(found);
    expect(await outboxOf(checkout)).toMatchObject([
      {
        name: "payment.mismatched",
        data: { code: "amount_differs", detail: "we have captured 9.00 EUR, the provider 8.00 EUR" },
      },
    ]);
    expect(await paymentOf(checkout)).toMatchObject({ version: version + 1 });
    await shop.forget();
    expect(await compare()).toEqual(found);
    expect(await paymentOf(checkout)).toMatchObject({ version: version + 1 });
    await tamper(checkout, { capturedMinor: 700 });
    await shop.forget();
    await compare();
    expect(await paymentOf(checkout)).toMatchObject({ version: version + 2 });
  });

  test("finds a payment that the provider has forgotten", async () => {
    const shop = await createShop();
    const checkout = await captured();
    await charges()
      .delete({ reference: chargeOf(checkout) })
      .go();
    shop.pass(36 * minutes);
    expect(await compare()).toMatchObject({ compared: 1, wrong: [checkout.orderId] });
    expect(await outboxOf(checkout)).toMatchObject([{ data: { code: "unknown_to_provider" } }]);
  });

  test("does not tell again what has an event of its own", async () => {
    const shop = await createShop();
    const checkout = await captured("tok_dispute");
    await Payment.workForSandbox({ do: "dispute", reference: chargeOf(checkout) });
    shop.pass(36 * minutes);
    expect(await compare()).toMatchObject({ wrong: [checkout.orderId] });
    expect((await outboxOf(checkout)).map(({ name }) => name)).toEqual(["payment.charged-back"]);
  });

  test("comes back to a refund that takes its time", async () => {
    const shop = await createShop();
    const checkout = await captured("tok_refund_pending");
    const refundId = await requestRefund(checkout);
    await Payment.issueRefund(checkout.orderId, `refund:${refundId}`, cause);
    shop.pass(36 * minutes);
    expect(await compare()).toEqual({ ...nothing, compared: 1, doubtful: [checkout.orderId] });
    const refund = `${checkout.orderId}:refund:${refundId}`;
    await Payment.workForSandbox({ do: "settle-refund", reference: chargeOf(checkout), refund });
    shop.pass(36 * minutes);
    expect(await compare()).toMatchObject({ doubtful: [checkout.orderId], wrong: [] });
    expect(await paymentOf(checkout)).toMatchObject({ status: "refunded" });
  });

  test("looks at charges again after a day and after a week, for money that moves late", async () => {
    const shop = await createShop();
    const [early, late] = [await captured(), await captured()];
    shop.pass(36 * minutes);
    expect(await compare()).toMatchObject({ compared: 2, doubtful: [] });
    const byHand = ({ orderId }: Order) =>
      sandbox.refund({ key: "by-hand", orderId, reference: chargeOf({ orderId }), amount });
    await byHand(early);
    shop.pass(24 * hours);
    expect(await compare()).toMatchObject({ doubtful: [early.orderId], wrong: [] });
    await byHand(late);
    shop.pass(6 * days);
    expect(await compare()).toMatchObject({ doubtful: [late.orderId], wrong: [] });
    for (const order of [early, late]) expect(await paymentOf(order)).toMatchObject({ status: "refunded" });
  });

  test("catches up an hour at a time after a long pause", async () => {
    const shop = await createShop();
    const first = await captured();
    shop.pass(90 * minutes);
    const second = await captured();
    shop.pass(60 * minutes);
    for (const order of [first, second]) await tamper(order, { capturedMinor: 800 });
    expect(await compare()).toMatchObject({ wrong: [first.orderId] });
    expect(await compare()).toMatchObject({ wrong: [second.orderId] });
  });

  const createMendable = async () => {
    const checkout = await intended();
    await died.authorizing(checkout);
    return checkout;
  };

  const failures = new Map<string, { error: () => Error; times: number }>();

  /** To look this one up at the provider fails, for ever unless said otherwise. */
  function fail({ orderId }: Order, error: () => Error, times = Number.POSITIVE_INFINITY) {
    failures.set(orderId, { error, times });
    onTestFinished(() => void failures.delete(orderId));
    if (vi.isMockFunction(sandbox.find)) return;
    const { find } = sandbox;
    const spy = vi.spyOn(sandbox, "find").mockImplementation(async (lookup) => {
      const failure = failures.get(lookup.orderId);
      if (!failure || failure.times-- <= 0) return find(lookup);
      throw failure.error();
    });
    onTestFinished(() => spy.mockRestore());
  }

  const slotOf = async ({ orderId }: Order) => {
    const { data } = await payments().get({ orderId }).go({ consistent: true });
    return data?.reviewSlot;
  };

  test("of which the provider gave no answer about one still looks at all others, and at all of them again", async () => {
    const shop = await createShop();
    const [silent, ...others] = [await createMendable(), await createMendable(), await createMendable()];
    fail(silent!, () => new ProviderUnavailableError("no answer"), 1);
    shop.pass(36 * minutes);
    await expect(compare()).rejects.toMatchObject({
      message: "1 payments could not be compared",
      errors: [{ name: "ProviderUnavailableError" }],
    });
    for (const other of others) expect(await paymentOf(other)).toMatchObject({ status: "authorized" });
    expect(await paymentOf(silent!)).toMatchObject({ status: "intent" });
    expect(await compare()).toEqual({ ...nothing, compared: 3, doubtful: [silent!.orderId] });
    expect(await paymentOf(silent!)).toMatchObject({ status: "authorized" });
    expect(await compare()).toEqual(nothing);
  });

  test("of which one can never be looked at tells why, once, and goes on to all others and to later ones", async () => {
    const shop = await createShop();
    const early = await captured();
    shop.pass(36 * minutes);
    await compare();
    await sandbox.refund({ key: "by-hand", orderId: early.orderId, reference: chargeOf(early), amount });
    const broken = await createMendable();
    fail(broken, () => new TypeError("odd"));
    const others = [await createMendable(), await createMendable()];
    shop.pass(1 * hours);
    const late = await createMendable();
    // The pass over what is a day old comes after the one that meets the broken payment.
    shop.pass(23 * hours);
    const { doubtful, wrong } = await compare();
    expect(wrong).toEqual([broken.orderId]);
    expect(doubtful.sort()).toEqual([early, broken, ...others].map(({ orderId }) => orderId).sort());
    const data = { code: "not_mended", detail: "it could not be looked at: TypeError: odd" };
    expect(await outboxOf(broken)).toMatchObject([{ name: "payment.mismatched", data }]);
    for (const other of others) expect(await paymentOf(other)).toMatchObject({ status: "authorized" });
    expect(await paymentOf(early)).toMatchObject({ status: "refunded" });
    const { version } = await paymentOf(broken);
    expect((await compare()).doubtful).toContain(late.orderId);
    expect(await paymentOf(late)).toMatchObject({ status: "authorized" });
    await shop.forget();
    expect(await compare()).toMatchObject({ wrong: [broken.orderId] });
    expect(await paymentOf(broken)).toMatchObject({ version });
  });

  test("goes on to later ones, and to a refund again, whose answer is lost whenever it is asked for", async () => {
    const shop = await createShop();
    const lost = await captured();
    await requestRefund(lost);
    const spy = vi.spyOn(sandbox, "refund").mockRejectedValue(new UnknownOutcomeError("the sandbox"));
    onTestFinished(() => spy.mockRestore());
    shop.pass(36 * minutes);
    const slot = await slotOf(lost);
    const found = { ...nothing, compared: 1, doubtful: [lost.orderId], wrong: [lost.orderId] };
    expect(await compare()).toEqual(found);
    expect(await slotOf(lost)).not.toBe(slot);
    expect((await outboxOf(lost)).filter(({ name }) => name === "payment.mismatched")).toEqual([]);
    const later = await createMendable();
    shop.pass(36 * minutes);
    const { doubtful, wrong } = await compare();
    expect(wrong).toEqual([lost.orderId]);
    expect(doubtful.sort()).toEqual([lost.orderId, later.orderId].sort());
    expect(await paymentOf(later)).toMatchObject({ status: "authorized" });
    expect((await paymentOf(lost)).attempts.at(-1)).toMatchObject({ kind: "refund", outcome: "unknown" });
    spy.mockRestore();
    shop.pass(36 * minutes);
    expect(await compare()).toMatchObject({ doubtful: [lost.orderId], wrong: [] });
    expect(await paymentOf(lost)).toMatchObject({ status: "refunded" });
  });

  test("looks in a while at one that others are changing, and holds nobody else up", async () => {
    const shop = await createShop();
    const [busy, other] = [await createMendable(), await createMendable()];
    fail(busy, () => new ContentionError("it"), 1);
    shop.pass(36 * minutes);
    const slot = await slotOf(busy);
    const before = await paymentOf(busy);
    expect(await compare()).toMatchObject({ compared: 2, wrong: [busy.orderId] });
    expect(await paymentOf(other)).toMatchObject({ status: "authorized" });
    expect(await paymentOf(busy)).toEqual(before);
    expect(await slotOf(busy)).not.toBe(slot);
    shop.pass(36 * minutes);
    expect(await compare()).toMatchObject({ doubtful: [busy.orderId], wrong: [] });
    expect(await paymentOf(busy)).toMatchObject({ status: "authorized" });
  });

  test("holds the window for those that were not answered alone, and tells of the others meanwhile", async () => {
    const shop = await createShop();
    const [broken, silent] = [await createMendable(), await createMendable()];
    fail(broken, () => new TypeError("odd"));
    fail(silent, () => new CircuitOpenError("sandbox", 5), 1);
    shop.pass(36 * minutes);
    await expect(compare()).rejects.toMatchObject({
      message: "1 payments could not be compared",
      errors: [{ name: "CircuitOpenError" }],
    });
    expect(await outboxOf(broken)).toMatchObject([{ name: "payment.mismatched", data: { code: "not_mended" } }]);
    const { version } = await paymentOf(broken);
    expect(await compare()).toMatchObject({ compared: 2, wrong: [broken.orderId] });
    expect(await paymentOf(silent)).toMatchObject({ status: "authorized" });
    expect(await paymentOf(broken)).toMatchObject({ version });
    expect(await compare()).toEqual(nothing);
  });

  test("has told of what can never be looked at also when a later pass gets no answer at all", async () => {
    const shop = await createShop();
    const broken = await createMendable();
    fail(broken, () => new TypeError("odd"));
    shop.pass(25 * hours);
    const { list } = sandbox;
    let lists = 0;
    const spy = vi.spyOn(sandbox, "list").mockImplementation((window) => {
      if (++lists === 2) throw new ProviderUnavailableError("away");
      return list(window);
    });
    onTestFinished(() => spy.mockRestore());
    await expect(compare()).rejects.toMatchObject({ name: "ProviderUnavailableError", message: "away" });
    expect(await outboxOf(broken)).toMatchObject([{ name: "payment.mismatched", data: { code: "not_mended" } }]);
    await compare();
  });

  test("goes on after it has found money that can't be paid back", async () => {
    const shop = await createShop();
    const checkout = await authorized("tok_refund_failed");
    await decideToVoid(checkout);
    await died.capturing(checkout);
    await Payment.reconcile(checkout.orderId, cause);
    const [refund] = (await atProvider(checkout))!.refunds;
    await Payment.workForSandbox({ do: "settle-refund", reference: chargeOf(checkout), refund: refund!.key! });
    shop.pass(36 * minutes);
    expect(await compare()).toMatchObject({ wrong: [checkout.orderId] });
    expect(await compare()).toEqual(nothing);
  });
});
