import { newId } from "@cartwright/events";
import { expect, test } from "vitest";
import { actorOfGuest, guestIdsOf, guestTokenOf } from "./guest.ts";
import { sign } from "./sign.ts";

test("a guest is the customer of the one order that their key names, and the same whenever it is sent", () => {
  const key = crypto.randomUUID();
  const { orderId, customerId } = guestIdsOf(key);
  expect(guestIdsOf(key)).toEqual({ orderId, customerId });
  expect(guestIdsOf(key.toUpperCase())).toEqual({ orderId, customerId });
  expect(guestIdsOf(crypto.randomUUID())).not.toMatchObject({ orderId });
  expect(actorOfGuest(guestTokenOf(orderId))).toEqual({ userId: customerId, roles: ["guest"] });
});

test.each([
  "order-1",
  "",
  newId("req"),
  "00000000-0000-0000-0000-000000000000",
  "ffffffff-ffff-ffff-ffff-ffffffffffff",
  // Of version 1: a time and the address of a machine.
  "c232ab00-9414-11ec-b3c8-9f68deced846",
  `${crypto.randomUUID()}-1`,
])("a key that others may come upon is refused, such as %j", (key) => {
  expect(() => guestIdsOf(key)).toThrow(expect.objectContaining({ kind: "invalid", code: "invalid_idempotency_key" }));
});

test("a token that we have not given out lets nobody in, however it was made", () => {
  const [orderId, other] = [newId("ord"), newId("ord")];
  const [, signature = ""] = guestTokenOf(orderId).split(".");
  const forged = [
    ...["", ".", orderId, `${orderId}.`, `.${signature}`, signature],
    ...[`${other}.${signature}`, `${orderId}.${signature.slice(1)}`, `${orderId}.${signature}A`],
    ...[`${orderId}.${signature}.x`, ` ${orderId}.${signature}`, `${orderId.toLowerCase()}.${signature}`],
    // A signature of ours, for another purpose or of something that is no order.
    ...[`${orderId}.${sign("cursor", orderId)}`, `usr_1.${sign("guest", "usr_1")}`, `.${sign("guest", "")}`],
  ];
  for (const token of forged) expect(actorOfGuest(token)).toBeUndefined();
});
