/** What there was not enough of for an order: promised and still to come, or lacking, so that nothing was held. */
import type { OrderLine } from "@cartwright/events";
import { applied, reaching } from "../../aws-fault.ts";
import { note } from "../../spent.ts";
import type { Lacking } from "../schema.ts";
import { shortages } from "./shortage.entity.ts";

export interface Shortage {
  owed: OrderLine[];
  lacking: Lacking[];
}

/** Takes in what is still to come for an order. An event that is older than what we know changes nothing. */
export async function recordOwed(orderId: string, told: { lines: OrderLine[]; sequence: number }): Promise<void> {
  await record(orderId, { owed: told.lines, lacking: [] }, told.sequence);
}

/** Takes in why nothing is held for an order. An event that is older than what we know changes nothing. */
export async function recordLacking(orderId: string, told: { lines: Lacking[]; sequence: number }): Promise<void> {
  await record(orderId, { owed: [], lacking: told.lines }, told.sequence);
}

/** Nothing, of an order that all was there for. */
export async function shortageOf(orderId: string, { consistent = false } = {}): Promise<Shortage> {
  const { data } = await reaching("shortages", shortages().get({ orderId }).go({ consistent }));
  return { owed: data?.owed ?? [], lacking: data?.lacking ?? [] };
}

async function record(orderId: string, shortage: Shortage, sequence: number): Promise<void> {
  const put = shortages()
    .put({ orderId, ...shortage, sequence })
    .where((known, { notExists, lt }) => `${notExists(known.sequence)} OR ${lt(known.sequence, sequence)}`)
    .go();
  note({ idempotency: (await applied("shortages", put)) ? "new" : "unchanged" });
}
