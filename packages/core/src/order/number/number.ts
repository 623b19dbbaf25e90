/** The number that people call an order by, such as 4821-0937-6215. */
import { createHmac, randomBytes } from "node:crypto";
import { reaching } from "../../aws-fault.ts";
import { OrderNumber } from "../schema.ts";
import { counters } from "./number.entity.ts";

/** Sequence numbers from `first` on that are given to nobody else, and the secret that makes numbers of them. */
export interface Lease {
  first: number;
  secret: string;
}

/** So many orders cost one more write. What an instance has not used when it ends stays unused. */
const blockSize = 50;

/** Throws `UnavailableError` when no more could be leased. */
export const nextNumber = createNumbers(leaseNumbers);

/**
 * Numbers that are unique whoever else leases from the same counter, and however many ask at once: these share one
 * lease, and those for whom it is too small share the next. A lease that fails fails all who wait for it, and no more.
 */
export function createNumbers(lease: (size: number) => Promise<Lease>, size = blockSize): () => Promise<string> {
  let block = { next: 0, end: 0, secret: "" };
  let leasing: Promise<void> | undefined;

  async function renew() {
    const { first, secret } = await lease(size);
    block = { next: first, end: first + size, secret };
  }

  return async function next() {
    while (block.next === block.end) {
      leasing ??= renew().finally(() => {
        leasing = undefined;
      });
      await leasing;
    }
    return OrderNumber.parse(String(scramble(block.next++, block.secret)).padStart(12, "0"));
  };
}

/** One write, in which the first lease ever also decides the secret: no two instances can have different ones. */
export async function leaseNumbers(size: number, name = "order-number"): Promise<Lease> {
  const counted = counters()
    .upsert({ name })
    .ifNotExists({ secret: randomBytes(32).toString("base64") })
    .add({ last: size })
    .go({ response: "all_new" });
  const { data } = await reaching("the order numbers", counted);
  return { first: data.last - size, secret: data.secret };
}

/** Twelve digits are two halves of six. */
const half = 10 ** 6;
const rounds = 10;

/**
 * A Feistel network on the two halves: a bijection of 0 to 10^12 - 1 whatever its secret is, so that numbers can't
 * collide. A multiplication would be one too, but two orders in a row would tell its factor, and with it how many
 * orders lie between any two numbers.
 */
export function scramble(sequence: number, secret: string): number {
  let left = Math.floor(sequence / half);
  let right = sequence % half;
  for (let round = 0; round < rounds; round++) {
    const mixed = createHmac("sha256", secret).update(`${round}:${right}`).digest().readUIntBE(0, 6);
    [left, right] = [right, (left + mixed) % half];
  }
  return left * half + right;
}
