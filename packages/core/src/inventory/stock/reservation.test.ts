import { newId } from "@cartwright/events";
import { describe, expect, test } from "vitest";
import { setClock } from "../../clock.ts";
import { Inventory } from "../index.ts";
import {
  adjust,
  cause,
  createCheckout,
  createCommitted,
  createProduct,
  reservationOf,
  reserve,
  toldBy,
} from "./test/fixture.ts";

describe("reserving stock", () => {
  test("twice, and at the same time, holds it once", async () => {
    const sku = await createProduct(5);
    const checkout = createCheckout([{ sku, quantity: 2 }]);
    await Promise.all([Inventory.reserve(checkout, cause), Inventory.reserve(checkout, cause)]);
    await Inventory.reserve(checkout, cause);
    expect(await Inventory.stockFromSku(sku)).toMatchObject({ onHand: 5, available: 3, reserved: 2 });
  });

  test("holds all lines or none, and names those that lack", async () => {
    const [enough, scarce] = [await createProduct(5), await createProduct(1)];
    const checkout = createCheckout([
      { sku: enough, quantity: 1 },
      { sku: scarce, quantity: 2 },
    ]);
    await expect(Inventory.reserve(checkout, cause)).rejects.toMatchObject({
      name: "OutOfStockError",
      shortfalls: [{ sku: scarce, quantity: 2, available: 1 }],
    });
    expect(await Inventory.stockFromSku(enough)).toMatchObject({ available: 5, reserved: 0 });
  });

  test("a product that never had stock is out of stock", async () => {
    const sku = await createProduct(0);
    const reserve = Inventory.reserve(createCheckout([{ sku, quantity: 1 }]), cause);
    await expect(reserve).rejects.toMatchObject({ name: "OutOfStockError" });
  });

  test("fifty orders for the last five units hold exactly five", async () => {
    const sku = await createProduct(5);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 50 }, () => Inventory.reserve(createCheckout([{ sku, quantity: 1 }]), cause)),
    );
    expect(outcomes.filter(({ status }) => status === "fulfilled").length).toBe(5);
    expect(await Inventory.stockFromSku(sku)).toMatchObject({ onHand: 5, available: 0, reserved: 5 });
  });
});

describe("ending a reservation", () => {
  test("releasing twice, and at the same time, gives the units back once", async () => {
    const sku = await createProduct(5);
    const checkout = createCheckout([{ sku, quantity: 2 }]);
    await Inventory.reserve(checkout, cause);
    await Promise.all([Inventory.release(checkout.orderId, cause), Inventory.release(checkout.orderId, cause)]);
    await Inventory.release(checkout.orderId, cause);
    expect(await Inventory.stockFromSku(sku)).toMatchObject({ onHand: 5, available: 5, reserved: 0 });
  });

  test("a reservation that arrives after its undo does not take hold", async () => {
    const sku = await createProduct(5);
    const checkout = createCheckout([{ sku, quantity: 2 }]);
    await Inventory.release(checkout.orderId, cause);
    await expect(Inventory.reserve(checkout, cause)).rejects.toMatchObject({ name: "ReservationReleasedError" });
    expect(await Inventory.stockFromSku(sku)).toMatchObject({ available: 5, reserved: 0 });
  });

  test("reserving and releasing at the same time leaves nothing held", async () => {
    const sku = await createProduct(5);
    const checkout = createCheckout([{ sku, quantity: 2 }]);
    await Promise.allSettled([Inventory.reserve(checkout, cause), Inventory.release(checkout.orderId, cause)]);
    await Inventory.release(checkout.orderId, cause);
    expect(await Inventory.stockFromSku(sku)).toMatchObject({ available: 5, reserved: 0 });
  });

  test("committing twice, and at the same time, is once", async () => {
    const { sku, orderId } = await createCommitted();
    const { version } = await reservationOf(orderId);
    await Promise.all([Inventory.commit(orderId, cause), Inventory.commit(orderId, cause)]);
    expect((await reservationOf(orderId)).version).toBe(version);
    expect(await Inventory.stockFromSku(sku)).toMatchObject({ onHand: 5, available: 3, reserved: 2 });
  });

  test("releasing a committed one, twice and at the same time, puts its units back once", async () => {
    const { sku, orderId } = await createCommitted();
    await Promise.all([Inventory.release(orderId, cause), Inventory.release(orderId, cause)]);
    expect(await toldBy(orderId)).toMatchObject([
      { name: "stock.restocked", data: { orderId, lines: [{ sku, quantity: 2 }] } },
    ]);
    const { version } = await reservationOf(orderId);
    await Inventory.release(orderId, cause);
    expect((await reservationOf(orderId)).version).toBe(version);
    expect(await Inventory.stockFromSku(sku)).toMatchObject({ onHand: 5, available: 5, reserved: 0 });
  });

  test("committing and releasing at the same time ends with the units back, whichever came first", async () => {
    for (let round = 0; round < 10; round++) {
      const sku = await createProduct(5);
      const orderId = await reserve(sku, 2);
      await Promise.all([Inventory.commit(orderId, cause), Inventory.release(orderId, cause)]);
      expect(await Inventory.stockFromSku(sku)).toMatchObject({ onHand: 5, available: 5, reserved: 0 });
    }
  });

  test("committing what was released leaves it released, for its money goes back", async () => {
    const sku = await createProduct(5);
    const checkout = createCheckout([{ sku, quantity: 2 }]);
    await Inventory.reserve(checkout, cause);
    await Inventory.release(checkout.orderId, cause);
    await Inventory.commit(checkout.orderId, cause);
    expect((await reservationOf(checkout.orderId)).status).toBe("released");
    expect(await Inventory.stockFromSku(sku)).toMatchObject({ onHand: 5, available: 5, reserved: 0 });
  });

  test("committing what was never reserved is an error", async () => {
    await expect(Inventory.commit(newId("ord"), cause)).rejects.toMatchObject({ name: "ReservationReleasedError" });
  });
});

describe("an order that can't be served", () => {
  test("is told every line that lacks, with what there is, and has the same answer for ever", async () => {
    const [enough, scarce, none] = [await createProduct(5), await createProduct(1), await createProduct(0)];
    const lines = [enough, scarce, none].map((sku) => ({ sku, quantity: 2 }));
    const checkout = createCheckout(lines);
    const shortfalls = [
      { sku: scarce, quantity: 2, available: 1 },
      { sku: none, quantity: 2, available: 0 },
    ];
    await expect(Inventory.reserve(checkout, cause)).rejects.toMatchObject({ name: "OutOfStockError", shortfalls });
    expect(await toldBy(checkout.orderId)).toMatchObject([{ name: "stock.refused", data: { lines: shortfalls } }]);
    await Inventory.adjust(scarce, { delta: 5, reason: "delivery" }, { actorId: "a", idempotencyKey: scarce }, cause);
    await Inventory.adjust(none, { delta: 5, reason: "delivery" }, { actorId: "a", idempotencyKey: none }, cause);
    await expect(Inventory.reserve(checkout, cause)).rejects.toMatchObject({ shortfalls });
    await Inventory.release(checkout.orderId, cause);
    expect((await reservationOf(checkout.orderId)).status).toBe("refused");
  });

  test("names a product twice, and is judged by both lines together", async () => {
    const sku = await createProduct(3);
    const lines = [
      { sku, quantity: 2 },
      { sku, quantity: 2 },
    ];
    const refused = Inventory.reserve(createCheckout(lines), cause);
    await expect(refused).rejects.toMatchObject({ shortfalls: [{ sku, quantity: 4, available: 3 }] });
    await Inventory.reserve(createCheckout(lines.map((line) => ({ ...line, quantity: 1 }))), cause);
    expect(await Inventory.stockFromSku(sku)).toMatchObject({ onHand: 3, available: 1, reserved: 2 });
  });
});

describe("a hold whose time is over", () => {
  /** Reserves an hour ago: what others hold is not overdue, whoever sweeps. */
  async function reserveAnHourAgo(sku: string, quantity: number) {
    const restore = setClock(() => Date.now() - 60 * 60 * 1000);
    try {
      const checkout = createCheckout([{ sku, quantity }]);
      await Inventory.reserve(checkout, cause);
      return checkout;
    } finally {
      restore();
    }
  }

  test("does not count any more, whether or not it was swept", async () => {
    const sku = await createProduct(5);
    const checkout = await reserveAnHourAgo(sku, 2);
    await expect(Inventory.reserve(checkout, cause)).rejects.toMatchObject({ name: "ReservationExpiredError" });
    const late = { ...createCheckout([{ sku, quantity: 1 }]), deadlineAt: new Date(0).toISOString() };
    await expect(Inventory.reserve(late, cause)).rejects.toMatchObject({ name: "ReservationExpiredError" });
    expect(await Inventory.stockFromSku(sku)).toMatchObject({ available: 3, reserved: 2 });
  });

  test("is swept with its units back on the shelf, once, and others are left alone", async () => {
    const sku = await createProduct(5);
    const { orderId: overdue } = await reserveAnHourAgo(sku, 2);
    const [committed, timely] = [await reserve(sku, 1), await reserve(sku, 1)];
    await Inventory.commit(committed, cause);
    await Promise.all([Inventory.expireReservations(cause), Inventory.expireReservations(cause)]);
    expect(await toldBy(overdue)).toMatchObject([
      { name: "stock.released", data: { lines: [{ sku, quantity: 2 }], expired: true } },
    ]);
    expect((await reservationOf(overdue)).status).toBe("expired");
    expect((await reservationOf(committed)).status).toBe("committed");
    expect((await reservationOf(timely)).status).toBe("held");
    expect(await Inventory.stockFromSku(sku)).toMatchObject({ onHand: 5, available: 3, reserved: 2 });
  });

  test("is taken again for an order that had been confirmed in time, unless others have bought the units", async () => {
    const sku = await createProduct(2);
    const [{ orderId: lucky }, { orderId: unlucky }] = [await reserveAnHourAgo(sku, 1), await reserveAnHourAgo(sku, 1)];
    await Inventory.expireReservations(cause);
    await Promise.all([Inventory.commit(lucky, cause), Inventory.commit(lucky, cause)]);
    // Whoever had heard that units of it were still to come hears that they are not.
    expect(await toldBy(lucky)).toMatchObject([
      { name: "stock.allocated", data: { lines: [{ sku, quantity: 1 }], owed: [] } },
      { name: "stock.committed" },
    ]);
    expect(await Inventory.stockFromSku(sku)).toMatchObject({ available: 1, reserved: 1 });
    await reserve(sku, 1);
    await expect(Inventory.commit(unlucky, cause)).rejects.toMatchObject({ name: "OutOfStockError" });
    expect(await Inventory.stockFromSku(sku)).toMatchObject({ available: 0, reserved: 2 });
  });

  test("is taken by nobody once its order was given up, however late the confirmation is told", async () => {
    const sku = await createProduct(2);
    const { orderId } = await reserveAnHourAgo(sku, 1);
    await Inventory.expireReservations(cause);
    await Inventory.release(orderId, cause);
    const { version } = await reservationOf(orderId);
    await Inventory.commit(orderId, cause);
    await Inventory.release(orderId, cause);
    expect(await reservationOf(orderId)).toMatchObject({ status: "released", version });
    expect(await Inventory.stockFromSku(sku)).toMatchObject({ available: 2, reserved: 0 });
  });
});

describe("an order that is wider than a transaction", () => {
  const wide = Array.from({ length: 34 });

  test("is held in one, and released, expired and taken again part by part, each once", async () => {
    const skus = await Promise.all(wide.map(() => createProduct(4, { backorderLimit: 6 })));
    const lines = skus.map((sku) => ({ sku, quantity: 6 }));
    const [given, lapsed] = [createCheckout(lines), createCheckout(lines.map((line) => ({ ...line, quantity: 2 })))];
    await Inventory.reserve(given, cause);
    for (const sku of skus) {
      const { version } = await Inventory.stockFromSku(sku);
      await Inventory.configureStock(sku, { shards: 3 }, version, cause);
      await adjust(sku, 2);
    }
    await Promise.all([Inventory.release(given.orderId, cause), Inventory.release(given.orderId, cause)]);
    for (const sku of skus)
      expect(await Inventory.stockFromSku(sku)).toMatchObject({ available: 6, reserved: 0, backordered: 0 });

    await Inventory.reserve(lapsed, cause);
    const restore = setClock(() => Date.now() + 60 * 60 * 1000);
    try {
      await Promise.all([Inventory.expire(lapsed.orderId, cause), Inventory.expire(lapsed.orderId, cause)]);
      for (const sku of skus) expect(await Inventory.stockFromSku(sku)).toMatchObject({ available: 6, reserved: 0 });
      await Inventory.commit(lapsed.orderId, cause);
    } finally {
      restore();
    }
    for (const sku of skus) expect(await Inventory.stockFromSku(sku)).toMatchObject({ available: 4, reserved: 2 });
  });

  test("may be promised as a whole", async () => {
    const skus = await Promise.all(Array.from({ length: 49 }, () => createProduct(0, { backorderLimit: 1 })));
    const checkout = createCheckout(skus.map((sku) => ({ sku, quantity: 1 })));
    await Inventory.reserve(checkout, cause);
    await Inventory.release(checkout.orderId, cause);
    for (const sku of skus) expect(await Inventory.stockFromSku(sku)).toMatchObject({ backordered: 0 });
  });
});
