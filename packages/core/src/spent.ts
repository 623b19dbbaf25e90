/**
 * What a unit of work costs others while it runs, and what becomes known of it on the way. Core tells; whoever has begun
 * the unit writes it down. Outside of one there is nobody to tell.
 */
import { AsyncLocalStorage } from "node:async_hooks";

/**
 * Whether an effect is new. `replayed`: the same request has had this answer before. `duplicate`: the same delivery has
 * had its effect before. `unchanged`: nothing was left to do, because this or something else had done it.
 */
export type Idempotency = "new" | "replayed" | "duplicate" | "unchanged";

export interface Known {
  orderId?: string | undefined;
  idempotency?: Idempotency | undefined;
}

export interface Spent extends Known {
  /** In which it waited for at least one of the services and providers that it asks: calls at once count once. */
  downstreamMs: number;
  /** Of DynamoDB, as far as it tells: a write that a condition refused tells nothing. */
  readUnits: number;
  writeUnits: number;
  /** Which calls of whom were made, such as `sandbox.authorize`, each once. */
  asked: string[];
}

/** Of several effects the one that says most is told: one that is new, unless the request as a whole was a replay. */
const weight: Record<Idempotency, number> = { unchanged: 0, duplicate: 1, new: 2, replayed: 3 };

class Account {
  readonly units = { readUnits: 0, writeUnits: 0 };
  readonly asked = new Set<string>();
  known: Known = {};
  #waitedMs = 0;
  #waiting = 0;
  #sinceMs = 0;

  wait(asked?: string): void {
    if (asked !== undefined) this.asked.add(asked);
    if (this.#waiting++ === 0) this.#sinceMs = performance.now();
  }

  goOn(): void {
    if (--this.#waiting === 0) this.#waitedMs += performance.now() - this.#sinceMs;
  }

  spent(): Spent {
    const runningMs = this.#waiting > 0 ? performance.now() - this.#sinceMs : 0;
    return { downstreamMs: this.#waitedMs + runningMs, asked: [...this.asked], ...this.units, ...this.known };
  }
}

const current = new AsyncLocalStorage<Account>();

/** Runs a unit of work; `spent` tells what it has cost so far. */
export function accounting<Result>(run: (spent: () => Spent) => Result): Result {
  const account = new Account();
  return current.run(account, () => run(() => account.spent()));
}

/** Waits for somebody else. A call within a call is a part of it. One that is `asked` is told by name. */
export async function downstream<Result>(call: () => Promise<Result>, asked?: string): Promise<Result> {
  const account = current.getStore();
  account?.wait(asked);
  try {
    return await call();
  } finally {
    account?.goOn();
  }
}

export function consume({ readUnits = 0, writeUnits = 0 }: Partial<Account["units"]>): void {
  const units = current.getStore()?.units;
  if (!units) return;
  units.readUnits += readUnits;
  units.writeUnits += writeUnits;
}

/** Tells what the unit that runs is about, and whether its effect is new. */
export function note({ orderId, idempotency }: Known): void {
  const account = current.getStore();
  if (!account) return;
  const before = account.known.idempotency;
  if (orderId !== undefined) account.known.orderId = orderId;
  if (idempotency && (!before || weight[idempotency] > weight[before])) account.known.idempotency = idempotency;
}
