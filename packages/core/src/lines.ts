import type { OrderLine } from "@cartwright/events";

/** The same lines, each product once: it may have been named more than once. */
export function added(lines: readonly OrderLine[]): OrderLine[] {
  const quantities = new Map<string, number>();
  for (const { sku, quantity } of lines) quantities.set(sku, (quantities.get(sku) ?? 0) + quantity);
  return [...quantities].map(([sku, quantity]) => ({ sku, quantity }));
}

export function skusOf(lines: readonly { sku: string }[]): string[] {
  return [...new Set(lines.map(({ sku }) => sku))];
}
