import { registry } from "@cartwright/events";
import { expect, test } from "vitest";
import * as z from "zod";
import { topology } from "./recorded.ts";

test("the timeline of an order hears of every event that names an order", () => {
  const naming = [...registry.values()].filter(({ schema }) => "orderId" in (z.toJSONSchema(schema).properties ?? {}));
  const { pattern } = topology.rules.RecordTimeline!;
  expect(pattern!["detail-type"]).toEqual(naming.map(({ name }) => name).sort());
  expect(pattern!.source).toEqual([...new Set(naming.map(({ source }) => source))].sort());
});
