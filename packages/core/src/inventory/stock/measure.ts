/** What becomes of stock, in numbers. */
import { measure } from "../../metric.ts";
import type { ShardItem, StockItem } from "./stock.entity.ts";

/** A checkout ends because something lacks; told once, as its refusal is written once. */
export function measureRejection(orderId: string): void {
  measure({ name: "StockRejected", value: 1, unit: "Count", dimensions: {}, about: { orderId } });
}

type Counted = { sku: string } & Partial<
  Pick<ShardItem, "available" | "reserved"> & Pick<StockItem, "onHand" | "owed">
>;

/** Each time one is seen: no write of ours takes a counter below zero, so somebody else did, or the rules are wrong. */
export function measureNegative(counted: readonly Counted[]): void {
  const negative = counted.find(({ available = 0, reserved = 0, onHand = 0, owed = 0 }) =>
    [available, reserved, onHand, owed].some((units) => units < 0),
  );
  if (!negative) return;
  measure({ name: "NegativeStock", value: 1, unit: "Count", dimensions: {}, about: { sku: negative.sku } });
}
