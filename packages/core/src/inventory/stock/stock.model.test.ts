/** Invariant 3 of docs/architecture.md, for random commands: stock behaves as a model in memory that anybody can check. */
import { newId, type OrderLine } from "@cartwright/events";
import fc from "fast-check";
import { expect, test } from "vitest";
import { setRandom } from "../../chance.ts";
import { setClock } from "../../clock.ts";
import { chances, propertyRuns } from "../../test/property.ts";
import { Inventory } from "../index.ts";
import { inventory } from "./stock.entity.ts";
import { cause, createActor, createProduct } from "./test/fixture.ts";

const minuteMs = 60 * 1000;

interface Line {
  quantity: number;
  held: number;
  owed: number;
  shipped: number;
  returned: number;
}

interface Order {
  status: "held" | "committed" | "released" | "expired" | "refused";
  lines: Map<string, Line>;
  deadlineMs: number;
}

/** All that has to be true of stock, without shards, transactions or repetition. */
interface Model {
  nowMs: number;
  onHand: Map<string, number>;
  limit: Map<string, number>;
  orders: Map<string, Order>;
  /** Those who wait for units, in the order in which they came. */
  waiting: Map<string, string[]>;
}

interface Real {
  skus: string[];
  orders: string[];
  advance(ms: number): void;
}

const sum = (model: Model, sku: string, of: (line: Line) => number) =>
  [...model.orders.values()].reduce((total, { lines }) => total + (lines.has(sku) ? of(lines.get(sku)!) : 0), 0);
const owedOf = (model: Model, sku: string) => sum(model, sku, ({ owed }) => owed);
const availableOf = (model: Model, sku: string) => model.onHand.get(sku)! - sum(model, sku, ({ held }) => held);

/** A command on the real stock and on the model; both must agree on its outcome, and on all there is afterwards. */
abstract class Command implements fc.AsyncCommand<Model, Real> {
  check(): boolean {
    return true;
  }

  async run(model: Model, real: Real): Promise<void> {
    real.advance(1000);
    model.nowMs += 1000;
    const expected = this.decide(model, real);
    const outcome = await this.act(real).then(
      () => "done",
      (error: Error) => error.name,
    );
    expect(outcome, this.toString()).toBe(expected);
    for (const sku of real.skus) await expectSame(model, sku);
  }

  /** Changes the model; answers the name of the error that is right, or `done`. */
  abstract decide(model: Model, real: Real): string;
  abstract act(real: Real): Promise<unknown>;
  abstract toString(): string;
}

async function expectSame(model: Model, sku: string): Promise<void> {
  const [available, reserved] = [availableOf(model, sku), sum(model, sku, ({ held }) => held)];
  expect(available).toBeGreaterThanOrEqual(0);
  const seen = await Inventory.stockFromSku(sku);
  const onHand = model.onHand.get(sku)!;
  expect(seen).toMatchObject({ onHand, available, reserved, backordered: owedOf(model, sku) });
  const { data } = await inventory().entities.stocks.get({ sku }).go({ consistent: true });
  expect(data?.onHand ?? 0).toBe(onHand);
  expect(data?.owed ?? 0).toBeLessThanOrEqual(model.limit.get(sku)!);
}

class Adjust extends Command {
  constructor(
    readonly sku: number,
    readonly delta: number,
  ) {
    super();
  }
  decide(model: Model, { skus }: Real) {
    const sku = skus[this.sku]!;
    if (availableOf(model, sku) + this.delta < 0) return "StockBelowZeroError";
    model.onHand.set(sku, model.onHand.get(sku)! + this.delta);
    return "done";
  }
  act({ skus }: Real) {
    return Inventory.adjust(skus[this.sku]!, { delta: this.delta, reason: "count" }, createActor(), cause);
  }
  toString = () => `adjust(${this.sku}, ${this.delta})`;
}

class Reserve extends Command {
  deadlineMs = 0;
  constructor(
    readonly order: number,
    readonly quantities: number[],
  ) {
    super();
  }
  lines({ skus }: Real): OrderLine[] {
    return this.quantities.flatMap((quantity, index) => (quantity > 0 ? [{ sku: skus[index]!, quantity }] : []));
  }
  decide(model: Model, real: Real) {
    const orderId = real.orders[this.order]!;
    const earlier = model.orders.get(orderId);
    this.deadlineMs = earlier?.deadlineMs ?? model.nowMs + 15 * minuteMs;
    if (earlier) return outcomeAgain(earlier, model.nowMs);
    const wanted = this.lines(real).map(({ sku, quantity }) => ({ sku, quantity, ...share(model, sku, quantity) }));
    const isRefused = wanted.some(({ sku, owed }) => owed > model.limit.get(sku)! - owedOf(model, sku));
    const lines = wanted.map(({ sku, quantity, held, owed }): [string, Line] => {
      return [sku, { quantity, held: isRefused ? 0 : held, owed: isRefused ? 0 : owed, shipped: 0, returned: 0 }];
    });
    const status = isRefused ? "refused" : "held";
    model.orders.set(orderId, { status, lines: new Map(lines), deadlineMs: this.deadlineMs });
    if (isRefused) return "OutOfStockError";
    for (const { sku, owed } of wanted) if (owed > 0) model.waiting.get(sku)!.push(orderId);
    return "done";
  }
  act(real: Real) {
    const orderId = real.orders[this.order]!;
    const deadlineAt = new Date(this.deadlineMs).toISOString();
    const reserve = () => Inventory.reserve({ orderId, lines: this.lines(real), deadlineAt }, cause);
    return Promise.all([reserve(), reserve()]);
  }
  toString = () => `reserve(${this.order}, [${this.quantities}])`;
}

/** Nobody is served before those who wait already. */
function share(model: Model, sku: string, quantity: number) {
  const held = Math.min(quantity, Math.max(0, availableOf(model, sku) - owedOf(model, sku)));
  return { held, owed: quantity - held };
}

function outcomeAgain({ status, deadlineMs }: Order, nowMs: number): string {
  if (status === "released") return "ReservationReleasedError";
  if (status === "refused") return "OutOfStockError";
  if (status === "expired" || (status === "held" && nowMs > deadlineMs)) return "ReservationExpiredError";
  return "done";
}

function end(model: Model, orderId: string, status: Order["status"]): void {
  const order = model.orders.get(orderId)!;
  order.status = status;
  for (const [sku, line] of order.lines) {
    Object.assign(line, { held: 0, owed: 0 });
    stopWaiting(model, sku, orderId);
  }
}

function stopWaiting(model: Model, sku: string, orderId: string): void {
  model.waiting.set(
    sku,
    model.waiting.get(sku)!.filter((id) => id !== orderId),
  );
}

class Release extends Command {
  constructor(readonly order: number) {
    super();
  }
  decide(model: Model, { orders }: Real) {
    const orderId = orders[this.order]!;
    const order = model.orders.get(orderId);
    if (!order) model.orders.set(orderId, { status: "released", lines: new Map(), deadlineMs: model.nowMs });
    else if (order.status !== "refused") end(model, orderId, "released");
    return "done";
  }
  act({ orders }: Real) {
    const release = () => Inventory.release(orders[this.order]!, cause);
    return Promise.all([release(), release()]);
  }
  toString = () => `release(${this.order})`;
}

class Commit extends Command {
  constructor(readonly order: number) {
    super();
  }
  decide(model: Model, { orders }: Real) {
    return commit(model, orders[this.order]!);
  }
  act({ orders }: Real) {
    return Inventory.commit(orders[this.order]!, cause);
  }
  toString = () => `commit(${this.order})`;
}

function commit(model: Model, orderId: string): string {
  const order = model.orders.get(orderId);
  if (!order) return "ReservationReleasedError";
  if (order.status === "held") order.status = "committed";
  if (order.status !== "expired") return "done";
  const wanted = [...order.lines].map(([sku, line]) => ({ sku, line, ...share(model, sku, line.quantity) }));
  if (wanted.some(({ sku, owed }) => owed > model.limit.get(sku)! - owedOf(model, sku))) return "OutOfStockError";
  for (const { sku, line, held, owed } of wanted) {
    Object.assign(line, { held, owed });
    if (owed > 0) model.waiting.get(sku)!.push(orderId);
  }
  order.status = "committed";
  return "done";
}

class Ship extends Command {
  constructor(
    readonly order: number,
    readonly sku: number,
    readonly quantity: number,
  ) {
    super();
  }
  decide(model: Model, { orders, skus }: Real) {
    const [orderId, sku] = [orders[this.order]!, skus[this.sku]!];
    const committed = commit(model, orderId);
    if (committed !== "done") return committed;
    const { status, lines } = model.orders.get(orderId)!;
    if (status !== "committed") return "ReservationReleasedError";
    const line = lines.get(sku);
    if (!line || line.held < this.quantity) return "StockNotHeldError";
    line.held -= this.quantity;
    line.shipped += this.quantity;
    model.onHand.set(sku, model.onHand.get(sku)! - this.quantity);
    return "done";
  }
  act({ orders, skus }: Real) {
    const [orderId, fulfilmentId] = [orders[this.order]!, newId("ful")];
    const lines = [{ sku: skus[this.sku]!, quantity: this.quantity }];
    const ship = () => Inventory.ship(orderId, { fulfilmentId, lines }, cause);
    return Promise.all([ship(), ship()]);
  }
  toString = () => `ship(${this.order}, ${this.sku}, ${this.quantity})`;
}

class TakeBack extends Command {
  constructor(
    readonly order: number,
    readonly sku: number,
    readonly quantity: number,
    readonly restock: boolean,
  ) {
    super();
  }
  decide(model: Model, { orders, skus }: Real) {
    const [order, sku] = [model.orders.get(orders[this.order]!), skus[this.sku]!];
    if (order?.status !== "committed") return "ReservationReleasedError";
    const line = order.lines.get(sku);
    if (!line || line.shipped - line.returned < this.quantity) return "StockNotShippedError";
    line.returned += this.quantity;
    if (this.restock) model.onHand.set(sku, model.onHand.get(sku)! + this.quantity);
    return "done";
  }
  act({ orders, skus }: Real) {
    const [orderId, returnId] = [orders[this.order]!, newId("ret")];
    const lines = [{ sku: skus[this.sku]!, quantity: this.quantity }];
    const back = () => Inventory.takeBack(orderId, { returnId, lines, restock: this.restock }, cause);
    return Promise.all([back(), back()]);
  }
  toString = () => `takeBack(${this.order}, ${this.sku}, ${this.quantity}, ${this.restock})`;
}

class Sweep extends Command {
  constructor(readonly minutes: number) {
    super();
  }
  decide(model: Model, real: Real) {
    real.advance(this.minutes * minuteMs);
    model.nowMs += this.minutes * minuteMs;
    for (const [orderId, { status, deadlineMs }] of model.orders) {
      if (status === "held" && deadlineMs < model.nowMs) end(model, orderId, "expired");
    }
    return "done";
  }
  /** As the sweep does, but of these orders alone: other tests hold stock meanwhile. */
  async act({ orders }: Real) {
    for (const orderId of orders) await Inventory.expire(orderId, cause);
  }
  toString = () => `sweep(after ${this.minutes} minutes)`;
}

class Allocate extends Command {
  constructor(readonly sku: number) {
    super();
  }
  decide(model: Model, { skus }: Real) {
    const sku = skus[this.sku]!;
    for (const orderId of [...model.waiting.get(sku)!]) {
      const line = model.orders.get(orderId)!.lines.get(sku)!;
      const units = Math.min(line.owed, availableOf(model, sku));
      line.held += units;
      line.owed -= units;
      if (line.owed > 0) break;
      stopWaiting(model, sku, orderId);
    }
    return "done";
  }
  act({ skus }: Real) {
    return Promise.all([Inventory.allocate(skus[this.sku]!, cause), Inventory.allocate(skus[this.sku]!, cause)]);
  }
  toString = () => `allocate(${this.sku})`;
}

class Spread extends Command {
  constructor(
    readonly sku: number,
    readonly shards: number,
  ) {
    super();
  }
  decide() {
    return "done";
  }
  async act({ skus }: Real) {
    const { version } = await Inventory.stockFromSku(skus[this.sku]!);
    await Inventory.configureStock(skus[this.sku]!, { shards: this.shards }, version, cause);
  }
  toString = () => `spread(${this.sku}, ${this.shards})`;
}

const sku = fc.nat(1);
const order = fc.nat(5);
const commands = fc.commands(
  [
    fc.tuple(sku, fc.integer({ min: -4, max: 8 }).filter(Boolean)).map((args) => new Adjust(...args)),
    fc
      .tuple(
        order,
        fc.array(fc.nat(4), { minLength: 2, maxLength: 2 }).filter((units) => units.some(Boolean)),
      )
      .map((args) => new Reserve(...args)),
    fc
      .tuple(
        order,
        fc.array(fc.nat(4), { minLength: 2, maxLength: 2 }).filter((units) => units.some(Boolean)),
      )
      .map((args) => new Reserve(...args)),
    order.map((which) => new Release(which)),
    order.map((which) => new Commit(which)),
    fc.tuple(order, sku, fc.integer({ min: 1, max: 3 })).map((args) => new Ship(...args)),
    fc.tuple(order, sku, fc.integer({ min: 1, max: 2 }), fc.boolean()).map((args) => new TakeBack(...args)),
    fc.constantFrom(1, 25).map((minutes) => new Sweep(minutes)),
    sku.map((which) => new Allocate(which)),
    fc.tuple(sku, fc.integer({ min: 1, max: 4 })).map((args) => new Spread(...args)),
  ],
  { maxCommands: 20 },
);

const runs = propertyRuns(40);
const limitMs = runs.numRuns * 2000;
/** So that what was found is told, also when there is no time left to make it smaller. */
const plugins = [fc.interruptAfterTimeLimit(limitMs * 0.9, { failOnInterrupt: true })];

test(
  "whatever is asked of it in whichever order, each twice at once, stock is what the model says",
  async () => {
    // So far ahead that nobody else sweeps it.
    let nowMs = Date.now() + 10 * 365 * 24 * 60 * minuteMs;
    const restoreClock = setClock(() => nowMs);
    const setup = fc.record({ limit: fc.constantFrom(0, 5), shards: fc.integer({ min: 1, max: 3 }) });
    const property = fc.asyncProperty(setup, commands, chances, async ({ limit, shards }, sequence, chance) => {
      const restoreRandom = setRandom(() => chance.next().value);
      const skus = [await createProduct(0, { backorderLimit: limit, shards }), await createProduct(0)];
      const model = (): Model => ({
        nowMs,
        onHand: new Map(skus.map((one) => [one, 0])),
        limit: new Map(skus.map((one, index) => [one, index === 0 ? limit : 0])),
        orders: new Map(),
        waiting: new Map(skus.map((one) => [one, []])),
      });
      const real = { skus, orders: Array.from({ length: 6 }, () => newId("ord")) };
      const advance = (ms: number) => {
        nowMs += ms;
      };
      await fc.asyncModelRun(() => ({ model: model(), real: { ...real, advance } }), sequence).finally(restoreRandom);
    });
    await fc.assert(property, { ...runs, plugins }).finally(restoreClock);
  },
  limitMs,
);
