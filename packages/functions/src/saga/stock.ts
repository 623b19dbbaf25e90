import { Inventory } from "@cartwright/core/inventory";
import { step } from "./step.ts";

export const reserve = step("ReserveStock", async ({ checkout }, cause) => {
  await Inventory.reserve(checkout, cause);
  return { status: "reserved" };
});

export const release = step("ReleaseStock", async ({ orderId }, cause) => {
  await Inventory.release(orderId, cause);
  return { status: "released" };
});
