import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Io } from "./io.ts";
import { runCaptured } from "./test/run.ts";

const orderId = "ord_01J9ZC5Q8MXW3VT0S6K2F4B7RD";
const paymentId = "pay_01J9ZC5Q8MXW3VT0S6K2F4B7RD";
const otherId = "ord_01J9ZC5Q8MXW3VT0S6K2F4B7RE";

const paths = {
  decisions: "/ops/dead-letters/NeedsOperator",
  watched: "/ops/dead-letters/WatchCheckout",
  payment: `/payments/${paymentId}`,
  timeline: `/orders/${orderId}/timeline`,
};

/** Plays an API: answers each path as the test says, and 404 with this code where it says nothing. */
let answers: Map<string, object>;
let requests: string[];
let server: http.Server;
let url: string;

beforeAll(async () => {
  server = http.createServer((request, response) => {
    requests.push(request.url!);
    const path = request.url!.split("?", 1)[0]!;
    const code = path.startsWith("/ops")
      ? "unknown_subscriber"
      : path.startsWith("/payments")
        ? "payment_not_found"
        : "order_not_found";
    const answer = answers.get(path);
    response.writeHead(answer ? 200 : 404, { "content-type": "application/json" });
    response.end(JSON.stringify(answer ?? { code, detail: `there is none at ${path}` }));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());
beforeEach(() => {
  requests = [];
  answers = new Map<string, object>([
    [paths.decisions, lettersOf()],
    [paths.watched, lettersOf()],
  ]);
});

async function needsOperator(words: string[] = [], more: Partial<Io> = {}) {
  const environment = { CARTWRIGHT_API_URL: url, CARTWRIGHT_TOKEN: "jwt", NO_COLOR: "1" };
  const { printed, ...rest } = await runCaptured(["needs-operator", ...words], { environment, ...more });
  return { ...rest, printed };
}

function letter(code: string, more: { id?: string; subscriber?: string; order?: string; firstAt?: string } = {}) {
  const { id = `l-${code}`, subscriber = "NeedsOperator", order = orderId, firstAt } = more;
  return {
    ...{ id, subscriber, sentAt: "2026-03-08T11:00:00.000Z" },
    event: { id: "evt_1", name: "payment.refund-failed", version: 1, orderId: order },
    failure: { code, message: `told of ${code}`, ...(firstAt && { firstAt }) },
  };
}

function lettersOf(...items: object[]) {
  return { items, examined: items.length, more: false };
}

const euros = (amount: number) => ({ amount, currency: "EUR" });

const payment = {
  ...{ id: paymentId, orderId, status: "captured", version: 7, createdAt: "2026-03-08T10:00:00.000Z" },
  ...{ amount: euros(1999), authorized: euros(1999), captured: euros(1999), refunded: euros(500) },
  ...{ pendingRefund: euros(0), chargedBack: euros(0), balance: euros(1499) },
  attempts: [
    {
      ...{ key: `${orderId}:capture`, kind: "capture", outcome: "succeeded", amount: euros(1999), reference: "pi_1" },
      ...{ requestedAt: "2026-03-08T10:00:01.000Z", settledAt: "2026-03-08T10:00:02.000Z" },
    },
    {
      ...{ key: "rfd_1", kind: "refund", outcome: "failed", amount: euros(500), reason: "expired\u001b[2J_card" },
      requestedAt: "2026-03-08T10:30:00.000Z",
    },
  ],
};

const timeline = {
  items: Array.from({ length: 8 }, (_, at) => ({
    ...{ at: `2026-03-08T10:00:0${at}.000Z`, event: `story.part-${at}`, undo: at === 7, text: `Part ${at}` },
  })),
};

function playOrder(...letters: object[]) {
  answers.set(paths.decisions, lettersOf(...letters));
  answers.set(paths.payment, payment);
  answers.set(paths.timeline, timeline);
}

test("nothing to decide is good news", async () => {
  expect(await needsOperator()).toEqual({ code: 0, errors: "", printed: ["Nothing needs an operator."] });
  expect(requests.slice(0, 2)).toEqual([`${paths.decisions}?limit=500`, `${paths.watched}?limit=500`]);
});

test("what waits is listed with its payment, the longest waiting first, of both subscribers", async () => {
  const unsettled = letter("NotYetError", {
    ...{ subscriber: "WatchCheckout", order: otherId, firstAt: "2026-03-08T09:00:00.123Z" },
  });
  answers.set(paths.decisions, lettersOf(letter("refund_failed"), letter("disputed")));
  answers.set(paths.watched, lettersOf(unsettled));
  const { code, printed } = await needsOperator();
  expect(code).toBe(0);
  expect(printed.map((line) => line.split(/ {2,}/))).toEqual([
    ["order", "payment", "since", "code", "message"],
    [otherId, otherId.replace("ord_", "pay_"), "2026-03-08T09:00:00Z", "NotYetError", "told of NotYetError"],
    [orderId, paymentId, "2026-03-08T11:00:00Z", "refund_failed", "told of refund_failed"],
    [orderId, paymentId, "2026-03-08T11:00:00Z", "disputed", "told of disputed"],
    ["3 letters about 2 orders: 1 NotYetError, 1 refund_failed, 1 disputed"],
  ]);
});

test("a long sentence is told to its end: it says why a person has to decide", async () => {
  const message = `the provider had collected money ${"for a payment that our ledger had lost ".repeat(3)}(the payment)`;
  answers.set(paths.decisions, lettersOf({ ...letter("unexpected_money"), failure: { code: "x", message } }));
  expect((await needsOperator()).printed[1]).toContain(message);
});

test("a letter whose event can't be read is listed too, and leads to the letter itself", async () => {
  const { event: _, ...unreadable } = letter("Unreported");
  answers.set(paths.decisions, lettersOf(unreadable));
  const { printed } = await needsOperator([], { isTerminal: true });
  expect(printed[1]).toMatch(/^- +- +2026-03-08T11:00:00Z +Unreported/);
  expect(printed.at(-1)).toBe("npm run ops -- dead-letters show NeedsOperator l-Unreported");
});

test("--code lists what has this code, and a code that nothing has is no good news", async () => {
  answers.set(paths.decisions, lettersOf(letter("refund_failed"), letter("disputed")));
  const { printed } = await needsOperator(["--code", "disputed"]);
  expect(printed).toHaveLength(3);
  expect(printed[1]).toContain("told of disputed");
  expect((await needsOperator(["--code", "dispute"])).printed).toEqual([
    "Nothing with the code dispute needs an operator: there are 1 refund_failed, 1 disputed.",
  ]);
});

test("letters that somebody has in hand are no good news either", async () => {
  answers.set(paths.watched, { ...lettersOf(), more: true });
  const told = "Some letters could not be looked at: there are too many, or somebody has them in hand for a minute.";
  expect(await needsOperator()).toEqual({ code: 0, errors: "", printed: [told] });
});

test("an API that watches no orders is asked about payments alone, and one without NeedsOperator refuses", async () => {
  answers.delete(paths.watched);
  expect((await needsOperator()).printed).toEqual(["Nothing needs an operator."]);
  answers.delete(paths.decisions);
  expect(await needsOperator()).toMatchObject({ code: 1, errors: expect.stringContaining("unknown_subscriber") });
});

test("an order is shown with its reasons, its ledger, its last moments and what to do", async () => {
  playOrder(letter("refund_failed"), letter("disputed"));
  const { code, printed } = await needsOperator([orderId]);
  expect(code).toBe(0);
  expect(requests[0]).toBe(`${paths.decisions}?limit=500&orderId=${orderId}`);
  const text = printed.join("\n");
  expect(text).toMatch(/^code +refund_failed\nmessage +told of refund_failed\nsince .*\nletter +l-refund_failed of/);
  expect(text).toContain("captured        19.99 EUR\nrefunded        5.00 EUR\n");
  expect(text).toContain("balance         14.99 EUR");
  expect(text).toMatch(/10:00:01Z +capture +succeeded +19.99 EUR +2026-03-08T10:00:02Z +pi_1 +- +ord_\w+:capture/);
  expect(text).toMatch(/10:30:00Z +refund +failed +5.00 EUR +- +- +expired\\u001b\[2J_card +rfd_1/);
  expect(printed.filter((line) => line.includes("story.part"))).toHaveLength(5);
  expect(text).toMatch(/↩ Part 7 +story.part-7/);
  expect(printed.slice(-2)).toEqual([
    "refund_failed: refund by other means, or mend the cause; then redrive the letter.",
    "disputed: answer the dispute at the provider before its time runs out; redrive the letter once it is decided.",
  ]);
});

test.each([
  ["refund_failed", "by other means"],
  ["disputed", "at the provider"],
  ["amount_differs", "compare"],
  ["unknown_to_provider", "compare"],
  ["unexpected_money", "compare"],
  ["outcome_unknown", "status page"],
  ["NotYetError", "timeline"],
  ["TypeError", "docs/operations.md"],
])("for %s a person is told to look there: %s", async (code, advice) => {
  playOrder(letter(code));
  const { printed } = await needsOperator([orderId], { isTerminal: true });
  expect(printed.join("\n")).toMatch(new RegExp(`^${code}: .*${advice}.*\\.$`, "m"));
  expect(printed).toContain(`npm run ops -- timeline ${orderId}`);
  expect(printed).toContain(`npm run ops -- dead-letters show NeedsOperator l-${code}`);
  expect(printed).toContain(`npm run ops -- dead-letters redrive NeedsOperator l-${code}`);
});

test("an order that needs nobody is shown all the same", async () => {
  playOrder();
  const { code, printed } = await needsOperator([orderId]);
  expect(code).toBe(0);
  expect(printed[0]).toBe(`Nothing about ${orderId} needs an operator.`);
  expect(printed.join("\n")).toContain("balance         14.99 EUR");
});

test("money for an order that nobody knows is told, and an id that is nothing at all is refused", async () => {
  answers.set(paths.decisions, lettersOf(letter("unexpected_money")));
  const { code, printed } = await needsOperator([orderId]);
  expect(code).toBe(0);
  expect(printed).toContain(`There is no payment ${paymentId}.`);
  expect(printed).toContain(`There is no order ${orderId}.`);
  answers.set(paths.decisions, lettersOf());
  expect(await needsOperator([orderId])).toEqual({ code: 1, printed: [], errors: `there is no order ${orderId}` });
});

test("--json prints the API's answers, with what is not known left out", async () => {
  playOrder(letter("disputed"));
  const { printed } = await needsOperator([orderId, "--json"]);
  const letters = [lettersOf(letter("disputed")), lettersOf()];
  expect(printed.map((line) => JSON.parse(line))).toEqual([...letters, payment, timeline]);
  answers.delete(paths.payment);
  expect((await needsOperator([orderId, "--json"])).printed).toHaveLength(3);
  const listed = await needsOperator(["--json", "--code", "refund_failed"]);
  expect(listed.printed.map((line) => JSON.parse(line))).toEqual([{ ...letters[0], items: [] }, lettersOf()]);
});

test("a payment without its ledger is not this API's answer", async () => {
  playOrder();
  const { attempts: _, ...withoutLedger } = payment;
  answers.set(paths.payment, withoutLedger);
  expect(await needsOperator([orderId])).toMatchObject({ code: 1, errors: expect.stringContaining("not this API") });
});
