import { newId } from "@cartwright/events";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { inWords } from "../money.ts";
import { complaintsOf, owedOf } from "./complaint.ts";
import { attemptsOf, type Entry, serializeAttempt, statusOf, totalsOf } from "./ledger.ts";
import { observe } from "./observe.ts";
import type { PaymentItem } from "./payment.entity.ts";
import type { Charge, Dispute, Refund } from "./provider.ts";
import { outcomeUnknown, providerKey } from "./rule.ts";
import type { Outcome } from "./schema.ts";

const atMs = Date.UTC(2026, 0, 1);
const at = "2026-01-01T00:00:00.000Z";
const orderMinor = 900;
const inEuros = (amount: number) => inWords({ amount, currency: "EUR" });

const entry = (key: string, outcome: Outcome, overrides: Partial<Entry> = {}): Entry => ({
  atMs,
  key,
  outcome,
  ...overrides,
});
const intent = entry("intent", "succeeded", { amountMinor: orderMinor, origin: "checkout" });
const authorized = entry("authorize", "succeeded", { amountMinor: orderMinor, reference: "ch_1" });
const capturedEntry = entry("capture", "succeeded", { amountMinor: orderMinor, reference: "ch_1" });
const refund = (id: string, outcome: Outcome, amountMinor: number) => entry(`refund:${id}`, outcome, { amountMinor });
const chargeback = (id: string, outcome: Outcome, amountMinor: number) =>
  entry(`chargeback:${id}`, outcome, { amountMinor });
const paid = [intent, authorized, capturedEntry];

describe("attempts", () => {
  test("stand as their latest entry says, keep what earlier ones told, and come in the order in which they began", () => {
    const laterMs = atMs + 1000;
    const entries: Entry[] = [
      ...paid,
      entry("refund:a", "requested", { amountMinor: 100, note: "broken", origin: "staff" }),
      refund("b", "requested", 50),
      entry("refund:a", "failed", { atMs: laterMs, amountMinor: 100, reference: "re_1", reason: "card_expired" }),
    ];
    const attempts = attemptsOf(entries);
    expect([...attempts.keys()]).toEqual(["intent", "authorize", "capture", "refund:a", "refund:b"]);
    expect(attempts.get("refund:a")).toEqual({
      ...{ key: "refund:a", kind: "refund", outcome: "failed", amountMinor: 100, note: "broken", origin: "staff" },
      ...{ reference: "re_1", reason: "card_expired", requestedAtMs: atMs, atMs: laterMs },
    });
  });

  test("are shown with when they ended, once they have", () => {
    const [begun] = attemptsOf([refund("a", "pending", 100)]).values();
    expect(serializeAttempt(begun!, "EUR")).toEqual({
      ...{ kind: "refund", key: "refund:a", outcome: "pending", amount: { amount: 100, currency: "EUR" } },
      requestedAt: at,
    });
    const [ended] = attemptsOf([refund("a", "pending", 100), refund("a", "succeeded", 100)]).values();
    expect(serializeAttempt(ended!, "EUR")).toMatchObject({ requestedAt: at, settledAt: at });
  });
});

describe("what is paid and owed", () => {
  const nothing = {
    ...{ authorizedMinor: 0, capturedMinor: 0, refundedMinor: 0, pendingRefundMinor: 0, chargedBackMinor: 0 },
    ...{ balanceMinor: 0, refundableMinor: 0 },
  };
  const all = { ...nothing, authorizedMinor: 900, capturedMinor: 900, balanceMinor: 900, refundableMinor: 900 };

  test.each<[string, Entry[], Partial<typeof nothing>]>([
    ["nothing of an intent", [intent], nothing],
    ["nothing of an authorization that failed", [intent, entry("authorize", "failed", { amountMinor: 900 })], nothing],
    ["nothing collected of an authorization", [intent, authorized], { ...nothing, authorizedMinor: 900 }],
    ["all of what was captured", paid, all],
    [
      "less what was refunded",
      [...paid, refund("a", "succeeded", 200), refund("b", "succeeded", 100)],
      { ...all, refundedMinor: 300, balanceMinor: 600, refundableMinor: 600 },
    ],
    ["as much when a refund has failed", [...paid, refund("a", "requested", 200), refund("a", "failed", 200)], all],
    ...(["requested", "pending", "unknown"] as const).map((outcome): [string, Entry[], Partial<typeof nothing>] => [
      `less to be refunded while a refund is ${outcome}`,
      [...paid, refund("a", outcome, 200)],
      { ...all, pendingRefundMinor: 200, refundableMinor: 700 },
    ]),
    ...(["pending", "succeeded"] as const).map((outcome): [string, Entry[], Partial<typeof nothing>] => [
      `less what a bank has taken back, the chargeback being ${outcome}`,
      [...paid, chargeback("a", outcome, 900)],
      { ...all, chargedBackMinor: 900, balanceMinor: 0, refundableMinor: 0 },
    ]),
    ["all again once the bank has decided for us", [...paid, chargeback("a", "failed", 900)], all],
    [
      "less than nothing when money went back twice, of which nothing can be refunded",
      [...paid, refund("a", "succeeded", 900), chargeback("a", "succeeded", 900)],
      { ...all, refundedMinor: 900, chargedBackMinor: 900, balanceMinor: -900, refundableMinor: 0 },
    ],
  ])("is %s", (_, entries, totals) => {
    expect(totalsOf(entries)).toEqual(totals);
  });
});

describe("a payment is", () => {
  test.each<[string, Entry[]]>([
    ["intent", [intent]],
    ["intent", [intent, entry("authorize", "unknown")]],
    ["action_required", [intent, entry("action", "pending")]],
    ["action_required", [intent, entry("action", "pending"), entry("authorize", "unknown")]],
    ["authorized", [intent, entry("action", "pending"), authorized, entry("action", "succeeded")]],
    ["authorized", [intent, authorized, entry("capture", "unknown")]],
    ["declined", [intent, entry("authorize", "failed")]],
    ["declined", [intent, entry("action", "pending"), entry("authorize", "failed"), entry("action", "failed")]],
    ["captured", paid],
    ["captured", [...paid, refund("a", "pending", 900)]],
    ["captured", [...paid, refund("a", "succeeded", 900), refund("a", "failed", 900)]],
    ["partially_refunded", [...paid, refund("a", "succeeded", 1)]],
    ["refunded", [...paid, refund("a", "succeeded", 1), refund("b", "succeeded", 899)]],
    ["voiding", [intent, entry("void", "requested")]],
    ["voiding", [intent, authorized, entry("void", "requested"), entry("void", "unknown")]],
    ["voided", [intent, authorized, entry("void", "requested"), entry("void", "succeeded")]],
    ["voided", [entry("void", "succeeded")]],
    ["captured", [intent, authorized, entry("void", "requested"), capturedEntry]],
    ["captured", [...paid, entry("mismatch:amount_differs", "failed", { reason: "…" })]],
  ])("%s, going by %j", (status, entries) => {
    expect(statusOf(entries)).toBe(status);
  });
});

/** What may happen at a provider, whether it was us who asked or not; what its books don't allow does nothing. */
type Happening =
  | { what: "ask" | "approve" | "decline" | "void" | "capture" }
  | { what: "refund"; minor: number; ours: boolean; status: Refund["status"] }
  | { what: "settle-refund"; which: number; status: "succeeded" | "failed" }
  | { what: "dispute"; minor: number; status: Dispute["status"] }
  | { what: "close-dispute"; which: number; status: "won" | "lost" };

const minor = fc.integer({ min: 1, max: orderMinor });
const which = fc.nat(3);
const settled = fc.constantFrom("succeeded" as const, "failed" as const);
const beginning = fc.constantFrom<Happening[]>(
  [{ what: "approve" }, { what: "capture" }],
  [{ what: "ask" }, { what: "approve" }, { what: "capture" }],
  [{ what: "ask" }, { what: "decline" }],
  [{ what: "approve" }, { what: "void" }],
  [{ what: "ask" }, { what: "void" }],
  [{ what: "decline" }],
);
const happening: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({
    what: fc.constant("refund" as const),
    minor,
    ours: fc.boolean(),
    status: fc.constantFrom("pending" as const, "succeeded" as const, "failed" as const),
  }),
  fc.record({ what: fc.constant("settle-refund" as const), which, status: settled }),
  fc.record({
    what: fc.constant("dispute" as const),
    minor,
    status: fc.constantFrom("open" as const, "won" as const, "lost" as const),
  }),
  fc.record({
    what: fc.constant("close-dispute" as const),
    which,
    status: fc.constantFrom("won" as const, "lost" as const),
  }),
);

const sum = (amounts: { amountMinor: number }[]) => amounts.reduce((total, { amountMinor }) => total + amountMinor, 0);

/** The provider's books after one more happening. */
function after(charge: Charge, happened: Happening, orderId: string): Charge {
  const { status, capturedMinor, refunds, disputes } = charge;
  const waits = status === "processing" || status === "action_required";
  switch (happened.what) {
    case "ask":
      return status === "processing" ? { ...charge, status: "action_required" } : charge;
    case "approve":
      return waits ? { ...charge, status: "authorized" } : charge;
    case "decline":
      return waits ? { ...charge, status: "declined", reason: "card_declined" } : charge;
    case "void":
      return waits || status === "authorized" ? { ...charge, status: "voided" } : charge;
    case "capture":
      return status === "authorized" ? { ...charge, status: "captured", capturedMinor: orderMinor } : charge;
    case "refund": {
      const spent = sum(refunds.filter((one) => one.status !== "failed"));
      if (spent + happened.minor > capturedMinor) return charge;
      const name = `re_${refunds.length}`;
      const key = happened.ours ? { key: providerKey(orderId, `refund:rfd_${name}`) } : {};
      const made: Refund = { reference: name, ...key, status: happened.status, amountMinor: happened.minor };
      return { ...charge, refunds: [...refunds, made] };
    }
    case "settle-refund":
      return {
        ...charge,
        // A bank may send back what was through; what has failed stays so.
        refunds: refunds.map((one, index) =>
          index === happened.which && one.status !== "failed" ? { ...one, status: happened.status } : one,
        ),
      };
    case "dispute": {
      if (capturedMinor === 0) return charge;
      const reference = `dp_${disputes.length}`;
      return {
        ...charge,
        disputes: [...disputes, { reference, status: happened.status, amountMinor: happened.minor }],
      };
    }
    case "close-dispute":
      return {
        ...charge,
        disputes: disputes.map((one, index) =>
          index === happened.which && one.status === "open" ? { ...one, status: happened.status } : one,
        ),
      };
  }
}

/** All that its books have ever said, from the moment on when it knew of the payment. */
function booksOf(happenings: Happening[], orderId: string): Charge[] {
  const amount = { amount: orderMinor, currency: "EUR" };
  const begun: Charge = {
    ...{ reference: "ch_1", status: "processing", amount, capturedMinor: 0, refunds: [], disputes: [] },
  };
  const books = [begun];
  for (const happened of happenings) books.push(after(books.at(-1)!, happened, orderId));
  return books;
}

function createPayment(overrides: Partial<PaymentItem> = {}): PaymentItem {
  return {
    ...{ orderId: newId("ord"), customerId: newId("usr"), amountMinor: orderMinor, currency: "EUR" },
    ...{ provider: "sandbox", entries: [intent], reviewSlot: "0/0", version: 1 },
    ...overrides,
  };
}

const begunAs = {
  asked: () => createPayment(),
  "unsure of it": () => createPayment({ entries: [intent, entry("authorize", "unknown")] }),
  "giving it back": () => createPayment({ entries: [intent, entry("void", "requested")] }),
  "barred before it began": () => {
    const { customerId: _, amountMinor: __, currency: ___, ...payment } = createPayment();
    return { ...payment, entries: [entry("void", "succeeded")] };
  },
} satisfies Record<string, () => PaymentItem>;
const beginnings = Object.keys(begunAs) as (keyof typeof begunAs)[];

/** What observing makes of a payment; every fact must be one that could be told. */
function observed(payment: PaymentItem, charge: Charge): PaymentItem {
  const addition = observe(payment, charge);
  if (!addition) return payment;
  expect(addition.entries.length).toBeGreaterThan(0);
  for (const { definition, data } of addition.facts) definition.schema.parse(data);
  const added = addition.entries.map((one): Entry => ({ atMs, ...one }));
  return { ...payment, ...addition.set, entries: [...payment.entries, ...added] };
}

const story = fc
  .record({
    begun: fc.constantFrom(...beginnings),
    happenings: fc.tuple(beginning, fc.array(happening, { maxLength: 12 })).map((parts) => parts.flat()),
  })
  .chain(({ begun, happenings }) =>
    fc.record({
      begun: fc.constant(begun),
      happenings: fc.constant(happenings),
      // Which states are seen, in any order and with repetition, before the last one is.
      seen: fc.array(fc.nat(happenings.length), { maxLength: 20 }),
    }),
  );

interface Told {
  payment: PaymentItem;
  last: Charge;
  /** After each observation. */
  steps: PaymentItem[];
}

function tell({ begun, happenings, seen }: typeof story extends fc.Arbitrary<infer Story> ? Story : never): Told {
  const start = begunAs[begun]();
  const books = booksOf(happenings, start.orderId);
  const steps = [start];
  for (const index of [...seen, books.length - 1]) steps.push(observed(steps.at(-1)!, books[index]!));
  return { payment: steps.at(-1)!, last: books.at(-1)!, steps };
}

const seeded = { seed: 20260101, numRuns: 500 };

describe("whatever is observed of a provider, in whichever order and however often", () => {
  test("the ledger only ever grows", () => {
    fc.assert(
      fc.property(story, (told) => {
        const { steps } = tell(told);
        for (const [index, { entries }] of steps.entries()) {
          const earlier = steps[index - 1]?.entries ?? [];
          expect(entries.slice(0, earlier.length)).toEqual(earlier);
        }
      }),
      seeded,
    );
  });

  test("observing the same again adds nothing", () => {
    fc.assert(
      fc.property(story, ({ begun, happenings, seen }) => {
        const start = begunAs[begun]();
        const books = booksOf(happenings, start.orderId);
        let payment = start;
        for (const index of seen) {
          payment = observed(payment, books[index]!);
          expect(observe(payment, books[index]!)).toBeUndefined();
        }
      }),
      seeded,
    );
  });

  test("no amount is negative but the balance of what went back twice, and never what may be refunded", () => {
    fc.assert(
      fc.property(story, (told) => {
        for (const { entries } of tell(told).steps) {
          const { balanceMinor, ...others } = totalsOf(entries);
          for (const [name, amount] of Object.entries(others)) expect(amount, name).toBeGreaterThanOrEqual(0);
          expect(others.refundableMinor).toBeLessThanOrEqual(Math.max(0, balanceMinor));
          expect(balanceMinor).toBe(others.capturedMinor - others.refundedMinor - others.chargedBackMinor);
          for (const { amountMinor = 0 } of entries) expect(amountMinor).toBeGreaterThanOrEqual(0);
        }
      }),
      seeded,
    );
  });

  test("the totals are the provider's, once its last word is in", () => {
    fc.assert(
      fc.property(story, (told) => {
        const { payment, last } = tell(told);
        const refunded = (status: Refund["status"]) => sum(last.refunds.filter((one) => one.status === status));
        expect(totalsOf(payment.entries)).toMatchObject({
          capturedMinor: last.capturedMinor,
          refundedMinor: refunded("succeeded"),
          pendingRefundMinor: refunded("pending"),
          chargedBackMinor: sum(last.disputes.filter(({ status }) => status !== "won")),
        });
      }),
      seeded,
    );
  });

  test("the status is the provider's too, unless the payment is being given back", () => {
    fc.assert(
      fc.property(story, (told) => {
        const { payment, last } = tell(told);
        const status = statusOf(payment.entries);
        if (last.status === "captured") expect(["captured", "partially_refunded", "refunded"]).toContain(status);
        else if (told.begun === "giving it back") expect(["voiding", "voided"]).toContain(status);
        else if (told.begun === "barred before it began") expect(status).toBe("voided");
        else expect(status).toBe(last.status);
      }),
      seeded,
    );
  });

  test("a person is asked about refunds, disputes and money that went back twice alone", () => {
    fc.assert(
      fc.property(story, (told) => {
        const { payment, last } = tell(told);
        const { balanceMinor } = totalsOf(payment.entries);
        const codes = complaintsOf(payment, last).map(({ code }) => code);
        const mayDiffer = balanceMinor < 0;
        const mendable = ["voiding", "voided"].includes(statusOf(payment.entries)) ? ["unexpected_money"] : [];
        const expected = ["refund_failed", "disputed", ...(mayDiffer ? ["amount_differs"] : []), ...mendable];
        for (const code of codes) expect(expected).toContain(code);
        expect(codes.includes("disputed")).toBe(last.disputes.some(({ status }) => status === "open"));
      }),
      seeded,
    );
  });
});

describe("a person is asked", () => {
  const amount = { amount: orderMinor, currency: "EUR" };
  const charge = (status: Charge["status"], capturedMinor = 0): Charge => ({
    ...{ reference: "ch_1", status, amount, capturedMinor, refunds: [], disputes: [] },
  });
  const complaints = (entries: Entry[], seen?: Charge) => complaintsOf(createPayment({ entries }), seen);

  test("about a capture of less than the order costs, though the provider says the same", () => {
    const partly = [intent, authorized, entry("capture", "succeeded", { amountMinor: 400 })];
    expect(complaints(partly, charge("captured", 400))).toEqual([
      { code: "amount_differs", detail: "the order costs 9.00 EUR, and 4.00 EUR were captured" },
    ]);
    expect(complaints(paid, charge("captured", orderMinor))).toEqual([]);
  });

  test.each<[string, string, Entry[], Entry]>([
    ["authorize", "voided", [intent, entry("authorize", "unknown")], entry("void", "succeeded")],
    ["capture", "voided", [intent, authorized, entry("capture", "unknown")], entry("void", "succeeded")],
    ["capture", "declined", [intent, authorized, entry("capture", "unknown")], entry("authorize", "failed")],
  ])("about an unknown %s until the payment is %s", (_, status, unsure, end) => {
    const about = (entries: Entry[]) => complaints(entries).filter(({ code }) => code === "outcome_unknown");
    expect(about(unsure).length).toBe(1);
    expect(statusOf([...unsure, end])).toBe(status);
    expect(about([...unsure, end])).toEqual([]);
  });
});

describe("what of failed refunds is owed still", () => {
  const owed = (...refunds: Entry[]) => owedOf([...paid, ...refunds]);
  const began = (id: string, amountMinor: number) => refund(id, "requested", amountMinor);
  const failed = (id: string, amountMinor: number) => refund(id, "failed", amountMinor);

  test.each<[string, Entry[], number]>([
    ["nothing while none has failed", [began("a", 300), refund("b", "succeeded", 200)], 0],
    ["all of one that failed", [began("a", 300), failed("a", 300)], 300],
    ["all of one that was through, and came back", [refund("a", "succeeded", 300), failed("a", 300)], 300],
    ["nothing once another was begun", [began("a", 300), failed("a", 300), began("b", 300)], 0],
    ["the rest of it after a smaller one", [began("a", 300), failed("a", 300), refund("b", "succeeded", 100)], 200],
    ["all of it after one that began before it failed", [began("a", 300), began("b", 300), failed("a", 300)], 300],
    ["it once when the next fails too", [began("a", 300), failed("a", 300), began("b", 300), failed("b", 300)], 300],
    ["both that were under way together", [began("a", 300), began("b", 200), failed("a", 300), failed("b", 200)], 500],
    ["none in advance", [began("a", 100), failed("a", 100), began("b", 800), began("c", 50), failed("c", 50)], 50],
  ])("is %s", (_, refunds, minor) => {
    expect(owed(...refunds)).toBe(minor);
  });

  const complaintOf = (payment: PaymentItem, last: Charge) =>
    complaintsOf(payment, last).filter(({ code }) => code === "refund_failed");
  const add = (payment: PaymentItem, ...entries: Entry[]) => ({
    ...payment,
    entries: [...payment.entries, ...entries],
  });

  test("is never more than has failed, and a person is asked for no more of it than can be refunded", () => {
    fc.assert(
      fc.property(story, (told) => {
        const { payment, last } = tell(told);
        const owedMinor = owedOf(payment.entries);
        const refunds = [...attemptsOf(payment.entries).values()].filter(({ kind }) => kind === "refund");
        const failures = refunds.filter(({ outcome }) => outcome === "failed");
        expect(owedMinor).toBeLessThanOrEqual(failures.reduce((all, { amountMinor = 0 }) => all + amountMinor, 0));
        const askedMinor = Math.min(owedMinor, totalsOf(payment.entries).refundableMinor);
        const details = complaintOf(payment, last).map(({ detail }) => detail);
        expect(details).toEqual(
          askedMinor > 0 ? [expect.stringMatching(new RegExp(`^${inEuros(askedMinor)} were not paid back`))] : [],
        );
      }),
      seeded,
    );
  });

  test("is nothing once as much is refunded anew, and the same again when that fails", () => {
    fc.assert(
      fc.property(story, (told) => {
        const { payment, last } = tell(told);
        const owedMinor = owedOf(payment.entries);
        fc.pre(owedMinor > 0);
        const retried = add(payment, began("again", owedMinor));
        expect(owedOf(retried.entries)).toBe(0);
        expect(complaintOf(retried, last)).toEqual([]);
        expect(owedOf(add(retried, failed("again", owedMinor)).entries)).toBe(owedMinor);
        expect(owedOf(add(retried, refund("again", "succeeded", owedMinor)).entries)).toBe(0);
      }),
      seeded,
    );
  });

  test("does not depend on the clocks of those who wrote the ledger", () => {
    fc.assert(
      fc.property(story, fc.infiniteStream(fc.nat(5)), (told, skews) => {
        const { payment, last } = tell(told);
        const skewed = payment.entries.map((one) => ({ ...one, atMs: one.atMs + (skews.next().value ?? 0) }));
        expect(complaintsOf({ ...payment, entries: skewed }, last)).toEqual(complaintsOf(payment, last));
      }),
      seeded,
    );
  });
});

describe("observing", () => {
  const charge = (overrides: Partial<Charge> = {}): Charge => ({
    ...{ reference: "ch_1", status: "captured", amount: { amount: 900, currency: "EUR" }, capturedMinor: 900 },
    ...{ refunds: [], disputes: [] },
    ...overrides,
  });
  const names = (payment: PaymentItem, seen: Charge) =>
    observe(payment, seen)?.facts.map(({ definition }) => definition.name);

  test("a capture that is news tells of the authorization as well", () => {
    expect(names(createPayment(), charge())).toEqual(["payment.authorized", "payment.captured"]);
  });

  test("a refund that is through at once is told once, and one that the bank sends back is told as failed", () => {
    const payment = createPayment({ entries: paid });
    const refunds = (status: Refund["status"]) => [{ reference: "re_1", status, amountMinor: 100 }];
    const through = observed(payment, charge({ refunds: refunds("succeeded") }));
    expect(names(payment, charge({ refunds: refunds("succeeded") }))).toEqual(["payment.refunded"]);
    expect(names(through, charge({ refunds: refunds("failed") }))).toEqual(["payment.refund-failed"]);
    const failed = observed(through, charge({ refunds: refunds("failed") }));
    expect(observe(failed, charge({ refunds: refunds("succeeded") }))).toBeUndefined();
    expect(totalsOf(failed.entries)).toMatchObject({ refundedMinor: 0, refundableMinor: 900 });
  });

  test("a dispute that was lost before we heard of it is told from its beginning", () => {
    const payment = createPayment({ entries: paid });
    const lost = charge({ disputes: [{ reference: "dp_1", status: "lost", amountMinor: 900 }] });
    expect(names(payment, lost)).toEqual(["payment.charged-back", "payment.chargeback-closed"]);
    const known = observed(payment, charge({ disputes: [{ reference: "dp_1", status: "open", amountMinor: 900 }] }));
    expect(names(known, lost)).toEqual(["payment.chargeback-closed"]);
  });

  test("an unknown outcome is told once, and not of what has ended", () => {
    const payment = createPayment();
    const asked = outcomeUnknown(payment, "authorize")!;
    expect(asked.facts.map(({ data }) => data)).toMatchObject([{ step: "authorize" }]);
    expect(
      outcomeUnknown(createPayment({ entries: [intent, entry("authorize", "unknown")] }), "authorize"),
    ).toBeUndefined();
    expect(outcomeUnknown(createPayment({ entries: paid }), "capture")).toBeUndefined();
  });
});
