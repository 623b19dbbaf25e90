import { expect, test } from "vitest";
import { seal, unseal } from "./seal.ts";

const key = Buffer.alloc(32, 1).toString("base64");
const otherKey = Buffer.alloc(32, 2).toString("base64");

test("a sealed token opens for its order with the key, and does not show", async () => {
  const sealed = await seal("tok_ok", "ord_1", key);
  expect(sealed).not.toContain("tok_ok");
  expect(Buffer.from(sealed, "base64url").toString("latin1")).not.toContain("tok_ok");
  expect(await unseal(sealed, "ord_1", key)).toBe("tok_ok");
});

test("it opens for no other order, with no other key, and not when it was changed", async () => {
  const sealed = await seal("tok_ok", "ord_1", key);
  await expect(unseal(sealed, "ord_2", key)).rejects.toThrow("sealed for another order");
  await expect(unseal(sealed, "ord_1", otherKey)).rejects.toThrow();
  // The first character of the tag: the last ones of a part hold bits that base64 ignores.
  const flipped = sealed.replace(/\.(.)([^.]*)$/, (_, first, rest) => `.${first === "A" ? "B" : "A"}${rest}`);
  expect(flipped).not.toBe(sealed);
  await expect(unseal(flipped, "ord_1", key)).rejects.toThrow();
});

test("a token sealed before the key was replaced still opens", async () => {
  const sealed = await seal("tok_ok", "ord_1", key);
  expect(await unseal(sealed, "ord_1", `${otherKey},${key}`)).toBe("tok_ok");
  const later = await seal("tok_ok", "ord_1", `${otherKey},${key}`);
  expect(await unseal(later, "ord_1", otherKey)).toBe("tok_ok");
});

test("a key of the wrong length says how to make one", async () => {
  await expect(seal("tok_ok", "ord_1", "c2hvcnQ=")).rejects.toThrow("openssl rand -base64 32");
});
