import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { matches, parsePattern } from "./event-pattern.ts";

interface Vector {
  name: string;
  pattern: unknown;
  event: unknown;
  matches: boolean;
}

const vectors: Vector[] = JSON.parse(readFileSync(new URL("./event-patterns.json", import.meta.url), "utf8"));

describe("an event pattern", () => {
  it("agrees with event-ruler on every recorded pair", () => {
    const wrong = vectors.filter((each) => matches(parsePattern(each.pattern), each.event) !== each.matches);
    expect(wrong).toEqual([]);
    expect(vectors.length).toBe(1449);
  });

  it("filters a table's stream records by the presence of an attribute", () => {
    const pattern = parsePattern({
      eventName: ["INSERT", "MODIFY"],
      dynamodb: { NewImage: { outbox: { S: [{ exists: true }] } } },
    });
    const record = (image: object) => ({ eventName: "MODIFY", dynamodb: { NewImage: image } });
    expect(matches(pattern, record({ outbox: { S: "[]" } }))).toBe(true);
    expect(matches(pattern, record({ pk: { S: "order" } }))).toBe(false);
    expect(matches(pattern, { eventName: "REMOVE", dynamodb: {} })).toBe(false);
  });

  it("wants one element of an array of objects to satisfy all its fields", () => {
    const pattern = parsePattern({ detail: { lines: { sku: ["a"], quantity: [{ numeric: [">", 1] }] } } });
    const event = (lines: object[]) => ({ detail: { lines } });
    expect(matches(pattern, event([{ sku: "a", quantity: 2 }]))).toBe(true);
    expect(
      matches(
        pattern,
        event([
          { sku: "a", quantity: 1 },
          { sku: "b", quantity: 2 },
        ]),
      ),
    ).toBe(false);
  });

  it("matches IPv6 ranges", () => {
    const pattern = parsePattern({ ip: [{ cidr: "2001:db8::/32" }] });
    expect(matches(pattern, { ip: "2001:db8:1::1" })).toBe(true);
    expect(matches(pattern, { ip: "2001:db9::1" })).toBe(false);
    expect(matches(pattern, { ip: "10.0.0.1" })).toBe(false);
  });

  it("that names a field inside $or and outside it counts the one written last", () => {
    const pattern = parsePattern({ kind: ["a"], $or: [{ kind: ["b"] }, { size: [1] }] });
    expect(matches(pattern, { kind: "b" })).toBe(true);
    expect(matches(pattern, { kind: "a", size: 1 })).toBe(true);
    expect(matches(pattern, { kind: "a", size: 2 })).toBe(false);
  });

  it.each([
    ["not an object", [], "pattern: must be an object"],
    ["an empty pattern", {}, "pattern: an empty object"],
    ["a bare value", { source: "x" }, "pattern.source: must be an object or an array"],
    ["an empty array", { source: [] }, "pattern.source: an empty array"],
    ["an empty object", { detail: { order: {} } }, "pattern.detail.order: an empty object"],
    ["a nested array", { source: [["x"]] }, "pattern.source[0]: must be a string"],
    ["an unknown operator", { source: [{ regex: "x" }] }, 'pattern.source[0].regex: unrecognised match type "regex"'],
    ["two operators in one matcher", { source: [{ prefix: "x", suffix: "y" }] }, "pattern.source[0]: exactly one key"],
    ["a prefix that is no string", { source: [{ prefix: 1 }] }, "pattern.source[0].prefix: must be a string"],
    ["exists with a string", { a: [{ exists: "true" }] }, "pattern.a[0].exists: must be true or false"],
    ["a numeric without bound", { a: [{ numeric: [">"] }] }, 'pattern.a[0].numeric: ">" needs a number'],
    ["an upside-down range", { a: [{ numeric: ["<", 1, ">", 5] }] }, "pattern.a[0].numeric: a range is a lower bound"],
    ["an empty range", { a: [{ numeric: [">", 5, "<", 5] }] }, "pattern.a[0].numeric: the lower bound"],
    ["two wildcards in a row", { a: [{ wildcard: "x**" }] }, "pattern.a[0].wildcard: consecutive wildcards"],
    ["a bad escape", { a: [{ wildcard: "x\\y" }] }, "pattern.a[0].wildcard: only \\* and \\\\"],
    ["a bad range of addresses", { a: [{ cidr: "10.0.0.0/33" }] }, "pattern.a[0].cidr: must be an IP range"],
    [
      "mixed types in anything-but",
      { a: [{ "anything-but": ["x", 1] }] },
      "pattern.a[0].anything-but: takes strings or",
    ],
    ["a bad alternative", { $or: [{ a: ["x"] }, { b: "y" }] }, "pattern.$or[1].b: must be an object or an array"],
  ])("refuses %s, saying where", (_, pattern, message) => {
    expect(() => parsePattern(pattern)).toThrow(message);
  });
});
