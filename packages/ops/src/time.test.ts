import { expect, test } from "vitest";
import { lengthOf, parseSpan, parseTime } from "./time.ts";

const nowMs = Date.parse("2026-03-08T12:00:00.000Z");

test.each([
  ["now", "2026-03-08T12:00:00.000Z"],
  ["90s", "2026-03-08T11:58:30.000Z"],
  ["30m", "2026-03-08T11:30:00.000Z"],
  ["2h", "2026-03-08T10:00:00.000Z"],
  ["7d", "2026-03-01T12:00:00.000Z"],
  ["2026-03-01", "2026-03-01T00:00:00.000Z"],
  ["2026-03-01T03:00Z", "2026-03-01T03:00:00.000Z"],
  ["2026-03-01T03:00:00.5+02:00", "2026-03-01T01:00:00.500Z"],
])("%s is understood", (text, time) => {
  expect(parseTime("from", text, nowMs)).toBe(time);
});

test.each(["", "yesterday", "2", "h", "-2h", "2026-03-01T03:00:00", "2026-13-01", "2026-02-30T25:00Z", "1772334000"])(
  "%j is refused, with what there is",
  (text) => {
    expect(() => parseTime("from", text, nowMs)).toThrow(/^--from takes an ISO 8601 time with its zone/);
  },
);

test("a span is milliseconds, and nothing but a span is one", () => {
  expect([parseSpan("older-than", "90s"), parseSpan("older-than", "2h")]).toEqual([90_000, 7_200_000]);
  expect(() => parseSpan("older-than", "now")).toThrow(/^--older-than takes a span such as 90s/);
});

test.each([
  [-5, "0 s"],
  [999, "0 s"],
  [59_000, "59 s"],
  [719_999, "11 min 59 s"],
  [7_200_000, "2 h"],
  [7_500_000, "2 h 5 min"],
  [180_000_000, "2 d 2 h"],
])("%d ms are %s", (ms, told) => {
  expect(lengthOf(ms)).toBe(told);
});
