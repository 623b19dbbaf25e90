/** Customers who all want the same product, one unit each. */
import { newId } from "@cartwright/events";
import { setPause } from "../src/clock.ts";
import { dynamo } from "../src/dynamo.ts";
import { Inventory } from "../src/inventory/index.ts";
import type { RequestHandler, SlowAws } from "./slow-aws.ts";

const cause = { correlationId: "bench" };
const reserved = "reserved";
/** Errors after which the saga tries again, a second later at first. */
const passing = ["ContentionError", "UnavailableError"];
const sagaPauseMs = 1_000;

/** Lets domain code reach this AWS, whatever the number of requests at a time, and pause by its time. */
export function connect(aws: SlowAws): void {
  (dynamo().config as { requestHandler: RequestHandler }).requestHandler = aws.handler;
  setPause(aws.pause);
}

/** A product of so many units, spread over so many shards. */
export async function stockUp(shards: number, units: number): Promise<string> {
  const sku = newId("req");
  const prices = [{ amount: 900, currency: "EUR" }];
  await Inventory.create({ sku, title: "Hot", prices, status: "published" }, cause);
  await Inventory.configureStock(sku, { shards }, 0, cause);
  const by = { actorId: newId("usr"), idempotencyKey: sku };
  await Inventory.adjust(sku, { delta: units, reason: "delivery" }, by, cause);
  return sku;
}

export interface Load {
  clients: number;
  /** Clients come one by one during the first half of it. */
  warmUpMs: number;
  windowMs: number;
}

export interface Measured {
  /** In the window alone. */
  reserved: number;
  /** Errors by name. */
  failed: Map<string, number>;
  throttled: number;
  windowMs: number;
  /** The part of the time, from 0 to 1, that this process had to do something: near 1 it was the one that was slow. */
  busy: number;
}

/** Clients that want the next unit as soon as they have one, and after a pause when they could not have it. */
export async function drive(
  aws: SlowAws,
  sku: string,
  slowMotion: number | undefined,
  { clients, warmUpMs, windowMs }: Load,
): Promise<Measured> {
  const over = new AbortController();
  aws.setPace(slowMotion === undefined ? undefined : { slowMotion, signal: over.signal });
  const measured: Measured = { reserved: 0, failed: new Map(), throttled: 0, windowMs, busy: 0 };
  let isMeasured = false;
  const note = (outcome: string) => {
    if (!isMeasured) return;
    if (outcome === reserved) measured.reserved += 1;
    else measured.failed.set(outcome, (measured.failed.get(outcome) ?? 0) + 1);
  };
  const client = async (_: unknown, at: number) => {
    await after((at / clients) * (warmUpMs / 2));
    while (!over.signal.aborted) {
      const outcome = await reserveOne(sku);
      note(outcome);
      if (outcome !== reserved) await aws.pause(sagaPauseMs).catch(() => {});
    }
  };
  const all = Promise.all(Array.from({ length: clients }, client));
  await after(warmUpMs);
  const throttledBefore = aws.throttled();
  const [startedAtMs, utilization] = [performance.now(), performance.eventLoopUtilization()];
  isMeasured = true;
  await after(windowMs);
  isMeasured = false;
  measured.windowMs = performance.now() - startedAtMs;
  measured.busy = performance.eventLoopUtilization(utilization).utilization;
  measured.throttled = aws.throttled() - throttledBefore;
  over.abort();
  await all;
  return measured;
}

const after = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

export interface Sale {
  reserved: number;
  outOfStock: number;
  /** How else it ended for somebody. */
  others: string[];
  available: number;
  onHand: number;
}

/** All clients come at once, and each comes again after what may pass, as a saga does. */
export async function sellOut(
  aws: SlowAws,
  slowMotion: number | undefined,
  units: number,
  clients: number,
): Promise<Sale> {
  aws.setPace(undefined);
  const sku = await stockUp(10, units);
  aws.setPace(slowMotion === undefined ? undefined : { slowMotion, signal: new AbortController().signal });
  const outcomes = await Promise.all(Array.from({ length: clients }, () => insist(aws, sku)));
  aws.setPace(undefined);
  const { available, onHand } = await Inventory.stockFromSku(sku);
  const count = (wanted: string) => outcomes.filter((outcome) => outcome === wanted).length;
  const others = outcomes.filter((outcome) => ![reserved, "OutOfStockError"].includes(outcome));
  return { reserved: count(reserved), outOfStock: count("OutOfStockError"), others, available, onHand };
}

/** The name of the error, or that it is reserved. */
async function reserveOne(sku: string, orderId = newId("ord")): Promise<string> {
  const deadlineAt = new Date(Date.now() + 3_600_000).toISOString();
  try {
    await Inventory.reserve({ orderId, lines: [{ sku, quantity: 1 }], deadlineAt }, cause);
    return reserved;
  } catch (error) {
    return error instanceof Error ? error.name : String(error);
  }
}

async function insist(aws: SlowAws, sku: string): Promise<string> {
  const orderId = newId("ord");
  for (;;) {
    const outcome = await reserveOne(sku, orderId);
    if (!passing.includes(outcome)) return outcome;
    await aws.pause(sagaPauseMs);
  }
}
