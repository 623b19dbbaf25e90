/** The order domain's copy of the catalogue, made anew by one command on the whole system. */
import { UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { runCaptured } from "@cartwright/ops/test/run";
import { afterAll, beforeAll, expect, test } from "vitest";
import { orderFor } from "./shop/seed.ts";
import { entityOf, type Item, stateOf } from "./test/checkout.ts";
import { dynamoOf } from "./test/endpoint.ts";
import { type System, startSystem } from "./test/system.ts";

let system: System;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system.stop());

async function rows(list = "live"): Promise<Item[]> {
  const prices = [...(await stateOf(system)).values()].filter((item) => entityOf(item) === "price");
  return prices.filter((item) => (item.list!.S === "live") === (list === "live"));
}

/** Without what tells the two lists apart. */
const bare = (items: Item[]) =>
  items
    .map(({ pk: _, gsi1pk: __, list: ___, expiresAt: ____, ...row }) => row)
    .sort((a, b) => a.sku!.S!.localeCompare(b.sku!.S!));

const rebuild = () =>
  runCaptured(["rebuild", "price-list", "--from", "2h"], {
    environment: { CARTWRIGHT_API_URL: system.local.apiUrl },
    now: system.local.now,
    sleep: system.skip,
  });

test("the list made anew from the archive equals the live one, and mends what somebody has spoilt", async () => {
  const { staff, customer } = system.shop;
  const tray = await staff.products.get("TRAY-OAK");
  await staff.products.update("TRAY-OAK", tray.version, { prices: [{ amount: 3500, currency: "EUR" }] });
  await staff.products.adjustStock("LAST-ONE", { delta: -1, reason: "dropped" });
  await system.local.idle();
  const before = await rows();

  const clean = await rebuild();
  expect(clean.printed.at(-1)).toBe(
    `${before.length} rows made anew: ${before.length} were as they should be, 0 mended`,
  );
  expect(clean.code).toBe(0);
  expect(bare(await rows("anew"))).toEqual(bare(before));

  const spoilt = before.find(({ sku }) => sku!.S === "TRAY-OAK")!;
  await dynamoOf(system.local).send(
    new UpdateItemCommand({
      TableName: system.local.topology.tables.OrderTable!.name,
      Key: { pk: spoilt.pk!, sk: spoilt.sk! },
      UpdateExpression: "SET title = :wrong",
      ExpressionAttributeValues: { ":wrong": { S: "Lead tray" } },
    }),
  );
  const mending = await rebuild();
  expect(mending.printed.slice(-2)).toEqual([
    `${before.length} rows made anew: ${before.length - 1} were as they should be, 1 mended`,
    "  mended: TRAY-OAK",
  ]);
  expect(bare(await rows())).toEqual(bare(before));
  const { lines } = await customer.orders.place(orderFor([{ sku: "TRAY-OAK", quantity: 1 }], "tok_declined"));
  expect(lines).toMatchObject([{ title: "Oak tray", unitPrice: { amount: 3500 } }]);
});
