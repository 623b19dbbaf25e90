import { type Envelope, uuidFromId } from "@cartwright/events";
import { UnsecuredJWT } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { setClock } from "../clock.ts";
import { cause } from "../test/cause.ts";
import { User } from "./index.ts";
import { type Answer, fault, startStub } from "./test/stub.ts";
import { users } from "./user.entity.ts";

const email = "ada@example.com";
const hourMs = 60 * 60 * 1000;
const done: Answer = { body: {} };

/** What Cognito says. */
const answers: Record<string, Answer[]> = {};
const say = (next: Record<string, Answer[]>) => Object.assign(answers, next);
let stub: Awaited<ReturnType<typeof startStub>>;

beforeAll(async () => {
  stub = await startStub(answers);
  process.env.AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER = stub.url;
});
afterAll(() => stub.stop());
beforeEach(() => {
  for (const operation of Object.keys(answers)) delete answers[operation];
  stub.asked.length = 0;
});

const account = (sub: string, UserStatus = "UNCONFIRMED", ageHours = 49) => ({
  ...{ Username: sub, UserStatus, UserCreateDate: (Date.now() - ageHours * hourMs) / 1000 },
});

const deleted = () =>
  stub.asked.flatMap(({ operation, input }) => (operation === "AdminDeleteUser" ? [input.Username] : []));

async function stored(sub: string) {
  const { data } = await users()
    .get({ userId: User.idFromSub(sub) })
    .go({ consistent: true });
  const events = JSON.parse(data?.outbox ?? "[]") as Envelope[];
  return { item: data, events: events.map(({ name }) => name) };
}

function expectErased({ item, events }: Awaited<ReturnType<typeof stored>>) {
  expect(item).toMatchObject({ erasedAt: expect.any(String) });
  expect(JSON.stringify(item)).not.toContain(email);
  expect(events).toEqual(["user.erased"]);
}

describe("a sweep", () => {
  test("deletes accounts that nobody has confirmed in two days, and asks of each once more", async () => {
    const [old, young, confirmed, gone, older] = Array.from({ length: 5 }, () => crypto.randomUUID());
    say({
      ListUsers: [
        { body: { Users: [account(old!), account(young!, "UNCONFIRMED", 47)], PaginationToken: "next" } },
        { body: { Users: [account(confirmed!), account(gone!), account(older!, "UNCONFIRMED", 1000)] } },
      ],
      AdminGetUser: [
        { body: account(old!) },
        { body: account(confirmed!, "CONFIRMED") },
        fault("UserNotFoundException"),
        { body: account(older!) },
      ],
      AdminDeleteUser: [done],
    });
    expect(await User.sweepAccounts(cause)).toEqual({ deleted: 2, isComplete: true });
    expect(deleted()).toEqual([old, older]);
    expect((await stored(old!)).item).toBeNull();
  });

  test("erases whoever confirmed their account and signed in just as it was deleted", async () => {
    const sub = crypto.randomUUID();
    const signIn = () => User.ensure(User.idFromSub(sub), email, cause);
    say({
      ListUsers: [{ body: { Users: [account(sub)] } }],
      AdminGetUser: [{ body: account(sub) }],
      AdminDeleteUser: [{ ...done, meanwhile: signIn }],
    });
    await User.sweepAccounts(cause);
    expectErased(await stored(sub));
  });

  test("leaves to the next one what it has no time for", async () => {
    const subs = [crypto.randomUUID(), crypto.randomUUID()];
    const pass = () => onTestFinished(setClock(() => Date.now() + hourMs / 5));
    say({
      ListUsers: [{ body: { Users: subs.map((sub) => account(sub)) } }],
      AdminGetUser: [{ body: account(subs[0]!) }],
      AdminDeleteUser: [{ ...done, meanwhile: pass }],
    });
    expect(await User.sweepAccounts(cause)).toEqual({ deleted: 1, isComplete: false });
    expect(deleted()).toEqual(subs.slice(0, 1));
  });

  test("fails when Cognito does, and keeps what it has done", async () => {
    const subs = [crypto.randomUUID(), crypto.randomUUID()];
    say({
      ListUsers: [{ body: { Users: subs.map((sub) => account(sub)) } }],
      AdminGetUser: subs.map((sub) => ({ body: account(sub) })),
      AdminDeleteUser: [done, fault("NotAuthorizedException")],
    });
    await expect(User.sweepAccounts(cause)).rejects.toThrow();
    expect(deleted()).toEqual(subs);
  });
});

describe("registering", () => {
  const credentials = { email, password: "Correct-horse-1" };
  const signUp: Answer = { body: { UserConfirmed: false, UserSub: "s" } };

  test.each([
    ["an account that its owner has confirmed", "CONFIRMED", []],
    ["an account that nobody has confirmed", "UNCONFIRMED", ["AdminDeleteUser"]],
  ])("over %s asks before it deletes", async (_, status, between) => {
    say({
      AdminGetUser: [{ body: account(crypto.randomUUID(), status, 0) }],
      AdminDeleteUser: [fault("UserNotFoundException")],
      SignUp: [status === "CONFIRMED" ? fault("UsernameExistsException") : signUp],
    });
    expect(await User.register(credentials, cause)).toEqual({ email, confirmation: "emailed" });
    expect(stub.operations()).toEqual(["AdminGetUser", ...between, "SignUp"]);
  });

  test("takes as many calls for an email that is taken as for one that is not", async () => {
    say({ AdminGetUser: [fault("UserNotFoundException")], SignUp: [signUp] });
    await User.register(credentials, cause);
    expect(stub.operations()).toEqual(["AdminGetUser", "SignUp"]);
  });

  test("over somebody who confirms and signs in at that moment leaves no user without an account", async () => {
    const sub = crypto.randomUUID();
    const signIn = async () => {
      const userId = User.idFromSub(sub);
      await User.ensure(userId, email, cause);
      await User.update(userId, { name: "Ada" }, 1, cause);
    };
    say({
      AdminGetUser: [{ body: account(sub, "UNCONFIRMED", 0) }],
      AdminDeleteUser: [{ ...done, meanwhile: signIn }],
      SignUp: [signUp],
    });
    await User.register(credentials, cause);
    expectErased(await stored(sub));
    expect((await stored(sub)).item).toMatchObject({ version: 3 });
    expect(uuidFromId(User.idFromSub(sub))).toBe(sub);
  });
});

test("whoever signs in for the first time while their account is deleted is no user", async () => {
  const sub = crypto.randomUUID();
  const AccessToken = new UnsecuredJWT({ sub }).encode();
  const AuthenticationResult = { AccessToken, RefreshToken: "r", ExpiresIn: 900 };
  say({ InitiateAuth: [{ body: { AuthenticationResult } }], AdminGetUser: [fault("UserNotFoundException")] });
  const signIn = User.signIn({ email, password: "Correct-horse-1" }, cause);
  await expect(signIn).rejects.toMatchObject({ code: "bad_credentials" });
  expectErased(await stored(sub));
});

describe("what Cognito refuses as too often, which it does for accounts alone, is asked once", () => {
  test("when somebody signs in with one wrong code too many", async () => {
    say({
      InitiateAuth: [fault("UserNotConfirmedException")],
      ConfirmSignUp: [fault("LimitExceededException")],
    });
    const signIn = User.signIn({ email, password: "Correct-horse-1", confirmationCode: "000000" }, cause);
    await expect(signIn).rejects.toMatchObject({ code: "bad_credentials" });
    expect(stub.operations()).toEqual(["InitiateAuth", "ConfirmSignUp"]);
  });

  test("when somebody resets a password with one wrong code too many", async () => {
    say({ ConfirmForgotPassword: [fault("LimitExceededException")] });
    const reset = User.resetPassword({ email, password: "Correct-horse-1", confirmationCode: "000000" });
    await expect(reset).rejects.toMatchObject({ code: "wrong_confirmation_code" });
    expect(stub.operations()).toEqual(["ConfirmForgotPassword"]);
  });
});
