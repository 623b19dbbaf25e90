import { describe, expect, test } from "vitest";
import * as z from "zod";
import { changesBetween } from "./change.ts";
import type { JsonSchema } from "./json-schema.ts";

const json = (schema: z.ZodType, reused: "inline" | "ref" = "inline") =>
  z.toJSONSchema(schema, { io: "input", reused }) as JsonSchema;

/** What is told of a change, one line each; what may change is marked. */
function told(was: z.ZodType | JsonSchema, is: z.ZodType | JsonSchema): string[] {
  const [before, after] = [was, is].map((schema) => (schema instanceof z.ZodType ? json(schema) : schema));
  return changesBetween(before!, after!, "data").map(({ path, kind, rule }) =>
    kind === "breaking" ? `${path}: ${rule}` : `${path}: (${kind}) ${rule}`,
  );
}

const line = (sku: z.ZodType) => z.object({ lines: z.array(z.object({ sku })) });
const object = z.object({ sku: z.string() });

describe("what breaks somebody is told with field and rule", () => {
  const none = z.object({});
  const cases: [string, z.ZodType, z.ZodType, string[]][] = [
    ["a field goes", object, none, ["data.sku: field removed"]],
    ["a required field comes", none, object, ["data.sku: required field added"]],
    ["an optional field becomes required", object.partial(), object, ["data.sku: optional field made required"]],
    ["a required field becomes optional", object, object.partial(), ["data.sku: required field made optional"]],
    ["a type changes", line(z.string()), line(z.int()), ["data.lines[].sku: type changed from string to integer"]],
    [
      "a value of an enum comes",
      line(z.enum(["a"])),
      line(z.enum(["a", "b"])),
      ['data.lines[].sku: enum value added: "b"'],
    ],
    [
      "a value of an enum goes",
      line(z.enum(["a", "b"])),
      line(z.enum(["b"])),
      ['data.lines[].sku: enum value removed: "a"'],
    ],
    ["an enum becomes any text", line(z.literal("a")), line(z.string()), ['data.lines[].sku: enum removed: "a"']],
    [
      "a pattern changes",
      line(z.string().regex(/^a/)),
      line(z.string().regex(/^b/)),
      ['data.lines[].sku: constraint changed: pattern changed from "^a" to "^b"'],
    ],
    [
      "a minimum rises",
      line(z.number().min(0)),
      line(z.number().min(1)),
      ["data.lines[].sku: constraint changed: minimum changed from 0 to 1"],
    ],
    [
      "a list must hold something",
      z.object({ lines: z.array(z.string()) }),
      z.object({ lines: z.array(z.string()).min(1) }),
      ["data.lines: constraint changed: minItems 1 added"],
    ],
    ["a format comes", line(z.string()), line(z.url()), ['data.lines[].sku: constraint changed: format "uri" added']],
    [
      "a default changes what its absence means",
      z.object({ n: z.int().default(1) }),
      z.object({ n: z.int().default(2) }),
      ["data.n: constraint changed: default changed from 1 to 2"],
    ],
    [
      "a closed object grows",
      z.strictObject({}),
      z.strictObject({ note: z.string().optional() }),
      ["data.note: closed object extended"],
    ],
    ["an object is closed", object, z.strictObject(object.shape), ["data: an open object became a closed one"]],
    ["an object is opened", z.strictObject(object.shape), object, ["data: a closed object became an open one"]],
    [
      "the values of a map change",
      z.object({ prices: z.record(z.string(), z.int()) }),
      z.object({ prices: z.record(z.string(), z.string()) }),
      ["data.prices.*: type changed from integer to string"],
    ],
    [
      "a tuple grows",
      z.object({ pair: z.tuple([z.string()]) }),
      z.object({ pair: z.tuple([z.string(), z.int()]) }),
      [
        "data.pair: constraint changed: minItems changed from 1 to 2",
        "data.pair: constraint changed: maxItems changed from 1 to 2",
        "data.pair: tuple of 1 became a tuple of 2",
      ],
    ],
    [
      "another alternative comes",
      line(z.union([z.string(), z.int()])),
      line(z.union([z.string(), z.int(), z.null()])),
      ["data.lines[].sku: anyOf changed from 2 to 3 schemas"],
    ],
    [
      "a field may be null",
      line(z.string()),
      line(z.string().nullable()),
      ["data.lines[].sku: type changed from string to null or string"],
    ],
    [
      "an offset is allowed in a time",
      line(z.iso.datetime()),
      line(z.iso.datetime({ offset: true })),
      ["data.lines[].sku: constraint changed: other texts of format date-time are accepted than before"],
    ],
  ];
  test.each(cases)("%s", (_, was, is, expected) => {
    expect(told(was, is).toSorted()).toEqual(expected.toSorted());
  });
});

describe("what may change within a version", () => {
  test("an optional field is an addition, wherever its object is open", () => {
    const was = z.object({ lines: z.array(object), shop: object.nullable() });
    const grown = object.extend({ note: z.string().optional() });
    const is = z.object({ lines: z.array(grown), shop: grown.nullable(), more: z.int().default(1) });
    expect(told(was, is)).toEqual([
      "data.lines[].note: (addition) optional field added",
      "data.shop (anyOf 1).note: (addition) optional field added",
      "data.more: (addition) optional field added",
    ]);
  });

  test("alternatives may grow when a field of theirs tells them apart", () => {
    const card = z.object({ kind: z.literal("card"), last4: z.string() });
    const cash = z.object({ kind: z.literal("cash") });
    const grown = cash.extend({ till: z.string().optional() });
    const discriminated = (other: typeof cash) => z.object({ by: z.discriminatedUnion("kind", [card, other]) });
    expect(told(discriminated(cash), discriminated(grown))).toEqual([
      "data.by (oneOf 2).till: (addition) optional field added",
    ]);
    const [one, other] = [z.object({ a: z.string() }), z.object({ b: z.string() })];
    const guessed = z.object({ by: z.union([one, other]) });
    const guessedGrown = z.object({ by: z.union([one.extend({ b: z.int().optional() }), other]) });
    expect(told(guessed, guessedGrown)).toEqual([
      "data.by (anyOf 1).b: field added where alternatives are told apart by their fields",
    ]);
  });

  test("descriptions and examples are annotations", () => {
    const described = line(z.string().meta({ description: "which one", examples: ["A"] })).describe("told anew");
    expect(told(line(z.string()), described)).toEqual([
      'data.lines[].sku: (annotation) description "which one" added',
      'data.lines[].sku: (annotation) examples ["A"] added',
      'data: (annotation) description "told anew" added',
    ]);
  });
});

describe("what makes no difference", () => {
  test("the order of keys, of required fields and of an enum's values", () => {
    const was = { type: "object", required: ["a", "b"], properties: { a: { enum: [1, 2], type: "integer" }, b: {} } };
    const is = { properties: { b: {}, a: { type: "integer", enum: [2, 1] } }, required: ["b", "a"], type: "object" };
    expect(told(was, is)).toEqual([]);
  });

  test("whether a part is written in place or referred to", () => {
    const money = z.object({ amount: z.int(), currency: z.string() });
    const order = z.object({ total: money, paid: money });
    const referring = json(order, "ref");
    expect(referring).toHaveProperty("$defs");
    expect(told(json(order), referring)).toEqual([]);
    const other = json(z.object({ total: money, paid: money.extend({ currency: z.int() }) }), "ref");
    expect(told(referring, other)).toEqual(["data.paid.currency: type changed from string to integer"]);
  });

  test("how the pattern of a known format is spelled", () => {
    const time = json(z.object({ at: z.iso.datetime() })) as { properties: { at: { pattern: string } } };
    const respelled = structuredClone(time);
    respelled.properties.at.pattern = `(?:${time.properties.at.pattern})`;
    expect(told(time as unknown as JsonSchema, respelled as unknown as JsonSchema)).toEqual([]);
  });

  test("that a schema holds itself", () => {
    const tree = (value: z.ZodType) => {
      const node = z.object({
        value,
        get children() {
          return z.array(node);
        },
      });
      return node as z.ZodType;
    };
    expect(told(tree(z.string()), tree(z.string()))).toEqual([]);
    expect(told(tree(z.string()), tree(z.int()))).toEqual(["data.value: type changed from string to integer"]);
  });
});
