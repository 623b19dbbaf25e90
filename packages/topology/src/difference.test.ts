import { expect, test } from "vitest";
import { differences } from "./difference.ts";

test("equal values don't differ, whatever the order of their keys", () => {
  expect(differences({ a: 1, b: [{ c: 2 }] }, { b: [{ c: 2 }], a: 1 })).toEqual([]);
});

test("each place that changed, came or went is told once, by its path", () => {
  const before = { queues: { Work: { delay: 0, name: "work" } }, rules: { Old: { enabled: true } } };
  const after = { queues: { Work: { delay: 30, name: "work" } }, rules: { New: { enabled: true } } };
  expect(differences(before, after)).toEqual([
    "~ queues.Work.delay: 0 is now 30",
    "+ rules.New.enabled: true",
    "- rules.Old.enabled: true",
  ]);
});

test("an empty list is told apart from none", () => {
  expect(differences({ links: [] }, {})).toEqual(["- links: []"]);
});

test("against nothing, everything is new", () => {
  expect(differences(undefined, { app: "shop" })).toEqual(['+ app: "shop"']);
});
