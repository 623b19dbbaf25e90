/** The typed API: paths, bodies and answers come from the routers themselves, so a change there fails here first. */
import type { inventory, ops, orders, Problem, payments, users } from "@cartwright/functions";
import { type ClientResponse, hc, type InferRequestType, type InferResponseType } from "hono/client";

export interface Options {
  /** Where the API is, such as http://127.0.0.1:4000. */
  baseUrl: string;
  /** Answers the access token to send, if the caller is signed in. */
  token?: () => string | undefined;
  fetch?: typeof globalThis.fetch;
}

/** What the API answered instead of what was asked for; `code` is stable and meant for programs. */
export class ProblemError extends Error {
  override name = "ProblemError";
  readonly status: number;
  readonly code: string;
  readonly problem: Partial<Problem>;

  constructor(status: number, problem: Partial<Problem>) {
    super(problem.detail ?? `the API answered ${status}`);
    this.status = status;
    this.code = problem.code ?? "unknown";
    this.problem = problem;
  }
}

/** The order was not settled when the caller's patience ended; it goes on without being watched. */
export class StillPendingError extends Error {
  override name = "StillPendingError";
}

export type Client = ReturnType<typeof createClient>;
export type Order = Awaited<ReturnType<Client["orders"]["get"]>>;
export type Payment = Awaited<ReturnType<Client["payments"]["get"]>>;
export type PlaceOrder = Parameters<Client["orders"]["place"]>[0];

type Operations = ReturnType<typeof hc<typeof ops>>["ops"];
export type LettersQuery = InferRequestType<Operations["dead-letters"][":subscriber"]["$get"]>["query"];

export function createClient({ baseUrl, token, fetch = globalThis.fetch }: Options) {
  const options = {
    fetch,
    headers: (): Record<string, string> => {
      const accessToken = token?.();
      return accessToken ? { Authorization: `Bearer ${accessToken}` } : {};
    },
  };
  const user = hc<typeof users>(baseUrl, options);
  const catalogue = hc<typeof inventory>(baseUrl, options);
  const order = hc<typeof orders>(baseUrl, options);
  const payment = hc<typeof payments>(baseUrl, options);
  const operations = hc<typeof ops>(baseUrl, options).ops;

  const get = (id: string) => answer(order.orders[":id"].$get({ param: { id } }));

  return {
    users: {
      register: (json: InferRequestType<typeof user.users.$post>["json"]) => answer(user.users.$post({ json })),
      signIn: (json: InferRequestType<typeof user.sessions.$post>["json"]) => answer(user.sessions.$post({ json })),
      me: () => answer(user.users.me.$get()),
    },
    products: {
      list: (query: { limit?: number; cursor?: string } = {}) => answer(catalogue.products.$get({ query })),
      get: (sku: string) => answer(catalogue.products[":sku"].$get({ param: { sku } })),
      create: (json: InferRequestType<typeof catalogue.products.$post>["json"]) =>
        answer(catalogue.products.$post({ json })),
      /** Changes the product if it is still at `version`. */
      update: (
        sku: string,
        version: number,
        json: InferRequestType<(typeof catalogue.products)[":sku"]["$patch"]>["json"],
      ) => answer(catalogue.products[":sku"].$patch({ param: { sku }, json, header: { "if-match": `"${version}"` } })),
      stock: (sku: string) => answer(catalogue.products[":sku"].stock.$get({ param: { sku } })),
      adjustStock: (sku: string, json: { delta: number; reason: string }, idempotencyKey = newKey()) =>
        answer(
          catalogue.products[":sku"]["stock-adjustments"].$post({
            param: { sku },
            json,
            header: { "idempotency-key": idempotencyKey },
          }),
        ),
    },
    orders: {
      /** Places an order; the same key places it once, however often this is called. */
      place: (json: InferRequestType<typeof order.orders.$post>["json"], idempotencyKey = newKey()) =>
        answer(order.orders.$post({ json, header: { "idempotency-key": idempotencyKey } })),
      get,
      /** What has happened to an order, oldest first; it follows the order by a moment. */
      timeline: (id: string) => answer(order.orders[":id"].timeline.$get({ param: { id } })),
      list: (query: { limit?: number; cursor?: string } = {}) => answer(order.orders.$get({ query })),
      /** Cancels an order that is still to be fulfilled; it is `cancelled` once all it holds has been given back. */
      cancel: (id: string, idempotencyKey = newKey()) =>
        answer(order.orders[":id"].cancel.$post({ param: { id }, header: { "idempotency-key": idempotencyKey } })),
      /** For staff: records goods that have come back; their refund and restocking follow. */
      recordReturn: (
        id: string,
        json: InferRequestType<(typeof order.orders)[":id"]["returns"]["$post"]>["json"],
        idempotencyKey = newKey(),
      ) =>
        answer(
          order.orders[":id"].returns.$post({ param: { id }, json, header: { "idempotency-key": idempotencyKey } }),
        ),
      /** Follows an order until it is paid or cancelled; throws `StillPendingError` after `timeoutMs`. */
      waitUntilSettled: async (id: string, { timeoutMs = 30_000, intervalMs = 200 } = {}) => {
        for (const deadline = Date.now() + timeoutMs; ; ) {
          const current = await get(id);
          const isDone = current.status === "cancelled" || current.status === "returned";
          if (isDone || (current.paid && !current.cancelling)) return current;
          if (Date.now() >= deadline) throw new StillPendingError(`${id} is not settled after ${timeoutMs} ms`);
          await new Promise((resolve) => setTimeout(resolve, intervalMs));
        }
      },
    },
    payments: {
      get: (id: string) => answer(payment.payments[":id"].$get({ param: { id } })),
      /** How the customer confirms a payment that is `action_required`: a page to go to, or a secret for a script. */
      action: async (id: string) => {
        const { url, ...more } = await answer(payment.payments[":id"].action.$get({ param: { id } }));
        return { ...more, ...(url !== undefined && { url: new URL(url, baseUrl).href }) };
      },
      /** For staff: refunds `amount`, or all that is left; the payment shows what becomes of it. */
      refund: (
        id: string,
        json: InferRequestType<(typeof payment.payments)[":id"]["refunds"]["$post"]>["json"],
        idempotencyKey = newKey(),
      ) =>
        answer(
          payment.payments[":id"].refunds.$post({ param: { id }, json, header: { "idempotency-key": idempotencyKey } }),
        ),
    },
    /** For staff: what failed for good, and how it is tried again. */
    ops: {
      deadLetters: {
        list: () => answer(operations["dead-letters"].$get()),
        /**
         * Letters that fit all of the query; times are those of the event, from `after` on and before `before`, in ISO
         * 8601. `more` says that there are letters which this answer does not show.
         */
        of: (subscriber: string, query: LettersQuery = {}) =>
          answer(operations["dead-letters"][":subscriber"].$get({ param: { subscriber }, query })),
        show: (subscriber: string, id: string) =>
          answer(operations["dead-letters"][":subscriber"][":id"].$get({ param: { subscriber, id } })),
        /** While the answer says `more`, the same request goes on with the rest. */
        redrive: (json: InferRequestType<Operations["dead-letters"]["redrive"]["$post"]>["json"]) =>
          answer(operations["dead-letters"].redrive.$post({ json })),
      },
      replays: {
        /** Replays archived events to one subscriber alone; the same key starts it once. */
        start: (json: InferRequestType<Operations["replays"]["$post"]>["json"], idempotencyKey = newKey()) =>
          answer(operations.replays.$post({ json, header: { "idempotency-key": idempotencyKey } })),
        /** `progress` goes on for a while after EventBridge has completed it, until nothing is `waiting`. */
        get: (id: string) => answer(operations.replays[":id"].$get({ param: { id } })),
      },
    },
  };
}

/** A key that nobody can guess or repeat by accident. */
export function newKey(): string {
  return crypto.randomUUID();
}

async function answer<Response extends ClientResponse<unknown>>(
  pending: Promise<Response>,
): Promise<InferResponseType<() => Promise<Response>>> {
  const response = await pending;
  if (response.ok) return (await response.json()) as InferResponseType<() => Promise<Response>>;
  const problem = ((await response.json().catch(() => undefined)) ?? {}) as Partial<Problem>;
  throw new ProblemError(response.status, problem);
}
