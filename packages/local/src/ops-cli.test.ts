/** The operators' command line on the whole system, as a person or a script uses it. */
import { spawn } from "node:child_process";
import { ScanCommand, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { runCaptured } from "@cartwright/ops/test/run";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { paymentOf } from "./shop/scenario.ts";
import { people } from "./shop/seed.ts";
import { archived, deadLetters, deadLettersOf, leaveLetter, place, settle } from "./test/checkout.ts";
import { dynamoOf } from "./test/endpoint.ts";
import { repository } from "./test/fixture.ts";
import { type System, startSystem } from "./test/system.ts";

let system: System;
let orders: string[];

beforeAll(async () => {
  system = await startSystem();
  orders = [await place(system, "tok_ok"), await place(system, "tok_ok")];
  for (const id of orders) await settle(system, id);
  await system.local.idle();
});
afterAll(() => system.stop());
afterEach(() => system.local.queues.purge(letterQueue()));

const letterQueue = () => deadLettersOf(system.local, "MarkPaid");
const lettersLeft = () => system.local.queues.peek(letterQueue(), 100).map(({ messageId }) => messageId);

function ops(words: string[], environment: Record<string, string> = {}) {
  return runCaptured(words, {
    environment: { CARTWRIGHT_API_URL: system.local.apiUrl, ...environment },
    now: system.local.now,
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms / 10)),
  });
}

/** What a relay published twice is in the archive twice. */
function paymentsOf(...orderIds: string[]) {
  return archived(system).filter(
    ({ detail }) =>
      detail.name === "payment.captured" && orderIds.some((id) => JSON.stringify(detail.data).includes(id)),
  );
}

/** Leaves the event that paid for an order as a dead letter, and answers the letter's id. */
function leavePayment(orderId: string): string {
  return leaveLetter(system, "MarkPaid", JSON.stringify(paymentsOf(orderId)[0]));
}

describe("the health of the stage", () => {
  const health = async () => {
    const { code, printed } = await ops(["health"]);
    return { code, told: printed.join("\n") };
  };

  test("is good while nothing is wrong", async () => {
    const { code, told } = await health();
    expect(told).toMatch(/^healthy: all \d\d alarms are quiet, no dead letters in \d+ queues, 0 orders pending/);
    expect(code).toBe(0);
  });

  test("tells of a letter at once, of its alarm within minutes, and of neither once it is gone", async () => {
    leavePayment(orders[0]!);
    expect((await health()).told).toMatch(/^degraded: all .*, 1 dead letter in 1 queue.*\n\n.*\nMarkPaid +1$/);
    for (let minute = 0; minute < 2; minute++) await system.skip(60_000);
    const { code, told } = await health();
    expect(code).toBe(0);
    expect(told).toMatch(/^degraded: 1 of \d\d alarms on/);
    expect(told).toMatch(
      /\nMarkPaidLetters for .*\n {2}Something failed for good\. .*\n.*\n {2}docs\/runbook\/\w+\.md\n/,
    );
    await ops(["dead-letters", "redrive", "MarkPaid", "--all"]);
    for (let minute = 0; minute < 2; minute++) await system.skip(60_000);
    expect((await health()).told).toMatch(/^healthy/);
  });

  test("is bad while an order does not settle, which is told with what it waits for", async () => {
    // The customer's time at the bank ends after a quarter of an hour, and this keeps the order from ending with it.
    system.hooks.beforeInvoke = (name) => {
      if (name === "CancelOrder") throw new TypeError("a mistake");
    };
    const id = await place(system, "tok_requires_action");
    await system.local.idle();
    expect((await ops(["stuck"])).printed).toEqual(["No order is pending for more than 10 min."]);
    for (const minutes of [20, 1, 1]) await system.skip(minutes * 60_000);
    const { code, told } = await health();
    expect(told).toMatch(/^failing: .* 1 order pending for more than 10 min/);
    expect(told).toMatch(new RegExp(`\nOldestPendingOrder for [^]*\n${id} `));
    expect(code).toBe(1);
    const stuck = (await ops(["stuck"])).printed.join("\n");
    expect(stuck).toMatch(new RegExp(`^${id} .*pending for 22 min`));
    expect(stuck).toMatch(/\n {2}waits for {2}what it holds to be given back; .*\n {2}next .* ord_/);
    system.mend();
    await system.skip(61_000);
    expect(await settle(system, id)).toMatchObject({ status: "cancelled", reason: "expired" });
    expect((await ops(["stuck", "--json"])).printed).toEqual([]);
  });
});

describe("a reconciliation", () => {
  test("compares what has settled now, and says so", async () => {
    const { code, printed } = await ops(["reconcile"]);
    expect(printed).toEqual([expect.stringMatching(/^Compared \d+ payments?: \d+ agreed, 0 mended, 0 left for/)]);
    expect(code).toBe(0);
  });

  test("that fails says why, and that it may be tried again", async () => {
    system.hooks.beforeInvoke = (name) => {
      if (name === "ReconcilePaymentsHandler") throw new TypeError("the books are closed");
    };
    const { code, printed, errors } = await ops(["reconcile"]);
    system.mend();
    expect({ code, printed }).toEqual({ code: 1, printed: [] });
    expect(errors).toMatch(/^reconciliation_failed: .*TypeError: the books are closed.*\nIt is safe to run/);
  });
});

describe("what needs an operator", () => {
  test("is listed with its reason, shown with its ledger, and gone once it is mended and redriven", async () => {
    expect((await ops(["needs-operator"])).printed).toEqual(["Nothing needs an operator."]);
    const id = await place(system, "tok_dispute");
    await settle(system, id);
    await system.skip(31_000);
    const { code, printed } = await ops(["needs-operator"]);
    expect(code).toBe(0);
    expect(printed.join("\n")).toMatch(new RegExp(`${id}  ${id.replace("ord_", "pay_")} .*disputed`));
    const shown = (await ops(["needs-operator", id])).printed.join("\n");
    for (const told of [
      "capture",
      "chargeback",
      "14.50 EUR",
      "answer the dispute at the provider",
      "The bank has taken",
    ]) {
      expect(shown).toContain(told);
    }
    await decideDispute(id, "won");
    expect((await ops(["dead-letters", "redrive", "NeedsOperator", "--all"])).code).toBe(0);
    await system.local.idle();
    expect((await ops(["needs-operator"])).printed).toEqual(["Nothing needs an operator."]);
    expect(await paymentOf(system.shop.customer, id)).toMatchObject({ status: "captured", chargedBack: { amount: 0 } });
  });

  /** As the customer's bank does, in the sandbox's books. */
  async function decideDispute(orderId: string, status: "won" | "lost"): Promise<void> {
    const TableName = system.local.topology.tables.SandboxTable!.name;
    const dynamo = dynamoOf(system.local);
    const { Items = [] } = await dynamo.send(new ScanCommand({ TableName }));
    const { pk, sk } = Items.find((item) => item.orderId?.S === orderId)!;
    await dynamo.send(
      new UpdateItemCommand({
        ...{ TableName, Key: { pk: pk!, sk: sk! }, UpdateExpression: "SET disputes[0].#status = :status" },
        ExpressionAttributeNames: { "#status": "status" },
        ExpressionAttributeValues: { ":status": { S: status } },
      }),
    );
  }
});

describe("a smoke order", () => {
  test.each([
    ["confirmed", "SMOKE-1", ["order.paid", "payment.refunded", "stock.restocked", "order.cancelled"]],
    ["out_of_stock", "SMOKE-0", ["stock.refused", "order.cancelled"]],
  ])("that should end %s does, and leaves nothing behind", async (outcome, sku, events) => {
    const { code, printed, errors } = await ops(["smoke", "--expect", outcome]);
    expect({ code, errors }).toEqual({ code: 0, errors: "" });
    for (const event of events) expect(printed.join("\n")).toMatch(new RegExp(`  ${event}$`, "m"));
    expect(printed.at(-1)).toMatch(/^The smoke order went as it should, in \d+\.\d s\.$/);
    await system.local.idle();
    const { products } = system.shop.staff;
    expect((await products.get(sku)).status).toBe("retired");
    expect(await products.stock(sku)).toMatchObject({ available: outcome === "confirmed" ? 10 : 0, reserved: 0 });
    expect(deadLetters(system)).toEqual({});
  });

  test("that the checkout does not take up fails, says what was seen last, and is cancelled once it can be", async () => {
    system.hooks.beforeInvoke = (name) => (name === "ReserveStock" ? "kill" : undefined);
    const { code, printed, errors } = await ops(["smoke", "--timeout", "2"]);
    system.mend();
    expect(code).toBe(1);
    const [orderId] = errors.match(/ord_\w+/)!;
    expect(errors).toContain(`${orderId} has not come to its end within 2 s. Last seen: Order placed  order.placed.`);
    expect(errors).toContain(`npm run ops -- timeline ${orderId}`);
    expect(printed.at(-1)).toMatch(/SMOKE-1 is off sale$/);
    expect(await settle(system, orderId, system.shop.staff)).toMatchObject({ status: "cancelled" });
  });
});

describe("dead letters", () => {
  test("are listed by subscriber, with those that have none when asked for", async () => {
    const none = await ops(["dead-letters", "list"]);
    expect(none).toMatchObject({
      code: 0,
      errors: "",
      printed: [expect.stringMatching(/^No dead letters in \d+ queues/)],
    });
    leavePayment(orders[0]!);
    const some = await ops(["dead-letters", "list"]);
    expect(some.printed).toHaveLength(2);
    expect(some.printed[1]).toMatch(/^MarkPaid +1 +queue +payment\.captured$/);
    const all = await ops(["dead-letters", "list", "--all"]);
    expect(all.printed.length).toBeGreaterThan(10);
    expect(all.printed.join("\n")).toMatch(/CommitReservation +0 /);
  });

  test("are listed one by one, of one subscriber or wherever an order has some", async () => {
    const ids = orders.map((order) => leavePayment(order));
    const { printed } = await ops(["dead-letters", "list", "MarkPaid"]);
    expect(printed).toHaveLength(4);
    for (const [at, id] of ids.entries()) {
      expect(printed.join("\n")).toMatch(new RegExp(`${id}  payment.captured  ${orders[at]}  TimeoutError +5 `));
    }
    const [limited] = (await ops(["dead-letters", "list", "MarkPaid", "--limit", "1"])).printed.slice(-1);
    expect(limited).toContain("there are more");
    const found = await ops(["dead-letters", "list", "--order", orders[1]!]);
    expect(found.printed[0]).toBe("MarkPaid");
    expect(found.printed.join("\n")).toContain(ids[1]);
    expect(found.printed.join("\n")).not.toContain(ids[0]);
    expect((await ops(["dead-letters", "list", "MarkPaid", "--before", "1d"])).printed).toEqual([
      "0 letters of 2 examined",
    ]);
  });

  test("are looked for by a filter that is checked even where there are none", async () => {
    const unknown = { code: 1, printed: [] };
    const noEvent = /there is no event "payment.capturd": there are .*payment.captured/;
    const list = ["dead-letters", "list"];
    expect(await ops([...list, "--order", "banana"])).toMatchObject({
      ...{ code: 2, printed: [], errors: expect.stringContaining("--order takes an order's id such as ord_") },
    });
    expect(await ops([...list, "--event", "payment.capturd"])).toMatchObject({
      ...{ ...unknown, errors: expect.stringMatching(noEvent) },
    });
    expect(await ops([...list, "MarkPaid", "--event", "payment.capturd"])).toMatchObject({
      ...{ ...unknown, errors: expect.stringMatching(noEvent) },
    });
    const none = await ops([...list, "--order", orders[1]!, "--event", "payment.captured"]);
    expect(none).toMatchObject({
      code: 0,
      printed: [expect.stringMatching(/^No dead letters of this filter in \d+ queues\.$/)],
    });
    leavePayment(orders[0]!);
    const others = await ops([...list, "--order", orders[1]!]);
    expect(others.printed).toEqual([expect.stringMatching(/filter in \d+ queues, of 1 letter examined\.$/)]);
    // Nobody but those who take the event is asked for it.
    const placed = await ops([...list, "--event", "order.placed"]);
    expect(placed).toMatchObject({ code: 0, errors: "", printed: [expect.stringMatching(/filter in \d+ queues\.$/)] });
  });

  test("are shown with their event", async () => {
    const id = leavePayment(orders[0]!);
    const { code, printed } = await ops(["dead-letters", "show", "MarkPaid", id]);
    expect(code).toBe(0);
    const gap = printed.indexOf("");
    expect(printed.slice(0, gap).join("\n")).toMatch(
      /order +ord_\w+\n.*\nerror +TimeoutError\nmessage +too slow\nattempts +5/,
    );
    expect(JSON.parse(printed.slice(gap).join("\n"))).toMatchObject({ detail: { data: { orderId: orders[0] } } });
    const unknown = await ops(["dead-letters", "show", "MarkPaid", "nope"]);
    expect(unknown).toMatchObject({ code: 1, errors: expect.stringContaining("dead_letter_not_found") });
    const nobody = await ops(["dead-letters", "show", "Nobody", id]);
    expect(nobody).toMatchObject({ code: 1, errors: expect.stringContaining("unknown_subscriber") });
  });

  test("are redriven by id, by filter, or all; a dry run only tells", async () => {
    const ids = [orders[0]!, orders[1]!, orders[1]!].map((order) => leavePayment(order));
    const dry = await ops(["dead-letters", "redrive", "MarkPaid", "--all", "--dry-run"]);
    expect(dry.printed).toEqual(["Would redrive 3 letters of 3 examined. Nothing was sent."]);
    expect(lettersLeft().sort()).toEqual([...ids].sort());
    const one = await ops(["dead-letters", "redrive", "MarkPaid", ids[1]!]);
    const outlook = expect.stringMatching(/what fails is back in the list of MarkPaid within about 5 minutes/);
    expect(one).toMatchObject({ code: 0, printed: [expect.stringMatching(/^Redrove 1 letter of /), outlook] });
    expect(lettersLeft().sort()).toEqual([ids[0], ids[2]].sort());
    expect((await ops(["dead-letters", "redrive", "MarkPaid", ids[1]!])).code).toBe(1);
    const filtered = await ops(["dead-letters", "redrive", "MarkPaid", "--order", orders[1]!]);
    expect(filtered.printed).toEqual(["Redrove 1 letter of 2 examined.", outlook]);
    expect(lettersLeft()).toEqual([ids[0]]);
    expect((await ops(["dead-letters", "redrive", "MarkPaid", "--all"])).printed).toEqual([
      "Redrove 1 letter of 1 examined.",
      outlook,
    ]);
    await system.local.idle();
    expect(lettersLeft()).toEqual([]);
    for (const id of orders) expect(await system.shop.customer.orders.get(id)).toMatchObject({ paid: true });
  });

  test("that wait for another round of attempts are back in the time that was told", async () => {
    leavePayment(orders[0]!);
    system.hooks.beforeInvoke = (name) => {
      if (name === "MarkPaid") throw new Error("out of memory");
    };
    const { printed } = await ops(["dead-letters", "redrive", "MarkPaid", "--all"]);
    const minutes = Number(/within about (\d+) minutes/.exec(printed[1]!)![1]);
    await system.local.idle();
    expect((await ops(["dead-letters", "list"])).printed[0]).toMatch(/^No dead letters in/);
    for (let minute = 0; minute < minutes; minute++) await system.skip(60_000);
    system.mend();
    expect(lettersLeft()).toHaveLength(1);
  });

  test("that can't be redriven are named with the reason, and the command ends with 1", async () => {
    const messageId = leaveLetter(system, "OrderRelay", "no event");
    const { code, printed } = await ops(["dead-letters", "redrive", "OrderRelay", "--all"]);
    system.local.queues.purge(deadLettersOf(system.local, "OrderRelay"));
    expect(code).toBe(1);
    expect(printed[0]).toMatch(new RegExp(`^refused ${messageId}: it holds no event`));
    expect(printed.at(-1)).toContain("1 refused");
  });
});

test("a replay is followed to its end, brings an event once more, and can be followed later", async () => {
  const seen: string[] = [];
  system.hooks.beforeInvoke = (name) => void (name === "MarkPaid" && seen.push(name)) as undefined;
  const { code, printed } = await ops(["replay", "MarkPaid", "--from", "1d", "--order", orders[0]!]);
  await system.local.idle();
  delete system.hooks.beforeInvoke;
  expect(code).toBe(0);
  const { length } = paymentsOf(orders[0]!);
  const counts = `${length} handed on, ${archived(system).length - length} left out`;
  expect(printed.at(-1)).toMatch(new RegExp(`^rpl_\\w+ {2}to MarkPaid {2}completed: ${counts}$`));
  expect(seen).toEqual(["MarkPaid"]);
  const id = printed[0]!.split(" ")[0]!;
  const later = await ops(["replay", "--follow", id]);
  expect(later.code).toBe(0);
  expect(later.printed.map((line) => line.split("  ")[2])).toEqual([`sent: ${counts}`, `completed: ${counts}`]);
  const future = await ops(["replay", "MarkPaid", "--from", "1h", "--to", "2999-01-01"]);
  expect(future).toMatchObject({ code: 1, errors: expect.stringContaining("invalid_request") });
});

test("a replay that finds nothing to hand on says so", async () => {
  const unknown = "ord_00000000000000000000000000";
  const { printed, errors } = await ops(["replay", "MarkPaid", "--from", "1d", "--order", unknown]);
  expect(printed.at(-1)).toMatch(/completed: 0 handed on, [1-9]\d* left out$/);
  expect(errors).toContain("Nothing was handed on");
  const early = await ops(["replay", "MarkPaid", "--from", "2001-01-01", "--to", "2001-01-02"]);
  expect(early.printed.at(-1)).toMatch(/completed: 0 handed on, 0 left out$/);
  expect(early.errors).toContain("holds no event");
});

test.each([
  ["payment.banana", /invalid_request.*no event "payment.banana": there are .*payment.captured/],
  ["order.placed", /event_not_taken: MarkPaid never gets order.placed: it takes payment.captured/],
])("a replay of %s to MarkPaid is refused with the names there are", async (event, told) => {
  const refused = await ops(["replay", "MarkPaid", "--from", "2h", "--event", event]);
  expect(refused).toMatchObject({ code: 1, printed: [], errors: expect.stringMatching(told) });
});

test("what a replay could not count is handed on and counted again, in one write per batch", async () => {
  const [events, payments] = [archived(system).length, paymentsOf("").length];
  const calls = { invocations: 0, counts: 0 };
  system.hooks.beforeInvoke = (name) => void (name === "Replay" && calls.invocations++) as undefined;
  system.hooks.onDynamoRequest = (operation, { TableName }) => {
    const isCount = operation === "UpdateItem" && TableName === system.local.topology.tables.OpsTable!.name;
    return isCount && calls.counts++ === 0 ? { when: "before", name: "AccessDeniedException" } : undefined;
  };
  const { replays } = system.shop.staff.ops;
  const [from, to] = [0, system.local.now()].map((ms) => new Date(ms).toISOString());
  const { id } = await replays.start({ subscriber: "MarkPaid", from: from!, to: to! });
  await system.local.idle();
  const { waiting, handedOn, leftOut } = (await replays.get(id)).progress!;
  expect(waiting).toBeGreaterThan(0);
  expect(handedOn + leftOut).toBe(events - waiting);
  await system.skip(61_000);
  system.mend();
  const progress = { handedOn: payments, leftOut: events - payments, waiting: 0 };
  expect(await replays.get(id)).toMatchObject({ status: "completed", progress });
  expect(calls.counts).toBe(calls.invocations);
});

test("an order's timeline is told from its placing on", async () => {
  const { code, printed } = await ops(["timeline", orders[0]!]);
  expect(code).toBe(0);
  expect(printed[1]).toMatch(/\+0\.000 s +Order placed +order\.placed/);
  expect(printed.join("\n")).toMatch(/Order paid +order\.paid +payment\.captured/);
  const none = await ops(["timeline", "ord_00000000000000000000000000"]);
  expect(none).toMatchObject({ code: 1, errors: expect.stringContaining("order_not_found") });
});

describe("who asks", () => {
  test("a customer is told that this is for staff", async () => {
    const { email, password } = people.customer;
    const refused = await ops(["dead-letters", "list"], { CARTWRIGHT_EMAIL: email, CARTWRIGHT_PASSWORD: password });
    expect(refused).toMatchObject({ code: 1, errors: expect.stringMatching(/staff_only.*\n.*member of staff/) });
    const wrong = await ops(["dead-letters", "list"], {
      CARTWRIGHT_EMAIL: email,
      CARTWRIGHT_PASSWORD: "Wrong-horse-1",
    });
    expect(wrong).toMatchObject({ code: 1, errors: expect.stringContaining("were refused") });
  });

  test("a token is taken as it is, until it has expired", async () => {
    const { accessToken } = await system.shop.staff.users.signIn(people.staff);
    expect((await ops(["dead-letters", "list"], { CARTWRIGHT_TOKEN: accessToken })).code).toBe(0);
    await system.skip(2 * 3_600_000);
    const expired = await ops(["dead-letters", "list"], { CARTWRIGHT_TOKEN: accessToken });
    expect(expired).toMatchObject({
      code: 1,
      errors: expect.stringMatching(/has expired.*\nCARTWRIGHT_TOKEN is not acc/),
    });
  });
});

test("as a process it prints JSON for scripts, and ends with its exit code", async () => {
  const id = leavePayment(orders[0]!);
  const listed = await spawnOps(["dead-letters", "list", "MarkPaid", "--json"]);
  expect(listed).toMatchObject({ code: 0, errors: "" });
  expect(JSON.parse(listed.printed)).toMatchObject({
    items: [{ id, subscriber: "MarkPaid" }],
    examined: 1,
    more: false,
  });
  expect(await spawnOps(["dead-letters", "redrive", "MarkPaid"])).toMatchObject({ code: 2, printed: "" });
});

async function spawnOps(words: string[]): Promise<{ code: number | null; printed: string; errors: string }> {
  const child = spawn(process.execPath, ["--import", "tsx", "packages/ops/src/cli.ts", ...words], {
    cwd: repository,
    env: { ...process.env, CARTWRIGHT_API_URL: system.local.apiUrl },
  });
  let [printed, errors] = ["", ""];
  child.stdout.on("data", (chunk) => {
    printed += chunk;
  });
  child.stderr.on("data", (chunk) => {
    errors += chunk;
  });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, printed, errors };
}
