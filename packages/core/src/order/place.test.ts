import { newId } from "@cartwright/events";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Actor } from "../actor.ts";
import { setClock } from "../clock.ts";
import { cause, createInput } from "../test/order.ts";
import { createCart, createOffer, customer, dollars, reprice, staff } from "./cart/test/fixture.ts";
import { Order } from "./index.ts";
import { orders } from "./order.entity.ts";
import { euros } from "./test/item.ts";

const { Cart } = Order;

const { lines: _, ...rest } = createInput();

const order = (cartId: string, actor: Actor, overrides: Partial<Order.Place> = {}, idempotencyKey = newId("req")) =>
  Order.place({ ...rest, cartId, ...overrides }, { customerId: actor.userId, idempotencyKey }, cause);

const put = (cart: Order.Cart.Info, sku: string, actor: Actor, quantity = 1) =>
  Cart.setLine(cart.id, { sku, quantity }, { actor, expectedVersion: cart.version });

const ordersOf = async (actor: Actor) => (await Order.list(actor.userId, { limit: 10 })).items;

const codeOf = (settled: PromiseSettledResult<unknown>) => (settled.status === "rejected" ? settled.reason.code : "ok");

async function createFilled(prices = [euros(900)]) {
  const actor = customer();
  const sku = await createOffer({ prices });
  return { actor, sku, cart: await createCart(actor, { [sku]: 2 }) };
}

describe("an order's number", () => {
  test("is its own, the same whenever it is read, and the same in a repeated answer", async () => {
    const actor = customer();
    const input = createInput({ lines: [{ sku: await createOffer(), quantity: 1 }] });
    const by = { customerId: actor.userId, idempotencyKey: newId("req") };
    const answers = await Promise.all(Array.from({ length: 5 }, () => Order.place(input, by, cause)));
    const [number] = new Set(answers.map((answer) => answer.order.number));
    expect(new Set(answers.map((answer) => answer.order.number)).size).toBe(1);
    expect(number).toMatch(/^\d{4}-\d{4}-\d{4}$/);
    expect(await Order.fromID(answers[0]!.order.id, actor)).toMatchObject({ number });
    const other = await Order.place(input, { ...by, idempotencyKey: newId("req") }, cause);
    expect(other.order.number).not.toBe(number);
  });
});

describe("an order's currency", () => {
  test("is the one that is asked for, if all of it is sold in that", async () => {
    const [both, one] = [await createOffer({ prices: [euros(900), dollars(1000)] }), await createOffer()];
    const by = { customerId: newId("usr"), idempotencyKey: newId("req") };
    const lines = [{ sku: both, quantity: 2 }];
    const placed = await Order.place(createInput({ lines, currency: "USD" }), by, cause);
    expect(placed.order.total).toEqual(dollars(2000));
    const mixed = createInput({ lines: [...lines, { sku: one, quantity: 1 }], currency: "USD" });
    await expect(Order.place(mixed, { ...by, idempotencyKey: newId("req") }, cause)).rejects.toMatchObject({
      ...{ kind: "invalid", code: "no_price_in_currency", faults: [{ path: "lines.1.sku" }] },
    });
  });
});

describe("a request for an order", () => {
  const { shippingAddress, payment, lines } = createInput();
  const cartId = newId("crt");
  const fields = { shippingAddress, payment };

  test.each([
    ["neither lines nor a cart", fields, ["lines"]],
    ["lines and a cart", { ...fields, lines, cartId }, ["cartId"]],
    ["no lines and a cart", { ...fields, lines: [], cartId }, ["lines", "cartId"]],
    ["the id of something else", { ...fields, cartId: newId("ord") }, ["cartId"]],
    ["a currency that is none", { ...fields, cartId, currency: "euro" }, ["currency"]],
    ["a price", { ...fields, cartId, total: 1 }, [""]],
  ])("with %s is refused", (_, input, paths) => {
    const issues = Order.Place.safeParse(input).error?.issues ?? [];
    expect(issues.map(({ path }) => path.join(".")).filter((path) => !paths.includes(path))).toEqual([]);
    expect(issues.length).toBeGreaterThan(0);
  });

  test.each([
    { ...fields, lines },
    { ...fields, cartId, currency: "EUR" },
  ])("with one of both is taken", (input) => {
    expect(Order.Place.parse(input)).toEqual(input);
  });
});

describe("ordering a cart", () => {
  test("charges what it showed, tells of the order in the same write, and leaves the cart empty", async () => {
    const { actor, sku, cart } = await createFilled();
    const placed = await order(cart.id, actor);
    expect(placed).toMatchObject({
      order: { status: "pending", lines: [{ sku, quantity: 2, unitPrice: euros(900) }], total: cart.subtotal },
      replayed: false,
    });
    const { id } = placed.order;
    const { data } = await orders().get({ orderId: id }).go();
    expect(JSON.parse(data!.outbox!)).toMatchObject([{ name: "order.placed", data: { orderId: id } }]);
    expect(await Order.fromID(id, actor)).toEqual(placed.order);
    const emptied = await Cart.fromID(cart.id, actor);
    expect(emptied).toMatchObject({ lines: [], orderedAs: id, version: cart.version + 1 });
    expect((await put(emptied, sku, actor)).orderedAs).toBeUndefined();
  });

  test("again with the same key answers the same, whatever has become of the cart", async () => {
    const { actor, sku, cart } = await createFilled();
    const key = newId("req");
    const first = await order(cart.id, actor, {}, key);
    const again = { order: first.order, replayed: true };
    expect(await order(cart.id, actor, {}, key)).toEqual(again);
    await put(await Cart.fromID(cart.id, actor), sku, actor, 7);
    expect(await order(cart.id, actor, {}, key)).toEqual(again);
    onTestFinished(setClock(() => Date.now() + 200 * 24 * 60 * 60 * 1000));
    await expect(Cart.fromID(cart.id, actor)).rejects.toMatchObject({ code: "cart_not_found" });
    expect(await order(cart.id, actor, {}, key)).toEqual(again);
    await expect(order(cart.id, actor, { currency: "EUR" }, key)).rejects.toMatchObject({
      code: "idempotency_key_reused",
    });
  });

  test("ten times at once with the same key places one order, and all are told the same", async () => {
    const { actor, cart } = await createFilled();
    const key = newId("req");
    const answers = await Promise.all(Array.from({ length: 10 }, () => order(cart.id, actor, {}, key)));
    expect(new Set(answers.map((answer) => JSON.stringify(answer.order))).size).toBe(1);
    expect(answers.filter(({ replayed }) => !replayed).length).toBe(1);
    expect((await ordersOf(actor)).length).toBe(1);
  });

  test("ten times at once with other keys places one order, and the others are told that it is gone", async () => {
    const { actor, cart } = await createFilled();
    const settled = await Promise.allSettled(Array.from({ length: 10 }, () => order(cart.id, actor)));
    const codes = settled.map(codeOf);
    expect(codes.filter((code) => code === "ok").length).toBe(1);
    expect(codes.filter((code) => !["ok", "cart_changed", "cart_ordered"].includes(code))).toEqual([]);
    const [placed, ...more] = await ordersOf(actor);
    expect(more).toEqual([]);
    await expect(order(cart.id, actor)).rejects.toMatchObject({
      ...{ kind: "conflict", code: "cart_ordered", message: expect.stringContaining(placed!.id) },
    });
  });

  test("while a line of it changes charges for what the cart was, or keeps the change", async () => {
    for (let round = 0; round < 5; round++) {
      const { actor, sku, cart } = await createFilled();
      const [placed, changed] = await Promise.allSettled([order(cart.id, actor), put(cart, sku, actor, 5)]);
      const left = await Cart.fromID(cart.id, actor);
      if (placed.status === "fulfilled") {
        // The change may have come before the order looked at the cart.
        const total = codeOf(changed) === "ok" ? euros(4500) : euros(1800);
        expect(["ok", "stale_version", "temporarily_unavailable"]).toContain(codeOf(changed));
        expect([placed.value.order.total, left.lines]).toEqual([total, []]);
      } else {
        expect([codeOf(placed), codeOf(changed)]).toEqual(["cart_changed", "ok"]);
        expect([(await ordersOf(actor)).length, left.lines[0]?.quantity]).toEqual([0, 5]);
      }
    }
  });

  test("is possible with a guest's one, for whoever signs in and knows its id", async () => {
    const actor = customer();
    const cart = await createCart(undefined, { [await createOffer()]: 1 });
    expect((await order(cart.id, actor)).order.total).toEqual(euros(900));
    await expect(order(cart.id, customer())).rejects.toMatchObject({ code: "cart_ordered" });
  });

  test("of somebody else, or one that has been merged, is not", async () => {
    const { cart } = await createFilled();
    for (const other of [customer(), staff()]) {
      await expect(order(cart.id, other)).rejects.toMatchObject({ kind: "not_found", code: "cart_not_found" });
    }
    const actor = customer();
    const guests = await createCart(undefined, { [await createOffer()]: 1 });
    await Cart.merge(guests.id, actor);
    await expect(order(guests.id, actor)).rejects.toMatchObject({ kind: "conflict", code: "cart_merged" });
    expect(await ordersOf(actor)).toEqual([]);
  });

  test("is refused after a price has changed, until the customer has accepted it", async () => {
    const { actor, sku, cart } = await createFilled();
    await reprice(sku, [euros(100)]);
    await expect(order(cart.id, actor)).rejects.toMatchObject({
      ...{ kind: "conflict", code: "cart_changed", faults: [{ path: "cart.lines.0", code: "price_changed" }] },
    });
    const accepted = await put(await Cart.fromID(cart.id, actor), sku, actor, 2);
    expect((await order(cart.id, actor)).order.total).toEqual(accepted.subtotal);
  });

  test("is refused while it holds what can't be bought, with all that is in the way", async () => {
    const actor = customer();
    const skus = [await createOffer(), await createOffer(), await createOffer(), await createOffer()];
    const cart = await createCart(actor, Object.fromEntries(skus.map((sku) => [sku, 1])));
    await reprice(skus[1]!, [euros(900)], { status: "retired" });
    await reprice(skus[2]!, [dollars(900)]);
    await reprice(skus[3]!, [euros(901)]);
    await expect(order(cart.id, actor)).rejects.toMatchObject({
      ...{ kind: "invalid", code: "cart_not_orderable" },
      faults: [
        { path: "cart.lines.1", code: "not_for_sale" },
        { path: "cart.lines.2", code: "no_price_in_currency" },
        { path: "cart.lines.3", code: "price_changed" },
      ],
    });
    expect((await Cart.fromID(cart.id, actor)).version).toBe(cart.version);
    expect(await ordersOf(actor)).toEqual([]);
  });

  test("leaves it to the checkout whether there is enough in stock", async () => {
    const { actor, sku, cart } = await createFilled();
    await reprice(sku, [euros(900)], { inStock: false });
    expect((await order(cart.id, actor)).order.status).toBe("pending");
  });

  test("that is empty is refused", async () => {
    const actor = customer();
    const { cart } = await Cart.open({}, actor);
    await expect(order(cart.id, actor)).rejects.toMatchObject({ kind: "invalid", code: "cart_empty" });
  });

  test("happens in its own currency", async () => {
    const { actor, cart } = await createFilled([euros(900), dollars(1000)]);
    await expect(order(cart.id, actor, { currency: "USD" })).rejects.toMatchObject({
      ...{ kind: "conflict", code: "cart_in_other_currency", faults: [{ path: "currency" }] },
    });
    expect((await order(cart.id, actor, { currency: "EUR" })).order.total).toEqual(euros(1800));
  });
});
