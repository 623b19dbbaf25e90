import { DynamoDBClient, ScanCommand } from "@aws-sdk/client-dynamodb";
import { User } from "@cartwright/core/user";
import { decodeJwt } from "jose";
import { Resource } from "sst";
import { describe, expect, test } from "vitest";
import {
  anEmail,
  ask,
  askForReset,
  codesFor,
  createAccount,
  password,
  register,
  resetPassword,
  signIn,
} from "./user/test/account.ts";

/** All that an answer says, but for what is each request's own. */
const told = ({ status, headers, json }: Awaited<ReturnType<typeof ask>>) => ({
  ...{ status, names: [...headers.keys()].toSorted() },
  ...{ json: { ...json, email: "", requestId: "" } },
});
const refused = { status: 401, json: { code: "bad_credentials" } };

describe("registering", () => {
  test("emails a code, which the first sign-in takes along", async () => {
    const email = anEmail();
    const answer = await register(email.toUpperCase());
    expect(answer).toMatchObject({ status: 202, json: { email, confirmation: "emailed" } });
    expect(Object.keys(answer.json).toSorted()).toEqual(["confirmation", "email"]);
    const [code] = await codesFor(email);
    const session = await signIn(email, password, code);
    expect(session).toMatchObject({ status: 201, json: { expiresInSeconds: 900 } });
    const me = await ask("GET", "/users/me", { token: String(session.json.accessToken) });
    expect(me).toMatchObject({ status: 200, json: { email, roles: ["customer"], version: 1 } });
    expect(me.headers.get("ETag")).toBe('"1"');
    expect(User.Me.parse(me.json)).toEqual(me.json);
    expect(me.json.id).toBe(User.idFromSub(decodeJwt(String(session.json.accessToken)).sub!));
  });

  test("writes nobody down before they have confirmed", async () => {
    const email = anEmail();
    await register(email);
    await signIn(email);
    const { Items } = await new DynamoDBClient({}).send(new ScanCommand({ TableName: Resource.UserTable.name }));
    expect(JSON.stringify(Items)).not.toContain(email);
  });

  test("answers the same for an email that is taken, sends nothing, and changes nothing", async () => {
    const { email } = await createAccount();
    const fresh = await register(anEmail());
    const taken = await register(email, "Another-horse-2");
    expect(taken.status).toBe(fresh.status);
    expect({ ...taken.json, email: "" }).toEqual({ ...fresh.json, email: "" });
    const names = ({ headers }: typeof taken) => [...headers.keys()].toSorted();
    expect(names(taken)).toEqual(names(fresh));
    expect(await codesFor(email)).toHaveLength(1);
    expect(await signIn(email, "Another-horse-2")).toMatchObject({ status: 401, json: { code: "bad_credentials" } });
    expect((await signIn(email)).status).toBe(201);
  });

  test("is refused for a weak password, whether or not the email is taken", async () => {
    const { email } = await createAccount();
    const answers = await Promise.all([register(email, "weak"), register(anEmail(), "weak")]);
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 400, json: { code: "weak_password", errors: [{ path: "password" }] } });
    }
    expect(answers[0]!.json.detail).toBe(answers[1]!.json.detail);
  });

  test.each(["ada", "ada@", `${"a".repeat(120)}@example.com`])("is refused for the email %s", async (email) => {
    expect(await register(email)).toMatchObject({ status: 400, json: { errors: [{ path: "email" }] } });
  });

  test("of a stranger's email neither locks the owner out nor gets what the owner confirms", async () => {
    const email = anEmail();
    await register(email, "Attackers-pass-1");
    await register(email);
    const [ownersCode, attackersCode] = await codesFor(email);
    expect(await signIn(email, "Attackers-pass-1", ownersCode)).toMatchObject({ status: 401 });
    expect(await signIn(email, password, attackersCode)).toMatchObject(refused);
    expect((await signIn(email, password, ownersCode)).status).toBe(201);
    await register(email, "Attackers-pass-1");
    expect((await signIn(email, "Attackers-pass-1")).status).toBe(401);
    expect((await signIn(email)).status).toBe(201);
  });

  test("after the owner, by a stranger, gives the owner's code and password nothing to confirm for the stranger", async () => {
    const email = anEmail();
    await register(email);
    await register(email, "Attackers-pass-1");
    const [attackersCode] = await codesFor(email);
    expect(await signIn(email, password, attackersCode)).toMatchObject({ status: 401 });
    await register(email);
    const [code] = await codesFor(email);
    expect((await signIn(email, password, code)).status).toBe(201);
  });

  test("twice at once leaves one account, which the newest code confirms", async () => {
    const email = anEmail();
    const both = await Promise.all([register(email), register(email)]);
    expect(both.map(({ status }) => status)).toEqual([202, 202]);
    const [code] = await codesFor(email);
    expect((await signIn(email, password, code)).status).toBe(201);
  });
});

describe("signing in", () => {
  test("needs the code once, and then the password alone", async () => {
    const email = anEmail();
    await register(email);
    expect(await signIn(email)).toMatchObject(refused);
    const [code = ""] = await codesFor(email);
    const wrong = code === "000000" ? "000001" : "000000";
    expect(await signIn(email, password, wrong)).toMatchObject(refused);
    expect((await signIn(email, password, code)).status).toBe(201);
    expect((await signIn(email, password, code)).status).toBe(201);
    expect((await signIn(email)).status).toBe(201);
  });

  test("twice at once with the code signs in twice, and writes one user", async () => {
    const email = anEmail();
    await register(email);
    const [code] = await codesFor(email);
    const both = await Promise.all([signIn(email, password, code), signIn(email, password, code)]);
    expect(both.map(({ status }) => status)).toEqual([201, 201]);
    const me = await ask("GET", "/users/me", { token: String(both[0]!.json.accessToken) });
    expect(me.json).toMatchObject({ version: 1 });
  });

  test("is refused in the same words for a wrong password, an unknown email, and an account that waits for its code", async () => {
    const { email } = await createAccount();
    const waiting = anEmail();
    await register(waiting);
    const refusals = await Promise.all([
      signIn(email, "Wrong-horse-1"),
      signIn(anEmail(), "Wrong-horse-1"),
      signIn(waiting, "Wrong-horse-1"),
      signIn(waiting, "Wrong-horse-1", "123456"),
    ]);
    for (const refusal of refusals) expect(told(refusal)).toEqual(told(refusals[0]!));
    expect(refusals[0]).toMatchObject(refused);
  });

  test("tells whoever has just registered an email nothing of whether it was free, without a code and with a wrong one", async () => {
    const { email: taken } = await createAccount();
    const free = anEmail();
    for (const email of [taken, free]) expect((await register(email, "Attackers-pass-1")).status).toBe(202);
    const [code = ""] = await codesFor(free);
    const wrong = code === "000000" ? "000001" : "000000";
    const attempts = [undefined, wrong].flatMap((given) => [taken, free].map((email) => ({ email, given })));
    const refusals = [];
    for (const { email, given } of attempts) refusals.push(await signIn(email, "Attackers-pass-1", given));
    for (const refusal of refusals) expect(told(refusal)).toEqual(told(refusals[0]!));
    expect(refusals[0]).toMatchObject(refused);
  });

  test("stops taking codes after several wrong ones", async () => {
    const email = anEmail();
    await register(email);
    const [code = ""] = await codesFor(email);
    const wrong = code === "000000" ? "000001" : "000000";
    const first = await signIn(email, password, wrong);
    for (let attempt = 1; attempt < 5; attempt++) await signIn(email, password, wrong);
    expect(told(await signIn(email, password, code))).toEqual(told(first));
    await register(email);
    const [next] = await codesFor(email);
    expect((await signIn(email, password, next)).status).toBe(201);
  });
});

describe("a refresh token", () => {
  const refresh = (refreshToken: string) => ask("POST", "/sessions/refresh", { body: { refreshToken } });
  const revoke = (refreshToken: string) => ask("POST", "/sessions/revoke", { body: { refreshToken } });

  test("gets new access tokens until it is revoked", async () => {
    const { refreshToken } = await createAccount();
    const renewed = await refresh(refreshToken);
    expect(renewed).toMatchObject({ status: 200, json: { expiresInSeconds: 900 } });
    expect(Object.keys(renewed.json).toSorted()).toEqual(["accessToken", "expiresInSeconds"]);
    expect((await ask("GET", "/users/me", { token: String(renewed.json.accessToken) })).status).toBe(200);
    expect(await revoke(refreshToken)).toMatchObject({ status: 204, text: "" });
    expect((await revoke(refreshToken)).status).toBe(204);
    expect(await refresh(refreshToken)).toMatchObject({ status: 401, json: { code: "bad_refresh_token" } });
  });

  test("that is none is refused, and revoked all the same", async () => {
    const { token } = await createAccount();
    const { refreshToken } = await createAccount();
    const [, secretPart = ""] = refreshToken.split(".");
    const others = `${decodeJwt(token).sub}.${secretPart}`;
    for (const none of ["forged", token, secretPart, others, refreshToken.toUpperCase()]) {
      expect(await refresh(none)).toMatchObject({ status: 401, json: { code: "bad_refresh_token" } });
      if (none !== others) expect((await revoke(none)).status).toBe(204);
    }
    expect((await refresh(refreshToken)).status).toBe(200);
  });
});

describe("a forgotten password", () => {
  const newPassword = "Forgetful-horse-2";
  const refusal = { status: 400, json: { code: "wrong_confirmation_code" } };
  test("is replaced with the code that was emailed, which ends all sessions", async () => {
    const { email, refreshToken } = await createAccount();
    const other = String((await signIn(email)).json.refreshToken);
    const asked = await askForReset(email.toUpperCase());
    expect(asked).toMatchObject({ status: 202, json: { email, confirmation: "emailed" } });
    expect(User.PasswordResetRequested.strict().parse(asked.json)).toEqual(asked.json);
    expect((await signIn(email)).status).toBe(201);
    const [code = ""] = await codesFor(email);
    expect(await resetPassword(email, newPassword, code)).toMatchObject({ status: 204, text: "" });
    for (const ended of [refreshToken, other]) {
      expect(await ask("POST", "/sessions/refresh", { body: { refreshToken: ended } })).toMatchObject({
        ...{ status: 401, json: { code: "bad_refresh_token" } },
      });
    }
    expect(await signIn(email)).toMatchObject({ status: 401, json: { code: "bad_credentials" } });
    const session = await signIn(email, newPassword);
    const me = await ask("GET", "/users/me", { token: String(session.json.accessToken) });
    expect(me).toMatchObject({ status: 200, json: { email, version: 1 } });
  });

  test("is replaced once by a code, even when it arrives twice at once", async () => {
    const { email } = await createAccount();
    await askForReset(email);
    const [code = ""] = await codesFor(email);
    const both = await Promise.all([resetPassword(email, newPassword, code), resetPassword(email, newPassword, code)]);
    expect(both.map(({ status }) => status).toSorted()).toEqual([204, 400]);
    expect(await resetPassword(email, "Another-horse-3", code)).toMatchObject(refusal);
    expect((await signIn(email, newPassword)).status).toBe(201);
  });

  test("is asked for with the same answer, and nothing sent, where there is no account, or none that is confirmed", async () => {
    const { email } = await createAccount();
    const [stranger, waiting] = [anEmail(), anEmail()];
    await register(waiting);
    const [known, ...others] = [await askForReset(email), await askForReset(stranger), await askForReset(waiting)];
    for (const other of others) expect(told(other)).toEqual(told(known));
    expect(
      [await codesFor(email), await codesFor(stranger), await codesFor(waiting)].map(({ length }) => length),
    ).toEqual([2, 0, 1]);
  });

  test("is refused in the same words whatever is wrong: the code, its age, or that there is no account", async () => {
    const [asked, silent, waiting] = [await createAccount(), await createAccount(), anEmail()];
    await register(waiting);
    await askForReset(asked.email);
    const [code = ""] = await codesFor(asked.email);
    const [registration = ""] = await codesFor(waiting);
    const wrong = code === "000000" ? "000001" : "000000";
    const refusals = [];
    for (let attempt = 0; attempt < 5; attempt++) refusals.push(await resetPassword(asked.email, newPassword, wrong));
    refusals.push(
      await resetPassword(asked.email, newPassword, code),
      await resetPassword(silent.email, newPassword, code),
      await resetPassword(anEmail(), newPassword, code),
      await resetPassword(waiting, newPassword, registration),
    );
    for (const answer of refusals) expect(told(answer)).toEqual(told(refusals[0]!));
    expect(refusals[0]).toMatchObject(refusal);
    expect((await signIn(asked.email)).status).toBe(201);
    expect((await signIn(waiting, password, registration)).status).toBe(201);
  });

  test("is not replaced by a weak one, whether or not the code is right, and the code stays good", async () => {
    const { email } = await createAccount();
    await askForReset(email);
    const [code = ""] = await codesFor(email);
    for (const [who, given] of [
      [email, code],
      [email, "000000"],
      [anEmail(), code],
    ] as const) {
      expect(await resetPassword(who, "weak", given)).toMatchObject({
        ...{ status: 400, json: { code: "weak_password", errors: [{ path: "password" }] } },
      });
    }
    expect((await resetPassword(email, newPassword, code)).status).toBe(204);
  });

  test("of somebody else is replaced by no code of one's own, and only the newest code counts", async () => {
    const [mine, theirs] = [await createAccount(), await createAccount()];
    await askForReset(theirs.email);
    await askForReset(mine.email);
    const [first = ""] = await codesFor(mine.email);
    expect(await resetPassword(theirs.email, newPassword, first)).toMatchObject(refusal);
    await askForReset(mine.email);
    const [newest = ""] = await codesFor(mine.email);
    expect(await resetPassword(mine.email, newPassword, first)).toMatchObject(refusal);
    expect((await resetPassword(mine.email, newPassword, newest)).status).toBe(204);
    expect((await signIn(theirs.email)).status).toBe(201);
  });

  test("opens no account that was closed, even before it is deleted", async () => {
    const { email, token } = await createAccount();
    await askForReset(email);
    const [code = ""] = await codesFor(email);
    expect((await ask("DELETE", "/users/me", { token, version: 1 })).status).toBe(204);
    await resetPassword(email, newPassword, code);
    for (const given of [password, newPassword]) {
      expect(await signIn(email, given)).toMatchObject({ status: 401, json: { code: "bad_credentials" } });
    }
  });

  test.each([
    ["/users/password-resets", { email: "ada" }, "email"],
    ["/users/password-resets", { email: "ada@example.com", password }, "password"],
    ["/users/password-resets/complete", { email: "ada@example.com", confirmationCode: "123456" }, "password"],
    ["/users/password-resets/complete", { email: "ada@example.com", password }, "confirmationCode"],
    [
      "/users/password-resets/complete",
      { email: "a@example.com", confirmationCode: "12", password },
      "confirmationCode",
    ],
  ])("at %s is told what is wrong with %j", async (path, body, at) => {
    const { status, json } = await ask("POST", path, { body });
    expect({ status, paths: json.errors?.map((fault) => fault.path) }).toEqual({ status: 400, paths: [at] });
  });
});

describe("a profile", () => {
  test("is changed by those who have seen it as it is", async () => {
    const { token, email } = await createAccount();
    const change = (version: number | undefined, body: unknown) =>
      ask("PATCH", "/users/me", { token, body, ...(version !== undefined && { version }) });
    expect((await change(undefined, { name: "Ada" })).status).toBe(428);
    const named = await change(1, { name: " Ada ", phone: "+442071234567" });
    expect(named).toMatchObject({ status: 200, json: { name: "Ada", email, roles: ["customer"], version: 2 } });
    expect(named.headers.get("ETag")).toBe('"2"');
    expect((await change(1, { name: "Eve" })).status).toBe(412);
    expect(await change(2, { email: "eve@example.com" })).toMatchObject({
      status: 400,
      json: { errors: [{ path: "email" }] },
    });
    const unnamed = await change(2, { name: null });
    expect(unnamed.json).not.toHaveProperty("name");
    expect(unnamed.json).toMatchObject({ phone: "+442071234567", version: 3 });
  });

  test.each(["GET", "PATCH", "DELETE"])("is nobody's without a token (%s)", async (method) => {
    expect((await ask(method, "/users/me", { version: 1 })).status).toBe(401);
  });
});

const home = {
  label: "Home",
  name: "Ada",
  line1: "12 St James's Square",
  city: "London",
  postalCode: "SW1Y 4JH",
  country: "GB",
};

describe("addresses", () => {
  test("are added, read, replaced and removed", async () => {
    const { token } = await createAccount();
    const added = await ask("POST", "/users/me/addresses", { token, body: home });
    expect(added).toMatchObject({ status: 201, json: { ...home, version: 1 } });
    const path = `/users/me/addresses/${added.json.id}`;
    expect(added.headers.get("Location")).toBe(path);
    expect(added.headers.get("ETag")).toBe('"1"');
    expect((await ask("GET", path, { token })).json).toEqual(added.json);
    const { label: _, ...unlabelled } = home;
    const replaced = await ask("PUT", path, { token, version: 1, body: { ...unlabelled, city: "Bath" } });
    expect(replaced).toMatchObject({ status: 200, json: { city: "Bath", version: 2 } });
    expect(replaced.json).not.toHaveProperty("label");
    expect((await ask("PUT", path, { token, version: 1, body: home })).status).toBe(412);
    expect((await ask("GET", "/users/me/addresses", { token })).json).toEqual({ items: [replaced.json] });
    expect((await ask("DELETE", path, { token, version: 1 })).status).toBe(412);
    expect((await ask("DELETE", path, { token })).status).toBe(428);
    expect((await ask("DELETE", path, { token, version: 2 })).status).toBe(204);
    expect(await ask("GET", path, { token })).toMatchObject({ status: 404, json: { code: "address_not_found" } });
    expect((await ask("GET", "/users/me/addresses", { token })).json).toEqual({ items: [] });
  });

  test("of another customer are not there", async () => {
    const [owner, stranger] = [await createAccount(), await createAccount()];
    const { json } = await ask("POST", "/users/me/addresses", { token: owner.token, body: home });
    const path = `/users/me/addresses/${json.id}`;
    const { token } = stranger;
    for (const answer of [
      await ask("GET", path, { token }),
      await ask("PUT", path, { token, version: 1, body: home }),
      await ask("DELETE", path, { token, version: 1 }),
    ]) {
      expect(answer).toMatchObject({ status: 404, json: { code: "address_not_found" } });
    }
  });

  test.each([{ country: "gb" }, { owner: "me" }, { line1: "" }, { label: "x".repeat(51) }])(
    "are refused with %j",
    async (wrong) => {
      const { token } = await createAccount();
      const answer = await ask("POST", "/users/me/addresses", { token, body: { ...home, ...wrong } });
      expect(answer.status).toBe(400);
      expect(answer.json.errors![0]!.path).toBe(Object.keys(wrong)[0]);
    },
  );
});

test("all that is kept of a user is answered as a file", async () => {
  const { token, email } = await createAccount();
  const { json: address } = await ask("POST", "/users/me/addresses", { token, body: home });
  const taken = await ask("GET", "/users/me/export", { token });
  expect(taken).toMatchObject({ status: 200, json: { user: { email, version: 2 }, addresses: [address] } });
  expect(User.Export.parse(taken.json)).toEqual(taken.json);
  expect(taken.headers.get("Content-Disposition")).toBe('attachment; filename="my-data.json"');
  expect(taken.headers.get("Cache-Control")).toBe("no-store");
});

describe("closing an account", () => {
  test("erases it at once, and there is no such user any more, nor can they sign in", async () => {
    const account = await createAccount();
    const { token, email, refreshToken } = account;
    await ask("POST", "/users/me/addresses", { token, body: home });
    expect((await ask("DELETE", "/users/me", { token })).status).toBe(428);
    expect((await ask("DELETE", "/users/me", { token, version: 1 })).status).toBe(412);
    expect(await ask("DELETE", "/users/me", { token, version: 2 })).toMatchObject({ status: 204, text: "" });
    const none = { status: 404, json: { code: "user_not_found" } };
    for (const version of [2, 3]) {
      expect(await ask("DELETE", "/users/me", { token, version })).toMatchObject({ status: 204, text: "" });
    }
    expect(await ask("PATCH", "/users/me", { token, version: 3, body: { name: "Ada" } })).toMatchObject(none);
    expect(await ask("POST", "/users/me/addresses", { token, body: home })).toMatchObject(none);
    for (const path of ["/users/me", "/users/me/export", "/users/me/addresses"]) {
      expect(await ask("GET", path, { token })).toMatchObject(none);
    }
    expect(await signIn(email)).toMatchObject({ status: 401, json: { code: "bad_credentials" } });
    expect(await ask("POST", "/sessions/refresh", { body: { refreshToken } })).toMatchObject({
      ...{ status: 401, json: { code: "bad_refresh_token" } },
    });
  });
});
