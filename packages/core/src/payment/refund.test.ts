import { newId } from "@cartwright/events";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { setClock } from "../clock.ts";
import { ContentionError, DomainError, InvalidError } from "../error.ts";
import { inWords } from "../money.ts";
import { Payment } from "./index.ts";
import { attemptsOf, type Entry } from "./ledger.ts";
import { payments } from "./payment.entity.ts";
import { ProviderUnavailableError } from "./provider.ts";
import { charges } from "./sandbox/charge.entity.ts";
import { sandbox } from "./sandbox/sandbox.ts";
import { atProvider, captured, cause, createCheckout, decideDispute, paymentIdOf, paymentOf } from "./test/fixture.ts";

type Order = { orderId: string };

const euros = (amount: number) => ({ amount, currency: "EUR" });
const createAsker = () => ({ actorId: newId("usr"), idempotencyKey: newId("req") });

function request(order: Order, amount?: number, by = createAsker()) {
  const input = { ...(amount !== undefined && { amount: euros(amount) }), reason: "broken" };
  return Payment.requestRefund(paymentIdOf(order), input, by, cause);
}

const issue = ({ orderId }: Order, refundId: string) =>
  Payment.issueRefund(orderId, Payment.refundKeyOf(refundId), cause);

/** As staff ask for it and the reaction then does it. */
async function refund(order: Order, amount?: number) {
  const { refund: asked } = await request(order, amount);
  return { id: asked.id, outcome: await issue(order, asked.id) };
}

async function outboxOf({ orderId }: Order) {
  const { data } = await payments().get({ orderId }).go({ consistent: true });
  return JSON.parse(data?.outbox ?? "[]") as { name: string; data: Record<string, unknown> }[];
}

/** The provider's refund comes to its end, and we hear of it. */
async function settleAtProvider(order: Order, refundId: string) {
  const { reference } = (await atProvider(order))!;
  const key = `${order.orderId}:${Payment.refundKeyOf(refundId)}`;
  // Twice, as a queue may have it.
  for (let time = 0; time < 2; time++) {
    await Payment.workForSandbox({ do: "settle-refund", reference, refund: key });
  }
  return Payment.reconcile(order.orderId, cause);
}

const notPaidBack = (minor: number, why = "expired_or_canceled_card") => ({
  code: "refund_failed",
  detail: `${inWords(euros(minor))} were not paid back (${why})`,
});

/** As a currency whose smallest unit the provider does not know. */
function cannotMove(minor: number) {
  const spy = vi.spyOn(sandbox, "assertPayable").mockImplementation(({ amount }) => {
    if (amount === minor) throw new InvalidError("unpayable_amount", "there is no such amount");
  });
  onTestFinished(() => spy.mockRestore());
  return spy;
}

const refundsAtProvider = async (order: Order) => (await atProvider(order))!.refunds;

describe("staff refund", () => {
  test("all that is left, unless they say how much", async () => {
    const order = await captured();
    const { refund: asked, replayed } = await request(order);
    expect(replayed).toBe(false);
    expect(asked).toEqual({
      ...{ id: expect.stringMatching(/^rfd_/), paymentId: paymentIdOf(order), status: "pending" },
      ...{ amount: euros(900), reason: "broken", requestedAt: expect.any(String) },
    });
    expect(await issue(order, asked.id)).toBe("succeeded");
    expect(await paymentOf(order)).toMatchObject({ status: "refunded", refunded: euros(900), balance: euros(0) });
  });

  test("in parts, until nothing is left", async () => {
    const order = await captured();
    await refund(order, 200);
    expect(await paymentOf(order)).toMatchObject({ status: "partially_refunded", balance: euros(700) });
    await refund(order, 300);
    await refund(order);
    expect(await paymentOf(order)).toMatchObject({ status: "refunded", refunded: euros(900) });
    expect((await refundsAtProvider(order)).map(({ amountMinor }) => amountMinor)).toEqual([200, 300, 400]);
    await expect(request(order, 1)).rejects.toMatchObject({ code: "nothing_to_refund" });
    await expect(request(order)).rejects.toMatchObject({ code: "nothing_to_refund" });
  });

  test("never more than was captured and not refunded, and are told how much that is", async () => {
    const order = await captured();
    await request(order, 600);
    await expect(request(order, 301)).rejects.toMatchObject({
      code: "refund_too_large",
      message: "3.01 EUR can't be refunded: of this payment at most 3.00 EUR can",
      faults: [{ path: "amount.amount", message: "expected at most 300" }],
    });
    await request(order, 300);
    await expect(request(order, 1)).rejects.toMatchObject({ code: "nothing_to_refund" });
  });

  test("with a note that reaches neither events nor the provider", async () => {
    const order = await captured();
    const by = createAsker();
    const { refund: asked } = await Payment.requestRefund(paymentIdOf(order), { reason: "is his aunt" }, by, cause);
    expect((await outboxOf(order)).map(({ name, data }) => [name, data.amount, data.origin])).toEqual([
      ["payment.refund-requested", euros(900), "staff"],
    ]);
    expect(JSON.stringify(await outboxOf(order))).not.toContain("aunt");
    await issue(order, asked.id);
    expect(JSON.stringify(await atProvider(order))).not.toContain("aunt");
    expect((await paymentOf(order)).attempts.at(-1)).toMatchObject({ origin: "staff", note: "is his aunt" });
    const owner = { userId: order.customerId, roles: ["customer" as const] };
    expect(JSON.stringify(await Payment.fromID(paymentIdOf(order), owner))).not.toContain("aunt");
  });

  test("in the currency of the payment alone", async () => {
    const order = await captured();
    const input = { amount: { amount: 100, currency: "USD" }, reason: "broken" };
    const asked = Payment.requestRefund(paymentIdOf(order), input, createAsker(), cause);
    await expect(asked).rejects.toMatchObject({ code: "wrong_currency", faults: [{ path: "amount.currency" }] });
    expect(await paymentOf(order)).toMatchObject({ pendingRefund: euros(0) });
  });

  test("no amount that the provider has no way to move, and nothing is written of it", async () => {
    const order = await captured();
    const before = await paymentOf(order);
    const spy = cannotMove(333);
    await expect(request(order, 333)).rejects.toMatchObject({ kind: "invalid", code: "unpayable_amount" });
    expect(spy).toHaveBeenCalledWith(euros(333));
    expect(await paymentOf(order)).toEqual(before);
    expect(await refund(order, 330)).toMatchObject({ outcome: "succeeded" });
  });

  test("nothing that was not captured yet", async () => {
    const order = await createCheckout("tok_ok");
    await expect(request(order)).rejects.toMatchObject({ code: "payment_not_found" });
    await Payment.authorize(order, cause);
    await expect(request(order)).rejects.toMatchObject({ code: "nothing_to_refund" });
    await Payment.undo(order.orderId, cause);
    await expect(request(order)).rejects.toMatchObject({ code: "nothing_to_refund" });
  });

  test("nothing that the bank has taken back already", async () => {
    const order = await captured("tok_dispute");
    const { reference } = (await atProvider(order))!;
    await Payment.workForSandbox({ do: "dispute", reference });
    await Payment.reconcile(order.orderId, cause);
    await expect(request(order)).rejects.toMatchObject({ code: "nothing_to_refund" });
  });

  test("a hundred times at most", async () => {
    const order = await captured();
    const { orderId } = order;
    const more = Array.from({ length: 99 }, (_, index): Entry => {
      return { atMs: 0, key: `refund:rfd_${index}`, outcome: "succeeded", amountMinor: 1 };
    });
    await payments().patch({ orderId }).append({ entries: more }).go();
    const by = createAsker();
    await request(order, 1, by);
    await expect(request(order, 1)).rejects.toMatchObject({ kind: "conflict", code: "too_many_refunds" });
    expect(await request(order, 1, by)).toMatchObject({ replayed: true });
  });
});

describe("a request for a refund", () => {
  test("with the same key is one refund, answered the same, whatever has become of it", async () => {
    const order = await captured();
    const by = createAsker();
    const first = await request(order, 900, by);
    expect(await request(order, 900, by)).toEqual({ refund: first.refund, replayed: true });
    await issue(order, first.refund.id);
    expect(await request(order, 900, by)).toEqual({ refund: first.refund, replayed: true });
    expect((await refundsAtProvider(order)).length).toBe(1);
  });

  test("with a used key and another body is refused", async () => {
    const order = await captured();
    const by = createAsker();
    await request(order, 100, by);
    await expect(request(order, 200, by)).rejects.toMatchObject({ code: "idempotency_key_reused" });
    await expect(request(order, undefined, by)).rejects.toMatchObject({ code: "idempotency_key_reused" });
    expect(await paymentOf(order)).toMatchObject({ pendingRefund: euros(100) });
  });

  test("with the same key ten times at once is one refund", async () => {
    const order = await captured();
    const by = createAsker();
    const answers = await Promise.all(Array.from({ length: 10 }, () => request(order, 300, by)));
    expect(answers.filter(({ replayed }) => !replayed).length).toBe(1);
    expect(new Set(answers.map((answer) => JSON.stringify(answer.refund))).size).toBe(1);
    expect(await paymentOf(order)).toMatchObject({ pendingRefund: euros(300) });
  });

  test("by somebody else, or of another payment, with the same key is another refund", async () => {
    const [one, other] = [await captured(), await captured()];
    const by = createAsker();
    const ids = [
      await request(one, 100, by),
      await request(one, 100, { ...by, actorId: newId("usr") }),
      await request(other, 100, by),
    ].map((answer) => answer.refund.id);
    expect(new Set(ids).size).toBe(3);
  });

  test.each([
    [90, 20],
    [400, 20],
    [901, 3],
  ])("of %i, %i times at once with keys of their own, never exceeds what was captured", async (amount, times) => {
    const order = await captured();
    const answers = await Promise.allSettled(Array.from({ length: times }, () => request(order, amount)));
    const accepted = answers.filter((answer) => answer.status === "fulfilled");
    for (const answer of answers) {
      if (answer.status === "fulfilled") continue;
      expect(["refund_too_large", "nothing_to_refund", "contention"]).toContain(answer.reason.code);
    }
    expect(accepted.length * amount).toBeLessThanOrEqual(900);
    if (amount <= 900) expect(accepted.length).toBeGreaterThan(0);
    expect(await paymentOf(order)).toMatchObject({ pendingRefund: euros(accepted.length * amount) });
    for (const { value } of accepted) await issue(order, value.refund.id);
    const paidBack = (await refundsAtProvider(order)).reduce((total, { amountMinor }) => total + amountMinor, 0);
    expect(paidBack).toBe(accepted.length * amount);
  });

  test("that met too many others is accepted when it is repeated", async () => {
    const order = await captured();
    const askers = Array.from({ length: 12 }, createAsker);
    let waiting = askers;
    for (let round = 0; round < 12 && waiting.length > 0; round++) {
      const answers = await Promise.allSettled(waiting.map((by) => request(order, 75, by)));
      waiting = waiting.filter((_, index) => answers[index]!.status === "rejected");
      for (const answer of answers)
        if (answer.status === "rejected") expect(answer.reason).toBeInstanceOf(ContentionError);
    }
    expect(waiting).toEqual([]);
    expect(await paymentOf(order)).toMatchObject({ pendingRefund: euros(900) });
  });
});

describe("issuing a refund", () => {
  test("twice, and five times at once, pays once", async () => {
    const order = await captured();
    const { refund: asked } = await request(order, 400);
    const answers = await Promise.all(Array.from({ length: 5 }, () => issue(order, asked.id)));
    expect(new Set(answers)).toEqual(new Set(["succeeded"]));
    const { version } = await paymentOf(order);
    expect(await issue(order, asked.id)).toBe("succeeded");
    expect(await paymentOf(order)).toMatchObject({ version, refunded: euros(400) });
    expect(await refundsAtProvider(order)).toMatchObject([{ amountMinor: 400, status: "succeeded" }]);
  });

  test("that nobody has decided pays nothing", async () => {
    const order = await captured();
    expect(await issue(order, newId("rfd"))).toBeUndefined();
    expect(await refundsAtProvider(order)).toEqual([]);
  });

  test("whose answer was lost looks it up, and pays once", async () => {
    const order = await captured("tok_refund_timeout");
    expect(await refund(order, 400)).toMatchObject({ outcome: "succeeded" });
    expect(await refundsAtProvider(order)).toMatchObject([{ amountMinor: 400, status: "succeeded" }]);
    expect((await paymentOf(order)).attempts.map(({ outcome }) => outcome)).not.toContain("unknown");
  });

  test("that takes its time is pending until the provider is through", async () => {
    const order = await captured("tok_refund_pending");
    const { id, outcome } = await refund(order, 400);
    expect(outcome).toBe("pending");
    expect(await issue(order, id)).toBe("pending");
    expect(await paymentOf(order)).toMatchObject({
      ...{ status: "captured", pendingRefund: euros(400), refunded: euros(0), balance: euros(900) },
    });
    expect((await outboxOf(order)).map(({ name }) => name)).toEqual(["payment.refund-accepted"]);
    await expect(request(order, 501)).rejects.toMatchObject({ code: "refund_too_large" });
    expect(await settleAtProvider(order, id)).toEqual([]);
    const payment = await paymentOf(order);
    expect(payment).toMatchObject({ status: "partially_refunded", pendingRefund: euros(0), refunded: euros(400) });
    expect(await settleAtProvider(order, id)).toEqual([]);
    expect(await paymentOf(order)).toEqual(payment);
  });

  test("that fails in the end frees its amount, so that it can be refunded again", async () => {
    const order = await captured("tok_refund_failed");
    const { id, outcome } = await refund(order);
    expect(outcome).toBe("pending");
    const complaints = await settleAtProvider(order, id);
    expect(complaints).toMatchObject([{ code: "refund_failed" }]);
    const { attempts, ...payment } = await paymentOf(order);
    expect(payment).toMatchObject({ status: "captured", pendingRefund: euros(0), balance: euros(900) });
    expect(attempts.at(-1)).toMatchObject({ outcome: "failed", reason: "expired_or_canceled_card" });
    expect(await issue(order, id)).toBe("failed");
    expect((await refundsAtProvider(order)).length).toBe(1);
    const again = await refund(order);
    expect(again.outcome).toBe("pending");
    expect(await paymentOf(order)).toMatchObject({ pendingRefund: euros(900) });
  });

  test("that the provider refuses, for it was refunded there before, has failed", async () => {
    const order = await captured();
    const { orderId } = order;
    const { refund: asked } = await request(order, 600);
    const { reference } = (await atProvider(order))!;
    await sandbox.refund({ key: "by-hand", orderId, reference, amount: euros(500) });
    expect(await issue(order, asked.id)).toBe("failed");
    expect((await paymentOf(order)).attempts.at(-1)).toMatchObject({ outcome: "failed", reason: "amount_too_large" });
    // Most of what was wanted went back by the other one.
    expect(await Payment.reconcile(orderId, cause)).toEqual([notPaidBack(100, "amount_too_large")]);
    expect(await paymentOf(order)).toMatchObject({ refunded: euros(500), balance: euros(400) });
  });
});

describe("a request that the provider takes for wrong", () => {
  const answering = (error: Error) => {
    const spy = vi.spyOn(sandbox, "refund").mockRejectedValue(error);
    onTestFinished(() => spy.mockRestore());
    return spy;
  };

  test.each([
    new InvalidError("unpayable_amount", "there is no such amount"),
    new DomainError("conflict", "provider_refused", "the same key with another request"),
  ])("has failed for good, of which a person is told, and its amount is free again: $code", async (error) => {
    const order = await captured();
    const { refund: asked } = await request(order, 400);
    const away = answering(new ProviderUnavailableError("away"));
    await expect(issue(order, asked.id)).rejects.toMatchObject({ name: "ProviderUnavailableError" });
    expect(await paymentOf(order)).toMatchObject({ pendingRefund: euros(400) });
    away.mockRestore();
    const spy = answering(error);
    for (let time = 0; time < 2; time++) expect(await issue(order, asked.id)).toBe("failed");
    expect(spy).toHaveBeenCalledOnce();
    const { attempts, ...payment } = await paymentOf(order);
    expect(attempts.at(-1)).toMatchObject({ outcome: "failed", reason: error.code, amount: euros(400) });
    expect(payment).toMatchObject({ pendingRefund: euros(0), refunded: euros(0), balance: euros(900) });
    expect(await outboxOf(order)).toMatchObject([
      { name: "payment.refund-failed", data: { refundId: asked.id, providerReason: error.code } },
    ]);
    expect(await Payment.reconcile(order.orderId, cause)).toEqual([notPaidBack(400, error.code)]);
    spy.mockRestore();
    expect(await refund(order, 900)).toMatchObject({ outcome: "succeeded" });
  });
});

describe("a refund that may have been asked for before", () => {
  const minutes = 60 * 1000;

  function watchCalls() {
    const calls: string[] = [];
    const { find, refund: pay } = sandbox;
    const spies = [
      vi.spyOn(sandbox, "find").mockImplementation(async (lookup) => {
        calls.push("find");
        return find(lookup);
      }),
      vi.spyOn(sandbox, "refund").mockImplementation(async (asked) => {
        calls.push("refund");
        return pay(asked);
      }),
    ];
    onTestFinished(() => {
      for (const spy of spies) spy.mockRestore();
    });
    return calls;
  }

  test("more than an hour ago is looked up before it is asked for, and not a later one", async () => {
    const calls = watchCalls();
    for (const [age, expected] of [
      [59, ["refund"]],
      [61, ["find", "refund"]],
    ] as const) {
      const order = await captured();
      const { refund: asked } = await request(order, 400);
      const later = Date.now() + age * minutes;
      const restore = setClock(() => later);
      onTestFinished(restore);
      calls.length = 0;
      expect(await issue(order, asked.id)).toBe("succeeded");
      expect(calls).toEqual(expected);
      restore();
    }
  });

  test("so long ago that the provider has forgotten its key is not paid again", async () => {
    const order = await captured();
    const { refund: asked } = await request(order, 400);
    const { reference } = (await atProvider(order))!;
    const key = `${order.orderId}:${Payment.refundKeyOf(asked.id)}`;
    await sandbox.refund({ key, orderId: order.orderId, reference, amount: euros(400) });
    const later = Date.now() + 61 * minutes;
    onTestFinished(setClock(() => later));
    const calls = watchCalls();
    expect(await issue(order, asked.id)).toBe("succeeded");
    expect(calls).toEqual(["find"]);
    expect(await paymentOf(order)).toMatchObject({ refunded: euros(400), pendingRefund: euros(0) });
  });
});

describe("a refund that failed is a complaint", () => {
  const complaints = ({ orderId }: Order) => Payment.reconcile(orderId, cause);
  const bankTakes = async (order: Order, token: string) =>
    charges()
      .patch({ reference: (await atProvider(order))!.reference })
      .set({ token })
      .go();

  /** Of this amount, on a payment of 900. */
  async function failed(amount: number, order?: Order) {
    const of = order ?? (await captured("tok_refund_failed"));
    await bankTakes(of, "tok_refund_failed");
    const { id } = await refund(of, amount);
    await settleAtProvider(of, id);
    return of;
  }

  test("though it was of a part, until another of that amount is asked for", async () => {
    const order = await failed(300);
    for (let time = 0; time < 2; time++) expect(await complaints(order)).toEqual([notPaidBack(300)]);
    await bankTakes(order, "tok_refund_pending");
    const { id, outcome } = await refund(order, 300);
    expect(outcome).toBe("pending");
    expect(await complaints(order)).toEqual([]);
    expect(await settleAtProvider(order, id)).toEqual([]);
    expect(await paymentOf(order)).toMatchObject({ refunded: euros(300), balance: euros(600) });
  });

  test("about the rest once it was made good in part", async () => {
    const order = await failed(300);
    await bankTakes(order, "tok_ok");
    await refund(order, 100);
    expect(await complaints(order)).toEqual([notPaidBack(200)]);
    await refund(order, 150);
    expect(await complaints(order)).toEqual([notPaidBack(50)]);
    await refund(order, 50);
    expect(await complaints(order)).toEqual([]);
  });

  test("whatever was refunded before it", async () => {
    const order = await captured();
    await refund(order, 300);
    expect(await complaints(await failed(300, order))).toEqual([notPaidBack(300)]);
  });

  test("no more when it was made good by a larger one, which a later failure owes nothing to", async () => {
    const order = await failed(100);
    await bankTakes(order, "tok_ok");
    await refund(order, 500);
    expect(await complaints(order)).toEqual([]);
    expect(await complaints(await failed(200, order))).toEqual([notPaidBack(200)]);
  });

  test("about its amount once, however often it is tried in vain", async () => {
    const order = await failed(300);
    expect(await complaints(await failed(300, order))).toEqual([notPaidBack(300)]);
    expect(await complaints(await failed(200, order))).toEqual([notPaidBack(300)]);
    await bankTakes(order, "tok_ok");
    await refund(order, 300);
    expect(await complaints(order)).toEqual([]);
  });

  test("about both when two have failed that were under way together", async () => {
    const order = await captured("tok_refund_failed");
    const [one, two] = [await refund(order, 300), await refund(order, 400)];
    expect(await settleAtProvider(order, one.id)).toEqual([notPaidBack(300)]);
    expect(await settleAtProvider(order, two.id)).toEqual([notPaidBack(700)]);
  });

  test("about no more than can still be refunded", async () => {
    const order = await captured();
    const { orderId } = order;
    await request(order, 600);
    const { reference } = (await atProvider(order))!;
    await sandbox.refund({ key: "by-hand", orderId, reference, amount: euros(500) });
    expect(await complaints(order)).toEqual([notPaidBack(400, "amount_too_large")]);
  });
});

describe("the refund of a return", () => {
  const comeBack = ({ orderId }: Order, amount: number, returnId = newId("ret")) =>
    Payment.refundReturn(orderId, { returnId, amount: euros(amount) }, cause);
  const refundsOf = async ({ orderId }: Order) => {
    const { data } = await payments().get({ orderId }).go({ consistent: true });
    return [...attemptsOf(data!.entries).values()].filter(({ kind }) => kind === "refund");
  };

  test("is decided once, however often, and at the same time, the return is told", async () => {
    const order = await captured();
    const returnId = newId("ret");
    await Promise.all([comeBack(order, 300, returnId), comeBack(order, 300, returnId)]);
    await comeBack(order, 300, returnId);
    expect(await refundsOf(order)).toMatchObject([{ origin: "return", amountMinor: 300, outcome: "requested" }]);
    await comeBack(order, 300);
    expect((await refundsOf(order)).length).toBe(2);
  });

  const underWay = { name: "RefundUnderWayError", kind: "unavailable", code: "refund_under_way" };

  test("is as much as has not been refunded yet, and nothing when that is nothing", async () => {
    const order = await captured();
    await refund(order, 700);
    await comeBack(order, 300);
    expect((await refundsOf(order)).at(-1)).toMatchObject({ amountMinor: 200 });
    await Payment.reconcile(order.orderId, cause);
    const returnId = newId("ret");
    await comeBack(order, 300, returnId);
    const settled = { origin: "return", amountMinor: 0, outcome: "succeeded" };
    expect((await refundsOf(order)).slice(2)).toMatchObject([settled]);
    expect(await outboxOf(order)).toMatchObject([{ name: "payment.refunded", data: { amount: euros(0) } }]);
    const { version } = await paymentOf(order);
    await comeBack(order, 300, returnId);
    expect(await paymentOf(order)).toMatchObject({ status: "refunded", version, refunded: euros(900) });
    expect((await refundsAtProvider(order)).map(({ amountMinor }) => amountMinor)).toEqual([700, 200]);
    expect(await Payment.reconcile(order.orderId, cause)).toEqual([]);
  });

  test("that was nothing stays nothing, also when the bank sends an earlier refund back", async () => {
    const order = await captured("tok_refund_pending");
    const { id } = await refund(order, 900);
    await settleAtProvider(order, id);
    const returnId = newId("ret");
    await comeBack(order, 300, returnId);
    const { reference, refunds } = (await atProvider(order))!;
    const bounced = refunds.map((one) => ({ ...one, status: "failed" as const, reason: "account_closed" }));
    await charges().patch({ reference }).set({ refunds: bounced }).go();
    await Payment.reconcile(order.orderId, cause);
    expect(await paymentOf(order)).toMatchObject({ balance: euros(900) });
    const { version } = await paymentOf(order);
    await comeBack(order, 300, returnId);
    expect(await paymentOf(order)).toMatchObject({ version, pendingRefund: euros(0), balance: euros(900) });
    expect(await Payment.reconcile(order.orderId, cause)).toEqual([notPaidBack(900, "account_closed")]);
  });

  test.each([
    ["won is all of it", "won", 300],
    ["lost is nothing", "lost", 0],
  ] as const)("waits for a chargeback that it depends on, and once that is %s", async (_, status, amountMinor) => {
    const order = await captured("tok_dispute");
    const { reference } = (await atProvider(order))!;
    await Payment.workForSandbox({ do: "dispute", reference });
    await Payment.reconcile(order.orderId, cause);
    const { version } = await paymentOf(order);
    const returnId = newId("ret");
    for (let time = 0; time < 2; time++) {
      await expect(comeBack(order, 300, returnId)).rejects.toMatchObject(underWay);
    }
    expect(await paymentOf(order)).toMatchObject({ version });
    await decideDispute(order, status);
    await Payment.reconcile(order.orderId, cause);
    for (let time = 0; time < 2; time++) await comeBack(order, 300, returnId);
    expect(await refundsOf(order)).toMatchObject([{ origin: "return", amountMinor }]);
  });

  test("of an amount that the provider has no way to move is refused, and nothing is written of it", async () => {
    const order = await captured();
    const before = await paymentOf(order);
    cannotMove(333);
    await expect(comeBack(order, 333)).rejects.toMatchObject({ kind: "invalid", code: "unpayable_amount" });
    expect(await paymentOf(order)).toEqual(before);
  });

  test.each([
    ["has succeeded is what is left", "tok_refund_pending", 200],
    ["has failed is all of it", "tok_refund_failed", 300],
  ])("waits for one under way that it depends on, and once that %s", async (_, token, amountMinor) => {
    const order = await captured(token);
    const { id } = await refund(order, 700);
    const returnId = newId("ret");
    const { version } = await paymentOf(order);
    for (let time = 0; time < 2; time++) {
      await expect(comeBack(order, 300, returnId)).rejects.toMatchObject(underWay);
    }
    expect(await paymentOf(order)).toMatchObject({ version });
    await settleAtProvider(order, id);
    for (let time = 0; time < 2; time++) await comeBack(order, 300, returnId);
    const [, ...refunds] = await refundsOf(order);
    expect(refunds).toMatchObject([{ origin: "return", amountMinor, outcome: "requested" }]);
  });

  test("waits for one under way also when nothing is left, and for none that leaves enough", async () => {
    const order = await captured();
    await request(order, 600);
    await comeBack(order, 300);
    await expect(comeBack(order, 1)).rejects.toMatchObject(underWay);
    expect((await refundsOf(order)).map(({ amountMinor }) => amountMinor)).toEqual([600, 300]);
  });

  test("that was decided waits for nothing when the return is told again", async () => {
    const order = await captured();
    const returnId = newId("ret");
    await comeBack(order, 300, returnId);
    await request(order, 600);
    await comeBack(order, 300, returnId);
    expect((await refundsOf(order)).length).toBe(2);
  });

  test("of returns at the same time never exceeds what was captured: what depends on the others waits", async () => {
    const order = await captured();
    const returnIds = [newId("ret"), newId("ret"), newId("ret")];
    const all = () => Promise.allSettled(returnIds.map((returnId) => comeBack(order, 400, returnId)));
    const waiting = (await all()).filter((answer) => answer.status === "rejected");
    expect(waiting).toMatchObject([{ reason: underWay }]);
    expect((await refundsOf(order)).map(({ amountMinor }) => amountMinor)).toEqual([400, 400]);
    await Payment.reconcile(order.orderId, cause);
    for (const answer of await all()) expect(answer.status).toBe("fulfilled");
    expect((await refundsOf(order)).map(({ amountMinor }) => amountMinor)).toEqual([400, 400, 100]);
  });
});

describe("a refund that was made at the provider itself", () => {
  test("is taken into the ledger once, and counts like one of ours", async () => {
    const order = await captured();
    const { orderId } = order;
    const { reference } = (await atProvider(order))!;
    const { reference: made } = await sandbox.refund({ key: "by-hand", orderId, reference, amount: euros(250) });
    expect(await Payment.reconcile(orderId, cause)).toEqual([]);
    const payment = await paymentOf(order);
    expect(payment).toMatchObject({ status: "partially_refunded", refunded: euros(250) });
    expect(payment.attempts.at(-1)).toMatchObject({ key: `refund:${made}`, origin: "provider", reference: made });
    expect((await outboxOf(order)).map(({ name, data }) => [name, data.refundId])).toEqual([
      ["payment.refunded", made],
    ]);
    expect(await Payment.reconcile(orderId, cause)).toEqual([]);
    expect(await paymentOf(order)).toEqual(payment);
    await expect(request(order, 651)).rejects.toMatchObject({ code: "refund_too_large" });
  });

  test("of a payment that the bank takes back as well goes below nothing, which a person is told of", async () => {
    const order = await captured("tok_dispute");
    const { orderId } = order;
    const { reference } = (await atProvider(order))!;
    await sandbox.refund({ key: "by-hand", orderId, reference, amount: euros(900) });
    await Payment.workForSandbox({ do: "dispute", reference });
    expect(await Payment.reconcile(orderId, cause)).toMatchObject([{ code: "amount_differs" }, { code: "disputed" }]);
    expect(await paymentOf(order)).toMatchObject({ balance: euros(0), chargedBack: euros(900), refunded: euros(900) });
  });
});
