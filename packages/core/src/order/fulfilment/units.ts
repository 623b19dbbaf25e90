/** How many of each line of an order: ordered, sent, asked for, received. */
import type { OrderLine } from "@cartwright/events";
import type { Fault } from "../../error.ts";
import { added } from "../../lines.ts";
import type { OrderItem, Units } from "../order.entity.ts";

/** Of lines that name other products, or one product more than once, what is of the order, added up. */
export function unitsOf(order: OrderItem, lines: readonly OrderLine[]): Units {
  return order.lines.map(({ sku }) => lines.reduce((sum, line) => (line.sku === sku ? sum + line.quantity : sum), 0));
}

export function linesOf(order: OrderItem, units: Units): OrderLine[] {
  return order.lines.flatMap(({ sku }, index) => (units[index] ? [{ sku, quantity: units[index] }] : []));
}

export function ordered(order: OrderItem): Units {
  return order.lines.map(({ quantity }) => quantity);
}

/** Never below zero. */
export function without(units: Units, ...taken: Units[]): Units {
  return units.map((quantity, index) =>
    Math.max(
      0,
      taken.reduce((left, one) => left - (one[index] ?? 0), quantity),
    ),
  );
}

export function count(units: Units): number {
  return units.reduce((sum, quantity) => sum + quantity, 0);
}

/** What is asked for beyond `most`: a fault for each product, at the first line that names it. */
export function excess(
  order: OrderItem,
  lines: readonly OrderLine[],
  most: Units,
  tell: (sku: string, most: number) => string,
): Fault[] {
  return added(lines).flatMap(({ sku, quantity }): Fault[] => {
    const allowed = most[order.lines.findIndex((line) => line.sku === sku)] ?? 0;
    if (quantity <= allowed) return [];
    const index = lines.findIndex((line) => line.sku === sku);
    return [{ path: `lines.${index}.quantity`, code: "too_many", message: tell(sku, allowed) }];
  });
}
