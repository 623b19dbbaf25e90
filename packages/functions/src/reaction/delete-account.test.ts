import { User } from "@cartwright/core/user";
import { createEvent, UserErased } from "@cartwright/events";
import { decodeJwt } from "jose";
import { expect, test } from "vitest";
import { batchOf } from "../test/queue.ts";
import { ask, codesFor, createAccount, password, register, signIn } from "../user/test/account.ts";
import { handler } from "./delete-account.ts";

const handled = { batchItemFailures: [] };

test("whoever has closed their account has none at the identity provider, and may register anew as somebody else", async () => {
  const { email, token, refreshToken } = await createAccount();
  const userId = User.idFromSub(decodeJwt(token).sub!);
  await ask("DELETE", "/users/me", { token, version: 1 });
  const about = { subject: userId, sequence: 2, time: new Date(), cause: { correlationId: "test" } };
  const event = createEvent(UserErased, { ...about, data: { userId } });
  expect(await handler(batchOf(event, event))).toEqual(handled);
  expect(await signIn(email)).toMatchObject({ status: 401, json: { code: "bad_credentials" } });
  expect((await ask("POST", "/sessions/refresh", { body: { refreshToken } })).status).toBe(401);

  await register(email);
  const [code] = await codesFor(email);
  const anew = await signIn(email, password, code);
  expect(anew.status).toBe(201);
  expect(await handler(batchOf(event))).toEqual(handled);
  const me = await ask("GET", "/users/me", { token: String(anew.json.accessToken) });
  expect(me).toMatchObject({ status: 200, json: { email, version: 1 } });
  expect(me.json.id).not.toBe(userId);
});
