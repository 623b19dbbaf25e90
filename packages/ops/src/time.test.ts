import { expect, test } from "vitest";
import { parseTime } from "./time.ts";

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
