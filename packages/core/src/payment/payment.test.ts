import { setTimeout as sleep } from "node:timers/promises";
import { type Checkout, newId } from "@cartwright/events";
import { Resource } from "sst";
import { describe, expect, test } from "vitest";
import { seal } from "../seal.ts";
import { Payment } from "./index.ts";
import { charges } from "./sandbox.entity.ts";
import { sandbox } from "./sandbox.ts";

const cause = { correlationId: "test" };

async function createCheckout(token: string): Promise<Checkout> {
  const orderId = newId("ord");
  return {
    orderId,
    customerId: newId("usr"),
    lines: [{ sku: "CUP", quantity: 1 }],
    total: { amount: 900, currency: "EUR" },
    sealedToken: await seal(token, orderId, Resource.PaymentTokenKey.value),
    deadlineAt: "2030-01-01T00:00:00.000Z",
    abandoned: false,
  };
}

const paymentOf = ({ orderId, customerId }: Checkout) => Payment.fromID(orderId.replace("ord_", "pay_"), customerId);

const heldAtProvider = ({ orderId }: Checkout) => sandbox.find(`${orderId}:authorize`);

describe("authorizing", () => {
  test("twice, and at the same time, asks for the money once", async () => {
    const checkout = await createCheckout("tok_ok");
    const both = [Payment.authorize(checkout, cause), Payment.authorize(checkout, cause)];
    expect(await Promise.all(both)).toEqual(["authorized", "authorized"]);
    expect(await Payment.authorize(checkout, cause)).toBe("authorized");
    expect(await paymentOf(checkout)).toMatchObject({ status: "authorized", amount: { amount: 900 } });
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
    expect(await heldAtProvider(checkout)).toMatchObject({ status: "authorized" });
  });

  test("a provider that is away fails in a way that may be tried again", async () => {
    const checkout = await createCheckout("tok_unavailable");
    await expect(Payment.authorize(checkout, cause)).rejects.toMatchObject({ name: "UnavailableError" });
    expect(await paymentOf(checkout)).toMatchObject({ status: "intent" });
    expect(await heldAtProvider(checkout)).toBeUndefined();
  });

  test("a customer who has to act is waited for, and their approval authorizes", async () => {
    const checkout = await createCheckout("tok_requires_action");
    expect(await Payment.authorize(checkout, cause)).toBe("action_required");
    expect(await Payment.authorize(checkout, cause)).toBe("action_required");
    await Payment.completeActionRequired(checkout.orderId, true, cause);
    await Payment.completeActionRequired(checkout.orderId, true, cause);
    expect(await Payment.authorize(checkout, cause)).toBe("authorized");
    expect(await paymentOf(checkout)).toMatchObject({ status: "authorized" });
  });

  test("their refusal declines", async () => {
    const checkout = await createCheckout("tok_requires_action");
    await Payment.authorize(checkout, cause);
    await Payment.completeActionRequired(checkout.orderId, false, cause);
    await expect(Payment.authorize(checkout, cause)).rejects.toMatchObject({ name: "PaymentDeclinedError" });
  });

  test("the first answer stays, whatever a later notification says", async () => {
    const checkout = await createCheckout("tok_requires_action");
    await Payment.authorize(checkout, cause);
    await Payment.completeActionRequired(checkout.orderId, true, cause);
    await Payment.completeActionRequired(checkout.orderId, false, cause);
    expect(await paymentOf(checkout)).toMatchObject({ status: "authorized" });
  });

  test("an approval after the payment was voided holds nothing", async () => {
    const checkout = await createCheckout("tok_requires_action");
    await Payment.authorize(checkout, cause);
    await Payment.voidPayment(checkout.orderId, cause);
    await Payment.completeActionRequired(checkout.orderId, true, cause);
    expect(await paymentOf(checkout)).toMatchObject({ status: "voided" });
    expect(await heldAtProvider(checkout)).toMatchObject({ status: "voided" });
  });
});

describe("capturing", () => {
  test("twice, and at the same time, collects once", async () => {
    const checkout = await createCheckout("tok_ok");
    await Payment.authorize(checkout, cause);
    await Promise.all([Payment.capture(checkout.orderId, cause), Payment.capture(checkout.orderId, cause)]);
    await Payment.capture(checkout.orderId, cause);
    const { version } = await paymentOf(checkout);
    expect(await paymentOf(checkout)).toMatchObject({ status: "captured", version });
    const { data } = await charges()
      .get({ key: `${checkout.orderId}:authorize` })
      .go();
    expect(data).toMatchObject({ status: "captured", capturedMinor: 900 });
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
});

describe("voiding", () => {
  test.each(["tok_ok", "tok_timeout", "tok_requires_action"])("gives back what %s holds, once", async (token) => {
    const checkout = await createCheckout(token);
    await Payment.authorize(checkout, cause);
    const { orderId } = checkout;
    await Promise.all([Payment.voidPayment(orderId, cause), Payment.voidPayment(orderId, cause)]);
    await Payment.voidPayment(orderId, cause);
    expect(await paymentOf(checkout)).toMatchObject({ status: "voided" });
    expect(await heldAtProvider(checkout)).toMatchObject({ status: "voided" });
  });

  test("an authorization that arrives after its undo holds nothing", async () => {
    const checkout = await createCheckout("tok_ok");
    await Payment.voidPayment(checkout.orderId, cause);
    await expect(Payment.authorize(checkout, cause)).rejects.toMatchObject({ name: "PaymentVoidedError" });
    expect(await heldAtProvider(checkout)).toBeUndefined();
  });

  test("authorizing and voiding at the same time leaves no money held", async () => {
    for (let round = 0; round < 10; round++) {
      const checkout = await createCheckout("tok_ok");
      const { orderId } = checkout;
      await Promise.allSettled([Payment.authorize(checkout, cause), Payment.voidPayment(orderId, cause)]);
      await Payment.voidPayment(orderId, cause);
      const held = await heldAtProvider(checkout);
      expect(held?.status ?? "voided").toBe("voided");
    }
  });

  test("an approval that meets the undo leaves no money held", async () => {
    for (let round = 0; round < 20; round++) {
      const checkout = await createCheckout("tok_requires_action");
      const { orderId } = checkout;
      await Payment.authorize(checkout, cause);
      const approval = sleep(round % 5).then(() => Payment.completeActionRequired(orderId, true, cause));
      await Promise.allSettled([approval, Payment.voidPayment(orderId, cause)]);
      expect(await heldAtProvider(checkout)).toMatchObject({ status: "voided" });
      expect(await paymentOf(checkout)).toMatchObject({ status: "voided" });
    }
  });

  test("an undo that died before it reached the provider is completed when repeated", async () => {
    const checkout = await createCheckout("tok_ok");
    const { orderId, total } = checkout;
    await Payment.voidPayment(orderId, cause);
    await sandbox.authorize({ key: `${orderId}:authorize`, orderId, amount: total, token: "tok_ok" });
    await Payment.voidPayment(orderId, cause);
    expect(await heldAtProvider(checkout)).toMatchObject({ status: "voided" });
  });

  test("captured money can't be voided, and says so", async () => {
    const checkout = await createCheckout("tok_ok");
    await Payment.authorize(checkout, cause);
    await Payment.capture(checkout.orderId, cause);
    await expect(Payment.voidPayment(checkout.orderId, cause)).rejects.toMatchObject({ name: "PaymentCapturedError" });
  });

  test("money that a dead run left at the provider is given back by the schedule", async () => {
    const checkout = await createCheckout("tok_ok");
    const { orderId } = checkout;
    const key = `${orderId}:authorize`;
    await Payment.voidPayment(orderId, cause);
    await sandbox.authorize({ key, orderId, amount: checkout.total, token: "tok_ok" });
    const alive = await createCheckout("tok_ok");
    await Payment.authorize(alive, cause);
    const { voided } = await Payment.giveBackStrays(new Date(Date.now() + 1000));
    expect(voided).toContain(orderId);
    expect(voided).not.toContain(alive.orderId);
    expect(await sandbox.find(key)).toMatchObject({ status: "voided" });
    expect(await heldAtProvider(alive)).toMatchObject({ status: "authorized" });
  });
});

test("another customer's payment is not found", async () => {
  const checkout = await createCheckout("tok_ok");
  await Payment.authorize(checkout, cause);
  await expect(paymentOf({ ...checkout, customerId: newId("usr") })).rejects.toMatchObject({ kind: "not_found" });
});
