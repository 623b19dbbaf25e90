import { expect, test } from "vitest";
import { distil } from "../distil.ts";
import { arn, exampleGraph } from "../example-graph.ts";
import { usageIn } from "./usage-in.ts";

const local = distil(exampleGraph());
const production = structuredClone(local);
production.tables.Orders!.arn = arn("dynamodb", "table/production-orders");

test("what was used of a stage is told by the names of another", () => {
  const used = [local.tables.Orders!.arn, `${local.tables.Orders!.arn}/index/byTotal`, "*"];
  const renamed = [production.tables.Orders!.arn, `${production.tables.Orders!.arn}/index/byTotal`, "*"];
  expect(usageIn({ Relay: { "dynamodb:Query": used } }, local, production)).toEqual({
    Relay: { "dynamodb:Query": renamed },
  });
});

test("a name that another begins with is not taken for it", () => {
  const other = `${local.tables.Orders!.arn}Archive`;
  expect(usageIn({ Relay: { "dynamodb:Query": [other] } }, local, production).Relay).toEqual({
    "dynamodb:Query": [other],
  });
});
