import { expect, test } from "vitest";
import { isTraceparent, newTraceparent, toTraceHeader } from "./trace.ts";

test("a new trace is one that others understand", () => {
  expect(isTraceparent(newTraceparent())).toBe(true);
  expect(newTraceparent()).not.toBe(newTraceparent());
});

test.each([
  undefined,
  "",
  "00-00000000000000000000000000000000-b7ad6b7169203331-01",
  "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
  "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
])("%s is no traceparent", (text) => {
  expect(isTraceparent(text)).toBe(false);
});

test("X-Ray names the same trace by its time and the rest", () => {
  expect(toTraceHeader("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")).toBe(
    "Root=1-0af76519-16cd43dd8448eb211c80319c;Parent=b7ad6b7169203331;Sampled=1",
  );
  expect(toTraceHeader("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00")).toContain("Sampled=0");
});
