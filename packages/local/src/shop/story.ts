/** What happened to one order, for people to read: its timeline, the troubles of its saga, and what it would cost. */
import type { Client } from "@cartwright/client";
import { Envelope } from "@cartwright/events";
import type { Local } from "../boot.ts";
import { sumOf, type UsageKind } from "../meter/meter.ts";
import { estimateCost } from "../meter/price.ts";

interface Moment {
  atMs: number;
  text: string;
}

/**
 * The order's timeline as the API tells it, and what the runtime alone has seen: steps that failed or were tried again.
 * Each moment comes with the milliseconds since the order was placed, and with the event that it follows from.
 */
export async function timeline(local: Local, { orders }: Client, orderId: string): Promise<string> {
  const { items } = await orders.timeline(orderId);
  const told = items.map(({ at, event, text, undo, causedBy }): Moment => {
    const cause = causedBy ? `  ← ${causedBy}` : "";
    return { atMs: Date.parse(at), text: `${undo ? "↩" : "●"} ${event.padEnd(28)} ${text}${cause}` };
  });
  // Of what happened at the same time, a step fails before the events that follow from its failure.
  const moments = [...troublesOf(local, orderId), ...told].sort((a, b) => a.atMs - b.atMs);
  const startMs = told[0]?.atMs ?? 0;
  return moments.map(({ atMs, text }) => `  ${`+${atMs - startMs} ms`.padStart(10)}  ${text}`).join("\n");
}

const labels: Partial<Record<UsageKind, string>> = {
  apiRequests: "API requests",
  invocations: "Lambda invocations",
  computeGbSeconds: "Lambda GB-seconds",
  tableWriteUnits: "write units, with reactions",
  tableReadUnits: "read units",
  busEvents: "events",
  queueRequests: "queue requests",
  expressStarts: "Express starts",
  expressGbSeconds: "Express GB-seconds",
  standardTransitions: "Standard transitions",
};

/** What AWS would bill for this order alone. The sandbox provider's table stands for somebody else's system. */
export function usageOf(local: Local, orderId: string) {
  const usage = local.meter.report(correlationOf(local, orderId));
  for (const kind of ["tableWriteUnits", "tableReadUnits"] as const) {
    const tables = Object.entries(usage[kind] ?? {});
    usage[kind] = Object.fromEntries(tables.filter(([name]) => !name.includes("SandboxTable")));
  }
  return usage;
}

export function bill(local: Local, orderId: string): string {
  const usage = usageOf(local, orderId);
  const { lines, usdPerMillionOrders } = estimateCost(usage, { orders: 1 });
  const row = (what: string, amount: string, shared: string, usd: string) =>
    `  ${what.padEnd(30)}${amount.padStart(10)}${shared.padStart(10)}${usd.padStart(12)}`;
  const rows = lines.map(({ kind, amountPerOrder, usdPerMillionOrders: usd }) =>
    row(labels[kind] ?? kind, amount(amountPerOrder), amount(sumOf(usage, kind).shared), usd.toFixed(2)),
  );
  return [
    "",
    row("what AWS would bill", "count", "shared", "USD/million"),
    ...rows,
    row("estimate at list price", "", "", usdPerMillionOrders.toFixed(2)),
  ].join("\n");
}

/** Its order.placed carries the correlation that everything about the order shares. */
function correlationOf(local: Local, orderId: string): string {
  const placed = envelopes(local).find(({ name, subject }) => name === "order.placed" && subject === orderId);
  if (!placed) throw new Error(`no order.placed of ${orderId} is in the archive`);
  return placed.correlationId;
}

/** What no event tells: the steps of the saga that failed, or had to be tried again. */
function troublesOf(local: Local, orderId: string): Moment[] {
  return local.executions.mentioning(orderId).flatMap(({ history }) =>
    history.flatMap((event): Moment[] => {
      if (event.type === "state-failed") return [{ atMs: event.atMs, text: `  ${event.state} ✗ ${event.error}` }];
      if (event.type === "state-retried") {
        return [{ atMs: event.atMs, text: `  ${event.state} again (retry ${event.attempt})` }];
      }
      return [];
    }),
  );
}

function envelopes(local: Local) {
  const archives = Object.values(local.topology.archives);
  return archives.flatMap(({ name }) => local.bus.archived(name)).map(({ detail }) => Envelope.parse(detail));
}

function amount(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(value < 1 ? 3 : 1);
}
