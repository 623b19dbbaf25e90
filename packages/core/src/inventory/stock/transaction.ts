import { reaching } from "../../aws-fault.ts";
import { type Outcome, untilUncontended } from "../../contention.ts";
import { note } from "../../spent.ts";
import { inventory, type Transaction, type Write } from "./stock.entity.ts";

/** DynamoDB takes no more of them in one transaction. */
export const maximumWrites = 100;

const refused = "ConditionalCheckFailed";

/** What has become of a transaction: all of it was written, or nothing. */
export interface Written {
  isDone: boolean;
  /** Whether the condition of this write, counted from 0, was what kept all of them from happening. */
  isRefused(write: number): boolean;
  /** Whether others were in the way of this write. */
  isContended(write: number): boolean;
}

/** Tries once. */
export async function tryToTransact(writes: (entities: Transaction) => Write[]): Promise<Written> {
  return writtenBy(await run(writes));
}

/** Tries until nobody else is in the way. Throws `ContentionError`. */
export async function transact(subject: string, writes: (entities: Transaction) => Write[]): Promise<Written> {
  return writtenBy(await untilUncontended(subject, () => run(writes)));
}

function run(writes: (entities: Transaction) => Write[]): Promise<Outcome> {
  return reaching<Outcome>("stock", inventory().transaction.write(writes).go());
}

function writtenBy({ canceled, data }: Outcome): Written {
  if (!canceled) note({ idempotency: "new" });
  const codeOf = (write: number) => data[write]?.code ?? "None";
  return {
    isDone: !canceled,
    isRefused: (write) => codeOf(write) === refused,
    isContended: (write) => !["None", refused].includes(codeOf(write)),
  };
}
