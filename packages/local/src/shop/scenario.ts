/** The orders that the demo plays, each with the outcome that is right for it. */
import { createHmac } from "node:crypto";
import { type Client, newKey, type Order, ProblemError } from "@cartwright/client";
import type { Local } from "../boot.ts";
import { orderFor, type Shop } from "./seed.ts";

export interface Scenario {
  title: string;
  lines: { sku: string; quantity: number }[];
  token: string;
  expected: { status: Order["status"]; reason?: string };
  /** How often the same request is sent under the same key. */
  times?: number;
  /** Whether the customer's bank asks them something, and they agree. */
  approved?: boolean;
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
    title: "The customer confirms with their bank",
    lines: [{ sku: "MUG-SAND", quantity: 1 }],
    token: "tok_requires_action",
    expected: { status: "confirmed" },
    approved: true,
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
  const { lines, token, expected, times = 1 } = scenario;
  const before = await stockOf(shop, lines);
  const key = newKey();
  const placed = await Promise.all(
    Array.from({ length: times }, () => shop.customer.orders.place(orderFor(lines, token), key)),
  );
  const { id } = placed[0]!;
  if (scenario.approved) {
    await local.idle();
    await approveAsBank(local, id);
  }
  await shop.customer.orders.waitUntilSettled(id);
  await local.idle();
  const order = await shop.customer.orders.get(id);
  const faults: string[] = [];
  const expect = (what: string, right: unknown, seen: unknown) => {
    if (right !== seen) faults.push(`${what}: expected ${right}, saw ${seen}`);
  };
  const succeeds = expected.status === "confirmed";
  expect("orders", 1, new Set(placed.map((one) => one.id)).size);
  expect("status", expected.status, order.status);
  expect("reason", expected.reason, order.reason);
  expect("paid", succeeds, order.paid);
  const after = await stockOf(shop, lines);
  lines.forEach(({ sku, quantity }, index) => {
    const taken = (before[index]?.available ?? 0) - (after[index]?.available ?? 0);
    expect(`units of ${sku} taken`, succeeds ? quantity : 0, taken);
  });
  const payment = await paymentOf(shop.customer, order.id);
  const charged = payment?.status === "captured" ? payment.amount.amount : 0;
  expect("charged", succeeds ? order.total.amount : 0, charged);
  return { order, faults };
}

/** An order has a payment once its checkout has come that far. */
export async function paymentOf({ payments }: Client, orderId: string) {
  try {
    return await payments.get(orderId.replace("ord_", "pay_"));
  } catch (error) {
    if (error instanceof ProblemError && error.code === "payment_not_found") return undefined;
    throw error;
  }
}

/** Plays the provider, which tells us by a signed webhook that the customer has agreed. */
export async function approveAsBank({ apiUrl, links, now }: Local, orderId: string): Promise<void> {
  const body = JSON.stringify({ id: newKey(), type: "authorization.approved", orderId });
  const timestampSeconds = Math.floor(now() / 1000);
  const secret = String(links.SandboxWebhookSecret?.value);
  const mac = createHmac("sha256", secret).update(`${timestampSeconds}.${body}`).digest("hex");
  const headers = { "Cartwright-Signature": `t=${timestampSeconds},v1=${mac}`, "Content-Type": "application/json" };
  const response = await fetch(`${apiUrl}/webhooks/sandbox`, { method: "POST", body, headers });
  if (!response.ok) throw new Error(`the webhook was refused: ${await response.text()}`);
}

function stockOf({ staff }: Shop, lines: Scenario["lines"]) {
  return Promise.all(lines.map(({ sku }) => staff.products.stock(sku)));
}
