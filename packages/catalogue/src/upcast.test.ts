import { createEvent, parseEvent } from "@cartwright/events";
import type { ValidateFunction } from "ajv";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { definedVersions, definitions } from "./contract.ts";
import { readContract } from "./folder.ts";
import type { JsonSchema } from "./json-schema.ts";
import { arbitraryOf } from "./test/arbitrary.ts";
import { committedFolder } from "./test/folder.ts";
import { validatorOf } from "./validator.ts";

const committed = await readContract(committedFolder);

function expectFit(validate: ValidateFunction, value: unknown): void {
  expect(validate(value), JSON.stringify({ errors: validate.errors, value })).toBe(true);
}

describe("whatever a committed version allows is consumed as today's", () => {
  test.each(committed.versions.map((each) => [`${each.name} v${each.version}`, each] as const))("%s", (_, each) => {
    const definition = definitions.events.get(each.name)!;
    const today = committed.versions.findLast(({ name }) => name === each.name)!;
    const fitsToday = validatorOf(today.schema!);
    fc.assert(
      fc.property(arbitraryOf(each.schema), (data) => {
        const event = parseEvent(definition, { ...(each.sample as object), data });
        expect(event.version).toBe(definition.version);
        expectFit(fitsToday, event.data);
      }),
    );
  });
});

describe("whatever today's schema allows survives the way over the bus", () => {
  const today = definedVersions(definitions).filter(({ definition, version }) => definition.version === version);
  test.each(today.map((each) => [each.definition.name, each] as const))("%s", (_, { definition, schema }) => {
    const fits = validatorOf(schema);
    fc.assert(
      fc.property(arbitraryOf(schema), (data) => {
        const about = { subject: "s", sequence: 1, time: new Date(0), cause: { correlationId: "c" } };
        const event = createEvent(definition, { ...about, data });
        expectFit(fits, event.data);
        expect(parseEvent(definition, JSON.parse(JSON.stringify(event)))).toEqual(event);
      }),
    );
  });
});

test("what is generated fits its schema, and comes in every variety", () => {
  const schema = z.toJSONSchema(
    z.object({
      id: z.string().regex(/^ord_[0-7][A-Z]{3}$/),
      at: z.iso.datetime(),
      count: z.int().positive().max(9),
      share: z.number().min(0).max(1),
      note: z.string().min(2).max(4).optional(),
      by: z.discriminatedUnion("kind", [z.object({ kind: z.literal("a") }), z.strictObject({ kind: z.literal("b") })]),
      pair: z.tuple([z.string(), z.boolean()]),
      tags: z.array(z.enum(["x", "y"])).min(1),
      prices: z.record(z.string(), z.int()),
      gone: z.null().or(z.url()),
    }),
    { io: "input" },
  ) as JsonSchema;
  const fits = validatorOf(schema);
  const samples = fc.sample(arbitraryOf(schema) as fc.Arbitrary<Record<string, unknown>>, { numRuns: 200, seed: 1 });
  for (const sample of samples) expectFit(fits, sample);
  expect(samples.some((sample) => "note" in sample) && samples.some((sample) => !("note" in sample))).toBe(true);
  expect(new Set(samples.map(({ by }) => (by as { kind: string }).kind))).toEqual(new Set(["a", "b"]));
  expect(samples.some((sample) => "addedLater" in sample)).toBe(true);
});
