import { createHmac } from "node:crypto";
import { UnsecuredJWT } from "jose";
import { describe, expect, test } from "vitest";
import { cognito } from "./cognito.ts";
import { type Answer, fault, startStubbed } from "./test/stub.ts";

const email = "ada@example.com";
const password = "Correct-horse-1";

const sub = "5f0c2a8e-1d5b-4a4e-9d0b-6f0f6d7a9a11";
const accessToken = new UnsecuredJWT({ sub }).encode();

async function start(answers: Record<string, Answer[]>) {
  const { client, ...stub } = await startStubbed(answers);
  return { ...stub, provider: cognito({ client, clientId: "web", clientSecret: "secret" }) };
}

type Provider = Awaited<ReturnType<typeof start>>["provider"];

/** As https://docs.aws.amazon.com/cognito/latest/developerguide/signing-up-users-in-your-app.html has it. */
const hashOf = (username: string) => createHmac("sha256", "secret").update(`${username}web`).digest("base64");
const account = { ClientId: "web", Username: email, SecretHash: hashOf(email) };

const tokens: Answer = {
  body: {
    AuthenticationResult: {
      ...{ AccessToken: accessToken, RefreshToken: "r.e-f_r=", IdToken: "i", ExpiresIn: 900, TokenType: "Bearer" },
    },
    ChallengeParameters: {},
  },
};
const signedUp: Answer = {
  body: {
    UserConfirmed: false,
    UserSub: sub,
    CodeDeliveryDetails: { AttributeName: "email", DeliveryMedium: "EMAIL", Destination: "a***@e***" },
  },
};
const done: Answer = { body: {} };
const caught = (promise: Promise<unknown>) => promise.catch((error: unknown) => error as Error);
const unconfirmed = fault("UserNotConfirmedException");

describe("signing up", () => {
  test("sends a code to an email that nobody has, and tells nobody who has one", async () => {
    const { provider, asked } = await start({ SignUp: [signedUp, fault("UsernameExistsException")] });
    expect(await provider.signUp(email, password)).toBeUndefined();
    expect(await provider.signUp(email, password)).toBeUndefined();
    expect(asked[0]).toEqual({ operation: "SignUp", input: { ...account, Password: password } });
  });

  test.each([
    ["InvalidPasswordException", { code: "weak_password", kind: "invalid" }],
    ["InvalidParameterException", { code: "invalid_credentials", kind: "invalid" }],
    ["CodeDeliveryFailureException", { code: "temporarily_unavailable", kind: "unavailable" }],
  ])("tells what %s means", async (name, expected) => {
    const { provider } = await start({ SignUp: [fault(name)] });
    await expect(provider.signUp(email, password)).rejects.toMatchObject(expected);
  });
});

describe("signing in", () => {
  test("answers the tokens", async () => {
    const { provider, asked } = await start({ InitiateAuth: [tokens] });
    expect(await provider.authenticate(email, password)).toEqual({
      ...{ accessToken, refreshToken: `${sub}.r.e-f_r=`, expiresInSeconds: 900 },
    });
    expect(asked[0]!.input).toEqual({
      ...{ AuthFlow: "USER_PASSWORD_AUTH", ClientId: "web" },
      AuthParameters: { USERNAME: email, PASSWORD: password, SECRET_HASH: hashOf(email) },
    });
  });

  test("with the code confirms the account, and only after the password was right", async () => {
    const { provider, asked, operations } = await start({ InitiateAuth: [unconfirmed, tokens], ConfirmSignUp: [done] });
    expect(await provider.authenticate(email, password, "123456")).toMatchObject({ accessToken });
    expect(operations()).toEqual(["InitiateAuth", "ConfirmSignUp", "InitiateAuth"]);
    expect(asked[1]!.input).toEqual({ ...account, ConfirmationCode: "123456" });
    const wrong = await start({ InitiateAuth: [fault("NotAuthorizedException")], ConfirmSignUp: [done] });
    await expect(wrong.provider.authenticate(email, "no", "123456")).rejects.toMatchObject({ code: "bad_credentials" });
    expect(wrong.operations()).toEqual(["InitiateAuth"]);
  });

  test("goes on when another request has confirmed the account meanwhile", async () => {
    const { provider } = await start({
      InitiateAuth: [unconfirmed, tokens],
      ConfirmSignUp: [fault("NotAuthorizedException")],
    });
    expect(await provider.authenticate(email, password, "123456")).toMatchObject({ accessToken });
  });

  test("is refused in the same words, whatever is wrong with email, password, code or account", async () => {
    const refusal = async (answers: Record<string, Answer[]>, code?: string) => {
      const { provider } = await start(answers);
      const error = await caught(provider.authenticate(email, password, code));
      expect(error).toMatchObject({ kind: "unauthenticated", code: "bad_credentials", cause: undefined });
      return JSON.stringify([(error as Error).message, error]);
    };
    const ofAccount = ["NotAuthorizedException", "UserNotFoundException", "PasswordResetRequiredException"];
    const ofCode = ["CodeMismatchException", "ExpiredCodeException", "LimitExceededException"];
    const others = ["TooManyFailedAttemptsException", "UserNotFoundException", "AliasExistsException"];
    const refusals = await Promise.all([
      refusal({ InitiateAuth: [unconfirmed] }),
      refusal({ InitiateAuth: [unconfirmed], ConfirmSignUp: [fault("NotAuthorizedException")] }, "123456"),
      ...[...ofAccount, "InvalidParameterException"].map((name) => refusal({ InitiateAuth: [fault(name)] })),
      ...[...ofCode, ...others, "InvalidParameterException"].map((name) =>
        refusal({ InitiateAuth: [unconfirmed], ConfirmSignUp: [fault(name, { message: name })] }, "123456"),
      ),
    ]);
    expect(new Set(refusals).size).toBe(1);
  });

  test("is told when Cognito has had enough of all of us", async () => {
    const busy = fault("TooManyRequestsException");
    for (const answers of [{ InitiateAuth: [busy] }, { InitiateAuth: [unconfirmed], ConfirmSignUp: [busy] }]) {
      const { provider } = await start(answers);
      const expected = { code: "too_many_attempts" };
      await expect(provider.authenticate(email, password, "123456")).rejects.toMatchObject(expected);
    }
  });

  test("is unavailable when Cognito is, or asks for a step that we don't offer", async () => {
    const failing = await start({ InitiateAuth: [fault("InternalErrorException", { status: 500 })] });
    await expect(failing.provider.authenticate(email, password)).rejects.toMatchObject({ kind: "unavailable" });
    const challenge = { body: { ChallengeName: "NEW_PASSWORD_REQUIRED", Session: "s", ChallengeParameters: {} } };
    const asking = await start({ InitiateAuth: [challenge] });
    await expect(asking.provider.authenticate(email, password)).rejects.toMatchObject({ kind: "unavailable" });
    await failing.stop();
    await expect(failing.provider.authenticate(email, password)).rejects.toMatchObject({ kind: "unavailable" });
  });

  test("passes nothing on of what Cognito says, which may repeat what was typed", async () => {
    for (const name of ["InternalErrorException", "InvalidParameterException", "NotAuthorizedException"]) {
      const { provider } = await start({ InitiateAuth: [fault(name, { message: `'${password}' of ${email}` })] });
      const error = await provider.authenticate(email, password).catch((caught: Error) => caught);
      const told = JSON.stringify([(error as Error).message, (error as Error).cause, (error as Error).stack]);
      expect(told).not.toContain(password);
      expect(told).not.toContain(email);
    }
  });
});

describe("a refresh token", () => {
  const refreshToken = `${sub}.r.e-f_r=`;

  test("gets a new access token", async () => {
    const result = { AccessToken: "b", IdToken: "i", ExpiresIn: 900, TokenType: "Bearer" };
    const { provider, asked } = await start({ InitiateAuth: [{ body: { AuthenticationResult: result } }] });
    expect(await provider.refresh(refreshToken)).toEqual({ accessToken: "b", expiresInSeconds: 900 });
    expect(asked[0]!.input).toEqual({
      ...{ AuthFlow: "REFRESH_TOKEN_AUTH", ClientId: "web" },
      AuthParameters: { REFRESH_TOKEN: "r.e-f_r=", SECRET_HASH: hashOf(sub) },
    });
  });

  test.each(["NotAuthorizedException", "InvalidParameterException", "UserNotFoundException"])(
    "that is answered %s is not valid",
    async (name) => {
      const { provider } = await start({ InitiateAuth: [fault(name)] });
      await expect(provider.refresh(refreshToken)).rejects.toMatchObject({
        kind: "unauthenticated",
        code: "bad_refresh_token",
      });
    },
  );

  test("is revoked, and one that is not valid is as good as revoked", async () => {
    const { provider, asked } = await start({ RevokeToken: [done] });
    await provider.revoke(refreshToken);
    const input = { ClientId: "web", ClientSecret: "secret", Token: "r.e-f_r=" };
    expect(asked).toEqual([{ operation: "RevokeToken", input }]);
    for (const name of ["UnsupportedTokenTypeException", "UnauthorizedException", "InvalidParameterException"]) {
      const refusing = await start({ RevokeToken: [fault(name)] });
      await refusing.provider.revoke(refreshToken);
    }
  });

  test.each(["r", "", `${sub}`, `${sub}.`, `.r`, `${sub.toUpperCase()}.r`, `x${sub}.r`, `${sub}.r r`, `${sub}.r\n`])(
    "such as %j is none, and Cognito is not asked",
    async (none) => {
      const { provider, asked } = await start({});
      await expect(provider.refresh(none)).rejects.toMatchObject({ code: "bad_refresh_token" });
      expect(await provider.revoke(none)).toBeUndefined();
      expect(asked).toEqual([]);
    },
  );

  test("is not taken for revoked when Cognito is too busy", async () => {
    const { provider } = await start({ RevokeToken: [fault("TooManyRequestsException", { byHeader: true })] });
    await expect(provider.revoke(refreshToken)).rejects.toMatchObject({
      kind: "unavailable",
      code: "too_many_attempts",
    });
  });
});

describe("a forgotten password", () => {
  const sent: Answer = {
    body: { CodeDeliveryDetails: { AttributeName: "email", DeliveryMedium: "EMAIL", Destination: "a***@e***" } },
  };
  test("has a code sent", async () => {
    const { provider, asked } = await start({ ForgotPassword: [sent] });
    expect(await provider.requestReset(email)).toBeUndefined();
    expect(asked).toEqual([{ operation: "ForgotPassword", input: account }]);
  });

  test.each([
    "InvalidParameterException",
    "LimitExceededException",
    "NotAuthorizedException",
    "UserNotConfirmedException",
    "UserNotFoundException",
  ])("is asked for in vain when the answer is %s, and nobody is told", async (name) => {
    const { provider, operations } = await start({ ForgotPassword: [fault(name)] });
    expect(await provider.requestReset(email)).toBeUndefined();
    expect(operations()).toEqual(["ForgotPassword"]);
  });

  test.each([
    ["TooManyRequestsException", { code: "too_many_attempts" }],
    ["InternalErrorException", { kind: "unavailable" }],
    ["CodeDeliveryFailureException", { kind: "unavailable" }],
  ])("is asked for again when the answer is %s", async (name, expected) => {
    const { provider } = await start({ ForgotPassword: [fault(name)] });
    await expect(provider.requestReset(email)).rejects.toMatchObject(expected);
  });

  test("is replaced by the code", async () => {
    const { provider, asked } = await start({ ConfirmForgotPassword: [done] });
    await provider.resetPassword(email, password, "123456");
    const input = { ...account, ConfirmationCode: "123456", Password: password };
    expect(asked).toEqual([{ operation: "ConfirmForgotPassword", input }]);
  });

  test("is not replaced, in the same words, whatever is wrong with code or account", async () => {
    const names = ["CodeMismatchException", "ExpiredCodeException", "UserNotFoundException", "NotAuthorizedException"];
    const others = ["LimitExceededException", "TooManyFailedAttemptsException", "InvalidParameterException"];
    const refusals = [...names, ...others, "UserNotConfirmedException"].map(async (name) => {
      const { provider } = await start({ ConfirmForgotPassword: [fault(name, { message: `${email} ${password}` })] });
      const error = await caught(provider.resetPassword(email, password, "123456"));
      expect(error).toMatchObject({ kind: "invalid", code: "wrong_confirmation_code", cause: undefined });
      return JSON.stringify([(error as Error).message, error]);
    });
    expect(new Set(await Promise.all(refusals)).size).toBe(1);
  });

  test.each([
    ["InvalidPasswordException", { kind: "invalid", code: "weak_password" }],
    ["TooManyRequestsException", { code: "too_many_attempts" }],
    ["InternalErrorException", { kind: "unavailable" }],
  ])("is not replaced, and told what %s means, without Cognito's words", async (name, expected) => {
    const { provider } = await start({ ConfirmForgotPassword: [fault(name, { message: `'${password}' 123456` })] });
    const error = await caught(provider.resetPassword(email, password, "123456"));
    expect(error).toMatchObject(expected);
    const { message, cause, stack } = error as Error;
    expect(JSON.stringify([message, cause, stack])).not.toMatch(new RegExp(`${password}|123456`));
  });
});

describe("a client secret that is not the pool's", () => {
  const refused = fault("NotAuthorizedException", { message: "SecretHash does not match for the client: web" });

  test.each([
    ["SignUp", "signing up", (provider: Provider) => provider.signUp(email, password)],
    ["InitiateAuth", "signing in", (provider: Provider) => provider.authenticate(email, password)],
    ["ForgotPassword", "asking for a code", (provider: Provider) => provider.requestReset(email)],
    ["ConfirmForgotPassword", "a reset", (provider: Provider) => provider.resetPassword(email, password, "123456")],
  ])("fails %s as something of ours, and not as a mistake in %s", async (operation, _, act) => {
    const { provider } = await start({ [operation]: [refused] });
    expect(await caught(act(provider))).toMatchObject({ kind: "unavailable", code: "temporarily_unavailable" });
  });
});
