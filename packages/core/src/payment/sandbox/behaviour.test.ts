import { newId } from "@cartwright/events";
import { describe, expect, test } from "vitest";
import { ProviderUnavailableError, UnknownOutcomeError } from "../provider.ts";
import { behaviourOf, chance, parseTrouble, tokens } from "./behaviour.ts";
import { NoChargeError, referenceOf, sandbox, work } from "./sandbox.ts";

const quiet = { seed: "0", unavailable: 0, lost: 0, delay: 0, duplicate: 0, late: 0, dropped: 0 };

describe("trouble", () => {
  test.each<[string, Partial<typeof quiet>]>([
    ["quiet", {}],
    [" quiet\n", {}],
    ["seed=7", { seed: "7" }],
    ["seed=7 lost=0.2 late=0.5", { seed: "7", lost: 0.2, late: 0.5 }],
    ["  delay=250\tdropped=1\nduplicate=0 ", { delay: 250, dropped: 1 }],
    ["unavailable=1e-2", { unavailable: 0.01 }],
  ])("is read from %j", (text, trouble) => {
    expect(parseTrouble(text)).toEqual({ ...quiet, ...trouble });
  });

  test.each<[string, RegExp]>([
    ["lost=1.1", /lost .*<=1/],
    ["lost=-0.1", /lost .*>=0/],
    ["lost=often", /lost .*number/],
    ["lost=NaN", /lost .*number/],
    ["lost=Infinity", /lost /],
    ["delay=0.5", /delay .*int/],
    ["delay=10001", /delay .*10000/],
    ["speed=3", /speed/],
    ["loud", /loud/],
    ["quiet lost=0.1", /quiet/],
    ["", /takes quiet, or words/],
    ["lost=", /lost/],
    ["lost", /lost/],
    ["lost=0.1 lost=0.9", /lost/],
    ["lost=0.1=0.9", /lost/],
  ])("written as %j is refused, with what is wrong", (text, told) => {
    expect(() => parseTrouble(text)).toThrow(expect.objectContaining({ code: "invalid_sandbox_trouble" }));
    expect(() => parseTrouble(text)).toThrow(told);
  });
});

describe("chance", () => {
  const trouble = parseTrouble("seed=7");

  test("is the same for the same seed and words, in whichever process", () => {
    expect(chance(trouble, "lost", "capture", "ord_1:capture", 1)).toBe(
      chance(parseTrouble("seed=7 lost=1"), "lost", "capture", "ord_1:capture", 1),
    );
    expect(chance(trouble, "lost", "ord_1", 1)).toBe(0.1838262144010514);
  });

  test("is another for another seed, and for other words", () => {
    const draws = [
      chance(trouble, "lost", "a", 1),
      chance(trouble, "lost", "a", 2),
      chance(trouble, "lost", "a1"),
      chance(trouble, "losta", 1),
      chance(parseTrouble("seed=8"), "lost", "a", 1),
    ];
    expect(new Set(draws).size).toBe(draws.length);
  });

  test("is spread evenly from 0 to 1", () => {
    const tenths = Array.from({ length: 10 }, () => 0);
    for (let draw = 0; draw < 10_000; draw++) {
      const number = chance(trouble, "lost", draw);
      expect(number >= 0 && number < 1).toBe(true);
      tenths[Math.floor(number * 10)]!++;
    }
    for (const count of tenths) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });
});

const amount = { amount: 900, currency: "EUR" };

/** One order at the sandbox, by way of the port that any provider has. */
function createOrder(token: string) {
  const orderId = newId("ord");
  const reference = referenceOf(`${orderId}:authorize`);
  return {
    authorize: (by = token) => sandbox.authorize({ key: `${orderId}:authorize`, orderId, amount, token: by }),
    capture: () => sandbox.capture({ key: `${orderId}:capture`, orderId, reference, amount }),
    void: () => sandbox.void({ key: `${orderId}:void`, orderId, reference }),
    refund: (minor = 900, name = "1") => {
      const part = { ...amount, amount: minor };
      return sandbox.refund({ key: `${orderId}:refund:${name}`, orderId, reference, amount: part });
    },
    find: () => sandbox.find({ key: `${orderId}:authorize`, orderId }),
    action: () => sandbox.action({ key: `${orderId}:authorize`, orderId, reference }),
    settle: (name = "1") => work({ do: "settle-refund", reference, refund: `${orderId}:refund:${name}` }),
    dispute: () => work({ do: "dispute", reference }),
  };
}

async function createCaptured(token: string) {
  const order = createOrder(token);
  await order.authorize();
  await order.capture().catch(() => undefined);
  return order;
}

/** Which test below is about which token; none may be forgotten. */
const tried = new Set<string>();
const token = (name: string) => {
  tried.add(name);
  return name;
};

describe("every token does what its name says:", () => {
  test(`${token("tok_ok")} is authorized, captured and refunded`, async () => {
    const order = createOrder("tok_ok");
    expect(await order.find()).toBeUndefined();
    const charge = await order.authorize();
    expect(charge).toEqual({
      ...{ reference: expect.stringMatching(/^sbx_[0-9a-f]{24}$/), status: "authorized", amount, capturedMinor: 0 },
      ...{ refunds: [], disputes: [] },
    });
    expect(await order.find()).toEqual(charge);
    expect(await order.action()).toBeUndefined();
    expect(await order.capture()).toEqual({ ...charge, status: "captured", capturedMinor: 900 });
    expect(await order.refund()).toMatchObject({ status: "succeeded", amountMinor: 900 });
    expect(await order.find()).toMatchObject({
      status: "captured",
      capturedMinor: 900,
      refunds: [{ amountMinor: 900 }],
    });
  });

  test.each([
    [token("tok_declined"), "card_declined"],
    [token("tok_insufficient_funds"), "insufficient_funds"],
    ["tok_never_heard_of", "unknown_token"],
    ["constructor", "unknown_token"],
    ["", "unknown_token"],
  ])("%s is declined, for %s", async (name, reason) => {
    const order = createOrder(name);
    expect(await order.authorize()).toMatchObject({ status: "declined", reason, capturedMinor: 0 });
    expect(await order.capture()).toMatchObject({ status: "declined", capturedMinor: 0 });
    expect(await order.void()).toMatchObject({ status: "declined" });
  });

  test(`${token("tok_timeout")} is authorized, and the first answer is lost`, async () => {
    const order = createOrder("tok_timeout");
    await expect(order.authorize()).rejects.toThrow(UnknownOutcomeError);
    expect(await order.find()).toMatchObject({ status: "authorized" });
    expect(await order.authorize()).toMatchObject({ status: "authorized" });
  });

  test(`${token("tok_unavailable")} never reaches anybody`, async () => {
    const order = createOrder("tok_unavailable");
    for (let time = 0; time < 2; time++) await expect(order.authorize()).rejects.toThrow(ProviderUnavailableError);
    expect(await order.find()).toBeUndefined();
  });

  test(`${token("tok_requires_action")} waits at a page that its secret opens`, async () => {
    const order = createOrder("tok_requires_action");
    const { reference } = await order.authorize();
    expect(await order.find()).toMatchObject({ status: "action_required" });
    const { url } = (await order.action())!;
    expect(url).toMatch(new RegExp(`^/sandbox/challenges/${reference}\\?secret=[0-9a-f]{32}$`));
    expect(await order.capture()).toMatchObject({ status: "action_required", capturedMinor: 0 });
    expect(await order.void()).toMatchObject({ status: "voided" });
    expect(await order.action()).toBeUndefined();
  });

  test(`${token("tok_capture_refused")} is authorized and never captured`, async () => {
    const order = createOrder("tok_capture_refused");
    await order.authorize();
    for (let time = 0; time < 2; time++) {
      await expect(order.capture()).rejects.toMatchObject({ name: "CaptureRefusedError" });
    }
    expect(await order.find()).toMatchObject({ status: "authorized", capturedMinor: 0 });
  });

  test(`${token("tok_capture_timeout")} is captured, and the first answer is lost`, async () => {
    const order = createOrder("tok_capture_timeout");
    await order.authorize();
    await expect(order.capture()).rejects.toThrow(UnknownOutcomeError);
    expect(await order.find()).toMatchObject({ status: "captured" });
    expect(await order.capture()).toMatchObject({ status: "captured", capturedMinor: 900 });
  });

  test.each([
    [token("tok_refund_pending"), "succeeded", undefined],
    [token("tok_refund_failed"), "failed", "expired_or_canceled_card"],
  ])("a refund of %s is pending first, and then %s", async (name, status, reason) => {
    const order = await createCaptured(name);
    expect(await order.refund()).toMatchObject({ status: "pending", amountMinor: 900 });
    expect(await order.refund()).toMatchObject({ status: "pending" });
    for (let time = 0; time < 2; time++) {
      await order.settle();
      const { refunds } = (await order.find())!;
      expect(refunds).toMatchObject([{ status, amountMinor: 900, ...(reason && { reason }) }]);
    }
    expect(await order.refund()).toMatchObject({ status });
  });

  test(`a refund of ${token("tok_refund_timeout")} is paid, and the first answer is lost`, async () => {
    const order = await createCaptured("tok_refund_timeout");
    await expect(order.refund()).rejects.toThrow(UnknownOutcomeError);
    expect(await order.refund()).toMatchObject({ status: "succeeded" });
    expect((await order.find())!.refunds.length).toBe(1);
  });

  test(`${token("tok_dispute")} is captured, and taken back by the bank once`, async () => {
    const order = await createCaptured("tok_dispute");
    expect((await order.find())!.disputes).toEqual([]);
    for (let time = 0; time < 2; time++) await order.dispute();
    expect((await order.find())!.disputes).toMatchObject([{ status: "open", amountMinor: 900, reason: "fraudulent" }]);
  });

  test("and there are no others", () => {
    expect([...tried].sort()).toEqual([...tokens].sort());
    expect(behaviourOf("toString")).toEqual({ status: "declined", reason: "unknown_token" });
  });
});

describe("the sandbox, like any provider,", () => {
  test("answers a key as it did at first, whatever is asked later", async () => {
    const order = createOrder("tok_ok");
    const [one, other] = await Promise.all([order.authorize(), order.authorize()]);
    expect(one).toEqual(other);
    expect(await order.authorize("tok_declined")).toEqual(one);
  });

  test("gives back what is authorized once, and neither captures it then nor voids what was captured", async () => {
    const order = createOrder("tok_ok");
    await order.authorize();
    expect(await order.void()).toMatchObject({ status: "voided" });
    expect(await order.void()).toMatchObject({ status: "voided" });
    expect(await order.capture()).toMatchObject({ status: "voided", capturedMinor: 0 });
    const sold = await createCaptured("tok_ok");
    expect(await sold.void()).toMatchObject({ status: "captured", capturedMinor: 900 });
  });

  test("captures or voids when both are asked at once, and says which", async () => {
    for (let round = 0; round < 10; round++) {
      const order = createOrder("tok_ok");
      await order.authorize();
      const [captured, voided] = await Promise.all([order.capture(), order.void()]);
      expect(captured.status).toBe(voided.status);
      expect(await order.find()).toMatchObject({ status: captured.status });
    }
  });

  test("refunds never more than it captured, also when asked for many at once", async () => {
    const order = await createCaptured("tok_ok");
    const answers = await Promise.allSettled(Array.from({ length: 8 }, (_, index) => order.refund(300, `${index}`)));
    const made = answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
    for (const refund of made.filter(({ status }) => status === "failed"))
      expect(refund.reason).toBe("amount_too_large");
    const { refunds } = (await order.find())!;
    expect(refunds.length).toBe(made.filter(({ status }) => status === "succeeded").length);
    expect(refunds.length).toBeLessThanOrEqual(3);
    expect(await order.refund(901, "more")).toMatchObject({ status: "failed", reason: "amount_too_large" });
  });

  test("refunds nothing that is not captured", async () => {
    const order = createOrder("tok_ok");
    await order.authorize();
    expect(await order.refund()).toMatchObject({ status: "failed" });
  });

  test("has no charge that nobody has asked for", async () => {
    const order = createOrder("tok_ok");
    for (const call of [order.capture, order.void, order.refund]) await expect(call()).rejects.toThrow(NoChargeError);
  });
});
