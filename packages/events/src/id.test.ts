import fc from "fast-check";
import { expect, test } from "vitest";
import { deriveId, idFromUuid, idSchema, newId, uuidFromId, withPrefix } from "./id.ts";

test("new and derived ids fit their schema", () => {
  fc.assert(
    fc.property(fc.array(fc.string(), { minLength: 1 }), (parts) => {
      expect(idSchema("ord").safeParse(deriveId("ord", ...parts)).success).toBe(true);
    }),
  );
  expect(idSchema("evt").safeParse(newId("evt")).success).toBe(true);
});

test("the same parts give the same id, and other parts another, wherever the boundary lies", () => {
  expect(deriveId("ord", "usr_1", "key")).toBe(deriveId("ord", "usr_1", "key"));
  expect(deriveId("ord", "ab", "c")).not.toBe(deriveId("ord", "a", "bc"));
});

test("different UUIDs give different ids", () => {
  fc.assert(
    fc.property(fc.uuid(), fc.uuid(), (a, b) => {
      expect(idFromUuid("usr", a) === idFromUuid("usr", b)).toBe(a.toLowerCase() === b.toLowerCase());
      expect(idSchema("usr").safeParse(idFromUuid("usr", a)).success).toBe(true);
    }),
  );
  expect(() => idFromUuid("usr", "nobody")).toThrow("expected a UUID");
});

test("an id made of a UUID tells it again, and what is no id tells none", () => {
  fc.assert(
    fc.property(fc.uuid(), (uuid) => {
      expect(uuidFromId(idFromUuid("usr", uuid.toUpperCase()))).toBe(uuid.toLowerCase());
    }),
  );
  for (const none of ["", "usr_", "usr_8ZZZZZZZZZZZZZZZZZZZZZZZZZ", "usr_0123456789ABCDEFGHIJKLMNOP"]) {
    expect(() => uuidFromId(none)).toThrow("expected an id");
  }
});

test("an order and its payment differ in their prefix alone", () => {
  const orderId = newId("ord");
  expect(withPrefix("ord", withPrefix("pay", orderId))).toBe(orderId);
});
