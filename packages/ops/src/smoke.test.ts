import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Io } from "./io.ts";
import { runCaptured } from "./test/run.ts";

const orderId = "ord_01J9ZC5Q8MXW3VT0S6K2F4B7RD";

interface Answer {
  status: number;
  body: object;
}

/** Plays an API whose orders go on by one state at each look, and which answers otherwise where a test says so. */
let product: Record<string, unknown> | undefined;
let available: number;
let life: object[];
let isPlaced: boolean;
let requests: { call: string; key: unknown; body: unknown }[];
let otherwise: Map<string, Answer[]>;
let server: http.Server;
let url: string;

beforeAll(async () => {
  server = http.createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const call = `${request.method} ${request.url!.split("?", 1)[0]}`;
    const body = text === "" ? undefined : JSON.parse(text);
    requests.push({ call, key: request.headers["idempotency-key"], body });
    const answers = otherwise.get(call);
    const answer = (answers && answers.length > 1 ? answers.shift() : answers?.[0]) ?? answered(call, body);
    response.writeHead(answer.status, { "content-type": "application/json" }).end(JSON.stringify(answer.body));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());
beforeEach(() => {
  [product, available, isPlaced, requests, otherwise] = [undefined, 0, false, [], new Map()];
  life = [{ status: "pending" }, { status: "confirmed" }, { status: "confirmed", paid: true }, cancelled];
});

const cancelled = { status: "cancelled", reason: "customer_request" };
const problem = (status: number, code: string): Answer => ({ status, body: { code, detail: `it is ${code}` } });
const ok = (body: object): Answer => ({ status: 200, body });

function answered(call: string, body: Record<string, unknown>): Answer {
  if (/^GET .products.SMOKE-\d$/.test(call)) return product ? ok(product) : problem(404, "product_not_found");
  if (call === "POST /products" || call.startsWith("PATCH /products/")) {
    product = { ...product, ...body, variants: [{ prices: [{ amount: 100, currency: "EUR" }] }], version: 1 };
    return ok(product);
  }
  if (call.endsWith("/stock")) return ok({ onHand: available + 2, available });
  if (call.endsWith("/stock-adjustments")) {
    available += body.delta as number;
    return ok({ id: "adj_1" });
  }
  if (call === "POST /orders") {
    isPlaced = true;
    return ok({ id: orderId });
  }
  if (call.endsWith("/timeline")) return ok({ items: isPlaced ? [placed] : [] });
  if (call.endsWith("/cancel")) return ok({ orderId, status: "cancelling", reason: "customer_request" });
  const state = life.length > 1 ? life.shift() : life[0];
  return ok({ id: orderId, paid: false, cancelling: false, ...state });
}

const placed = { at: "2026-03-08T12:00:00.000Z", event: "order.placed", undo: false, text: "Order placed" };

async function smoke(words: string[] = [], more: Partial<Io> = {}) {
  let nowMs = Date.parse("2026-03-08T12:00:00Z");
  const { printed, ...rest } = await runCaptured(["smoke", ...words], {
    environment: { CARTWRIGHT_API_URL: url, CARTWRIGHT_TOKEN: "jwt" },
    now: () => nowMs,
    sleep: async (ms) => {
      nowMs += ms;
    },
    ...more,
  });
  return { ...rest, printed: printed.join("\n") };
}

const calls = () => requests.map(({ call }) => call);

test.each([
  [["--expect", "paid"], "--expect takes confirmed or out_of_stock"],
  [["--expect", "toString"], "--expect takes confirmed or out_of_stock"],
  [["--timeout", "0"], "--timeout takes a number of seconds from 1 to 900"],
  [["--timeout", "901"], "--timeout takes a number of seconds from 1 to 900"],
  [["SMOKE-1"], "is too much"],
])("%j is refused before anything is sent", async (words, message) => {
  expect(await smoke(words)).toEqual({ code: 2, printed: "", errors: expect.stringContaining(message) });
  expect(requests).toEqual([]);
});

test("an order that is paid and can be cancelled is a good one, told step by step", async () => {
  expect(await smoke()).toEqual({
    ...{ code: 0, errors: "" },
    printed: [
      "   0.0 s  SMOKE-1 is on sale, 10 in stock",
      `   0.0 s  ${orderId} is placed`,
      "   0.0 s  Order placed  order.placed",
      "   1.0 s  SMOKE-1 is off sale",
      "The smoke order went as it should, in 1.0 s.",
    ].join("\n"),
  });
  const order = requests.find(({ call }) => call === "POST /orders")!;
  expect(order.body).toMatchObject({ lines: [{ sku: "SMOKE-1", quantity: 1 }], payment: { token: "tok_ok" } });
  expect(calls()).toContain(`POST /orders/${orderId}/cancel`);
  expect(product).toMatchObject({ status: "retired" });
});

test("stock is left as it is where there is some, and nothing else of the order is kept for scripts", async () => {
  available = 3;
  const { printed } = await smoke(["--json", "--token", "pm_card_visa"]);
  expect(JSON.parse(printed)).toEqual({ orderId, outcome: "confirmed", tookMs: 1000 });
  expect(available).toBe(3);
  const order = requests.find(({ call }) => call === "POST /orders")!;
  expect(order.body).toMatchObject({ payment: { token: "pm_card_visa" } });
});

test("an order that should lack stock is for a product of its own, which is emptied if need be", async () => {
  available = 4;
  life = [{ status: "pending" }, { status: "cancelled", reason: "out_of_stock" }];
  expect(await smoke(["--expect", "out_of_stock"])).toMatchObject({ code: 0, errors: "" });
  expect(available).toBe(0);
  expect(product).toMatchObject({ sku: "SMOKE-0", status: "retired" });
  expect(calls()).not.toContain(`POST /orders/${orderId}/cancel`);
});

test.each<[string[], object, string]>([
  [
    [],
    { status: "cancelled", reason: "payment_declined" },
    "should have ended confirmed, and has ended payment_declined",
  ],
  [
    ["--expect", "out_of_stock"],
    { status: "confirmed", paid: true },
    "should have ended out_of_stock, and has ended confirmed",
  ],
])("an order (%j) that ends as %j has not gone as it should, and is cancelled", async (words, end, message) => {
  life = [{ status: "pending" }, end];
  const { code, errors, printed } = await smoke([...words, "--url", url]);
  expect(code).toBe(1);
  expect(errors).toContain(`${orderId} ${message}`);
  expect(errors).toContain(`npm run ops -- timeline ${orderId} --url ${url}`);
  expect(calls()).toContain(`POST /orders/${orderId}/cancel`);
  expect(printed).toMatch(/is off sale$/);
});

test.each<[string, object[], string]>([
  ["to its end", [{ status: "pending" }], `${orderId} has not come to its end within 9 s. Last seen: Order placed`],
  [
    "to the end of its cancellation",
    [{ paid: true, status: "confirmed" }],
    "has not given back its money and its stock",
  ],
])("an order that does not come %s is given up in time", async (_, states, message) => {
  life = states;
  const { code, errors } = await smoke(["--timeout", "9"]);
  expect({ code, errors }).toEqual({ code: 1, errors: expect.stringContaining(message) });
});

test("a price list that does not follow in time is named, and one that follows late is waited for", async () => {
  otherwise.set("POST /orders", [
    problem(400, "unknown_product"),
    problem(400, "unknown_product"),
    ok({ id: orderId }),
  ]);
  expect(await smoke()).toMatchObject({ code: 0 });
  otherwise.set("POST /orders", [problem(400, "unknown_product")]);
  const { code, errors } = await smoke(["--timeout", "5"]);
  expect({ code, errors }).toEqual({ code: 1, errors: expect.stringContaining("InventoryRelay and UpdatePriceList") });
  expect(product).toMatchObject({ status: "retired" });
});

test("what fails at first is tried again, and is the reason when it stays so", async () => {
  otherwise.set("POST /orders", [problem(503, "unavailable"), ok({ id: orderId })]);
  expect(await smoke()).toMatchObject({ code: 0, errors: "" });
  const keys = requests.filter(({ call }) => call === "POST /orders").map(({ key }) => key);
  expect(keys).toEqual([keys[0], keys[0]]);
  expect(keys[0]).toBeTruthy();
  otherwise.set(`GET /orders/${orderId}`, [problem(503, "unavailable")]);
  const { code, errors } = await smoke(["--timeout", "5"]);
  expect(code).toBe(1);
  expect(errors).toMatch(/has not come to its end within 5 s.*\nunavailable: it is unavailable/);
});

test("whoever is no staff is told so at once", async () => {
  otherwise.set("POST /products", [problem(403, "staff_only")]);
  const { code, errors } = await smoke();
  expect({ code, errors }).toEqual({ code: 1, errors: expect.stringContaining("Sign in as a member of staff") });
  expect(calls().filter((call) => call === "POST /products")).toHaveLength(1);
});

test("a product that can't be taken off sale is told of, and does not make a good order a bad one", async () => {
  otherwise.set("PATCH /products/SMOKE-1", [problem(409, "shut")]);
  const { code, errors } = await smoke();
  expect({ code, errors }).toEqual({ code: 0, errors: expect.stringContaining("SMOKE-1 is still on sale: shut") });
});

test.each([{}, [], { id: 7 }, { id: orderId, status: "confirmed", paid: "yes" }])(
  "an order told as %j is not taken for this API's",
  async (body) => {
    otherwise.set(`GET /orders/${orderId}`, [ok(body)]);
    const { code, errors } = await smoke();
    expect({ code, errors }).toEqual({ code: 1, errors: expect.stringContaining("not this API: check --url") });
  },
);
