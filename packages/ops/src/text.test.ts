import { expect, test } from "vitest";
import type { Io } from "./io.ts";
import { facts, json, money, paintOf, table, visible } from "./text.ts";

const io = (more: Partial<Io>) => ({ environment: {}, isTerminal: true, ...more }) as Io;
const plain = paintOf(io({ isTerminal: false }));

test("colours are for terminals, and for those who want them", () => {
  expect(paintOf(io({})).red("x")).toBe("\u001b[31mx\u001b[0m");
  expect(plain.red("x")).toBe("x");
  expect(paintOf(io({ environment: { NO_COLOR: "1" } })).red("x")).toBe("x");
  expect(paintOf(io({ environment: { NO_COLOR: "" } })).red("x")).not.toBe("x");
});

test("columns line up, numbers to the right, and what is missing is a dash", () => {
  const lines = table(
    ["name", "letters"],
    [
      ["a", 5],
      ["longer", 12],
      [undefined, 0],
    ],
    plain,
  );
  expect(lines).toEqual(["name    letters", "a             5", "longer       12", "-             0"]);
});

test("what was stored can't steer the terminal", () => {
  const evil = "a\u001b[2Jb\u009bc\u202ed\r\n";
  expect(visible(evil)).toBe("a\\u001b[2Jb\\u009bc\\u202ed\\u000d\\u000a");
  expect(table(["x"], [[evil]], plain)[1]).not.toContain("\u001b");
  for (const character of ["\u001b", "\u009b", "\u202e", "\r"]) expect(json({ evil })).not.toContain(character);
  expect(JSON.parse(json({ evil }))).toEqual({ evil });
});

test("facts line up, and what is missing is left out", () => {
  const pairs: [string, string | number | undefined][] = [
    ["order", "ord_1"],
    ["letters", 2],
    ["reason", undefined],
  ];
  expect(facts(pairs, plain)).toEqual(["order    ord_1", "letters  2"]);
});

test.each([
  [1999, "EUR", "19.99 EUR"],
  [-5, "EUR", "-0.05 EUR"],
  [1999, "JPY", "1999 JPY"],
  [1999, "KWD", "1.999 KWD"],
])("%d minor units of %s are %s", (amount, currency, told) => {
  expect(money({ amount, currency })).toBe(told);
});
