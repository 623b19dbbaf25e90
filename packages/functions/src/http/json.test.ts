import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseJson } from "./json.ts";

const refused = (text: string) => {
  try {
    parseJson(text);
  } catch (error) {
    return error;
  }
  throw new Error("it was taken");
};

const isJson = (text: string) => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

describe("what is read", () => {
  test("is what JSON.parse reads", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4, noUnicodeString: false }), (text) => {
        fc.pre(!text.includes('"__proto__"'));
        expect(parseJson(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  test("and what JSON.parse refuses is refused, after any change of a character", () => {
    const broken = fc.tuple(fc.json({ maxDepth: 3 }), fc.nat(), fc.constantFrom(...'{}[],:"\\0-1.e+ tn\u0001\u007f'));
    fc.assert(
      fc.property(broken, ([text, place, character]) => {
        const at = place % text.length;
        const changed = text.slice(0, at) + character + text.slice(at + 1);
        if (!isJson(changed)) expect(refused(changed)).toMatchObject({ kind: "invalid", code: expect.any(String) });
        else expect(() => parseJson(changed)).not.toThrow(SyntaxError);
      }),
      { numRuns: 500 },
    );
  });

  test.each(["null", "0", ' "a" ', "[]", "{}", "[[], {}]", '"\\u0000"', '"\\ud83d\\ude00"', "-0.5e+3"])(
    "%s",
    (text) => {
      expect(parseJson(text)).toEqual(JSON.parse(text));
    },
  );
});

test.each([
  ["", "it ends too early"],
  [" ", "it ends too early"],
  ['{"a":', "it ends too early"],
  ["{]", "line 1, column 2"],
  ['{"a": 1,}', "line 1, column 9"],
  ['{\n  "a" 1}', "line 2, column 7"],
  ["[1 2]", "line 1, column 4"],
  ["[01]", "line 1, column 3"],
  ["[1],", "line 1, column 4"],
  ["['a']", "line 1, column 2"],
  ['["a\nb"]', "line 1, column 2"],
  ['["\\x"]', "line 1, column 2"],
  ["[NaN]", "line 1, column 2"],
  ["}", "line 1, column 1"],
  [",", "line 1, column 1"],
  [":", "line 1, column 1"],
])("%j is malformed, and told where", (text, where) => {
  expect(refused(text)).toMatchObject({ code: "malformed", message: expect.stringContaining(where) });
});

test("ten levels are deep enough, and the eleventh is told with its place", () => {
  const nested = (levels: number) => `{"a":${"[".repeat(levels)}${"]".repeat(levels)}}`;
  expect(parseJson(nested(9))).toHaveProperty("a");
  expect(refused(nested(10))).toMatchObject({ code: "too_deep", faults: [{ path: "a.0.0.0.0.0.0.0.0.0" }] });
});

test.each(["[", '{"a":', '[{"":', "[[],"])("64 KB of %j cost nothing", (text) => {
  const startedAt = performance.now();
  expect(refused(text.repeat(65_536 / text.length))).toMatchObject({
    code: expect.stringMatching(/too_deep|malformed/),
  });
  expect(performance.now() - startedAt).toBeLessThan(500);
});

test.each([
  ["text that never ends", `["${"a".repeat(65_536)}`],
  ["escapes that never end", `["${"\\n".repeat(32_768)}`],
  ["space", " ".repeat(65_536)],
  ["a number that ends badly", `[${"1".repeat(65_536)}x`],
  ["as many keys", `{${Array.from({ length: 6000 }, (_, index) => `"${index}":1`).join()}`],
])("64 KB of %s are refused at once", (_, text) => {
  const startedAt = performance.now();
  expect(refused(text)).toMatchObject({ code: "malformed" });
  expect(performance.now() - startedAt).toBeLessThan(500);
});

test.each([
  ['{"a": 1, "a": 2}', "a"],
  ['{"lines": [{"sku": "A"}, {"sku": "B", "\\u0073ku": "C"}]}', "lines.1.sku"],
  ['{"": 1, "": 1}', ""],
])("a key that is there twice is told: %s", (text, path) => {
  expect(refused(text)).toMatchObject({ code: "duplicate_key", faults: [{ path, code: "duplicate_key" }] });
});

test.each(['{"a": {"__proto__": {"staff": true}}}', '{"a": {"\\u005f_proto__": 1}}'])("%s is no field", (text) => {
  expect(refused(text)).toMatchObject({ code: "invalid_request", faults: [{ path: "a.__proto__" }] });
});

test.each(['{"a": ["\\ud800"]}', '{"a": ["x\\ude00\\ud83d"]}'])(
  "no table takes half of a surrogate pair: %s",
  (text) => {
    expect(refused(text)).toMatchObject({ code: "invalid_request", faults: [{ path: "a.0" }] });
  },
);
