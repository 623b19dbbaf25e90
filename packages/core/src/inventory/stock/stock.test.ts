import { describe, expect, test } from "vitest";
import { dynamo } from "../../dynamo.ts";
import { Inventory } from "../index.ts";
import { inventory } from "./stock.entity.ts";
import {
  adjust,
  cause,
  createActor,
  createCheckout,
  createProduct,
  createShipped,
  reserve,
  toldBy,
} from "./test/fixture.ts";

describe("adjusting stock", () => {
  test("the same key and body count once, another body is refused", async () => {
    const sku = await createProduct(5);
    const by = createActor();
    const input = { delta: -2, reason: "damaged" };
    const first = await Inventory.adjust(sku, input, by, cause);
    await Inventory.adjust(sku, { delta: 4, reason: "delivery" }, createActor(), cause);
    const again = await Inventory.adjust(sku, input, by, cause);
    expect(again).toEqual({ adjustment: first.adjustment, replayed: true });
    expect(await Inventory.stockFromSku(sku)).toMatchObject({ onHand: 7 });
    const other = Inventory.adjust(sku, { ...input, delta: -1 }, by, cause);
    await expect(other).rejects.toMatchObject({ code: "idempotency_key_reused" });
  });

  test("what is reserved can't be taken away", async () => {
    const sku = await createProduct(5);
    await Inventory.reserve(createCheckout([{ sku, quantity: 4 }]), cause);
    const adjust = Inventory.adjust(sku, { delta: -2, reason: "lost" }, createActor(), cause);
    await expect(adjust).rejects.toMatchObject({ code: "stock_below_zero" });
    expect(await Inventory.stockFromSku(sku)).toMatchObject({ onHand: 5, available: 1, reserved: 4 });
  });

  test("a repeated adjustment is answered as it was made, also when it could not be made today", async () => {
    const sku = await createProduct(5);
    const by = createActor();
    await Inventory.adjust(sku, { delta: -5, reason: "lost" }, by, cause);
    expect(await Inventory.adjust(sku, { delta: -5, reason: "lost" }, by, cause)).toMatchObject({ replayed: true });
    expect(await Inventory.stockFromSku(sku)).toMatchObject({ onHand: 0 });
  });

  test("is refused when another number is on hand than the caller counts on", async () => {
    const sku = await createProduct(0);
    const count = (delta: number, expectedQuantity: number) =>
      Inventory.adjust(sku, { delta, reason: "stocktake", expectedQuantity }, createActor(), cause);
    await count(5, 0);
    await expect(count(5, 0)).rejects.toMatchObject({ code: "unexpected_quantity" });
    await reserve(sku, 2);
    await count(1, 5);
    const both = await Promise.allSettled([count(-1, 6), count(-2, 6), count(-3, 6)]);
    expect(both.filter(({ status }) => status === "fulfilled").length).toBe(1);
  });
});

describe("the journal of a product", () => {
  test("says why there are so many on hand: who, what for, and how many, newest first and page by page", async () => {
    const { sku, orderId } = await createShipped(2);
    const returnId = "ret_01J9ZC5Q8MXW3VT0S6K2F4B7RD";
    await Inventory.takeBack(orderId, { returnId, lines: [{ sku, quantity: 1 }], restock: true }, cause);
    await adjust(sku, -1);
    const pages = [];
    for (let cursor: string | undefined, first = true; first || cursor; first = false) {
      const page = await Inventory.movements(sku, { reader: "usr_a", limit: 3, cursor });
      pages.push(...page.items);
      cursor = page.nextCursor;
    }
    expect(pages.map(({ kind, delta }) => [kind, delta])).toEqual([
      ["adjusted", -1],
      ["returned", 1],
      ["shipped", -2],
      ["adjusted", 5],
    ]);
    expect(pages[0]).toMatchObject({ reason: "damaged", actorId: expect.stringMatching(/^usr_/) });
    expect(pages[1]).toMatchObject({ orderId });
    const { onHand } = await Inventory.stockFromSku(sku);
    expect(pages.reduce((sum, { delta }) => sum + delta, 0)).toBe(onHand);
  });
});

describe("how much is left", () => {
  const tellsOf = async (sku: string) => {
    const { data } = await inventory().entities.stocks.get({ sku }).go({ consistent: true });
    return (JSON.parse(data?.outbox ?? "[]") as { name: string }[]).map(({ name }) => name);
  };
  const availability = async (sku: string) => (await Inventory.availabilityFromSku(sku)).availability;

  test("is told once when little is left, again when nothing is, and when there is enough again", async () => {
    const sku = await createProduct(5, { lowStockAt: 2 });
    expect([await tellsOf(sku), await availability(sku)]).toEqual([["stock.replenished"], "in_stock"]);
    const orderId = await reserve(sku, 3);
    expect([await tellsOf(sku), await availability(sku)]).toEqual([["stock.low"], "low"]);
    const { version } = await Inventory.stockFromSku(sku);
    await reserve(sku, 1);
    expect((await Inventory.stockFromSku(sku)).version).toBe(version);
    await reserve(sku, 1);
    expect([await tellsOf(sku), await availability(sku)]).toEqual([["stock.sold-out"], "sold_out"]);
    await Inventory.release(orderId, cause);
    await Inventory.allocate(sku, cause);
    expect([await tellsOf(sku), await availability(sku)]).toEqual([["stock.replenished"], "in_stock"]);
  });

  test("is told although whoever took the last units died before looking, by whoever repeats it", async () => {
    const sku = await createProduct(3, { lowStockAt: 2 });
    const checkout = createCheckout([{ sku, quantity: 3 }]);
    const { middlewareStack } = dynamo();
    const dies = () => async () => {
      throw Object.assign(new Error("killed"), { name: "Killed", $fault: "client" });
    };
    let reads = 0;
    // The first look at what is left comes after the reservation.
    middlewareStack.add(
      (next, context) => (args) => {
        const isLook = context.commandName === "BatchGetCommand" || context.commandName === "BatchGetItemCommand";
        return isLook && reads++ > 0 ? dies()() : next(args);
      },
      { step: "initialize", name: "dies" },
    );
    try {
      await expect(Inventory.reserve(checkout, cause)).rejects.toThrow("killed");
    } finally {
      middlewareStack.remove("dies");
    }
    expect(await availability(sku)).toBe("in_stock");
    await Inventory.reserve(checkout, cause);
    expect(await availability(sku)).toBe("sold_out");
  });

  test("is nothing before anything has come", async () => {
    expect(await availability(await createProduct(0))).toBe("sold_out");
  });

  test("is right in the end, however many buy and bring at the same time", async () => {
    const sku = await createProduct(30, { lowStockAt: 5, shards: 3 });
    await Promise.all([
      ...Array.from({ length: 28 }, () => reserve(sku, 1)),
      ...Array.from({ length: 4 }, () => adjust(sku, 1)),
    ]);
    expect(await Inventory.stockFromSku(sku)).toMatchObject({ available: 6 });
    expect(await availability(sku)).toBe("in_stock");
    await reserve(sku, 1);
    expect(await availability(sku)).toBe("low");
  });
});

describe("settings", () => {
  test("of somebody who has not seen the last ones are refused, and those not named stay", async () => {
    const sku = await createProduct(0);
    const first = await Inventory.configureStock(sku, { lowStockAt: 3, backorderLimit: 10 }, 0, cause);
    expect(first).toMatchObject({ lowStockAt: 3, backorderLimit: 10, shards: 1 });
    await expect(Inventory.configureStock(sku, { shards: 2 }, 0, cause)).rejects.toMatchObject({
      code: "stale_version",
    });
    const next = await Inventory.configureStock(sku, { shards: 2, lowStockAt: null }, first.version, cause);
    expect(next).toMatchObject({ shards: 2, backorderLimit: 10 });
    expect(next.lowStockAt).toBeUndefined();
  });
});

describe("a product of which more is sold than there is", () => {
  test("promises up to its limit, and serves those who wait longest first", async () => {
    const sku = await createProduct(1, { backorderLimit: 5 });
    const first = await reserve(sku, 3);
    expect(await Inventory.stockFromSku(sku)).toMatchObject({ available: 0, reserved: 1, backordered: 2 });
    expect(await toldBy(first)).toMatchObject([
      { name: "stock.reserved", data: { lines: [{ quantity: 1 }] } },
      { name: "stock.backordered", data: { lines: [{ quantity: 2 }] } },
    ]);
    const second = await reserve(sku, 3);
    const tooMany = Inventory.reserve(createCheckout([{ sku, quantity: 1 }]), cause);
    await expect(tooMany).rejects.toMatchObject({ name: "OutOfStockError" });
    expect((await Inventory.availabilityFromSku(sku)).availability).toBe("sold_out");

    await Inventory.adjust(sku, { delta: 4, reason: "delivery" }, createActor(), cause);
    await Promise.all([Inventory.allocate(sku, cause), Inventory.allocate(sku, cause)]);
    expect(await toldBy(first)).toMatchObject([
      { name: "stock.allocated", data: { lines: [{ quantity: 2 }], owed: [] } },
    ]);
    expect(await toldBy(second)).toMatchObject([
      { name: "stock.allocated", data: { lines: [{ quantity: 2 }], owed: [{ sku, quantity: 1 }] } },
    ]);
    expect(await Inventory.stockFromSku(sku)).toMatchObject({ available: 0, reserved: 5, backordered: 1 });
  });

  test("lets a new order wait behind those who wait already, and gives it what is there beyond that", async () => {
    const sku = await createProduct(0, { backorderLimit: 5 });
    const first = await reserve(sku, 2);
    await Inventory.adjust(sku, { delta: 3, reason: "delivery" }, createActor(), cause);
    const second = await reserve(sku, 2);
    expect(await Inventory.stockFromSku(sku)).toMatchObject({ available: 2, reserved: 1, backordered: 3 });
    await adjust(sku, 1);
    await Inventory.allocate(sku, cause);
    for (const orderId of [first, second])
      expect((await toldBy(orderId))[0]).toMatchObject({ name: "stock.allocated" });
    expect(await Inventory.stockFromSku(sku)).toMatchObject({ available: 0, reserved: 4, backordered: 0 });
  });

  test("is not refused to anybody while units that have come are still to be allocated", async () => {
    const sku = await createProduct(0, { backorderLimit: 1 });
    await reserve(sku, 1);
    await Inventory.adjust(sku, { delta: 100, reason: "delivery" }, createActor(), cause);
    await reserve(sku, 2);
    const { version } = await Inventory.stockFromSku(sku);
    await Inventory.configureStock(sku, { backorderLimit: 0 }, version, cause);
    await reserve(sku, 97);
    await Inventory.allocate(sku, cause);
    expect(await Inventory.stockFromSku(sku)).toMatchObject({ available: 0, reserved: 100, backordered: 0 });
  });

  test("forgets what an order was promised that is given up", async () => {
    const sku = await createProduct(1, { backorderLimit: 5 });
    const [given, waiting] = [await reserve(sku, 3), await reserve(sku, 2)];
    await Inventory.release(given, cause);
    expect(await Inventory.stockFromSku(sku)).toMatchObject({ available: 1, reserved: 0, backordered: 2 });
    await Inventory.allocate(sku, cause);
    expect(await toldBy(waiting)).toMatchObject([{ name: "stock.allocated", data: { owed: [{ quantity: 1 }] } }]);
    expect(await Inventory.stockFromSku(sku)).toMatchObject({ available: 0, reserved: 1, backordered: 1 });
  });

  test("never promises more than its limit to many at once", async () => {
    const sku = await createProduct(5, { backorderLimit: 7 });
    const orders = await Promise.allSettled(Array.from({ length: 30 }, () => reserve(sku, 1)));
    expect(orders.filter(({ status }) => status === "fulfilled").length).toBe(12);
    expect(await Inventory.stockFromSku(sku)).toMatchObject({ available: 0, reserved: 5, backordered: 7 });
  });
});
