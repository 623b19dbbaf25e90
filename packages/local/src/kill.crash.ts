/** kill -9 of `npm start` in the middle of 100 orders, twice: nothing stays pending, and no money is without an order. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Client, newKey, type Order } from "@cartwright/client";
import { afterAll, expect, test } from "vitest";
import { readTopology } from "./cli/process.ts";
import { paymentOf } from "./shop/scenario.ts";
import { orderFor, people, signIn } from "./shop/seed.ts";
import { providersBooks } from "./test/system.ts";

const stateFolder = mkdtempSync(join(tmpdir(), "cartwright-kill-"));
let running: ChildProcess | undefined;

afterAll(async () => {
  await kill();
  rmSync(stateFolder, { recursive: true, force: true });
});

async function start(port: number): Promise<Client> {
  running = spawn("npm", ["start", "--", "--port", String(port), "--state", stateFolder], { detached: true });
  let output = "";
  running.stdout!.on("data", (chunk) => {
    output += chunk;
  });
  running.stderr!.on("data", (chunk) => {
    output += chunk;
  });
  for (let tries = 0; !output.includes("Ready after"); tries++) {
    if (tries > 300 || running.exitCode !== null) throw new Error(`npm start did not come up:\n${output}`);
    await sleep(200);
  }
  return signIn(`http://127.0.0.1:${port}`, people.customer);
}

/** Everything that npm started, at once and without a chance to say goodbye; or npm alone, which must take the rest along. */
async function kill(what: "everything" | "npm" = "everything"): Promise<void> {
  if (running?.pid === undefined || running.exitCode !== null || running.signalCode !== null) return;
  const group = -running.pid;
  process.kill(what === "npm" ? running.pid : group, "SIGKILL");
  for (let tries = 0; isAlive(group); tries++) {
    if (tries > 1000) throw new Error(`killing ${what} left processes behind in group ${-group}`);
    await sleep(10);
  }
}

/** The kernel takes a moment to clear away what was killed. */
function isAlive(group: number): boolean {
  try {
    return process.kill(group, 0);
  } catch {
    return false;
  }
}

async function twoFreePorts(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 20_000);
    if ((await isFree(port)) && (await isFree(port + 1))) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

const tokens = ["tok_ok", "tok_ok", "tok_timeout", "tok_declined", "tok_capture_refused"];
const skus = ["MUG-BLUE", "TEA-ASSAM-100", "LAST-ONE"];
const requests = Array.from({ length: 100 }, (_, index) => ({
  key: newKey(),
  order: orderFor([{ sku: skus[index % skus.length]!, quantity: 1 }], tokens[index % tokens.length]!),
}));

/** Sends the requests ten at a time, again and again under the same key, until `enough` were answered. */
async function placeUntil(client: Client, answered: Map<string, string>, enough: number): Promise<void> {
  const open = requests.filter(({ key }) => !answered.has(key));
  const sendNext = async (): Promise<void> => {
    const request = answered.size < enough ? open.shift() : undefined;
    if (!request) return;
    const placed = await client.orders.place(request.order, request.key).catch(() => undefined);
    if (placed) answered.set(request.key, placed.id);
    return sendNext();
  };
  await Promise.all(Array.from({ length: 10 }, sendNext));
}

async function allOrders(client: Client): Promise<Order[]> {
  const ids: string[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await client.orders.list({ limit: 100, ...(cursor && { cursor }) });
    ids.push(...page.items.map(({ id }) => id));
    if (!page.nextCursor) break;
    cursor = page.nextCursor;
  }
  return Promise.all(ids.map((id) => client.orders.get(id)));
}

const isSettled = (order: Order) => order.paid || order.status === "cancelled";

async function settled(client: Client): Promise<Order[]> {
  for (let seconds = 0; ; seconds++) {
    const orders = await allOrders(client);
    if (orders.length === requests.length && orders.every(isSettled)) return orders;
    if (seconds > 240) throw new Error(`not settled: ${JSON.stringify(orders.filter((order) => !isSettled(order)))}`);
    await sleep(1000);
  }
}

test("kill -9 in the middle of 100 orders leaves no order pending and no money without an order", async () => {
  const port = await twoFreePorts();
  const answered = new Map<string, string>();
  for (const [what, enough] of [
    ["everything", 30],
    ["npm", 70],
  ] as const) {
    const client = await start(port);
    const placing = placeUntil(client, answered, requests.length);
    while (answered.size < enough) await sleep(5);
    await kill(what);
    await placing;
    expect(answered.size).toBeLessThan(requests.length);
  }

  const client = await start(port);
  const placedBefore = new Set(answered.values());
  await placeUntil(client, answered, requests.length);
  const orders = await settled(client);

  const ids = new Set(orders.map(({ id }) => id));
  expect(new Set(answered.values())).toEqual(ids);
  for (const id of placedBefore) expect(ids).toContain(id);

  const books = await providersBooks({ endpointUrl: `http://127.0.0.1:${port + 1}`, topology: readTopology() });
  for (const { id, status } of orders) {
    const payment = await paymentOf(client, id);
    if (status === "confirmed") {
      expect([payment?.status, books.get(id)]).toEqual(["captured", "captured"]);
    } else {
      expect(payment?.status).not.toBe("captured");
      expect(["voided", "declined", undefined]).toContain(books.get(id));
    }
  }
  expect([...books.keys()].filter((id) => !ids.has(id))).toEqual([]);

  const staff = await signIn(`http://127.0.0.1:${port}`, people.staff);
  for (const sku of skus) {
    const sold = orders.filter(({ status, lines }) => status === "confirmed" && lines[0]!.sku === sku).length;
    expect(await staff.products.stock(sku), sku).toMatchObject({ reserved: sold });
  }
});
