import { newId } from "@cartwright/events";
import { Resource } from "sst";
import { expect, test } from "vitest";
import { dynamoBreakerStore } from "../breaker/breaker.entity.ts";
import { createBreaker, type Options } from "../breaker/breaker.ts";
import { CircuitOpenError, DomainError, InvalidError } from "../error.ts";
import { guarded } from "./guard.ts";
import {
  CaptureRefusedError,
  type Charge,
  type Listed,
  type Provider,
  ProviderUnavailableError,
  UnknownOutcomeError,
} from "./provider.ts";

const amount = { amount: 900, currency: "EUR" };
const request = { key: "ord_1:authorize", orderId: "ord_1", reference: "ch_1", amount, token: "tok_ok" };
const window = { from: new Date(0), to: new Date(1) };
const charge: Charge = { reference: "ch_1", status: "authorized", amount, capturedMinor: 0, refunds: [], disputes: [] };
const away = new ProviderUnavailableError("the provider is away");
const unknown = new UnknownOutcomeError("sandbox");

/** A provider whose every call does the same. */
function createProvider<Answer>(answer: () => Promise<Answer>) {
  const always = answer as () => Promise<never>;
  const provider: Provider = {
    name: "sandbox",
    authorize: always,
    capture: always,
    void: always,
    refund: always,
    find: always,
    action: always,
    async *list() {
      yield await always();
    },
    assertPayable: () => {},
    parseWebhook: async (body) => ({ id: "evt_1", type: body, orderId: "ord_1" }),
  };
  return provider;
}

function createGuarded(provider: Provider, options: Partial<Options> = {}) {
  const store = dynamoBreakerStore("payment", Resource.PaymentTable.name);
  const breaker = createBreaker({ name: newId("req"), store, options: { storeLimitMs: 10_000, ...options } });
  return { provider: guarded(provider, breaker), breaker };
}

async function drain(list: AsyncIterable<Listed>) {
  const items: Listed[] = [];
  for await (const item of list) items.push(item);
  return items;
}

const calls: [string, (provider: Provider) => Promise<unknown>][] = [
  ["authorize", (provider) => provider.authorize(request)],
  ["capture", (provider) => provider.capture(request)],
  ["void", (provider) => provider.void(request)],
  ["refund", (provider) => provider.refund(request)],
  ["find", (provider) => provider.find(request)],
  ["action", (provider) => provider.action(request)],
  ["list", (provider) => drain(provider.list(window))],
];

test.each(calls)("%s counts, and is not made while the circuit is open", async (_name, call) => {
  let made = 0;
  const { provider } = createGuarded(
    createProvider(async () => {
      made++;
      throw away;
    }),
  );
  for (let time = 0; time < 10; time++) await expect(call(provider)).rejects.toBe(away);
  await expect(call(provider)).rejects.toThrow(CircuitOpenError);
  expect(made).toBe(10);
});

test.each(calls)("%s ends with its time limit", async (name, call) => {
  const { provider } = createGuarded(
    createProvider(() => new Promise(() => {})),
    { timeLimitMs: 10 },
  );
  const mayHaveHappened = ["authorize", "capture", "void", "refund"].includes(name);
  await expect(call(provider)).rejects.toThrow(mayHaveHappened ? UnknownOutcomeError : ProviderUnavailableError);
});

test("a declined card is an answer", async () => {
  const declined: Charge = { ...charge, status: "declined", reason: "insufficient_funds" };
  const { provider, breaker } = createGuarded(createProvider(async () => declined));
  for (let time = 0; time < 30; time++) expect(await provider.authorize(request)).toBe(declined);
  expect(await breaker.state()).toEqual({ state: "closed" });
});

test.each([
  new CaptureRefusedError("ord_1", "expired"),
  new InvalidError("bad_amount", "no such amount"),
  new DomainError("forbidden", "not_yours", "not yours"),
])("a refusal reaches the caller and does not count: $name", async (refusal) => {
  const { provider, breaker } = createGuarded(createProvider(() => Promise.reject(refusal)));
  for (let time = 0; time < 12; time++) await expect(provider.capture(request)).rejects.toBe(refusal);
  expect(await breaker.state()).toEqual({ state: "closed" });
});

test("answers that are lost count", async () => {
  const { provider, breaker } = createGuarded(createProvider(() => Promise.reject(unknown)));
  for (let time = 0; time < 10; time++) await expect(provider.authorize(request)).rejects.toBe(unknown);
  expect(await breaker.state()).toMatchObject({ state: "open" });
});

test("webhooks are read while the circuit is open", async () => {
  const { provider } = createGuarded(createProvider(() => Promise.reject(away)));
  for (let time = 0; time < 10; time++) await expect(provider.find(request)).rejects.toBe(away);
  await expect(provider.find(request)).rejects.toThrow(CircuitOpenError);
  expect(await provider.parseWebhook("charge.updated", () => undefined)).toMatchObject({ type: "charge.updated" });
});

const listed: Listed = { orderId: "ord_1", charge: { ...charge, refundedMinor: 0, disputed: false } };

test("a long list is one success, and can't hide that all else fails", async () => {
  async function* list() {
    for (let item = 0; item < 100; item++) yield listed;
  }
  const { provider, breaker } = createGuarded({ ...createProvider(() => Promise.reject(away)), list });
  expect((await drain(provider.list(window))).length).toBe(100);
  for (let time = 0; time < 9; time++) await expect(provider.find(request)).rejects.toBe(away);
  expect(await breaker.state()).toMatchObject({ state: "open" });
});

test("a list that is left early is ended at the provider too", async () => {
  let ended = false;
  async function* list() {
    try {
      for (;;) yield listed;
    } finally {
      ended = true;
    }
  }
  const { provider } = createGuarded({ ...createProvider(async () => charge), list });
  for await (const item of provider.list(window)) {
    expect(item).toBe(listed);
    break;
  }
  expect(ended).toBe(true);
});

test("a list ends when the circuit opens in its middle", async () => {
  let ended = false;
  async function* list() {
    try {
      for (;;) yield listed;
    } finally {
      ended = true;
    }
  }
  const { provider } = createGuarded({ ...createProvider(() => Promise.reject(away)), list });
  const items = provider.list(window)[Symbol.asyncIterator]();
  await items.next();
  for (let time = 0; time < 9; time++) await expect(provider.find(request)).rejects.toBe(away);
  await expect(items.next()).rejects.toThrow(CircuitOpenError);
  expect(ended).toBe(true);
});
