import { note } from "@cartwright/core/spent";
import type { Context } from "hono";
import { tellReplayed } from "../http/reply.ts";
import type { Env } from "../http/router.ts";
import type { IdempotencyKey } from "../http/valid.ts";

/** An answer about a part of an order, which is read with the order. */
export function tellOfOrder(c: Context<Env>, orderId: string, replayed: boolean): void {
  note({ orderId });
  tellReplayed(c, replayed);
  c.header("Location", `/orders/${orderId}`);
}

/** Who asks for something of an order that is done once, and under which key. */
export function asker(c: Context<Env, string, IdempotencyKey>) {
  return { actor: c.get("actor"), idempotencyKey: c.req.valid("header")["idempotency-key"] };
}
