/** Whoever closes their account is forgotten everywhere, and nothing else is: neither an order, nor money, nor stock. */
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { paymentIdOf } from "../shop/scenario.ts";
import { people } from "../shop/seed.ts";
import { archived, deadLetters, entityOf, type Item, leaveLetter, stateOf } from "../test/checkout.ts";
import { booksOf, expectMoneyRight } from "../test/money.ts";
import { expectAllowedEdges, expectNothingLost } from "../test/outbox.ts";
import { type System, startSystem } from "../test/system.ts";
import type { Person } from "./api/request.ts";
import { type Canary, everythingKept, findMissing, findStrays, marked } from "./api/trace.ts";
import { createVisit, type Json, newEmail, type Session, type Visit } from "./api/visit.ts";

const password = "Correct-horse-1";
const email = newEmail("zoe");
const canaries: Canary[] = [];
let system: System;
let visit: Visit;
let zoe: Session;
let staff: Person;
/** By what had become of them when the account was closed. */
const orders: Record<string, string> = {};
const requests: Record<string, { by: Person; body: Json; headers: Record<string, string> }> = {};
let stockBefore: Json;
let stateBefore: Map<string, Item>;

beforeAll(async () => {
  system = await startSystem();
  visit = createVisit(system);
  await signInStaff();
  stockBefore = await stock();
  await settleIn();
  await shopAround();
});
afterAll(async () => {
  visit.stop();
  await system.stop();
});

function watch(what: string, at: readonly string[], text = marked(what)): string {
  canaries.push({ what, text, at });
  return text;
}

function watchAddress(what: string, at: readonly string[]) {
  const [name, line1] = [watch(`${what}-name-`, at), watch(`${what}-line1-`, at)];
  const [line2, city] = [watch(`${what}-line2-`, at), watch(`${what}-city-`, at)];
  const postalCode = watch(`${what}-code`, at, crypto.randomUUID().slice(0, 18));
  return { name, line1, line2, city, postalCode, country: "GB" };
}

const ofUser = ["UserTable user"];
const ofOrder = ["OrderTable order"];
const ofPayment = ["PaymentTable payment"];
/** It has been sent: what a mail told can't be taken back. */
const mailed = ["runtime mail"];

/** A profile, two addresses and a cart. */
async function settleIn(): Promise<void> {
  canaries.push({ what: "email", text: email, at: [...ofUser, "runtime identity_user", ...mailed] });
  await visit.post("/users", {}, { email, password });
  zoe = await visit.signIn(email, password, system.local.mailbox(email)[0]);
  const by = zoe.person;
  const phone = watch("phone", ofUser, "+4915112345678");
  await visit.call("PATCH", "/users/me", { by, version: 1, body: { name: watch("profile-", ofUser), phone } });
  for (const label of ["home", "work"]) {
    await visit.post("/users/me/addresses", by, { ...watchAddress(label, ofUser), label: watch(`${label}-`, ofUser) });
  }
  const cart = await visit.post("/carts", by);
  await visit.call("PUT", `/carts/${cart.id}/lines/MUG-SAND`, { by, version: cart.version, body: { quantity: 1 } });
}

/** Orders in every state. */
async function shopAround(): Promise<void> {
  await place("waiting", "tok_requires_action");
  for (const name of ["unsent", "regretted", "partly", "sent", "cancelled", "returned", "declined", "asked"]) {
    await place(name);
  }
  await place("unpaid", "tok_declined");
  await system.local.idle();
  await visit.post(`/orders/${orders.cancelled}/cancel`, zoe.person);
  await send("partly", 1);
  for (const name of ["sent", "returned", "declined", "asked"]) await send(name, 2);
  await visit.post(`${await askBack("returned", 2)}/receive`, staff, { restock: true });
  await visit.post(`${await askBack("declined", 1)}/decline`, staff, { reason: watch("declined-why-", ofOrder) });
  await askBack("asked", 1);
  for (const name of refunded) await refund(name, watch(`${name}-refund-`, ofPayment));
  await system.local.idle();
}

const mugs = (quantity: number) => [{ sku: "MUG-BLUE", quantity }];

async function place(name: string, token = "tok_ok"): Promise<void> {
  const body = { lines: mugs(2), shippingAddress: watchAddress(name, ofOrder), payment: { token } };
  requests[name] = { by: zoe.person, body, headers: { "Idempotency-Key": crypto.randomUUID() } };
  orders[name] = String((await visit.call("POST", "/orders", requests[name])).json?.id);
}

async function send(name: string, quantity: number): Promise<void> {
  const number = watch(`${name}-parcel-`, ofOrder);
  const tracking = { carrier: watch(`${name}-carrier-`, ofOrder), number, url: `https://example.com/${number}` };
  await visit.post(`/orders/${orders[name]}/fulfilments`, staff, { lines: mugs(quantity), tracking });
}

/** Answers the path of the return. */
async function askBack(name: string, quantity: number): Promise<string> {
  const path = `/orders/${orders[name]}/returns`;
  const reason = watch(`${name}-reason-`, ofOrder);
  return `${path}/${(await visit.post(path, zoe.person, { lines: mugs(quantity), reason })).id}`;
}

/** Staff give a little of it back, and say why. */
async function refund(name: string, reason: string, key = `refund-${name}`): Promise<Json> {
  const path = `/payments/${paymentIdOf(orders[name]!)}/refunds`;
  const body = { amount: { amount: 100, currency: "EUR" }, reason };
  return (await visit.call("POST", path, { by: staff, body, headers: { "Idempotency-Key": key } })).json ?? {};
}

async function signInStaff(): Promise<void> {
  staff = (await visit.signIn(people.staff.email, people.staff.password)).person;
}

const stock = () => visit.read("/products/MUG-BLUE/stock", staff);
const orderOf = (name: string) => visit.read(`/orders/${orders[name]}`, staff);
const kept = () => everythingKept(system);

/** Those that were final: nothing more is sent. */
const final = ["sent", "cancelled", "returned", "declined", "asked", "unpaid"];
const open = ["waiting", "unsent", "regretted", "partly"];
const refunded = ["sent", "partly"];

/** What a stranger is answered who tries an email. */
async function refusalOf(tried: string): Promise<unknown> {
  const { json } = await visit.call("POST", "/sessions", { body: { email: tried, password }, expecting: 401 });
  const { requestId: _, ...refusal } = json as Json;
  return refusal;
}

/** What is told of people in the domains' tables, without what counts requests. */
async function state(): Promise<Map<string, Item>> {
  return new Map([...(await stateOf(system))].filter(([, item]) => entityOf(item) !== "limit"));
}

/** An item without what an erasure takes out of it or leaves in it. */
function lasting(item: Item = {}) {
  const { shippingAddress: _, sealedToken, erasure, erased, version, outbox, fingerprint, ...rest } = item;
  const { returns, fulfilments, entries, ...whole } = rest;
  const without = (list: AttributeValue | undefined, text: string) =>
    list?.L?.map(({ M = {} }) =>
      JSON.parse(JSON.stringify(M, (name, value) => (taken(text, name) ? undefined : value))),
    );
  const taken = (text: string, name: string) => name === text || name === "fingerprint";
  return {
    ...whole,
    returns: without(returns, "reason"),
    fulfilments: without(fulfilments, "tracking"),
    entries: without(entries, "note"),
  };
}

const erasures = () => archived(system).filter((event) => event["detail-type"] === "user.erased");

/** What it was told of, each event counted once. */
function anonymized(name: "order.anonymized" | "payment.anonymized"): string[] {
  const events = archived(system).filter((event) => event["detail-type"] === name);
  return [...new Map(events.map(({ detail }) => [detail.id, String(detail.subject)])).values()];
}

describe("before", () => {
  test("what a customer has told is where it belongs, and nowhere else", async () => {
    stateBefore = await state();
    expect(findMissing(canaries, await kept())).toEqual([]);
    expect(findStrays(canaries, await kept())).toEqual([]);
    const statuses = Object.keys(orders).map(async (name) => [name, (await orderOf(name)).status]);
    expect(Object.fromEntries(await Promise.all(statuses))).toMatchObject({
      ...{ waiting: "pending", unsent: "confirmed", partly: "confirmed", sent: "fulfilled" },
      ...{ cancelled: "cancelled", unpaid: "cancelled", returned: "returned" },
    });
  });
});

describe("as soon as the account is closed", () => {
  test("nobody signs in as its owner, even before the account itself is gone", async () => {
    let tries = 0;
    system.hooks.beforeInvoke = (name) => (name === "DeleteAccount" && tries++ === 0 ? "kill" : undefined);
    const { version } = await visit.read("/users/me", zoe.person);
    await visit.call("DELETE", "/users/me", { by: zoe.person, version, expecting: 204 });
    await system.local.idle();
    expect(tries).toBe(1);
    expect(await refusalOf(email)).toEqual(await refusalOf(newEmail("nobody")));
    const refresh = { body: { refreshToken: zoe.refreshToken }, expecting: 401 };
    await visit.call("POST", "/sessions/refresh", refresh);
    await system.skip(61_000);
    expect(tries).toBe(2);
    expect(await refusalOf(email)).toEqual(await refusalOf(newEmail("nobody")));
    await visit.call("POST", "/sessions/refresh", refresh);
  });

  test("a token that is still valid opens no profile, and brings nothing back", async () => {
    const by = zoe.person;
    for (const path of ["/users/me", "/users/me/export", "/users/me/addresses"]) {
      expect((await visit.call("GET", path, { by, expecting: 404 })).json).toMatchObject({ code: "user_not_found" });
    }
    await visit.call("PATCH", "/users/me", { by, version: 5, body: { name: watch("late-", []) }, expecting: 404 });
    await visit.call("POST", "/users/me/addresses", { by, body: watchAddress("late", []), expecting: 404 });
  });

  test("final orders tell nothing of it any more, and open ones where they are to be sent", async () => {
    for (const name of final) expect(await orderOf(name), name).not.toHaveProperty("shippingAddress");
    for (const name of open) expect(await orderOf(name), name).toHaveProperty("shippingAddress");
    const isOpen = (what: string) => [...open, "email"].some((name) => what.startsWith(name));
    expect(findStrays(canaries.filter(({ what }) => !isOpen(what)).map(nowhere), await kept())).toEqual([]);
  });

  test("what its token still orders and asks for is taken, and forgotten later", async () => {
    await place("late");
    await askBack("sent", 1);
    const again = await visit.call("POST", "/orders", requests.sent);
    expect(again.json).toMatchObject({ id: orders.sent, status: "pending" });
    expect(again.json).not.toHaveProperty("shippingAddress");
    const cart = await visit.post("/carts", zoe.person);
    const { id, version } = cart;
    expect(cart.lines).toEqual([]);
    await visit.call("PUT", `/carts/${id}/lines/TRAY-OAK`, { by: zoe.person, version, body: { quantity: 1 } });
    await system.local.idle();
  });

  test("staff still refund and say why, which is written nowhere, and a refund repeated is the one it was", async () => {
    const given = await refund("asked", watch("late-refund-", []));
    expect(given).toMatchObject({ status: "pending", amount: { amount: 100 } });
    expect(given).not.toHaveProperty("reason");
    const again = await refund("sent", canaries.find(({ what }) => what === "sent-refund-")!.text);
    expect(again).not.toHaveProperty("reason");
    await system.local.idle();
    const { refunded: back } = await visit.read(`/payments/${paymentIdOf(orders.sent!)}`, staff);
    expect(back).toMatchObject({ amount: 100 });
  });
});

/** Mails alone tell of it. */
function nowhere(canary: Canary): Canary {
  return { ...canary, at: mailed };
}

describe("when time has passed and the last order has ended", () => {
  beforeAll(async () => {
    for (let look = 0; look < 4; look++) await system.skip(361_000);
    await signInStaff();
    await visit.post(`/orders/${orders.regretted}/cancel`, staff);
    await send("partly", 1);
    for (const name of ["unsent", "late"]) await send(name, 2);
    const [{ id } = { id: "" }] = (await orderOf("asked")).returns as Json[];
    await visit.post(`/orders/${orders.asked}/returns/${id}/receive`, staff, { restock: true });
    await system.skip(61_000);
  });

  test("the token is over", async () => {
    const reply = await visit.call("GET", "/users/me", { by: zoe.person, expecting: 401 });
    expect(reply.json).toMatchObject({ code: "unauthenticated" });
  });

  test("nothing that its owner has told is anywhere", async () => {
    expect(findStrays(canaries.map(nowhere), await kept())).toEqual([]);
  });

  test("every order of theirs was anonymized, once, and so was each payment that somebody had noted something on", () => {
    expect(anonymized("order.anonymized").sort()).toEqual(Object.values(orders).sort());
    const noted = refunded.map((name) => paymentIdOf(orders[name]!));
    expect(anonymized("payment.anonymized").sort()).toEqual(noted.sort());
  });

  test("staff read the orders as they were, without an address", async () => {
    for (const name of Object.keys(orders)) {
      const order = await orderOf(name);
      expect(order, name).toMatchObject({ lines: [{ sku: "MUG-BLUE", quantity: 2 }], total: { amount: 2900 } });
      expect(order, name).not.toHaveProperty("shippingAddress");
    }
    const statuses = Object.keys(orders).map(async (name) => [name, (await orderOf(name)).status]);
    expect(Object.fromEntries(await Promise.all(statuses))).toEqual({
      ...{ waiting: "cancelled", unsent: "fulfilled", regretted: "cancelled", partly: "fulfilled", sent: "fulfilled" },
      ...{ cancelled: "cancelled", unpaid: "cancelled", returned: "returned", declined: "fulfilled" },
      ...{ asked: "fulfilled", late: "fulfilled" },
    });
    const listed = (await visit.read("/orders?status=fulfilled", staff)).items as Json[];
    expect(listed.map(({ id }) => id)).toEqual(expect.arrayContaining([orders.sent, orders.late]));
  });

  test("of those that had ended nothing else has changed, and neither have their payments", async () => {
    const stateNow = await state();
    for (const name of final) {
      const keyOf = (entity: string) =>
        [...stateBefore].find(([, item]) => item.orderId?.S === orders[name] && entityOf(item) === entity)?.[0] ?? "";
      const [order, payment] = [keyOf("order"), keyOf("payment")];
      // Goods of these two were to come back since.
      if (!["asked", "sent"].includes(name))
        expect(lasting(stateNow.get(order))).toEqual(lasting(stateBefore.get(order)));
      if (name !== "asked") expect(lasting(stateNow.get(payment)), name).toEqual(lasting(stateBefore.get(payment)));
    }
  });

  test("all money is where it belongs, no event was lost, and every order went the way of orders", async () => {
    await expectMoneyRight(system, Object.values(orders));
    expect((await booksOf(system)).size).toBe(Object.keys(orders).length);
    await expectNothingLost(system);
    expectAllowedEdges(system);
    expect(deadLetters(system)).toEqual({});
  });

  test("stock has lost what was sent and did not come back", async () => {
    const { onHand, reserved } = await stock();
    // One of them came back whole, and half of another.
    const fulfilled = ["sent", "returned", "declined", "asked", "unsent", "partly", "late"];
    expect(onHand).toBe(Number(stockBefore.onHand) - 2 * fulfilled.length + 2 + 1);
    expect(reserved).toBe(0);
  });
});

describe("afterwards", () => {
  let anew: Session;

  test("whoever registers the same email is somebody new, who sees nothing of what was", async () => {
    await visit.post("/users", {}, { email, password });
    anew = await visit.signIn(email, password, system.local.mailbox(email).at(-1));
    const by = anew.person;
    const me = await visit.read("/users/me", by);
    expect(me).toMatchObject({ email, version: 1 });
    expect(me.id).not.toBe((erasures()[0]!.detail.data as Json).userId);
    expect(me).not.toHaveProperty("name");
    expect((await visit.read("/users/me/addresses", by)).items).toEqual([]);
    expect((await visit.read("/orders", by)).items).toEqual([]);
    expect((await visit.post("/carts", by)).lines).toEqual([]);
    for (const id of Object.values(orders)) {
      await visit.call("GET", `/orders/${id}`, { by, expecting: 404 });
      await visit.call("GET", `/payments/${id.replace("ord_", "pay_")}`, { by, expecting: 404 });
    }
  });

  test("redriving and replaying the erasure leaves everything as it is, and the new account alone", async () => {
    await system.local.idle();
    const before = await state();
    const [erasure] = erasures();
    const ended = archived(system).find(
      ({ detail }) => detail.name === "order.anonymized" && detail.subject === orders.sent,
    );
    const letters = { DeleteAccount: erasure, ForgetCustomer: erasure, ForgetPayer: ended };
    for (const [subscriber, event] of Object.entries(letters)) {
      leaveLetter(system, subscriber, JSON.stringify(event));
      await visit.post("/ops/dead-letters/redrive", staff, { subscriber, all: true });
      const [from, to] = [-86_400_000, 0].map((ms) => new Date(system.local.now() + ms).toISOString());
      const replay = await visit.post("/ops/replays", staff, { subscriber, from, to });
      for (let minute = 0; minute < 2; minute++) await system.skip(61_000);
      expect(await visit.read(`/ops/replays/${replay.id}`, staff)).toMatchObject({ status: "completed" });
    }
    expect(deadLetters(system)).toEqual({});
    expect(await state()).toEqual(before);
    expect(anonymized("order.anonymized").length).toBe(Object.keys(orders).length);
    expect(anonymized("payment.anonymized").length).toBe(refunded.length);
    expect(await visit.read("/users/me", (await visit.signIn(email, password)).person)).toMatchObject({ email });
    const old = canaries.filter(({ what }) => what !== "email").map(nowhere);
    expect(findStrays(old, await kept())).toEqual([]);
  });
});
