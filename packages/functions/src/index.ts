/** The types of the API, for the client. */
export type { Problem } from "./http/problem.ts";
export type { inventory } from "./inventory.ts";
export type { ops } from "./ops.ts";
export type { orders } from "./order.ts";
export type { payments } from "./payment.ts";
export type { users } from "./user.ts";
