import { expect, test } from "vitest";
import { untilUncontended } from "./contention.ts";

const conflict = { canceled: true, data: [{ rejected: true, code: "TransactionConflict" }] };
const done = { canceled: false, data: [{ rejected: false }] };
const refused = { canceled: true, data: [{ rejected: true, code: "ConditionalCheckFailed" }] };

function answering(...answers: (typeof done)[]) {
  let asked = 0;
  const run = async () => answers[Math.min(asked++, answers.length - 1)]!;
  return { run, asked: () => asked };
}

test("a transaction that meets others is tried again until it gets through", async () => {
  const { run, asked } = answering(conflict, conflict, done);
  expect(await untilUncontended("SKU", run)).toBe(done);
  expect(asked()).toBe(3);
});

test("one that is refused by a condition is not tried again, even when it also met another", async () => {
  const both = { canceled: true, data: [...conflict.data, ...refused.data] };
  const { run, asked } = answering(both, done);
  expect(await untilUncontended("SKU", run)).toBe(both);
  expect(asked()).toBe(1);
});

test("endless conflict ends in an error that the saga may retry", async () => {
  const { run } = answering(conflict);
  await expect(untilUncontended("SKU", run)).rejects.toMatchObject({ name: "ContentionError" });
});
