import { newId } from "@cartwright/events";
import { expect, test } from "vitest";
import { erasedFingerprint } from "../fingerprint.ts";
import { erase, hasText, heedErasure } from "./erasure-rule.ts";
import type { Entry } from "./ledger.ts";
import type { PaymentItem } from "./payment.entity.ts";

const captured: Entry = { atMs: 1, key: "capture", outcome: "succeeded", amountMinor: 900, reference: "ch_1" };
const refund: Entry = { atMs: 2, key: "refund:rfd_1", outcome: "requested", amountMinor: 100, origin: "staff" };
const erased = { ...refund, fingerprint: erasedFingerprint };
const texts = { note: "is his aunt", fingerprint: "hash of his aunt" };
const failed: Entry = { atMs: 3, key: "refund:rfd_1", outcome: "failed", amountMinor: 100, reason: "lost_card" };
const nothing = { entries: [], facts: [] };

function createItem(overrides: Partial<PaymentItem> = {}): PaymentItem {
  const entries = [captured, { ...refund, ...texts }, failed];
  return { orderId: newId("ord"), provider: "sandbox", reviewSlot: "1/1", version: 3, entries, ...overrides };
}

test("a payment with text loses it and nothing else, and tells of it once", () => {
  const payment = createItem();
  const erasure = erase(payment)!;
  expect(erasure.facts.map(({ definition }) => definition.name)).toEqual(["payment.anonymized"]);
  expect(JSON.stringify(erasure.facts)).not.toContain("aunt");
  const entries = heedErasure(payment, erasure, []);
  expect(entries).toStrictEqual([captured, erased, failed]);
  expect(erase({ ...payment, ...erasure.set, entries })).toBeUndefined();
});

test("one without text has nothing to tell", () => {
  const payment = createItem({ entries: [captured, refund, failed] });
  expect(hasText(payment)).toBe(false);
  expect(erase(payment)).toBeUndefined();
});

test("what comes to one that is erased comes without its text", () => {
  const payment = createItem({ entries: [captured], erased: true });
  expect(heedErasure(payment, nothing, [{ ...refund, ...texts }, failed])).toEqual([captured, erased, failed]);
});

test("one whose customer stays is changed as it always was", () => {
  const payment = createItem({ entries: [captured] });
  const added = [{ ...refund, ...texts }];
  expect(heedErasure(payment, nothing, added)).toEqual([captured, ...added]);
});
