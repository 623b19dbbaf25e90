import { expect, test } from "vitest";
import { refuseWeak } from "./password.ts";

test.each([
  ["Short-1", "at least 12"],
  ["lowercase-only-1", "capital letter"],
  ["UPPERCASE-ONLY-1", "small letter"],
  ["No-numbers-here", "digit"],
  [" Leading-space-1", "no space"],
  ["Trailing-space-1 ", "no space"],
])("refuses %j and says why", (weak, complaint) => {
  expect(() => refuseWeak(weak)).toThrow(complaint);
  try {
    refuseWeak(weak);
  } catch (error) {
    expect(error).toMatchObject({ kind: "invalid", code: "weak_password", faults: [{ path: "password" }] });
    expect(String(error)).not.toContain(weak);
  }
});

test.each(["Correct-horse-1", "Correct horse battery 1", "Grüße-aus-Köln-1"])("takes %j", (password) => {
  expect(() => refuseWeak(password)).not.toThrow();
});
