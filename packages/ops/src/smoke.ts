/** `npm run ops -- smoke`: an order through all that a stage is made of, for a pipeline that has just deployed it. */
import { newKey, ProblemError } from "@cartwright/client";
import * as z from "zod";
import { fitting } from "./answer.ts";
import { type Command, type Context, commandLine, text, type Values } from "./command.ts";
import { explain } from "./connect.ts";
import { RefusedError, UsageError } from "./io.ts";
import { putProduct } from "./product/put.ts";
import { openWatch, SmokeFailedError, type Watch } from "./smoke-watch.ts";
import { visible } from "./text.ts";

/** Each outcome has a product of its own: neither finds the other's stock. */
const products = {
  confirmed: { sku: "SMOKE-1", title: "Smoke order: not for sale", stock: 10 },
  out_of_stock: { sku: "SMOKE-0", title: "Smoke order without stock: not for sale", stock: 0 },
};
type Expectation = keyof typeof products;

const prices = [{ amount: 100, currency: "EUR" }];
const shippingAddress = { name: "Smoke Order", line1: "1 Test Lane", city: "Kiel", postalCode: "24103", country: "DE" };
const reason = "smoke order";

const Stock = z.object({ onHand: z.int(), available: z.int() });
const Placed = z.object({ id: z.string() });

export const smoke: Command = {
  name: "smoke",
  summary: "place an order, and see whether it ends as it should",
  usage: `npm run ops -- smoke [options]

Puts a product of its own on sale, orders one of it, follows the order to its end, and takes the product off sale again:
through the API, the outbox, the relay, the bus, the price list and the checkout. Ends with 0 only if the order has ended
as expected. Of two that run at the same time on one stage, one may take away the other's product.

  --expect confirmed     (the default) the order is paid; then it is cancelled, which gives back its money and its stock
  --expect out_of_stock  the order is for what there is none of, and is undone: no money is asked for, as in production
  --token <token>        that pays: tok_ok of the sandbox (the default), or pm_card_visa in Stripe's test mode
  --timeout <seconds>    for all of it (default 120, at most 900)`,
  options: { expect: { type: "string" }, token: { type: "string" }, timeout: { type: "string" } },
  positionals: [0, 0],
  check(values) {
    wishesOf(values);
  },
  async run(context) {
    const wishes = wishesOf(context.values);
    const watch = openWatch(context, wishes.timeoutMs);
    const orderId = await onSale(context, watch, wishes.expect, () => order(context, watch, wishes));
    const tookMs = watch.elapsedMs();
    if (context.printJson({ orderId, outcome: wishes.expect, tookMs })) return true;
    context.io.print(`The smoke order went as it should, in ${(tookMs / 1000).toFixed(1)} s.`);
    return true;
  },
};

interface Wishes {
  expect: Expectation;
  token: string;
  timeoutMs: number;
}

function wishesOf(values: Values): Wishes {
  const expect = text(values.expect) ?? "confirmed";
  if (!isExpectation(expect)) {
    throw new UsageError(`--expect takes ${Object.keys(products).join(" or ")}, not ${JSON.stringify(expect)}`);
  }
  const timeout = text(values.timeout) ?? "120";
  if (!/^[1-9]\d{0,2}$/.test(timeout) || Number(timeout) > 900) {
    throw new UsageError(`--timeout takes a number of seconds from 1 to 900, not ${timeout}`);
  }
  return { expect, token: text(values.token) ?? "tok_ok", timeoutMs: Number(timeout) * 1000 };
}

function isExpectation(word: string): word is Expectation {
  return Object.hasOwn(products, word);
}

/** Does the work while the product is on sale: nobody else shall come across it. */
async function onSale<Result>(
  context: Context,
  watch: Watch,
  expect: Expectation,
  work: () => Promise<Result>,
): Promise<Result> {
  const { client, io, paint } = context;
  const { sku, title, stock } = products[expect];
  const wanted = { sku, title, prices };
  await watch.until(`${sku} could not be put on sale`, () => putProduct(client, { ...wanted, status: "published" }));
  try {
    const available = await watch.until(`the stock of ${sku} was not known`, () => stockUp(context, sku, stock));
    watch.say(`${sku} is on sale, ${available} in stock`);
    return await work();
  } finally {
    await putProduct(client, { ...wanted, status: "retired" }).then(
      () => watch.say(`${sku} is off sale`),
      (error) => io.printError(paint.red(`${sku} is still on sale: ${explain(error, io) ?? error}`)),
    );
  }
}

/** Leaves as many as are wanted where there are none, and takes away what should not be there. Answers how many there are. */
async function stockUp({ client }: Context, sku: string, wanted: number): Promise<number> {
  const { available, onHand } = fitting(Stock, await client.products.stock(sku));
  if (wanted > 0 ? available > 0 : available === 0) return available;
  await client.products.adjustStock(sku, { delta: wanted - available, reason, expectedQuantity: onHand });
  return wanted;
}

/** Orders one and follows it to its end. Answers the order's id; throws `SmokeFailedError` when it ends otherwise. */
async function order(context: Context, watch: Watch, { expect, token }: Wishes): Promise<string> {
  const orderId = await place(context, watch, products[expect].sku, token);
  try {
    const outcome = await watch.until(`${orderId} has not come to its end`, () => outcomeOf(watch, orderId));
    if (outcome !== expect)
      throw new SmokeFailedError(`${orderId} should have ended ${expect}, and has ended ${outcome}.`);
    if (outcome === "confirmed") await cancel(context, watch, orderId);
    return orderId;
  } catch (error) {
    throw await abandoned(context, orderId, error);
  }
}

async function place({ client }: Context, watch: Watch, sku: string, token: string): Promise<string> {
  const key = newKey();
  const request = { lines: [{ sku, quantity: 1 }], shippingAddress, payment: { token } };
  const unordered = `${sku} could not be ordered: the price list has not learnt of it (see the dead letters of InventoryRelay and UpdatePriceList)`;
  const { id } = await watch.until(unordered, async () => {
    try {
      return fitting(Placed, await client.orders.place(request, key));
    } catch (error) {
      // The order domain has a price list of its own, which follows the catalogue by a moment.
      if (error instanceof ProblemError && error.code === "unknown_product") return undefined;
      throw error;
    }
  });
  watch.say(`${id} is placed`);
  return id;
}

/** Nothing while it is under way. */
async function outcomeOf(watch: Watch, orderId: string): Promise<string | undefined> {
  const { status, reason, paid } = await watch.look(orderId);
  if (status === "cancelled") return reason ?? status;
  return paid ? "confirmed" : undefined;
}

async function cancel({ client }: Context, watch: Watch, orderId: string): Promise<void> {
  const key = newKey();
  await watch.until(`${orderId} was confirmed, and could not be cancelled`, () => client.orders.cancel(orderId, key));
  await watch.until(`${orderId} was confirmed, and has not given back its money and its stock`, async () => {
    const { status } = await watch.look(orderId);
    return status === "cancelled" || undefined;
  });
}

/** The failure with where to look. The order is cancelled as far as it can be, so that no money and no stock stays with it. */
async function abandoned(context: Context, orderId: string, error: unknown): Promise<unknown> {
  const { client, io } = context;
  const cancellation = await client.orders.cancel(orderId).catch(() => undefined);
  const told = explain(error, io);
  if (told === undefined) return error;
  const undone = cancellation?.status === "cancelling" ? "\nIt was told to cancel itself, if it still can." : "";
  const next = [`timeline ${orderId}`, `dead-letters list --order ${orderId}`, `needs-operator ${orderId}`];
  const look = next.map((words) => visible(`  ${commandLine(context, words)}`)).join("\n");
  return new RefusedError(`${told}${undone}\nWhere to look:\n${look}`, { cause: error });
}
