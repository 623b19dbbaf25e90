import { newId } from "@cartwright/events";
import { afterEach, describe, expect, test } from "vitest";
import type { Actor } from "../../actor.ts";
import { setClock } from "../../clock.ts";
import { Order } from "../index.ts";
import { maximumLines } from "../schema.ts";
import { euros } from "../test/item.ts";
import { carts } from "./cart.entity.ts";
import { createCart, createOffer, customer, dollars, reprice, staff } from "./test/fixture.ts";

const { Cart } = Order;
const guest = undefined;

const put = (cart: Order.Cart.Info, sku: string, quantity = 1, actor: Actor | undefined = guest) =>
  Cart.setLine(cart.id, { sku, quantity }, { actor, expectedVersion: cart.version });

const remove = (cart: Order.Cart.Info, sku: string, actor: Actor | undefined = guest) =>
  Cart.removeLine(cart.id, sku, { actor, expectedVersion: cart.version });

/** One of each, all in one write. */
async function createFull(skus: string[], actor: Actor | undefined = guest) {
  const { cart } = await Cart.open({}, actor);
  const lines = skus.map((sku) => ({ sku, title: "Cup", quantity: 1, unitPrice: euros(900) }));
  await carts().patch({ cartId: cart.id }).set({ lines }).go();
  return Cart.fromID(cart.id, actor);
}

const createOffers = (count: number) => Promise.all(Array.from({ length: count }, () => createOffer()));

const codeOf = (settled: PromiseSettledResult<unknown>) => (settled.status === "rejected" ? settled.reason.code : "ok");

describe("a guest's cart", () => {
  test("is a new one each time, and whoever knows its id may use it", async () => {
    const [one, other] = await Promise.all([Cart.open({}, guest), Cart.open({}, guest)]);
    expect([one.isNew, other.isNew]).toEqual([true, true]);
    expect(one.cart.id).not.toBe(other.cart.id);
    expect(one.cart).toMatchObject({ lines: [], problems: [], version: 1 });
    const changed = await put(one.cart, await createOffer(), 2, customer());
    expect(await Cart.fromID(one.cart.id, guest)).toEqual(changed);
    await expect(Cart.fromID(newId("crt"), guest)).rejects.toMatchObject({ code: "cart_not_found" });
  });

  test("carries nothing that would wake a relay", async () => {
    const cart = await createCart(guest, { [await createOffer()]: 1 });
    const { data } = await carts().get({ cartId: cart.id }).go();
    expect(Object.keys(data!).sort()).toEqual(["cartId", "expiresAt", "lines", "revision"]);
  });
});

describe("a customer's cart", () => {
  test("is one, also when it is opened many times at once", async () => {
    const actor = customer();
    const opened = await Promise.all(Array.from({ length: 10 }, () => Cart.open({}, actor)));
    expect(new Set(opened.map(({ cart }) => JSON.stringify(cart))).size).toBe(1);
    expect(opened.filter(({ isNew }) => isNew).length).toBe(1);
    const cart = await put(opened[0]!.cart, await createOffer(), 1, actor);
    expect(await Cart.open({}, actor)).toEqual({ cart, isNew: false });
  });

  test("is not found by others, and staff may see it but change nothing", async () => {
    const actor = customer();
    const sku = await createOffer();
    const cart = await createCart(actor, { [sku]: 1 });
    const notFound = { kind: "not_found", code: "cart_not_found" };
    for (const other of [guest, customer()]) {
      await expect(Cart.fromID(cart.id, other)).rejects.toMatchObject(notFound);
      await expect(put(cart, sku, 2, other)).rejects.toMatchObject(notFound);
      await expect(remove(cart, sku, other)).rejects.toMatchObject(notFound);
    }
    expect(await Cart.fromID(cart.id, staff())).toEqual(cart);
    await expect(put(cart, sku, 2, staff())).rejects.toMatchObject(notFound);
    expect(await Cart.fromID(cart.id, actor)).toEqual(cart);
  });

  test("is read by the customer alone, and reading makes none", async () => {
    const [actor, other] = [customer(), customer()];
    const notFound = { kind: "not_found", code: "cart_not_found" };
    await expect(Cart.fromCustomer(actor)).rejects.toMatchObject(notFound);
    const cart = await createCart(actor, { [await createOffer()]: 1 });
    expect(cart.version).toBe(2);
    expect(await Cart.fromCustomer(actor)).toEqual(cart);
    await expect(Cart.fromCustomer(other)).rejects.toMatchObject(notFound);
    expect(await Cart.open({}, other)).toMatchObject({ isNew: true, cart: { version: 1 } });
  });

  test("takes another currency only while it is empty", async () => {
    const actor = customer();
    const sku = await createOffer({ prices: [euros(900), dollars(1000)] });
    await Cart.open({ currency: "EUR" }, actor);
    const { cart, isNew } = await Cart.open({ currency: "USD" }, actor);
    expect([isNew, cart.currency, cart.version]).toEqual([false, "USD", 2]);
    const filled = await put(cart, sku, 1, actor);
    expect(filled).toMatchObject({ subtotal: dollars(1000), currency: "USD" });
    expect((await Cart.open({ currency: "USD" }, actor)).cart).toEqual(filled);
    await expect(Cart.open({ currency: "EUR" }, actor)).rejects.toMatchObject({
      ...{ kind: "conflict", code: "cart_in_other_currency", faults: [{ path: "currency" }] },
    });
  });
});

describe("a line", () => {
  test("is put at today's price, replaced by the next one of its SKU, and taken out", async () => {
    const [cup, pot] = [await createOffer(), await createOffer({ prices: [euros(2000)] })];
    const { cart } = await Cart.open({}, guest);
    const one = await put(cart, cup, 2);
    expect(one).toMatchObject({
      lines: [{ sku: cup, title: "Cup", quantity: 2, unitPrice: euros(900), lineTotal: euros(1800) }],
      ...{ subtotal: euros(1800), currency: "EUR", problems: [], version: 2 },
    });
    const two = await put(await put(one, pot), cup, 1);
    expect(two).toMatchObject({ lines: [{ sku: cup, quantity: 1 }, { sku: pot }], subtotal: euros(2900), version: 4 });
    const three = await remove(two, cup);
    expect(three).toMatchObject({ lines: [{ sku: pot }], subtotal: euros(2000), version: 5 });
    expect(await remove(three, cup)).toEqual(three);
  });

  test("is changed only in the version that the caller has seen", async () => {
    const sku = await createOffer();
    const { cart } = await Cart.open({}, guest);
    const next = await put(cart, sku);
    await expect(put(cart, sku, 5)).rejects.toMatchObject({ code: "stale_version" });
    await expect(remove(cart, sku)).rejects.toMatchObject({ code: "stale_version" });
    expect(await Cart.fromID(cart.id, guest)).toEqual(next);
  });

  test("that twenty change at once in the same version is changed by one of them", async () => {
    const sku = await createOffer();
    const cart = await createCart(guest, { [sku]: 30 });
    const changes = Array.from({ length: 20 }, (_, index) =>
      index % 2 ? put(cart, sku, index + 1) : remove(cart, sku),
    );
    const codes = (await Promise.allSettled(changes)).map(codeOf);
    expect(codes.filter((code) => code === "ok").length).toBe(1);
    expect(codes.filter((code) => code === "stale_version").length).toBe(19);
    expect((await Cart.fromID(cart.id, guest)).version).toBe(cart.version + 1);
  });

  test.each([
    ["unknown", async () => "NOWHERE", "unknown_product"],
    ["a draft", () => createOffer({ status: "draft" }), "unknown_product"],
    ["retired", () => createOffer({ status: "retired" }), "unknown_product"],
    ["sold in another currency", () => createOffer({ prices: [dollars(1)] }), "no_price_in_currency"],
  ])("of a product that is %s is refused", async (_, create, code) => {
    const cart = await createCart(guest, { [await createOffer()]: 1 });
    const sku = await create();
    await expect(put(cart, sku)).rejects.toMatchObject({ kind: "invalid", code, faults: [{ path: "sku", code }] });
    expect(await Cart.fromID(cart.id, guest)).toEqual(cart);
  });

  test("is one of as many as an order may have", async () => {
    const [another, ...skus] = await createOffers(maximumLines + 1);
    const full = await createFull(skus);
    await expect(put(full, another!)).rejects.toMatchObject({ kind: "conflict", code: "cart_full" });
    const changed = await put(full, skus.at(-1)!, 2);
    expect(changed.subtotal).toEqual(euros((maximumLines + 1) * 900));
    expect((await put(await remove(changed, skus[0]!), another!)).lines.length).toBe(maximumLines);
  });

  test("that is the first decides the currency, unless one was chosen", async () => {
    const [european, american] = [await createOffer(), await createOffer({ prices: [dollars(1000)] })];
    const { cart } = await Cart.open({}, guest);
    expect(cart.subtotal).toBeUndefined();
    const inEuros = await put(cart, european);
    const inDollars = await put(await remove(inEuros, european), american);
    expect([inEuros.currency, inDollars.currency]).toEqual(["EUR", "USD"]);
    const chosen = await Cart.open({ currency: "EUR" }, guest);
    expect(chosen.cart).toMatchObject({ subtotal: euros(0), currency: "EUR" });
    await expect(put(chosen.cart, american)).rejects.toMatchObject({ code: "no_price_in_currency" });
  });
});

describe("a cart tells what has changed since it was filled", () => {
  async function createFilled(prices = [euros(900)]) {
    const sku = await createOffer({ prices });
    const cart = await createCart(guest, { [await createOffer({ prices: [euros(100)] })]: 1, [sku]: 2 });
    return { sku, cart, look: () => Cart.fromID(cart.id, guest) };
  }

  test("a price, until the line is put again", async () => {
    const { sku, cart, look } = await createFilled();
    await reprice(sku, [euros(950)]);
    const seen = await look();
    expect(seen).toMatchObject({
      lines: [{}, { unitPrice: euros(950), lineTotal: euros(1900) }],
      subtotal: euros(2000),
      problems: [{ path: "lines.1", sku, code: "price_changed", was: euros(900), now: euros(950) }],
      version: cart.version,
    });
    expect(seen.problems[0]!.message).toBe(`${sku} costs 9.50 EUR now, and was put in for 9.00 EUR`);
    expect((await put(seen, sku, 2)).problems).toEqual([]);
  });

  test("that the price is the old one again is no problem", async () => {
    const { sku, cart, look } = await createFilled();
    await reprice(sku, [euros(950)]);
    await reprice(sku, [euros(900)], { sequence: 3 });
    expect(await look()).toEqual(cart);
  });

  test("what is out of stock, while it is, beside a price that has changed", async () => {
    const { sku, look } = await createFilled();
    await reprice(sku, [euros(1)], { inStock: false });
    expect((await look()).problems).toMatchObject([
      { path: "lines.1", sku, code: "price_changed" },
      { path: "lines.1", sku, code: "out_of_stock" },
    ]);
    await reprice(sku, [euros(900)], { sequence: 3, inStock: true });
    expect((await look()).problems).toEqual([]);
  });

  test("what is no longer sold: it has its title still, but no price, and does not count", async () => {
    const { sku, look } = await createFilled();
    await reprice(sku, [euros(900)], { status: "retired" });
    const seen = await look();
    expect(seen.lines[1]).toEqual({ sku, title: "Cup", quantity: 2 });
    expect(seen).toMatchObject({
      subtotal: euros(100),
      problems: [{ path: "lines.1", sku, code: "not_for_sale", message: `${sku} is not for sale` }],
    });
  });

  test("what is no longer sold in its currency", async () => {
    const { sku, look } = await createFilled([euros(900), dollars(1000)]);
    await reprice(sku, [dollars(1000)]);
    const seen = await look();
    expect(seen.lines[1]).toEqual({ sku, title: "Cup", quantity: 2 });
    expect(seen).toMatchObject({
      subtotal: euros(100),
      problems: [{ path: "lines.1", sku, code: "no_price_in_currency", message: `${sku} has no price in EUR` }],
    });
  });
});

describe("a cart that nobody changes", () => {
  const dayMs = 24 * 60 * 60 * 1000;
  let restore = () => {};
  const setDays = (days: number) => {
    restore();
    restore = setClock(() => Date.parse("2026-01-01T00:00:00.000Z") + days * dayMs);
  };
  afterEach(() => restore());

  test("of a guest is kept for 30 days from its last change, and then not found", async () => {
    setDays(0);
    const sku = await createOffer();
    const { cart } = await Cart.open({}, guest);
    expect(cart.expiresAt).toBe("2026-01-31T00:00:00.000Z");
    setDays(29);
    const changed = await put(cart, sku);
    expect(changed.expiresAt).toBe("2026-03-01T00:00:00.000Z");
    setDays(58.9);
    expect(await Cart.fromID(cart.id, guest)).toEqual(changed);
    setDays(59);
    const notFound = { code: "cart_not_found" };
    await expect(Cart.fromID(cart.id, guest)).rejects.toMatchObject(notFound);
    await expect(put(changed, sku)).rejects.toMatchObject(notFound);
    await expect(remove(changed, sku)).rejects.toMatchObject(notFound);
    await expect(Cart.merge(cart.id, customer())).rejects.toMatchObject(notFound);
  });

  test("of a customer is kept for 180 days, and then a new one takes its place", async () => {
    setDays(0);
    const actor = customer();
    const cart = await createCart(actor, { [await createOffer()]: 1 });
    expect(cart.expiresAt).toBe("2026-06-30T00:00:00.000Z");
    setDays(180);
    const opened = await Promise.all([Cart.open({}, actor), Cart.open({}, actor)]);
    expect(opened.map(({ isNew }) => isNew).sort()).toEqual([false, true]);
    expect(opened[0].cart).toMatchObject({ id: cart.id, lines: [], version: 1 });
  });
});

describe("merging a guest's cart into the customer's", () => {
  test("keeps the larger quantity of each SKU, and leaves the guest's cart to nobody", async () => {
    const actor = customer();
    const [cup, pot, hat] = [await createOffer(), await createOffer(), await createOffer()];
    await createCart(actor, { [cup]: 3, [pot]: 1 });
    const guests = await createCart(guest, { [pot]: 2, [cup]: 2, [hat]: 4 });
    const own = await Cart.merge(guests.id, actor);
    expect(own.lines.map(({ sku, quantity }) => [sku, quantity])).toEqual([
      ...[[cup, 3] as const, [pot, 2] as const, [hat, 4] as const],
    ]);
    expect(await Cart.open({}, actor)).toEqual({ cart: own, isNew: false });
    const merged = { kind: "conflict", code: "cart_merged", message: expect.stringContaining(own.id) };
    await expect(Cart.fromID(guests.id, actor)).rejects.toMatchObject(merged);
    await expect(put(guests, cup, 1, actor)).rejects.toMatchObject(merged);
    for (const other of [guest, customer(), staff()]) {
      await expect(Cart.fromID(guests.id, other)).rejects.toMatchObject({ code: "cart_not_found" });
      await expect(put(guests, cup, 1, other)).rejects.toMatchObject({ code: "cart_not_found" });
    }
  });

  test("makes the customer a cart who had none, in the currency that the guest's had", async () => {
    const actor = customer();
    const sku = await createOffer({ prices: [euros(900), dollars(1000)] });
    const guests = await createCart(guest, { [sku]: 1 }, { currency: "USD" });
    const own = await Cart.merge(guests.id, actor);
    expect(own).toMatchObject({ subtotal: dollars(1000), problems: [], version: 1 });
    expect(own.id).not.toBe(guests.id);
  });

  test("twice, and ten times at once, is the same as once", async () => {
    const actor = customer();
    const sku = await createOffer();
    await createCart(actor, { [await createOffer()]: 1 });
    const guests = await createCart(guest, { [sku]: 2 });
    const merged = await Promise.all(Array.from({ length: 10 }, () => Cart.merge(guests.id, actor)));
    expect(new Set(merged.map((cart) => JSON.stringify(cart))).size).toBe(1);
    const own = await remove(merged[0]!, sku, actor);
    expect(await Cart.merge(guests.id, actor)).toEqual(own);
    expect(await Cart.merge(own.id, actor)).toEqual(own);
  });

  test("by two customers at once gives it to one of them", async () => {
    const sku = await createOffer();
    const guests = await createCart(guest, { [sku]: 2 });
    const actors = [customer(), customer()];
    const codes = (await Promise.allSettled(actors.map((actor) => Cart.merge(guests.id, actor)))).map(codeOf);
    expect(codes.sort()).toEqual(["cart_not_found", "ok"]);
    const owns = await Promise.all(actors.map((actor) => Cart.open({}, actor)));
    expect(owns.flatMap(({ cart }) => cart.lines).length).toBe(1);
  });

  test("while one of the two changes loses no change that was answered", async () => {
    const [old, late, later] = [await createOffer(), await createOffer(), await createOffer()];
    const acceptable = ["ok", "stale_version", "cart_merged", "temporarily_unavailable"];
    for (let round = 0; round < 8; round++) {
      const actor = customer();
      const own = await createCart(actor, { [old]: 1 });
      const guests = await createCart(guest, { [old]: 2 });
      const settled = await Promise.allSettled([
        Cart.merge(guests.id, actor),
        put(guests, late, 1, actor),
        put(own, later, 1, actor),
      ]);
      const codes = settled.map(codeOf);
      expect(codes[0]).toBe("ok");
      for (const code of codes) expect(acceptable).toContain(code);
      const skus = (await Cart.open({}, actor)).cart.lines.map(({ sku }) => sku);
      expect(skus.includes(late)).toBe(codes[1] === "ok");
      expect(skus.includes(later)).toBe(codes[2] === "ok");
      expect(skus.filter((sku) => sku === old).length).toBe(1);
    }
  });

  test("of more lines than a cart holds is refused, and both stay as they are", async () => {
    const actor = customer();
    const skus = await createOffers(maximumLines + 1);
    const own = await createFull(skus.slice(0, 26), actor);
    const guests = await createFull(skus.slice(25));
    await expect(Cart.merge(guests.id, actor)).rejects.toMatchObject({ kind: "conflict", code: "cart_full" });
    expect(await Cart.fromID(guests.id, guest)).toEqual(guests);
    expect(await Cart.fromID(own.id, actor)).toEqual(own);
    const fits = await remove(guests, skus[maximumLines]!);
    expect((await Cart.merge(fits.id, actor)).lines.length).toBe(maximumLines);
  });

  test("keeps the price that the customer has accepted in their own cart", async () => {
    const actor = customer();
    const sku = await createOffer();
    const own = await createCart(actor, { [sku]: 1 });
    await reprice(sku, [euros(950)]);
    const guests = await createCart(guest, { [sku]: 2 });
    const merged = await Cart.merge(guests.id, actor);
    expect(merged.problems).toMatchObject([{ code: "price_changed", was: euros(900), now: euros(950) }]);
    expect(own.id).toBe(merged.id);
  });

  test("is not for another customer's cart", async () => {
    const theirs = await createCart(customer(), { [await createOffer()]: 1 });
    await expect(Cart.merge(theirs.id, customer())).rejects.toMatchObject({ code: "cart_not_found" });
    await expect(Cart.merge(theirs.id, staff())).rejects.toMatchObject({ code: "cart_not_found" });
  });
});
