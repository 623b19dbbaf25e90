import type { Cause } from "@cartwright/events";
import { isConditionFailure } from "./aws-fault.ts";
import { now } from "./clock.ts";
import { ContentionError } from "./error.ts";
import { type Fact, record } from "./outbox.ts";
import { note } from "./spent.ts";

/** What changes in an item, and which events tell of it. */
export interface Change<Set> {
  set: Set;
  facts: Fact[];
}

/**
 * Reads, decides, and writes on condition that nobody wrote in between; decides anew when somebody did. A decision of
 * `undefined` means that there is nothing left to do. Throws `ContentionError` after five attempts.
 */
export async function change<Item extends { version: number }, Set>(
  subject: string,
  cause: Cause,
  store: {
    read(): Promise<Item>;
    write(next: Set & { version: number; outbox: string }, expectedVersion: number, before: Item): Promise<unknown>;
  },
  decide: (item: Item) => Change<Set> | undefined,
): Promise<Item> {
  for (let attempt = 0; attempt < 5; attempt++) {
    const item = await store.read();
    const decided = decide(item);
    if (!decided) {
      note({ idempotency: "unchanged" });
      return item;
    }
    const next = { ...decided.set, ...record(subject, item.version, now(), cause, decided.facts) };
    try {
      await store.write(next, item.version, item);
      note({ idempotency: "new" });
      return { ...item, ...next };
    } catch (error) {
      if (!isConditionFailure(error)) throw error;
    }
  }
  throw new ContentionError(subject);
}
