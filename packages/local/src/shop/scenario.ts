/** The orders that the demo plays, each with the outcome that is right for it. */
import { type Client, createClient, newKey, type Order, type Payment, ProblemError } from "@cartwright/client";
import type { Local } from "../boot.ts";
import { orderFor, type Shop } from "./seed.ts";

export interface Scenario {
  title: string;
  lines: { sku: string; quantity: number }[];
  token: string;
  expected: { status: Order["status"]; reason?: string; refunded?: number };
  /** How often the same request is sent under the same key. */
  times?: number;
  /** Whether nobody has signed in to place it. */
  guest?: boolean;
  /** Whether the customer's bank asks them something, and whether they agree. */
  approved?: boolean;
  /** What happens once the order is paid. */
  afterwards?: "refund" | "return" | "cancel";
  /** Of the refund, in minor units. */
  refund?: number;
  /** Whether what it would cost is shown. */
  billed?: boolean;
}

export const scenarios: Scenario[] = [
  {
    title: "A good order of two lines",
    lines: [
      { sku: "MUG-BLUE", quantity: 2 },
      { sku: "TEA-ASSAM-100", quantity: 1 },
    ],
    token: "tok_ok",
    expected: { status: "confirmed" },
    billed: true,
  },
  {
    title: "A declined card gives the stock back",
    lines: [{ sku: "TEAPOT-08", quantity: 1 }],
    token: "tok_declined",
    expected: { status: "cancelled", reason: "payment_declined" },
  },
  {
    title: "Two of the last one: out of stock, nothing charged",
    lines: [{ sku: "LAST-ONE", quantity: 2 }],
    token: "tok_ok",
    expected: { status: "cancelled", reason: "out_of_stock" },
  },
  {
    title: "The provider charges and its answer is lost",
    lines: [{ sku: "TRAY-OAK", quantity: 1 }],
    token: "tok_timeout",
    expected: { status: "confirmed" },
  },
  {
    title: "The same request twice is one order",
    lines: [{ sku: "KETTLE-GOOSE", quantity: 1 }],
    token: "tok_ok",
    expected: { status: "confirmed" },
    times: 2,
  },
  {
    title: "3-D Secure: the customer confirms with their bank",
    lines: [{ sku: "MUG-SAND", quantity: 1 }],
    token: "tok_requires_action",
    expected: { status: "confirmed" },
    approved: true,
  },
  {
    title: "3-D Secure: the customer refuses",
    lines: [{ sku: "MUG-SAND", quantity: 1 }],
    token: "tok_requires_action",
    expected: { status: "cancelled", reason: "payment_declined" },
    approved: false,
  },
  {
    title: "A guest orders without an account, and cancels",
    lines: [{ sku: "MUG-BLUE", quantity: 1 }],
    token: "tok_ok",
    expected: { status: "cancelled", reason: "customer_request", refunded: 1450 },
    guest: true,
    afterwards: "cancel",
  },
  {
    title: "Staff refund a part",
    lines: [{ sku: "TEA-SENCHA-100", quantity: 2 }],
    token: "tok_ok",
    expected: { status: "confirmed", refunded: 500 },
    afterwards: "refund",
    refund: 500,
  },
  {
    title: "All of it is sent and comes back: refunded, and on the shelf again",
    lines: [{ sku: "TRAY-OAK", quantity: 1 }],
    token: "tok_ok",
    expected: { status: "returned", refunded: 3400 },
    afterwards: "return",
  },
  {
    title: "Cancelled after it was paid: refunded, and on the shelf again",
    lines: [{ sku: "TEAPOT-08", quantity: 1 }],
    token: "tok_ok",
    expected: { status: "cancelled", reason: "customer_request", refunded: 5900 },
    afterwards: "cancel",
  },
  {
    title: "Refused at capture: even a confirmed order is undone",
    lines: [{ sku: "FILTER-STEEL", quantity: 1 }],
    token: "tok_capture_refused",
    expected: { status: "cancelled", reason: "payment_declined" },
  },
];

/** Places the order, follows it to its end, and compares status, money and stock with what is right. */
export async function play(scenario: Scenario, local: Local, shop: Shop): Promise<{ order: Order; faults: string[] }> {
  const { lines, token, expected, times = 1, approved } = scenario;
  const before = await stockOf(shop, lines);
  const key = newKey();
  const asking = scenario.guest ? createClient({ baseUrl: local.apiUrl, retry: false }) : shop.customer;
  const placed = await Promise.all(
    Array.from({ length: times }, () => asking.orders.place(orderFor(lines, token), key)),
  );
  const { id, guestToken } = placed[0]!;
  const customer = guestToken === undefined ? asking : asking.asGuest(guestToken);
  if (approved !== undefined) {
    await local.idle();
    await answerBank(customer, id, approved);
  }
  await customer.orders.waitUntilSettled(id);
  await goOn(scenario, id, local, { ...shop, customer });
  await local.idle();
  const order = await customer.orders.get(id);
  const faults: string[] = [];
  const expect = (what: string, right: unknown, seen: unknown) => {
    if (right !== seen) faults.push(`${what}: expected ${right}, saw ${seen}`);
  };
  const { afterwards } = scenario;
  const keeps = expected.status === "confirmed";
  const isPaid = keeps || afterwards !== undefined;
  const refunded = expected.refunded ?? 0;
  expect("orders", 1, new Set(placed.map((one) => one.id)).size);
  expect("status", expected.status, order.status);
  expect("reason", expected.reason, order.reason);
  expect("paid", isPaid, order.paid);
  expect("refunded, as the order says", refunded, order.refunded.amount);
  const after = await stockOf(shop, lines);
  lines.forEach(({ sku, quantity }, index) => {
    const taken = (before[index]?.available ?? 0) - (after[index]?.available ?? 0);
    expect(`units of ${sku} taken`, keeps ? quantity : 0, taken);
  });
  const payment = await paymentOf(customer, order.id);
  expect("captured", isPaid ? order.total.amount : 0, payment?.captured.amount ?? 0);
  expect("refunded, as the ledger says", refunded, payment?.refunded.amount ?? 0);
  return { order, faults };
}

async function goOn(scenario: Scenario, id: string, local: Local, { customer, staff }: Shop): Promise<void> {
  const { afterwards, refund, lines } = scenario;
  if (afterwards === "cancel") await customer.orders.cancel(id);
  if (afterwards === "return") {
    await staff.orders.fulfil(id, { tracking: { carrier: "DHL", number: "00340434161094022115" } });
    await local.idle();
    const asked = await customer.orders.requestReturn(id, { lines, reason: "I changed my mind" });
    await staff.orders.receiveReturn(id, asked.id, { restock: true });
  }
  if (afterwards === "refund") {
    const amount = refund === undefined ? undefined : { amount: refund, currency: "EUR" };
    await staff.payments.refund(paymentIdOf(id), { ...(amount && { amount }), reason: "one packet was torn" });
  }
}

/** An order has a payment once its checkout has come that far. */
export async function paymentOf({ payments }: Client, orderId: string): Promise<Payment | undefined> {
  try {
    return await payments.get(paymentIdOf(orderId));
  } catch (error) {
    if (error instanceof ProblemError && error.code === "payment_not_found") return undefined;
    throw error;
  }
}

export const paymentIdOf = (orderId: string) => orderId.replace("ord_", "pay_");

/** Answers the customer's bank in their place, at the page that the API sends them to. */
export async function answerBank({ payments }: Client, orderId: string, approved = true): Promise<void> {
  const { url } = await payments.action(paymentIdOf(orderId));
  if (!url) throw new Error(`${orderId} has no page where its payment could be confirmed`);
  const body = new URLSearchParams({ answer: approved ? "approve" : "refuse" });
  const response = await fetch(url, { method: "POST", body });
  if (!response.ok) throw new Error(`the bank refused the answer: ${await response.text()}`);
}

function stockOf({ staff }: Shop, lines: Scenario["lines"]) {
  return Promise.all(lines.map(({ sku }) => staff.products.stock(sku)));
}
