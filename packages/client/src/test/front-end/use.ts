/** As a front end uses the package: compiled against what is published, and nothing else. */
import {
  type Cart,
  createClient,
  createSession,
  isProblem,
  MaybeDoneError,
  type Order,
  type PlaceOrder,
  ProblemError,
  type TokenStore,
} from "@cartwright/client";

/** As much of a browser as is used here; the package itself is compiled against all of it. */
declare const localStorage: Record<"getItem" | "removeItem", (key: string) => string | null> & {
  setItem(key: string, value: string): void;
};
declare const location: { reload(): void };

const store: TokenStore = {
  load: () => JSON.parse(localStorage.getItem("shop") ?? "null") ?? undefined,
  save: (tokens) => localStorage.setItem("shop", JSON.stringify(tokens)),
  clear: () => void localStorage.removeItem("shop"),
};
const session = createSession({ store, onSignedOut: () => location.reload() });
const client = createClient({ baseUrl: "https://api.example.com", session, retry: { tries: 2 } });

export async function browse(signal: AbortSignal): Promise<string[]> {
  const titles: string[] = [];
  for await (const { title, variants } of client.products.all({ category: "mugs" }, { signal })) {
    titles.push(`${title}: ${variants[0]?.prices[0]?.amount ?? "not for sale"}`);
  }
  return titles;
}

export async function buy(cart: Cart, shippingAddress: PlaceOrder["shippingAddress"]): Promise<Order | undefined> {
  try {
    const line = await client.carts.setLine(cart.id, cart.version, { sku: "MUG-BLUE", quantity: 1 });
    const body: PlaceOrder = { cartId: line.id, shippingAddress, payment: { token: "tok_ok" }, currency: undefined };
    const { id, guestToken } = await client.orders.place(body, { timeoutMs: 10_000 });
    const whose = guestToken === undefined ? client : client.asGuest(guestToken);
    return await whose.orders.waitUntilSettled(id);
  } catch (error) {
    if (isProblem(error, "cart_changed", "cart_ordered")) {
      const code: "cart_changed" | "cart_ordered" = error.code;
      console.log(code, error.errors[0]?.path);
      return undefined;
    }
    if (error instanceof MaybeDoneError || (error instanceof ProblemError && error.status === 412)) return undefined;
    throw error;
  }
}

export async function refuse(): Promise<void> {
  // @ts-expect-error a price is not for customers to say.
  await client.orders.place({ lines: [], shippingAddress: {} as never, payment: { token: "t" }, total: 1 });
  // @ts-expect-error an order has somewhere to go to.
  await client.orders.place({ lines: [{ sku: "MUG", quantity: 1 }], payment: { token: "t" } });
  // @ts-expect-error a quantity is a number.
  await client.carts.setLine("crt_1", 1, { sku: "MUG", quantity: "2" });
  // @ts-expect-error there is no such status.
  await client.orders.list({ status: "lost" });
  // @ts-expect-error a change needs the version that was seen.
  await client.products.update("MUG", { title: "Mug" });
  // @ts-expect-error there is no such code.
  isProblem(undefined, "out_of_luck");
  // @ts-expect-error an order has no such field.
  (await client.orders.get("ord_1")).colour;
  // @ts-expect-error no such operation.
  await client.orders.remove("ord_1");
}
