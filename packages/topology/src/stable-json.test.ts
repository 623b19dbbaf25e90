import { expect, test } from "vitest";
import { stableJson } from "./stable-json.ts";

test("the order of keys makes no difference, at any depth", () => {
  const one = stableJson({ b: { d: [{ f: 1, e: 2 }], c: null }, a: undefined });
  const other = stableJson({ a: undefined, b: { c: null, d: [{ e: 2, f: 1 }] } });
  expect(one).toBe(other);
  expect(JSON.parse(one)).toEqual({ b: { c: null, d: [{ e: 2, f: 1 }] } });
});

test("the order of a list is kept", () => {
  expect(stableJson([2, 1])).toBe("[\n  2,\n  1\n]\n");
});
