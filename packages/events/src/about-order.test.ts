import { expect, test } from "vitest";
import * as z from "zod";
import { orderEvents } from "./about-order.ts";
import { registry } from "./registry.ts";

test("an event tells of an order if and only if its data names one", () => {
  const naming = [...registry.values()].filter(({ schema }) => "orderId" in (z.toJSONSchema(schema).properties ?? {}));
  expect(naming.length).toBeGreaterThan(10);
  expect(orderEvents.map(({ name }) => name).sort()).toEqual(naming.map(({ name }) => name).sort());
});
