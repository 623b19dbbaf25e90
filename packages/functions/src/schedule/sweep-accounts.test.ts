import { expect, test } from "vitest";
import { anEmail, codesFor, createAccount, password, register, signIn } from "../user/test/account.ts";
import { handler } from "./sweep-accounts.ts";

test("an account that still waits for its code is left alone, and one that has had it all the more", async () => {
  const [waiting, joined] = [anEmail(), await createAccount()];
  await register(waiting);
  expect(await handler()).toEqual({ deleted: 0, isComplete: true });
  const [code] = await codesFor(waiting);
  expect((await signIn(waiting, password, code)).status).toBe(201);
  expect((await signIn(joined.email)).status).toBe(201);
});
