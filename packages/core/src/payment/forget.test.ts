import { newId } from "@cartwright/events";
import { describe, expect, test } from "vitest";
import { erasedFingerprint, fingerprintOf } from "../fingerprint.ts";
import { Payment } from "./index.ts";
import type { Entry } from "./ledger.ts";
import { payments } from "./payment.entity.ts";
import { reconcileAndTell } from "./reconcile.ts";
import { markErased } from "./store.ts";
import { atProvider, captured, cause, createCheckout, paymentIdOf, paymentOf } from "./test/fixture.ts";

type Order = { orderId: string };

const reason = "is his aunt";
const inputOf = (minor: number) => ({ amount: { amount: minor, currency: "EUR" }, reason });
const createAsker = () => ({ actorId: newId("usr"), idempotencyKey: newId("req") });

const request = (order: Order, minor: number, by = createAsker()) =>
  Payment.requestRefund(paymentIdOf(order), inputOf(minor), by, cause);
const issue = ({ orderId }: Order, refundId: string) =>
  Payment.issueRefund(orderId, Payment.refundKeyOf(refundId), cause);
const forget = ({ orderId }: Order) => Payment.forget(orderId, cause);

async function itemOf({ orderId }: Order) {
  return (await payments().get({ orderId }).go({ consistent: true })).data!;
}

async function namesIn(order: Order): Promise<string[]> {
  return JSON.parse((await itemOf(order)).outbox ?? "[]").map(({ name }: { name: string }) => name);
}

const withoutText = (entries: Entry[]) =>
  entries.map(({ note: _, ...kept }) => (kept.fingerprint ? { ...kept, fingerprint: erasedFingerprint } : kept));

/** All that is stored of it, its last events too, has neither the text nor what would confirm a guess. */
async function expectErased(order: Order): Promise<void> {
  const item = await itemOf(order);
  expect(item.erased).toBe(true);
  const stored = JSON.stringify(item);
  expect(stored).not.toContain("aunt");
  for (const minor of [100, 200, 300]) expect(stored).not.toContain(fingerprintOf(inputOf(minor)));
}

describe("forgetting whoever has paid", () => {
  test("takes the texts out of the ledger and nothing else, and tells of it once", async () => {
    const order = await captured();
    const { refund } = await request(order, 200);
    await issue(order, refund.id);
    await request(order, 300);
    const [before, shown] = [await itemOf(order), await paymentOf(order)];
    expect(JSON.stringify(before)).toContain("aunt");
    expect(JSON.stringify(before)).toContain(fingerprintOf(inputOf(200)));

    await forget(order);
    await expectErased(order);
    const after = await itemOf(order);
    expect(after.entries).toStrictEqual(withoutText(before.entries));
    expect(after).toEqual({
      ...{ ...before, entries: after.entries, erased: true },
      ...{ version: before.version + 1, outbox: expect.any(String) },
    });
    expect(JSON.parse(after.outbox!)).toMatchObject([
      { name: "payment.anonymized", data: { paymentId: paymentIdOf(order), orderId: order.orderId } },
    ]);
    const attempts = shown.attempts.map(({ note: _, ...kept }) => kept);
    expect(await paymentOf(order)).toEqual({ ...shown, attempts, version: after.version });
    await forget(order);
    expect(await itemOf(order)).toEqual(after);
  });

  test("many times at once is done once", async () => {
    const order = await captured();
    await request(order, 200);
    const { version } = await itemOf(order);
    await Promise.all(Array.from({ length: 5 }, () => forget(order)));
    expect((await itemOf(order)).version).toBe(version + 1);
    await expectErased(order);
  });

  test("of whose payment nobody has written anything makes no version and tells nothing", async () => {
    const order = await captured();
    const { outbox: _, ...before } = await itemOf(order);
    for (let time = 0; time < 2; time++) await forget(order);
    expect(await itemOf(order)).toEqual({ ...before, erased: true });
  });

  test("who never came to pay leaves nothing behind", async () => {
    const order = await createCheckout("tok_ok");
    await forget(order);
    expect((await payments().get(order).go({ consistent: true })).data).toBeNull();
  });
});

describe("a refund that staff ask for afterwards", () => {
  test.each([true, false])("keeps no text, whether there was some before: %s", async (before) => {
    const order = await captured();
    if (before) await request(order, 100);
    await forget(order);
    const by = createAsker();
    const { refund, replayed } = await request(order, 200, by);
    expect(replayed).toBe(false);
    expect(refund).not.toHaveProperty("reason");
    expect(await namesIn(order)).toEqual(["payment.refund-requested"]);
    await expectErased(order);
    expect(await request(order, 200, by)).toEqual({ refund, replayed: true });
    expect(await issue(order, refund.id)).toBe("succeeded");
    await expectErased(order);
    expect((await paymentOf(order)).attempts.at(-1)).toMatchObject({ origin: "staff", outcome: "succeeded" });
  });

  test("decided on what was read before the mark keeps none either", async () => {
    for (let round = 0; round < 8; round++) {
      const order = await captured();
      await Promise.all([request(order, 200), forget(order), request(order, 300)]);
      await expectErased(order);
      expect(await paymentOf(order)).toMatchObject({ pendingRefund: { amount: 500 } });
    }
  });

  test("leaves a mark that was decided on an older payment unwritten", async () => {
    const order = await captured();
    const old = await itemOf(order);
    await request(order, 200);
    expect(await markErased(old)).toBe(false);
    expect(await itemOf(order)).not.toHaveProperty("erased");
  });
});

describe("a refund whose text is erased", () => {
  test("is answered as it is when it is asked for again under its key, and is not made twice", async () => {
    const order = await captured();
    const by = createAsker();
    const { refund: asked } = await request(order, 200, by);
    await issue(order, asked.id);
    await forget(order);
    const { reason: _, ...kept } = asked;
    for (let time = 0; time < 2; time++) {
      expect(await request(order, 200, by)).toEqual({ refund: kept, replayed: true });
    }
    expect((await atProvider(order))!.refunds.length).toBe(1);
    expect(await paymentOf(order)).toMatchObject({ refunded: { amount: 200 }, pendingRefund: { amount: 0 } });
  });

  test("of all that was left is answered too, and another amount under its key is refused", async () => {
    const order = await captured();
    const by = createAsker();
    const { refund } = await Payment.requestRefund(paymentIdOf(order), { reason }, by, cause);
    await forget(order);
    const again = await Payment.requestRefund(paymentIdOf(order), { reason }, by, cause);
    expect(again).toMatchObject({ refund: { id: refund.id, amount: { amount: 900 } }, replayed: true });
    await expect(request(order, 200, by)).rejects.toMatchObject({ code: "idempotency_key_reused" });
  });
});

test("money moves and is reconciled at the same time as its payer is forgotten", async () => {
  const orders = await Promise.all(Array.from({ length: 6 }, () => captured()));
  for (const order of orders) {
    const { refund } = await request(order, 200);
    await Promise.all([
      issue(order, refund.id),
      forget(order),
      reconcileAndTell(order.orderId, cause),
      forget(order),
      Payment.reconcile(order.orderId, cause),
    ]);
    await expectErased(order);
    expect(await Payment.reconcile(order.orderId, cause)).toEqual([]);
    expect(await paymentOf(order)).toMatchObject({ refunded: { amount: 200 }, pendingRefund: { amount: 0 } });
    expect((await atProvider(order))!.refunds.length).toBe(1);
  }
});
