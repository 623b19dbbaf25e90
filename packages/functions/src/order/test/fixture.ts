/** Orders on their way from the customer to the customer and back, as clients move them on. */
import { Order } from "@cartwright/core/order";
import { cause, createInput, createPrice } from "@cartwright/core/test/order";
import { expect } from "vitest";
import { orders } from "../../order.ts";
import { call, key } from "../../test/call.ts";
import { startIssuer } from "../../test/issuer.ts";

export type Shop = Awaited<ReturnType<typeof startShop>>;
export type Answer = Awaited<ReturnType<typeof call>> & { json: Record<string, unknown> };

export const cups = (quantity: number) => [{ sku: "FIXTURE-CUP", quantity }];
export const mugs = (quantity: number) => [{ sku: "FIXTURE-MUG", quantity }];

/** Cups for 9 EUR, mugs for 5 EUR, a customer and somebody of the staff. */
export async function startShop() {
  const issuer = await startIssuer();
  const [customer, staff] = [await issuer.customer(), await issuer.staff()];
  await createPrice("FIXTURE-CUP", 900);
  await createPrice("FIXTURE-MUG", 500);

  const post = (path: string, body: unknown, token = staff, headers: Record<string, string> = key()) =>
    call(orders, "POST", path, { token, body, headers }) as Promise<Answer>;

  const read = async (path: string, token = customer) =>
    (await call(orders, "GET", path, { token })).json as unknown as Order.Info;

  /** Two cups and a mug. */
  const createPlaced = async (token = customer): Promise<string> =>
    (await post("/orders", createInput({ lines: [...cups(2), ...mugs(1)] }), token)).json.id;

  /** As its checkout does. */
  const createPaid = async (token = customer): Promise<string> => {
    const id = await createPlaced(token);
    await Order.confirm(id, cause);
    await Order.markPaid(id, cause);
    return id;
  };

  const createSent = async (): Promise<string> => {
    const id = await createPaid();
    await post(`/orders/${id}/fulfilments`, {});
    return id;
  };

  return { issuer, customer, staff, post, read, createPlaced, createPaid, createSent, stop: () => issuer.stop() };
}

/** The same request once more is answered the same, and says so; with another body it is refused. */
export async function expectOnce(
  { post, staff }: Shop,
  path: string,
  body: object,
  other: object,
  token = staff,
): Promise<Answer> {
  const headers = key();
  const first = await post(path, body, token, headers);
  expect(first.headers.get("Idempotent-Replayed")).toBeNull();
  const again = await post(path, body, token, headers);
  expect(again).toMatchObject({ status: first.status, json: first.json });
  expect(again.headers.get("Idempotent-Replayed")).toBe("true");
  const reused = await post(path, other, token, headers);
  expect(reused).toMatchObject({ status: 422, json: { code: "idempotency_key_reused" } });
  return first;
}
