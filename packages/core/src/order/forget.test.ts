import { newId } from "@cartwright/events";
import { beforeAll, describe, expect, test } from "vitest";
import { cause, createInput, createPrice } from "../test/order.ts";
import { carts } from "./cart/cart.entity.ts";
import { Order } from "./index.ts";
import { orders } from "./order.entity.ts";
import { byStaff, createPaid, createPlaced, createSent, cups, outboxOf, staff } from "./test/placed.ts";

beforeAll(() => createPrice("CUP", 950));

const tracking = { carrier: "DHL", number: "00340434", url: "https://track.example/00340434" };

/** What `createInput` and these tests say of a person, or of where they live. */
const personal = /Ada|1 Loop|Kiel|24103|DHL|00340434|my cat/;

const itemOf = async (orderId: string) => (await orders().get({ orderId }).go({ consistent: true })).data!;
const eventsOf = async (orderId: string) => (await outboxOf(orderId)).map(({ name }) => name);

/** All that is stored of it, its last events too. */
async function expectErased(orderId: string): Promise<void> {
  const item = await itemOf(orderId);
  expect(item).not.toHaveProperty("shippingAddress");
  expect(item).not.toHaveProperty("sealedToken");
  expect(item.erasure).toBe("done");
  expect(JSON.stringify(item)).not.toMatch(personal);
}

async function requestReturn(placed: Awaited<ReturnType<typeof createSent>>, idempotencyKey = newId("req")) {
  const input = { lines: cups(1), reason: "my cat broke it" };
  return Order.requestReturn(placed.id, input, { actor: placed.owner, idempotencyKey }, cause);
}

describe("forgetting a customer", () => {
  test("takes out of a finished order what tells who they are, and tells of it once", async () => {
    const paid = await createPaid();
    await Order.fulfil(paid.id, { tracking }, byStaff(), cause);
    const { given } = await requestReturn(paid);
    await Order.declineReturn(paid.id, given.id, { reason: "my cat too" }, byStaff(), cause);
    const before = await paid.read();
    const stored = await itemOf(paid.id);
    expect(JSON.stringify(stored)).toMatch(personal);
    const hashes = [stored, ...stored.fulfilments!, ...stored.returns!, stored.returns![0]!.settled!];

    await Order.forget(paid.customerId, cause);
    await expectErased(paid.id);
    expect(await outboxOf(paid.id)).toMatchObject([
      { name: "order.anonymized", data: { orderId: paid.id, customerId: paid.customerId } },
    ]);
    // Whoever can guess an address could tell by its hash.
    for (const { fingerprint } of hashes) expect(JSON.stringify(await itemOf(paid.id))).not.toContain(fingerprint);
    const erased = await Order.fromID(paid.id, staff);
    expect(erased).not.toHaveProperty("shippingAddress");
    expect(erased).toMatchObject({
      ...{ status: "fulfilled", lines: before.lines, total: before.total, version: before.version + 1 },
      ...{ fulfilments: [{ lines: cups(2) }], returns: [{ status: "declined", lines: cups(1) }] },
    });
    await Order.forget(paid.customerId, cause);
    expect(await Order.fromID(paid.id, staff)).toEqual(erased);
  });

  test.each([
    ["pending", createPlaced],
    ["confirmed", createPaid],
  ] as const)("lets an order that is %s be sent, and erases it by the write that ends it", async (status, create) => {
    const placed = await create();
    const before = await placed.read();
    for (let time = 0; time < 2; time++) await Order.forget(placed.customerId, cause);
    // Nobody is told of what nobody can see.
    expect(await placed.read()).toEqual({ ...before, status });
    if (status === "pending") {
      await Order.confirm(placed.id, cause);
      await Order.markPaid(placed.id, cause);
    }
    expect((await placed.read()).shippingAddress).toEqual(before.shippingAddress);
    const half = await Order.fulfil(placed.id, { lines: cups(1), tracking }, byStaff(), cause);
    expect(half.fulfilment.tracking).toEqual(tracking);
    await Order.fulfil(placed.id, { tracking }, byStaff(), cause);
    await expectErased(placed.id);
    expect(await eventsOf(placed.id)).toEqual(["order.fulfilled", "order.anonymized"]);
  });

  test("erases an order that is cancelled with its last step, and what comes for it later leaves no trace", async () => {
    const placed = await createPlaced();
    await Order.forget(placed.customerId, cause);
    await Order.abandon(placed.id, { name: "PaymentDeclinedError" }, cause);
    expect(await itemOf(placed.id)).toHaveProperty("shippingAddress");
    await Order.cancel(placed.id, cause);
    await expectErased(placed.id);
    expect(await eventsOf(placed.id)).toEqual(["order.cancelled", "order.anonymized"]);
    await Order.markPaid(placed.id, cause);
    expect(await eventsOf(placed.id)).toEqual(["checkout.resumed"]);
    await expectErased(placed.id);
  });

  test("at the same time as the order ends erases it, whoever comes first", async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => createPaid()));
    await Promise.all(
      all.flatMap(({ id, customerId }) => [
        Order.fulfil(id, { tracking }, byStaff(), cause),
        Order.forget(customerId, cause),
        Order.forget(customerId, cause),
      ]),
    );
    for (const { id } of all) await expectErased(id);
  });

  test("many times at once is done once", async () => {
    const sent = await createSent();
    const { version } = await sent.read();
    await Promise.all(Array.from({ length: 5 }, () => Order.forget(sent.customerId, cause)));
    expect((await sent.read()).version).toBe(version + 1);
  });

  test("reaches all of their orders, however many, and nobody else's", async () => {
    const customerId = newId("usr");
    const ids = await Promise.all(
      Array.from({ length: 60 }, async (_, index) => {
        const by = { customerId, idempotencyKey: `k${index}` };
        const { order } = await Order.place(createInput({ lines: cups(1) }), by, cause);
        await Order.abandon(order.id, { name: "OutOfStockError" }, cause);
        await Order.cancel(order.id, cause);
        return order.id;
      }),
    );
    const others = await createSent();
    await Order.forget(customerId, cause);
    const items = await Promise.all(ids.map(itemOf));
    expect(items.filter(({ erasure }) => erasure === "done").length).toBe(60);
    expect(await itemOf(others.id)).not.toHaveProperty("erasure");
    await Order.forget(newId("usr"), cause);
  });

  test("a second time takes in what was ordered since, and leaves the rest", async () => {
    const first = await createSent();
    await Order.forget(first.customerId, cause);
    const { version } = await first.read();
    const by = { customerId: first.customerId, idempotencyKey: newId("req") };
    const { order } = await Order.place(createInput(), by, cause);
    await Order.abandon(order.id, { name: "OutOfStockError" }, cause);
    await Order.forget(first.customerId, cause);
    await Order.cancel(order.id, cause);
    await expectErased(order.id);
    expect((await first.read()).version).toBe(version);
  });

  test("empties their cart, which is gone at once", async () => {
    const actor = { userId: newId("usr"), roles: ["customer" as const] };
    const { cart } = await Order.Cart.open({}, actor);
    await Order.Cart.setLine(cart.id, { sku: "CUP", quantity: 2 }, { actor, expectedVersion: cart.version });
    for (let time = 0; time < 2; time++) await Order.forget(actor.userId, cause);
    await expect(Order.Cart.fromID(cart.id, actor)).rejects.toMatchObject({ code: "cart_not_found" });
    const { data } = await carts().get({ cartId: cart.id }).go({ consistent: true });
    expect(data).toMatchObject({ lines: [] });
    expect(data!.expiresAt).toBeLessThanOrEqual(Date.now() / 1000);
    expect(await Order.Cart.open({}, actor)).toMatchObject({ isNew: true, cart: { lines: [] } });
  });
});

describe("what was asked before and comes again once it is erased", () => {
  test("places the order no second time, and is answered without what was erased", async () => {
    const by = { customerId: newId("usr"), idempotencyKey: newId("req") };
    const { order } = await Order.place(createInput(), by, cause);
    await Order.abandon(order.id, { name: "OutOfStockError" }, cause);
    await Order.cancel(order.id, cause);
    await Order.forget(by.customerId, cause);
    const { shippingAddress: _, ...kept } = order;
    expect(await Order.place(createInput(), by, cause)).toEqual({ order: kept, replayed: true });
    // What would tell another body from it was made of the address.
    expect((await itemOf(order.id)).fingerprint).toBe("erased");
    expect(await Order.place(createInput({ lines: cups(3) }), by, cause)).toEqual({ order: kept, replayed: true });
  });

  test("sends nothing twice, and returns nothing twice", async () => {
    const paid = await createPaid();
    await Order.forget(paid.customerId, cause);
    const by = byStaff();
    const first = await Order.fulfil(paid.id, { tracking }, by, cause);
    expect(await Order.fulfil(paid.id, { tracking }, by, cause)).toEqual({ ...first, replayed: true });
    expect(await requestReturn(paid, "k")).toMatchObject({ replayed: false, given: { status: "requested" } });
    expect(await requestReturn(paid, "k")).toMatchObject({ replayed: true });
    await expectErased(paid.id);
  });
});

describe("forgetting one order", () => {
  test("is for its owner and for staff; for others there is no such order", async () => {
    const [own, others] = [await createSent(), await createSent()];
    const other = { userId: newId("usr"), roles: ["customer" as const] };
    await expect(Order.eraseOrder(own.id, other, cause)).rejects.toMatchObject({ code: "order_not_found" });
    await expect(Order.eraseOrder(newId("ord"), staff, cause)).rejects.toMatchObject({ code: "order_not_found" });
    expect(await own.read()).toHaveProperty("shippingAddress");
    for (let time = 0; time < 2; time++) await Order.eraseOrder(own.id, own.owner, cause);
    await expectErased(own.id);
    await Order.eraseOrder(others.id, staff, cause);
    await expectErased(others.id);
  });
});
