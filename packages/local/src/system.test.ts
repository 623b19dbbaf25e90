import { type Client, newKey, type Order } from "@cartwright/client";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { sumOf } from "./meter/meter.ts";
import { paymentOf, play, scenarios } from "./shop/scenario.ts";
import { orderFor, people, shippingAddress } from "./shop/seed.ts";
import { usageOf } from "./shop/story.ts";
import { archived, deadLetters as lettersOf, place as placeOrder, settle as settleOrder } from "./test/checkout.ts";
import { expectNothingLost } from "./test/outbox.ts";
import { providersBooks, type System, startSystem } from "./test/system.ts";

let system: System;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system.stop());
afterEach(() => system.mend());

const lines = [{ sku: "MUG-BLUE", quantity: 1 }];

const place = (token: string) => placeOrder(system, token);
const settle = (id: string, client?: Client) => settleOrder(system, id, client);
const deadLetters = () => lettersOf(system);
const stock = (sku = "MUG-BLUE") => system.shop.staff.products.stock(sku);

async function paymentStatus(orderId: string): Promise<string | undefined> {
  return (await paymentOf(system.shop.customer, orderId))?.status;
}

describe("the orders of the demo", () => {
  test.each(scenarios.map((scenario) => [scenario.title, scenario] as const))("%s", async (_, scenario) => {
    const { faults } = await play(scenario, system.local, system.shop);
    expect(faults).toEqual([]);
  });
});

describe("what AWS would bill", () => {
  test("a two-line order takes at most 21 write units and 5 invocations to be confirmed, and no Standard transition", async () => {
    const twoLines = [
      { sku: "MUG-BLUE", quantity: 2 },
      { sku: "TEA-ASSAM-100", quantity: 1 },
    ];
    // A provider that has failed of late costs the breaker its book-keeping; here nothing has.
    await system.skip(61_000);
    // Reactions come after what is counted here.
    let release = (_: undefined) => {};
    const held = new Promise<undefined>((resolve) => {
      release = resolve;
    });
    const reactions = ["MarkPaid", "CommitReservation", "RecordTimeline"];
    system.hooks.beforeInvoke = (name) => (reactions.includes(name) ? held : undefined);
    const { id } = await system.shop.customer.orders.place(orderFor(twoLines, "tok_ok"));
    while ((await paymentStatus(id)) !== "captured") await system.shop.customer.orders.get(id);
    const usage = usageOf(system.local, id);
    release(undefined);
    await settle(id);
    const onTheWay = ["OrderRouter", "ReserveStock", "AuthorizePayment", "ConfirmOrder", "CapturePayment"];
    const relays = ["OrderRelay", "InventoryRelay", "PaymentRelay"];
    const invocations = Object.fromEntries(
      Object.entries(usage.invocations ?? {}).map(([name, { amount }]) => [name, amount]),
    );
    for (const name of onTheWay) expect(invocations, name).toHaveProperty(name);
    // The test itself asked for the order, through the same router, under another correlation.
    expect(onTheWay.reduce((sum, name) => sum + invocations[name]!, 0)).toBe(5);
    expect(Object.keys(invocations).filter((name) => !onTheWay.includes(name) && !relays.includes(name))).toEqual([]);
    const written = sumOf(usage, "tableWriteUnits").amount;
    expect(written).toBeGreaterThanOrEqual(10);
    expect(written).toBeLessThanOrEqual(21);
    expect(sumOf(usage, "apiRequests").amount).toBe(1);
    expect(sumOf(usage, "expressStarts").amount).toBe(1);
    expect(sumOf(usage, "busEvents").amount).toBeLessThanOrEqual(5);
    expect(sumOf(usage, "standardTransitions").amount).toBe(0);
  });
});

describe("who may see what", () => {
  test("another customer's order is 404", async () => {
    const id = await place("tok_ok");
    const stranger = await system.newCustomer();
    await expect(stranger.orders.get(id)).rejects.toMatchObject({ status: 404, code: "order_not_found" });
    expect((await stranger.orders.list()).items).toEqual([]);
    await settle(id);
  });

  test("a wrong password and an unknown email are told the same", async () => {
    const { email } = people.customer;
    const wrong = system.shop.customer.users.signIn({ email, password: "Wrong-horse-1" });
    await expect(wrong).rejects.toMatchObject({ status: 401, code: "bad_credentials" });
    const unknown = system.shop.customer.users.signIn({ email: "nobody@example.com", password: "Wrong-horse-1" });
    await expect(unknown).rejects.toMatchObject({ status: 401, code: "bad_credentials" });
  });

  test("tokens, addresses and emails stay out of logs, events and queues", async () => {
    const logged: string[] = [];
    system.hooks.onLog = ({ text }) => logged.push(text);
    const canary = `tok_canary${Math.random().toString(36).slice(2)}`;
    const body = { ...orderFor(lines, canary), shippingAddress: { ...shippingAddress, name: "Canary McBird" } };
    const { id } = await system.shop.customer.orders.place(body);
    expect(await settle(id)).toMatchObject({ status: "cancelled", reason: "payment_declined" });
    expect(logged.length).toBeGreaterThan(5);
    for (const text of [logged.join("\n"), JSON.stringify(archived(system))]) {
      expect(text).not.toContain(canary);
      expect(text).not.toContain("Canary McBird");
      expect(text).not.toContain(people.customer.email);
    }
  });
});

describe("ten requests at once with one key", () => {
  test("are one order and one answer", async () => {
    const key = newKey();
    const client = await system.newCustomer();
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => client.orders.place(orderFor(lines, "tok_ok"), key)),
    );
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect((await client.orders.list()).items.length).toBe(1);
    await settle(answers[0]!.id, client);
  });
});

describe("a customer who is asked by their bank and never answers", () => {
  test("loses the order at its deadline, and nothing else", async () => {
    const before = await stock();
    const id = await place("tok_requires_action");
    await system.local.idle();
    expect(await paymentStatus(id)).toBe("action_required");
    expect((await stock()).available).toBe(before.available - 1);
    for (let minute = 0; minute < 14; minute++) await system.skip(60_000);
    expect(await system.shop.customer.orders.get(id)).toMatchObject({ status: "pending" });
    for (let minute = 0; minute < 3; minute++) await system.skip(60_000);
    expect(await system.shop.customer.orders.get(id)).toMatchObject({ status: "cancelled", reason: "expired" });
    expect(await paymentStatus(id)).toBe("voided");
    expect(await stock()).toEqual(before);
    expect(deadLetters()).toEqual({});
  });
});

describe("an order that never settles", () => {
  test("ends in the dead letters of the watch, for a person, and goes on when they redrive it", async () => {
    system.hooks.beforeInvoke = (name) => {
      if (name === "CancelOrder") throw new Error("out of order");
    };
    const id = await place("tok_declined");
    for (let minute = 0; minute < 40 && !deadLetters().WatchCheckoutDeadLetters; minute++) await system.skip(61_000);
    expect(deadLetters()).toEqual({ WatchCheckoutDeadLetters: 1 });
    expect(await system.shop.customer.orders.get(id)).toMatchObject({ status: "pending" });
    delete system.hooks.beforeInvoke;
    system.local.queues.moveAll(system.local.topology.queues.WatchCheckoutDeadLetters!.arn);
    await system.skip(61_000);
    expect(await settle(id)).toMatchObject({ status: "cancelled", reason: "payment_declined" });
  });
});

describe("the undo, on the recorded state machine", () => {
  const steps = ["ReserveStock", "AuthorizePayment", "ConfirmOrder", "CapturePayment"];

  test.each(steps)("an order whose %s fails for good is given back whole", async (step) => {
    const before = await stock();
    system.hooks.beforeInvoke = (name) => {
      if (name === step)
        throw Object.assign(new Error("refused"), {
          name: step === "CapturePayment" ? "CaptureRefusedError" : "RefusedError",
        });
    };
    const id = await place("tok_ok");
    expect(await settle(id)).toMatchObject({ status: "cancelled", paid: false });
    expect(await stock()).toEqual(before);
    expect(["voided", undefined]).toContain(await paymentStatus(id));
    const run = system.local.executions.mentioning(id)[0]!;
    const undone = run.history.flatMap((event) => (event.type === "state-exited" ? [event.state] : []));
    expect(undone.slice(undone.indexOf("AbandonOrder")).filter((state) => state !== "Undo?")).toEqual([
      "AbandonOrder",
      "VoidPayment",
      "ReleaseStock",
      "CancelOrder",
      "Undone",
    ]);
  });

  const undos = ["AbandonOrder", "VoidPayment", "ReleaseStock", "CancelOrder"];

  test.each(undos)("a run that dies in %s is taken up again and undone to the end", async (step) => {
    const before = await stock();
    let deaths = 0;
    system.hooks.afterInvoke = (name) => {
      if (name === step && deaths++ < 6) throw new Error("died after its effect");
    };
    const id = await place("tok_capture_refused");
    expect(await settle(id)).toMatchObject({ status: "cancelled" });
    expect(deaths).toBeGreaterThan(0);
    expect(await stock()).toEqual(before);
    expect(await paymentStatus(id)).toBe("voided");
  });
});

describe("crashes", () => {
  const steps = ["ReserveStock", "AuthorizePayment", "ConfirmOrder", "CapturePayment"];

  test.each(steps)("%s killed after its effect is repeated without a second effect", async (step) => {
    const before = await stock();
    let kills = 0;
    system.hooks.afterInvoke = (name) => (name === step && kills++ === 0 ? "kill" : undefined);
    const id = await place("tok_ok");
    expect(await settle(id)).toMatchObject({ status: "confirmed", paid: true });
    expect(kills).toBeGreaterThanOrEqual(2);
    expect(before.available - (await stock()).available).toBe(1);
    expect(await paymentStatus(id)).toBe("captured");
  });

  test.each(["OrderTable", "PaymentTable", "InventoryTable"])(
    "an answer of %s that is lost changes nothing in the end",
    async (table) => {
      const before = await stock();
      let lost = 0;
      system.hooks.onDynamoRequest = (operation, request) => {
        const isWrite = ["PutItem", "UpdateItem", "TransactWriteItems"].includes(operation);
        if (!isWrite || !JSON.stringify(request).includes(table) || lost++ > 0) return undefined;
        return { when: "after", disconnect: true };
      };
      const id = await place("tok_ok");
      expect(await settle(id)).toMatchObject({ status: "confirmed" });
      expect(lost).toBeGreaterThan(0);
      expect(before.available - (await stock()).available).toBe(1);
    },
  );
});

describe("the relay", () => {
  test("publishes what a partly failed PutEvents left behind", async () => {
    let failures = 0;
    system.hooks.onPutEvents = ({ DetailType }) =>
      ["order.placed", "payment.captured"].includes(DetailType ?? "") && failures++ % 3 < 2
        ? "InternalFailure"
        : undefined;
    const ids = await Promise.all(Array.from({ length: 5 }, () => place("tok_ok")));
    for (const id of ids) expect(await settle(id)).toMatchObject({ status: "confirmed", paid: true });
    expect(failures).toBeGreaterThan(10);
    await system.skip(61_000);
    await expectNothingLost(system);
  });

  test("killed before and after it has published, loses nothing and doubles no effect", async () => {
    const before = await stock();
    let killedBefore = 0;
    let killedAfter = 0;
    system.hooks.beforeInvoke = (name) => (name === "OrderRelay" && killedBefore++ === 0 ? "kill" : undefined);
    system.hooks.afterInvoke = (name) => (name === "OrderRelay" && killedAfter++ === 0 ? "kill" : undefined);
    const id = await place("tok_ok");
    expect(await settle(id)).toMatchObject({ status: "confirmed", paid: true });
    expect(killedBefore).toBeGreaterThan(1);
    expect(killedAfter).toBeGreaterThan(1);
    await expectNothingLost(system);
    expect(before.available - (await stock()).available).toBe(1);
  });
});

describe("reactions", () => {
  test.each(["MarkPaid", "CommitReservation"])(
    "%s that fails at first is delivered again, with its effect once",
    async (name) => {
      const before = await stock();
      let failures = 0;
      system.hooks.afterInvoke = (invoked) => {
        if (invoked === name && failures++ < 2) throw new Error("failed after the effect");
      };
      const id = await place("tok_ok");
      expect(await settle(id)).toMatchObject({ status: "confirmed", paid: true });
      for (let minute = 0; minute < 5; minute++) await system.skip(61_000);
      expect(failures).toBeGreaterThanOrEqual(3);
      expect(before.available - (await stock()).available).toBe(1);
      expect((await system.shop.customer.orders.get(id)).version).toBe(3);
    },
  );

  test("UpdatePriceList delivered twice leaves the price as it is", async () => {
    const { staff } = system.shop;
    let failures = 0;
    system.hooks.afterInvoke = (name) => {
      if (name === "UpdatePriceList" && failures++ < 1) throw new Error("failed after the effect");
    };
    const before = await staff.products.get("TEAPOT-08");
    const [known] = before.variants[0]!.prices;
    const price = { ...known!, amount: known!.amount + 100 };
    await staff.products.update("TEAPOT-08", before.version, { prices: [price] });
    await system.skip(61_000);
    expect(failures).toBe(2);
    const order = await system.shop.customer.orders.place(
      orderFor([{ sku: "TEAPOT-08", quantity: 1 }], "tok_declined"),
    );
    expect(order.total).toEqual(price);
    await settle(order.id);
  });

  test("ResumeCheckout delivered twice resumes one order to one end", async () => {
    let failures = 0;
    system.hooks.afterInvoke = (name) => {
      if (name === "ResumeCheckout" && failures++ < 1) throw new Error("failed after the effect");
    };
    const approved = scenarios.find((scenario) => scenario.approved)!;
    expect((await play(approved, system.local, system.shop)).faults).toEqual([]);
    await system.skip(61_000);
    expect(failures).toBe(2);
  });

  test("WatchCheckout delivered twice leaves a settled order alone", async () => {
    let failures = 0;
    system.hooks.afterInvoke = (name) => {
      if (name === "WatchCheckout" && failures++ < 1) throw new Error("failed after the effect");
    };
    const id = await place("tok_ok");
    const { version } = await settle(id);
    await system.skip(31_000);
    await system.skip(61_000);
    expect(failures).toBeGreaterThanOrEqual(2);
    expect(await system.shop.customer.orders.get(id)).toMatchObject({ status: "confirmed", version });
  });

  test("one that never works leaves its message in its own dead letters, and nobody else's", async () => {
    system.hooks.beforeInvoke = (name) => {
      if (name === "CommitReservation") throw new Error("out of order");
    };
    const id = await place("tok_ok");
    expect(await settle(id)).toMatchObject({ status: "confirmed", paid: true });
    for (let minute = 0; minute < 8; minute++) await system.skip(61_000);
    expect(deadLetters()).toEqual({ CommitReservationDeadLetters: 1 });
    delete system.hooks.beforeInvoke;
    const { arn } = system.local.topology.queues.CommitReservationDeadLetters!;
    system.local.queues.moveAll(arn);
    await system.local.idle();
    expect(deadLetters()).toEqual({});
  });
});

test("fifty orders for the last five units: five are confirmed, the others are not charged", async () => {
  const prices = [{ amount: 2500, currency: "EUR" }];
  await system.shop.staff.products.create({ sku: "RARE", title: "Rare", prices });
  await system.shop.staff.products.adjustStock("RARE", { delta: 5, reason: "found" });
  await system.local.idle();
  const placed = await Promise.all(
    Array.from({ length: 50 }, () =>
      system.shop.customer.orders.place(orderFor([{ sku: "RARE", quantity: 1 }], "tok_ok")),
    ),
  );
  const orders: Order[] = [];
  for (const { id } of placed) orders.push(await settle(id));
  const confirmed = orders.filter(({ status }) => status === "confirmed");
  expect(confirmed.length).toBe(5);
  expect(confirmed.every(({ paid }) => paid)).toBe(true);
  const cancelled = orders.filter(({ status }) => status === "cancelled");
  expect(cancelled.map(({ reason }) => reason)).toEqual(Array(45).fill("out_of_stock"));
  expect(await stock("RARE")).toMatchObject({ sku: "RARE", onHand: 5, available: 0, reserved: 5 });
  for (const { id } of cancelled) expect(await paymentStatus(id)).toBeUndefined();
  const books = await providersBooks(system.local);
  for (const { id } of cancelled) expect(books.has(id)).toBe(false);
});
