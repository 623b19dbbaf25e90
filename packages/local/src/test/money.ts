/** Invariants 1 and 2 of docs/architecture.md: the provider's books, our ledger and the orders tell the same of all money. */
import { ScanCommand } from "@aws-sdk/client-dynamodb";
import type { Order, Payment } from "@cartwright/client";
import { expect } from "vitest";
import { paymentOf } from "../shop/scenario.ts";
import { dynamoOf } from "./endpoint.ts";
import type { System } from "./system.ts";

interface Books {
  charges: number;
  status: string;
  capturedMinor: number;
  refundedMinor: number;
  pendingMinor: number;
  disputedMinor: number;
}

/** What the sandbox has, by order, whatever we believe. */
export async function booksOf({ local }: System): Promise<Map<string, Books>> {
  const TableName = local.topology.tables.SandboxTable!.name;
  const { Items = [] } = await dynamoOf(local).send(new ScanCommand({ TableName, ConsistentRead: true }));
  const books = new Map<string, Books>();
  for (const item of Items) {
    const orderId = item.orderId!.S!;
    const parts = (name: string, status: string) =>
      (item[name]?.L ?? [])
        .filter(({ M }) => M!.status!.S === status)
        .reduce((sum, { M }) => sum + Number(M!.amountMinor!.N), 0);
    books.set(orderId, {
      charges: (books.get(orderId)?.charges ?? 0) + 1,
      status: item.status!.S!,
      capturedMinor: Number(item.capturedMinor!.N),
      refundedMinor: parts("refunds", "succeeded"),
      pendingMinor: parts("refunds", "pending"),
      disputedMinor: parts("disputes", "open") + parts("disputes", "lost"),
    });
  }
  return books;
}

/** Of these orders, none of which anything happens to any more. */
export async function expectMoneyRight(system: System, orderIds: string[]): Promise<void> {
  const books = await booksOf(system);
  for (const orderId of orderIds) {
    const order = await system.shop.staff.orders.get(orderId).catch(() => system.shop.customer.orders.get(orderId));
    const payment = await paymentOf(system.shop.staff, orderId);
    expectSame(order, payment, books.get(orderId));
  }
}

function expectSame(order: Order, payment: Payment | undefined, books: Books | undefined): void {
  const told = `${order.id} ${order.status} ${order.reason ?? ""} ${JSON.stringify({ payment, books })}`;
  const captured = payment?.captured.amount ?? 0;
  const refunded = payment?.refunded.amount ?? 0;
  const pending = payment?.pendingRefund.amount ?? 0;
  expect(books?.charges ?? 1, told).toBe(1);
  expect([captured, refunded, pending, payment?.chargedBack.amount ?? 0], told).toEqual([
    books?.capturedMinor ?? 0,
    books?.refundedMinor ?? 0,
    books?.pendingMinor ?? 0,
    books?.disputedMinor ?? 0,
  ]);
  const captures = payment?.attempts.filter(({ kind, outcome }) => kind === "capture" && outcome === "succeeded") ?? [];
  expect(captures.length, told).toBeLessThanOrEqual(1);
  expect(order.refunded.amount, told).toBe(refunded);
  if (order.status === "cancelled") {
    expect(captured - refunded - pending, told).toBe(0);
    expect(["authorized", "action_required"], told).not.toContain(books?.status);
  } else {
    expect(order, told).toMatchObject({ paid: true });
    expect(captured, told).toBe(order.total.amount);
  }
  if (order.status === "returned") expect(refunded + pending, told).toBe(order.total.amount);
}
