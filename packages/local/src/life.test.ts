/** The whole life of orders, from the cart to the return, through the API and every queue between. */

import { setTimeout as sleep } from "node:timers/promises";
import type { Cart, Client, ProblemError } from "@cartwright/client";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { shippingAddress } from "./shop/seed.ts";
import { deadLetters, settle } from "./test/checkout.ts";
import { expectNothingLost } from "./test/outbox.ts";
import { type System, startSystem } from "./test/system.ts";

let system: System;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system.stop());
afterEach(async () => {
  system.mend();
  await system.local.idle();
  expect(deadLetters(system)).toEqual({});
  await expectNothingLost(system);
});

const staff = () => system.shop.staff;

async function createProduct(sku: string, onHand: number, backorderLimit = 0): Promise<void> {
  const { products } = staff();
  await products.create({ sku, title: sku, prices: [{ amount: 1000, currency: "EUR" }] });
  await products.configureStock(sku, 0, { backorderLimit, lowStockAt: 2 });
  if (onHand > 0) await deliver(sku, onHand);
  await system.local.idle();
}

const deliver = (sku: string, delta: number) => staff().products.adjustStock(sku, { delta, reason: "delivery" });

async function fill(carts: Client["carts"], quantities: Record<string, number>): Promise<Cart> {
  let cart = await carts.create();
  for (const [sku, quantity] of Object.entries(quantities)) {
    cart = await carts.setLine(cart.id, cart.version, { sku, quantity });
  }
  return cart;
}

async function order({ orders }: Client, cartId: string): Promise<string> {
  return (await orders.place({ cartId, shippingAddress, payment: { token: "tok_ok" } })).id;
}

/** Sweeps that are under way: time must not jump over the end of theirs. */
let sweeping = 0;

/** Lets some minutes pass, without waiting for what is tried again and again. */
async function hurry({ minutes }: { minutes: number }): Promise<void> {
  for (let step = 0; step < minutes * 20; step++) {
    while (sweeping > 0) await sleep(5);
    system.clock.skip(3_000);
    await sleep(25);
  }
}

const refusal = (call: Promise<unknown>) =>
  call.then(
    () => undefined,
    (error: ProblemError) => error.problem,
  );

test("a guest's cart becomes a customer's order, part of which is still to come, is sent in two parcels, and comes back", async () => {
  await createProduct("LAMP", 1, 5);
  await createProduct("BULB", 10);
  const customer = await system.newCustomer();
  const guest = await fill(customer.carts, {});
  const { id } = await fill(system.shop.customer.carts, {});
  expect(await refusal(customer.carts.get(id))).toMatchObject({ status: 404 });
  const filled = await customer.carts.setLine(guest.id, guest.version, { sku: "LAMP", quantity: 3 });
  const cart = await customer.carts.setLine(filled.id, filled.version, { sku: "BULB", quantity: 2 });
  expect(cart).toMatchObject({ problems: [], subtotal: { amount: 5000 } });

  const orderId = await order(customer, cart.id);
  await settle(system, orderId, customer);
  await system.local.idle();
  expect(await customer.orders.get(orderId)).toMatchObject({
    status: "confirmed",
    number: expect.stringMatching(/^\d{4}-\d{4}-\d{4}$/),
    backordered: [{ sku: "LAMP", quantity: 2 }],
  });
  expect(await customer.carts.get(cart.id)).toMatchObject({ lines: [], orderedAs: orderId });

  const tooMuch = staff().orders.fulfil(orderId, { lines: [{ sku: "LAMP", quantity: 2 }] });
  expect(await refusal(tooMuch)).toMatchObject({ status: 409, code: "order_not_fulfillable" });
  const first = await staff().orders.fulfil(orderId, {});
  expect(first.lines).toEqual([
    { sku: "LAMP", quantity: 1 },
    { sku: "BULB", quantity: 2 },
  ]);
  expect(await refusal(customer.orders.cancel(orderId))).toMatchObject({ code: "order_not_cancellable" });

  await deliver("LAMP", 4);
  await system.local.idle();
  expect(await customer.orders.get(orderId)).toMatchObject({ status: "confirmed", backordered: [] });
  await staff().orders.fulfil(orderId, {});
  await system.local.idle();
  expect(await customer.orders.get(orderId)).toMatchObject({ status: "fulfilled" });
  expect(await staff().products.stock("LAMP")).toMatchObject({ onHand: 2, available: 2, reserved: 0, backordered: 0 });

  const asked = await customer.orders.requestReturn(orderId, { lines: [{ sku: "LAMP", quantity: 3 }] });
  await staff().orders.receiveReturn(orderId, asked.id, { restock: false, lines: [{ sku: "LAMP", quantity: 2 }] });
  const rest = await customer.orders.requestReturn(orderId, {
    lines: [
      { sku: "LAMP", quantity: 1 },
      { sku: "BULB", quantity: 2 },
    ],
  });
  await staff().orders.receiveReturn(orderId, rest.id, { restock: true });
  await system.local.idle();
  expect(await customer.orders.get(orderId)).toMatchObject({ status: "returned", refunded: { amount: 5000 } });
  const { items } = await staff().products.stockMovements("LAMP");
  expect(items.map(({ kind, delta }) => [kind, delta])).toEqual([
    ["returned", 1],
    ["written-off", 0],
    ["shipped", -2],
    ["adjusted", 4],
    ["shipped", -1],
    ["adjusted", 1],
  ]);
  expect(await staff().products.stock("LAMP")).toMatchObject({ onHand: 3, available: 3 });
});

test("of an order that can't be served the customer learns which lines lack, and their cart says so from then on", async () => {
  await createProduct("VASE", 1);
  const customer = await system.newCustomer();
  const cart = await fill(customer.carts, { VASE: 2, "MUG-BLUE": 1 });
  const orderId = await order(customer, cart.id);
  expect(await settle(system, orderId, customer)).toMatchObject({ status: "cancelled", reason: "out_of_stock" });
  expect(await customer.orders.get(orderId)).toMatchObject({ lacking: [{ sku: "VASE", quantity: 2, available: 1 }] });
  const other = await order(customer, (await fill(customer.carts, { VASE: 1 })).id);
  await settle(system, other, customer);
  await system.local.idle();
  const { problems } = await fill(customer.carts, { VASE: 1 });
  expect(problems).toMatchObject([{ path: "lines.0", sku: "VASE", code: "out_of_stock" }]);
  await deliver("VASE", 5);
  await system.local.idle();
  expect((await customer.carts.create()).problems).toEqual([]);
});

test("what a checkout holds that has died, with its order, is swept once its time is over", async () => {
  await createProduct("CLOCK", 3);
  const customer = await system.newCustomer();
  // Nothing goes on after the reservation, and nobody undoes it.
  const dead = ["AuthorizePayment", "AbandonOrder", "VoidPayment", "ReleaseStock", "CancelOrder", "WatchCheckout"];
  system.hooks.beforeInvoke = (name) => {
    if (name === "SweepReservationsHandler") sweeping++;
    return dead.includes(name) ? "kill" : undefined;
  };
  system.hooks.afterInvoke = (name) => {
    if (name === "SweepReservationsHandler") sweeping--;
    return undefined;
  };
  const orderId = await order(customer, (await fill(customer.carts, { CLOCK: 2 })).id);
  await hurry({ minutes: 2 });
  expect(await staff().products.stock("CLOCK")).toMatchObject({ available: 1, reserved: 2 });
  await hurry({ minutes: 15 });
  expect(await staff().products.stock("CLOCK")).toMatchObject({ available: 1, reserved: 2 });
  await hurry({ minutes: 6 });
  expect(await staff().products.stock("CLOCK")).toMatchObject({ available: 3, reserved: 0 });

  system.mend();
  for (let minute = 0; minute < 5; minute++) await system.skip(61_000);
  const found = await staff().orders.get(orderId);
  expect(found).toMatchObject({ status: "cancelled", reason: "expired" });
  expect(await staff().products.stock("CLOCK")).toMatchObject({ onHand: 3, available: 3, reserved: 0 });
  system.local.queues.purge(system.local.topology.queues.WatchCheckoutDeadLetters!.arn);
}, 120_000);
