import { describe, expect, test } from "vitest";
import * as z from "zod";
import { unsayableIn } from "./unsayable.ts";

const told = (schema: z.ZodType) => unsayableIn(schema, "data").map(({ path, what }) => `${what} at ${path}`);

describe("what JSON Schema can't say is found", () => {
  const evil = z.string().refine((text) => text !== "evil");
  test.each<[string, z.ZodType, string]>([
    ["a field", z.object({ a: evil }), "data.a"],
    ["a field of any other name", z.object({}).catchall(evil), "data.*"],
    ["a list", z.object({ a: z.array(z.object({ b: evil })) }), "data.a[].b"],
    ["a tuple", z.tuple([z.int(), evil]), "data[1]"],
    ["the rest of a tuple", z.tuple([z.int()], evil), "data[]"],
    ["the values of a record", z.record(z.string(), evil), "data.*"],
    ["the names of a record", z.record(evil, z.int()), "data.* (name)"],
    ["an alternative", z.object({ a: z.union([z.int(), evil]) }), "data.a"],
    ["a kind of many", z.discriminatedUnion("kind", [z.object({ kind: z.literal("a"), b: evil })]), "data.b"],
    ["an intersection", z.intersection(z.object({}), z.object({ a: evil })), "data.a"],
    ["what may be absent, null or by default", z.object({ a: evil.nullable().optional().default(null) }), "data.a"],
    ["what is read-only", z.object({ a: z.array(evil).readonly() }), "data.a[]"],
    ["what is named later", z.lazy(() => z.object({ a: evil })), "data.a"],
    ["the whole", z.object({ a: z.int() }).refine(({ a }) => a !== 0), "data"],
  ])("in %s", (_, schema, path) => {
    expect(told(schema)).toEqual([`a check by a function (refine, superRefine, check, custom, instanceof) at ${path}`]);
  });

  test("at every place, in a schema that holds itself", () => {
    const Tree = z.object({
      name: z.string().trim(),
      size: z.coerce.number(),
      get children(): z.ZodType {
        return z.array(Tree);
      },
    });
    expect(told(Tree)).toEqual([
      "a change of the value (trim, toLowerCase, normalize, overwrite) at data.name",
      "a conversion of whatever comes (coerce) at data.size",
    ]);
  });
});

test("what JSON Schema can say is none of it", () => {
  const schema = z.strictObject({
    id: z.string().regex(/^ord_[0-7][A-Z]{3}$/u, "expected an id"),
    code: z.string().min(2).max(9).startsWith("A").uppercase(),
    at: z.iso.datetime({ offset: true }).describe("When."),
    link: z.url().meta({ examples: ["https://example.com/"] }),
    mail: z.email(),
    key: z.uuid(),
    hash: z.hash("sha256"),
    count: z.int().positive().max(9).multipleOf(3),
    share: z.number().gt(0).lt(1),
    by: z.discriminatedUnion("kind", [z.object({ kind: z.literal("a") }), z.strictObject({ kind: z.literal("b") })]),
    pair: z.tuple([z.string(), z.boolean()], z.null()),
    tags: z
      .array(z.enum(["x", "y"]))
      .length(2)
      .readonly(),
    prices: z.record(z.string(), z.int().brand("cents")),
    label: z.templateLiteral(["size-", z.number()]),
    more: z.json().optional(),
    note: z.string().nullable().default(null),
    any: z.unknown(),
  });
  expect(told(schema)).toEqual([]);
});
