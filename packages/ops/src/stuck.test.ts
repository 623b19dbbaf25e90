import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { noonMs, type Playing, playApi } from "./test/playing.ts";

let api: Playing;

beforeAll(async () => {
  api = await playApi();
});
afterAll(() => api.stop());
beforeEach(() => {
  api.requests.length = 0;
  api.answers.clear();
  api.answers.set("GET /ops/health", health());
});

const ago = (minutes: number) => new Date(noonMs - minutes * 60_000).toISOString();

function health(more: object = {}) {
  return { status: "healthy", watched: true, alarms: [], queues: 24, deadLetters: [], ...more };
}

/** Has one order pending for so long, with these moments, one a second from its placing on. */
function playStuck(minutes: number, ...events: string[]) {
  const order = { id: "ord_1", number: "4821-0937-6215", status: "pending", createdAt: ago(minutes) };
  api.answers.set("GET /orders", { items: [order] });
  api.answers.set("GET /orders/ord_1/timeline", {
    items: events.map((event, at) => ({
      ...{
        at: new Date(Date.parse(order.createdAt) + at * 1000).toISOString(),
        event,
        undo: false,
        text: `So ${event}`,
      },
    })),
  });
}

test("no stuck order is good news, and nothing else is asked for", async () => {
  api.answers.set("GET /orders", { items: [] });
  const told = { code: 0, errors: "", printed: ["No order is pending for more than 10 min."] };
  expect(await api.ops(["stuck"])).toEqual(told);
  expect(api.requests).toEqual([`GET /orders?status=pending&placedBefore=${encodeURIComponent(ago(10))}&limit=100`]);
  expect((await api.ops(["stuck", "--older-than", "2h"])).printed).toEqual(["No order is pending for more than 2 h."]);
  expect(api.requests[1]).toContain(encodeURIComponent(ago(120)));
});

test("a stuck order is told with its age, what happened last, whom it waits for, and how to go on", async () => {
  playStuck(12, "order.placed", "stock.reserved", "payment.action-required");
  expect((await api.ops(["stuck"])).printed).toEqual([
    "ord_1  4821-0937-6215  pending for 12 min",
    "  last       So payment.action-required (11 min 58 s ago)",
    "  waits for  the customer, who has to confirm the payment at their bank; it is cancelled if they don't",
    "  next       npm run ops -- needs-operator ord_1",
    "",
    "1 order is pending for more than 10 min.",
  ]);
});

test.each([
  ["its beginning", []],
  ["its beginning", ["order.placed"]],
  ["its checkout", ["order.placed", "stock.reserved"]],
  ["the customer", ["stock.reserved", "payment.action-required", "checkout.resumed"]],
  ["its checkout", ["payment.action-required", "payment.action-completed"]],
  ["the provider", ["stock.reserved", "payment.outcome-unknown", "checkout.resumed"]],
  ["its undo", ["payment.authorized", "order.abandoned"]],
])("it waits for %s after %j", async (waitsFor, events) => {
  playStuck(12, ...events);
  const { printed } = await api.ops(["stuck", "--json"]);
  expect(printed.map((line) => JSON.parse(line))).toMatchObject([{ order: { id: "ord_1" }, waitsFor, letters: [] }]);
});

test("while the provider's breaker is open it is the provider that an order waits for", async () => {
  const open = { name: "StripeBreakerOpen", state: "alarm", urgent: true, calls: true, muted: false };
  api.answers.set("GET /ops/health", health({ alarms: [open] }));
  playStuck(12, "order.placed", "stock.reserved");
  expect((await api.ops(["stuck"])).printed[2]).toContain("the payment provider");
});

test("a letter about it comes before all else, and only queues that hold some are asked", async () => {
  api.answers.set("GET /ops/health", health({ deadLetters: [{ subscriber: "WatchCheckout", letters: 2 }] }));
  const letter = (id: string, orderId: string) => ({
    ...{ id, subscriber: "WatchCheckout", sentAt: ago(1), failure: { code: "NotYetError", message: "not settled" } },
    event: { id: "evt_1", name: "order.placed", version: 1, orderId },
  });
  const items = [letter("l2", "ord_2"), letter("l1", "ord_1")];
  api.answers.set("GET /ops/dead-letters/WatchCheckout", { items, examined: 2, more: false });
  playStuck(45, "order.placed", "payment.action-required");
  const { printed } = await api.ops(["stuck"]);
  expect(printed.slice(2, 5)).toEqual([
    "  waits for  a person: something has failed for good",
    "  letter     WatchCheckout: NotYetError: not settled",
    "  next       npm run ops -- dead-letters show WatchCheckout l1",
  ]);
  expect(api.requests.filter((path) => path.includes("dead-letters"))).toHaveLength(1);
});

test("the oldest are shown, and that there are others", async () => {
  const order = (at: number) => ({ id: `ord_${at}`, number: "1", status: "pending", createdAt: ago(20 + at) });
  api.answers.set("GET /orders", { items: [1, 2, 3].map(order) });
  for (const at of [1, 2, 3]) api.answers.set(`GET /orders/ord_${at}/timeline`, { items: [] });
  const { printed } = await api.ops(["stuck", "--limit", "2"]);
  expect(printed.filter((line) => line.startsWith("ord_")).map((line) => line.split(" ")[0])).toEqual([
    "ord_3",
    "ord_2",
  ]);
  expect(printed.at(-1)).toBe(
    "3 orders are pending for more than 10 min; these are the 2 oldest: raise --limit to see others.",
  );
});
