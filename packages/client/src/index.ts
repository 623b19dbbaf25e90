/** The typed API for front ends: made of the API's description, without anything of the server's. */
import type { Body } from "./request.ts";

export type * from "./api.ts";
export type { CallOptions, KeyedOptions } from "./call.ts";
export { type Client, createClient, type Options } from "./client.ts";
export {
  type Fault,
  isProblem,
  MaybeDoneError,
  NetworkError,
  ProblemError,
  SignedOutError,
  TimeoutError,
  UnexpectedAnswerError,
} from "./error.ts";
export type { Export, ExportedOrder } from "./export.ts";
export type { LettersQuery } from "./ops.ts";
export { type OrdersQuery, StillPendingError, type Waiting } from "./order.ts";
export { type Answer, type Body, newKey, type Query } from "./request.ts";
export type { Chance, Retry } from "./retry.ts";
export { createSession, type Session, type SessionOptions, type TokenStore, type Tokens } from "./session.ts";

/** In the place of what api.ts calls so: an order's fields may be `undefined` as well as left out, as those of any `Body`. */
export type PlaceOrder = Body<"placeOrder">;
