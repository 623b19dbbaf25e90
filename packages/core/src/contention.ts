import { random } from "./chance.ts";
import { pause } from "./clock.ts";
import { ContentionError } from "./error.ts";

export interface Outcome {
  canceled: boolean;
  data: readonly ({ rejected: boolean; code?: string | undefined } | null)[];
}

export const attempts = 7;
const firstPauseMs = 10;

/**
 * Runs a transaction until no other one is in its way. DynamoDB cancels one of two transactions that meet on an item,
 * so on a busy SKU a conflict says nothing about the stock. Throws `ContentionError` after seven attempts.
 */
export async function untilUncontended<Result extends Outcome>(
  subject: string,
  run: () => Promise<Result>,
): Promise<Result> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const outcome = await run();
    const refused = outcome.data.some((item) => item?.code === "ConditionalCheckFailed");
    if (!outcome.canceled || refused) return outcome;
    await pauseBefore(attempt);
  }
  throw new ContentionError(subject);
}

/** Reads, decides and writes anew until a write was applied. Throws `ContentionError` after seven attempts. */
export async function untilApplied(subject: string, write: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    if (await write()) return;
    await pauseBefore(attempt);
  }
  throw new ContentionError(subject);
}

/** Lets the others go first: up to 10 ms at first, and up to twice as long each time. */
export function pauseBefore(attempt: number): Promise<void> {
  return pause(random() * firstPauseMs * 2 ** attempt);
}
