import { Money, OrderLine } from "@cartwright/events";
import { expect, test } from "vitest";
import * as z from "zod";
import { fieldsOf } from "./field.ts";
import type { JsonSchema } from "./json-schema.ts";

const rows = (schema: z.ZodType) =>
  fieldsOf(z.toJSONSchema(schema, { io: "input", reused: "ref" }) as JsonSchema).map(
    ({ path, type, required }) => `${path}${required ? "" : "?"}: ${type}`,
  );

test("fields are listed with their place, in words", () => {
  const schema = z.object({
    id: z.string().regex(/^ord_[0-7][0-9A-Z]{25}$/),
    lines: z.array(OrderLine).min(1),
    total: Money,
    paid: Money.optional(),
    at: z.iso.datetime(),
    status: z.enum(["open", "closed"]).nullable(),
    prices: z.record(z.string(), Money),
    note: z.string().max(40).optional(),
    share: z.number().min(0).max(1),
  });
  expect(rows(schema)).toEqual([
    "id: id, `ord_…`",
    "lines: list, at least 1",
    "lines[].sku: string",
    "lines[].quantity: integer > 0",
    "total: object",
    "total.amount: integer ≥ 0",
    "total.currency: string like `/^[A-Z]{3}$/`",
    "paid?: object",
    "paid.amount: integer ≥ 0",
    "paid.currency: string like `/^[A-Z]{3}$/`",
    "at: time, ISO 8601 in UTC",
    'status: `"open"` or `"closed"` or null',
    "prices: object",
    "prices.*.amount: integer ≥ 0",
    "prices.*.currency: string like `/^[A-Z]{3}$/`",
    "note?: string of at most 40",
    "share: number ≥ 0 ≤ 1",
  ]);
});

test("a schema that holds itself is listed once", () => {
  const Node = z.object({
    name: z.string(),
    get children() {
      return z.array(Node);
    },
  });
  expect(rows(Node as z.ZodType)).toEqual([
    "name: string",
    "children: list",
    "children[].name: string",
    "children[].children: list",
  ]);
});
