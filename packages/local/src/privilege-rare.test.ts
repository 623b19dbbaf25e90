/** What functions need in their rarest branches alone: the record of what they use would lack it, and so would their roles. */
import {
  AdminGetUserCommand,
  CognitoIdentityProviderClient,
  SignUpCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import { PutItemCommand, ScanCommand } from "@aws-sdk/client-dynamodb";
import { createEvent, idFromUuid, newId, PaymentOutcomeUnknown } from "@cartwright/events";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { boot, type Local } from "./boot.ts";
import { readTopology } from "./cli/process.ts";
import { ManualClock } from "./clock.ts";
import { secretHash } from "./identity/secret.ts";
import { paymentIdOf, paymentOf } from "./shop/scenario.ts";
import { orderFor } from "./shop/seed.ts";
import { alter, entityOf, type Item, itemOf, itemsOf, place, settle, tellByWebhook } from "./test/checkout.ts";
import { dynamoOf } from "./test/endpoint.ts";
import { topology as emptyTopology, temporaryFolder } from "./test/fixture.ts";
import { booksOf, expectMoneyRight } from "./test/money.ts";
import { type System, startSystem } from "./test/system.ts";

const staffPerMinute = 200;
const recorded = readTopology();

describe("in the whole system", () => {
  let system: System;
  /** Functions that fail whenever they are called. */
  const broken = new Set<string>();

  beforeAll(async () => {
    const topology = structuredClone(recorded);
    topology.links.CallerLimits!.staff = staffPerMinute;
    system = await startSystem({ topology });
    system.hooks.beforeInvoke = (name) => {
      if (broken.has(name)) throw new Error(`${name} is broken`);
      return undefined;
    };
  });
  afterAll(() => system.stop());

  const customer = () => system.shop.customer;
  const staff = () => system.shop.staff;

  test("OpsRouter counts for all its instances how often staff ask, once one has had its share", async () => {
    // Twice the share and one more, since a minute may be over in between.
    const calls = Array.from({ length: (2 * staffPerMinute) / 10 + 1 }, () => staff().ops.replays.get(newId("rpl")));
    const answers = await Promise.allSettled(calls);
    expect(new Set(answers.map((one) => one.status === "rejected" && one.reason.code))).toEqual(
      new Set(["replay_not_found"]),
    );
    const counts = (await itemsOf(system, "OpsTable")).filter((item) => entityOf(item) === "limit");
    expect(counts.map(({ used }) => Number(used!.N))).toContainEqual(expect.toSatisfy((used) => used > 0));
  });

  test("OrderRouter finds an order by the number that people call it by", async () => {
    const { id, number } = await customer().orders.get(await place(system, "tok_ok"));
    expect(await staff().orders.list({ number })).toMatchObject({ items: [{ id }] });
  });

  test("ForgetCustomer empties the cart of whoever has closed their account", async () => {
    const leaving = await system.newCustomer();
    const { id, version } = await leaving.carts.create();
    await leaving.carts.setLine(id, version, { sku: "MUG-BLUE", quantity: 1 });
    const cart = () => itemOf(system, "OrderTable", ({ cartId }) => cartId?.S === id);
    expect((await cart()).lines!.L).toHaveLength(1);
    await leaving.users.erase((await leaving.users.me()).version);
    await system.local.idle();
    expect((await cart()).lines!.L).toEqual([]);
  });

  describe("a payment whose order was given up while the provider was asked for it", () => {
    test("is voided by AuthorizePayment, when its charge came to be after its undo", async () => {
      const { reached, open } = holdRequest(
        "AuthorizePayment",
        (operation, request) => operation === "PutItem" && request.includes("SandboxTable"),
      );
      const id = await place(system, "tok_ok");
      await reached;
      await customer().orders.cancel(id);
      await vi.waitUntil(async () => (await ledgerOf(id))?.status === "voided", { timeout: 20_000 });
      expect((await booksOf(system)).get(id)).toBeUndefined();
      breakUntilItIsOver("VoidPayment");
      open();
      await vi.waitUntil(async () => (await booksOf(system)).get(id)?.status === "voided", { timeout: 20_000 });
      broken.clear();
      expect(await settle(system, id)).toMatchObject({ status: "cancelled" });
      await expectMoneyRight(system, [id]);
    });

    test("is paid back by AuthorizePayment, when others have captured it meanwhile and died before they said so", async () => {
      let isCharged = false;
      const { reached, open } = holdRequest("AuthorizePayment", (operation, request) => {
        isCharged ||= operation === "PutItem" && request.includes("SandboxTable");
        return isCharged && operation === "GetItem" && request.includes("PaymentTable") && request.includes("ord_");
      });
      const id = await place(system, "tok_refund_pending");
      await reached;
      breakUntilItIsOver("VoidPayment", "IssueRefund");
      await customer().orders.cancel(id);
      await captureAndBeginVoid(id);
      open();
      const isRefunding = async () => (await booksOf(system)).get(id)?.pendingMinor === 1450;
      await vi.waitUntil(isRefunding, { timeout: 20_000 });
      broken.clear();
      expect(await settle(system, id)).toMatchObject({ status: "cancelled" });
      await system.skip(61_000);
      expect(await ledgerOf(id)).toMatchObject({ status: "refunded" });
      await expectMoneyRight(system, [id]);
    });
  });

  describe("a refund that nobody has issued", () => {
    test.each([
      ["HeedWebhook", "when the provider tells of the payment", tellOf, ["IssueRefund", "NeedsOperator"]],
      ["NeedsOperator", "before it asks a person to look at it", askOperator, ["IssueRefund"]],
    ])("is issued by %s %s", async (_, __, make, others) => {
      breakUntilItIsOver(...others);
      const id = await paid("tok_refund_pending");
      await staff().payments.refund(paymentIdOf(id), { reason: "torn" });
      await system.local.idle();
      expect(await refundOf(id)).toMatchObject({ outcome: "requested" });
      make(id);
      await expectRefund(id);
    });
  });

  describe("after half an hour in which some functions failed", () => {
    let [owed, sent, lacking] = ["", "", ""];
    beforeAll(async () => {
      for (const name of ["CommitReservation", "IssueRefund"]) broken.add(name);
      const { version } = await staff().products.stock("LAST-ONE");
      await staff().products.configureStock("LAST-ONE", version, { backorderLimit: 1 });
      [owed, sent] = [await paid("tok_refund_pending"), await paid("tok_ok")];
      const last = orderFor([{ sku: "LAST-ONE", quantity: 1 }], "tok_ok");
      lacking = (await customer().orders.place(last)).id;
      await settle(system, lacking);
      await staff().payments.refund(paymentIdOf(owed), { reason: "torn" });
      await system.skip(36 * 60_000);
    });
    afterAll(() => broken.clear());

    test("ReconcilePayments issues a refund that nobody has issued", async () => {
      await expectRefund(owed);
    });

    test("ShipStock takes again what was held for an order, before it is sent", async () => {
      expect(await reservationOf(sent)).toMatchObject({ status: { S: "expired" } });
      await staff().orders.fulfil(sent);
      await system.local.idle();
      expect(await reservationOf(sent)).toMatchObject({ status: { S: "committed" } });
      const { items } = await staff().products.stockMovements("MUG-BLUE");
      expect(items[0]).toMatchObject({ kind: "shipped", orderId: sent, delta: -1 });
    });

    test("CommitReservation promises an order what it can't take again", async () => {
      expect(await reservationOf(lacking)).toMatchObject({ status: { S: "expired" } });
      await staff().products.adjustStock("LAST-ONE", { delta: -1, reason: "broken" });
      broken.delete("CommitReservation");
      await system.skip(61_000);
      expect(await reservationOf(lacking)).toMatchObject({ status: { S: "committed" } });
      expect(await customer().orders.get(lacking)).toMatchObject({ backordered: [{ sku: "LAST-ONE", quantity: 1 }] });
    });
  });

  describe("a provider that has not answered is counted for all who ask it", () => {
    test.each<[string, (paidBefore: string) => unknown]>([
      ["CapturePayment", () => place(system, "tok_ok")],
      ["IssueRefund", (id) => staff().payments.refund(paymentIdOf(id), { reason: "torn" })],
      ["HeedWebhook", tellOf],
      ["NeedsOperator", askOperator],
    ])("by %s", async (name, make) => {
      const id = await paid("tok_ok");
      const revision = async () => Number((await breaker())?.revision?.N ?? 0);
      const before = await revision();
      let isCounted = false;
      system.hooks.onDynamoRequest = (operation, asked, caller) => {
        const request = JSON.stringify(asked);
        if (caller?.functionName !== name) return undefined;
        isCounted ||= operation === "PutItem" && request.includes("PaymentTable");
        const isLost = !isCounted && request.includes("SandboxTable");
        return isLost ? { when: "before", name: "TransactionConflictException" } : undefined;
      };
      onTestFinished(() => void delete system.hooks.onDynamoRequest);
      await make(id);
      await vi.waitUntil(async () => isCounted && (await revision()) > before, { timeout: 10_000 });
    });
  });

  const ledgerOf = (orderId: string) => paymentOf(staff(), orderId);
  const reservationOf = (orderId: string) =>
    itemOf(system, "InventoryTable", (item) => entityOf(item) === "reservation" && item.orderId?.S === orderId);
  const breaker = () => itemOf(system, "PaymentTable", (item) => entityOf(item) === "breaker");

  function breakUntilItIsOver(...functionNames: string[]): void {
    for (const name of functionNames) broken.add(name);
    onTestFinished(() => broken.clear());
  }

  async function paid(token: string): Promise<string> {
    const id = await place(system, token);
    expect(await settle(system, id)).toMatchObject({ paid: true });
    return id;
  }

  async function refundOf(orderId: string) {
    return (await ledgerOf(orderId))?.attempts.find(({ kind }) => kind === "refund");
  }

  /** The sandbox has taken it on, and settles it a minute later. */
  async function expectRefund(orderId: string): Promise<void> {
    await system.local.idle();
    expect(await refundOf(orderId)).toMatchObject({ outcome: "pending" });
    await system.skip(61_000);
    expect(await refundOf(orderId)).toMatchObject({ outcome: "succeeded" });
    expect((await booksOf(system)).get(orderId)).toMatchObject({ refundedMinor: 1450 });
  }

  /** Holds the first such request of a function until it is let go. */
  function holdRequest(functionName: string, isMeant: (operation: string, request: string) => boolean) {
    let [arrive, letGo] = [() => {}, () => {}];
    const reached = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    const held = new Promise<undefined>((resolve) => {
      letGo = () => resolve(undefined);
    });
    let isFirst = true;
    system.hooks.onDynamoRequest = (operation, request, caller) => {
      if (!isFirst || caller?.functionName !== functionName) return undefined;
      if (!isMeant(operation, JSON.stringify(request))) return undefined;
      isFirst = false;
      arrive();
      return held;
    };
    const open = () => {
      delete system.hooks.onDynamoRequest;
      letGo();
    };
    onTestFinished(open);
    return { reached, open };
  }

  /** What a checkout and the undo of a later one leave that die before they have written what the provider answered. */
  async function captureAndBeginVoid(orderId: string): Promise<void> {
    const is = (entity: string) => (item: Item) => entityOf(item) === entity && item.orderId?.S === orderId;
    const charge = await itemOf(system, "SandboxTable", is("charge"));
    await alter(system, "SandboxTable", charge, { status: { S: "captured" }, capturedMinor: charge.amountMinor! });
    const payment = await itemOf(system, "PaymentTable", is("payment"));
    const begun = { M: { atMs: { N: String(system.local.now()) }, key: { S: "void" }, outcome: { S: "requested" } } };
    const version = { N: String(Number(payment.version!.N) + 1) };
    await alter(system, "PaymentTable", payment, { entries: { L: [...payment.entries!.L!, begun] }, version });
  }

  function tellOf(orderId: string): void {
    tellByWebhook(system, orderId);
  }

  function askOperator(orderId: string): void {
    const paymentId = paymentIdOf(orderId);
    const event = createEvent(PaymentOutcomeUnknown, {
      ...{ subject: paymentId, sequence: 1, time: new Date(system.local.now()), cause: { correlationId: "c" } },
      data: { paymentId, orderId, amount: { amount: 1, currency: "EUR" }, step: "authorize" },
    });
    const entry = { Source: event.source, DetailType: event.name, Detail: JSON.stringify(event) };
    system.local.bus.putEvents([{ ...entry, EventBusName: recorded.buses.Bus!.name }]);
  }
});

describe("SweepAccounts", () => {
  const folder = temporaryFolder();
  const clock = new ManualClock();
  const pool = recorded.userPools.UserPool!;
  const client = pool.clients.Web!;
  let local: Local;

  beforeAll(async () => {
    const { app, stage, account, region, links, userPools } = recorded;
    local = await boot({
      topology: emptyTopology({
        ...{ app, stage, account, region, links, userPools },
        tables: { UserTable: recorded.tables.UserTable! },
        roles: { SweepAccountsHandlerRole: recorded.roles.SweepAccountsHandlerRole! },
        functions: { SweepAccountsHandler: recorded.functions.SweepAccountsHandler! },
      }),
      ...{ root: process.cwd(), stateFolder: folder.path, apiPort: 0, endpointPort: 0, clock },
    });
  });
  afterAll(async () => {
    await local?.stop();
    folder.remove();
  });

  test("erases whoever was written down while the account that nobody seemed to confirm was deleted", async () => {
    const cognito = new CognitoIdentityProviderClient({});
    const Username = "hasty@example.com";
    const by = { ClientId: client.id, Username, SecretHash: secretHash(client, Username) };
    await cognito.send(new SignUpCommand({ ...by, Password: "Correct-horse-1" }));
    const { Username: sub } = await cognito.send(new AdminGetUserCommand({ UserPoolId: pool.id, Username }));
    const user = await writeDown(idFromUuid("usr", sub!), Username);
    await clock.advance(49 * 60 * 60 * 1000);
    expect(await local.functions.invoke("SweepAccountsHandler", {})).toMatchObject({ payload: { deleted: 1 } });
    const { Items = [] } = await dynamoOf(local).send(new ScanCommand({ TableName: recorded.tables.UserTable!.name }));
    expect(Items).toMatchObject([{ pk: user.pk, erasedAt: { S: expect.any(String) } }]);
    expect(Items[0]).not.toHaveProperty("email");
  });

  /** As their first sign-in does. */
  async function writeDown(userId: string, email: string): Promise<Item> {
    const Item = {
      ...{ pk: { S: `$user#userId_${userId}` }, sk: { S: "$user_1" }, __edb_e__: { S: "user" }, __edb_v__: { S: "1" } },
      ...{ userId: { S: userId }, email: { S: email }, version: { N: "1" } },
      createdAt: { S: new Date(clock.now()).toISOString() },
    };
    await dynamoOf(local).send(new PutItemCommand({ TableName: recorded.tables.UserTable!.name, Item }));
    return Item;
  }
});
