import type { UserPool } from "@cartwright/topology";
import { createLocalJWKSet, decodeJwt, type JSONWebKeySet, jwtVerify } from "jose";
import { beforeEach, describe, expect, it } from "vitest";
import { ManualClock } from "../clock.ts";
import { seededRandom } from "../random.ts";
import { openStore, type Store } from "../store.ts";
import { arnOf } from "../test/fixture.ts";
import { createIdentity, type Identity } from "./identity.ts";
import { type Mailbox, openMailbox } from "./mailbox.ts";
import { secretHash } from "./secret.ts";

const pool = {
  id: "eu-west-1_Pool",
  arn: arnOf("cognito-idp", "userpool/eu-west-1_Pool"),
  issuer: "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Pool",
  clients: {
    Web: { id: "web", flows: ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"] },
    Closed: { id: "closed", flows: [] },
    Secretive: {
      ...{ id: "secretive", secret: "secret", flows: ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"] },
    },
  },
  groups: ["staff"],
};
const issuer = "http://127.0.0.1:4001/eu-west-1_Pool";
const email = "ada@example.com";
const password = "Correct-horse-1";
const user = { UserPoolId: pool.id, Username: email };

let store: Store;
let clock: ManualClock;
let identity: Identity;
let mailbox: Mailbox;

beforeEach(async () => {
  store = openStore(":memory:");
  clock = new ManualClock();
  mailbox = openMailbox(store, clock);
  identity = await open();
});

function open(recorded: UserPool = pool) {
  const endpointUrl = () => "http://127.0.0.1:4001";
  return createIdentity({ pools: { Pool: recorded }, endpointUrl, store, clock, random: seededRandom(1), mailbox });
}

// biome-ignore lint/suspicious/noExplicitAny: tests read answers as JSON.
async function call(operation: string, input: object): Promise<any> {
  return identity.operations[operation]!(input as Record<string, unknown>, undefined);
}

const signUp = () => call("SignUp", { ClientId: "web", Username: email, Password: password });
const signIn = (given = password, username = email) =>
  call("InitiateAuth", {
    ClientId: "web",
    AuthFlow: "USER_PASSWORD_AUTH",
    AuthParameters: { USERNAME: username, PASSWORD: given },
  });
const refresh = (token: string) =>
  call("InitiateAuth", {
    ClientId: "web",
    AuthFlow: "REFRESH_TOKEN_AUTH",
    AuthParameters: { REFRESH_TOKEN: token },
  });

const confirm = (code: string, username = email) =>
  call("ConfirmSignUp", { ClientId: "web", Username: username, ConfirmationCode: code });
const codeSent = (to = email) => /\d{6}/.exec(mailbox.to(to)[0]?.text ?? "")?.[0] ?? "none";
/** One that was not sent. */
const otherThan = (code: string) => (code === "000000" ? "000001" : "000000");

async function verify(token: string) {
  const keys = createLocalJWKSet(identity.document(`/${pool.id}/.well-known/jwks.json`) as JSONWebKeySet);
  return jwtVerify(token, keys, { issuer, algorithms: ["RS256"], currentDate: new Date(clock.now()) });
}

describe("signing up", () => {
  it("makes a user who must be confirmed before signing in", async () => {
    const { UserSub, UserConfirmed } = await signUp();
    expect(UserConfirmed).toBe(false);
    await expect(signIn()).rejects.toMatchObject({ name: "UserNotConfirmedException" });
    await expect(signIn("Wrong-horse-12")).rejects.toMatchObject({ name: "NotAuthorizedException" });
    await call("AdminConfirmSignUp", user);
    expect((await signIn()).AuthenticationResult).toMatchObject({ TokenType: "Bearer", ExpiresIn: 900 });
    expect(await call("AdminGetUser", user)).toMatchObject({ Username: UserSub, UserStatus: "CONFIRMED" });
    await expect(call("AdminConfirmSignUp", user)).rejects.toMatchObject({ name: "NotAuthorizedException" });
  });

  it("keeps no password", async () => {
    await signUp();
    expect(JSON.stringify(store.query("SELECT * FROM identity_user").all())).not.toContain(password);
  });

  it("refuses an email that is taken, whatever its case, even when both arrive at once", async () => {
    const both = await Promise.allSettled([
      signUp(),
      call("SignUp", { ClientId: "web", Username: email.toUpperCase(), Password: password }),
    ]);
    expect(both.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(both.find(({ status }) => status === "rejected")).toMatchObject({
      reason: { name: "UsernameExistsException" },
    });
  });

  it.each([
    ["Short-1", /not long enough/],
    ["lowercase-only-1", /uppercase/],
    ["UPPERCASE-ONLY-1", /lowercase/],
    ["No-numbers-here", /numeric/],
  ])("refuses the password %s", async (weak, message) => {
    await expect(call("SignUp", { ClientId: "web", Username: email, Password: weak })).rejects.toMatchObject({
      name: "InvalidPasswordException",
      message: expect.stringMatching(message),
    });
  });

  it("wants an email and known parameters", async () => {
    const input = { ClientId: "web", Username: "ada", Password: password };
    await expect(call("SignUp", input)).rejects.toMatchObject({ name: "InvalidParameterException" });
    await expect(call("SignUp", { ClientId: "web" })).rejects.toMatchObject({
      name: "InvalidParameterException",
      message: expect.stringContaining("Username"),
    });
    await expect(call("SignUp", { ...input, ClientId: "none" })).rejects.toMatchObject({
      name: "ResourceNotFoundException",
    });
  });
});

describe("confirming", () => {
  it("takes the code that was emailed, once, and verifies the email", async () => {
    const { CodeDeliveryDetails } = await signUp();
    expect(CodeDeliveryDetails).toEqual({ AttributeName: "email", DeliveryMedium: "EMAIL", Destination: "a***@e***" });
    await confirm(codeSent(), email.toUpperCase());
    expect(decodeJwt((await signIn()).AuthenticationResult.IdToken)).toMatchObject({ email_verified: true });
    await expect(confirm(codeSent())).rejects.toMatchObject({
      name: "NotAuthorizedException",
      message: "User cannot be confirmed. Current status is CONFIRMED",
    });
    await expect(call("ResendConfirmationCode", { ClientId: "web", Username: email })).rejects.toMatchObject({
      name: "InvalidParameterException",
    });
  });

  it("refuses a wrong code, and after five of them the right one too, until another is sent", async () => {
    await signUp();
    const wrong = otherThan(codeSent());
    for (let attempt = 0; attempt < 5; attempt++) {
      await expect(confirm(wrong)).rejects.toMatchObject({ name: "CodeMismatchException" });
    }
    await expect(confirm(codeSent())).rejects.toMatchObject({ name: "LimitExceededException" });
    await call("ResendConfirmationCode", { ClientId: "web", Username: email });
    await confirm(codeSent());
  });

  it("refuses a code after a day, and one that another took the place of", async () => {
    await signUp();
    const first = codeSent();
    await clock.advance(86_400_000);
    await expect(confirm(first)).rejects.toMatchObject({ name: "ExpiredCodeException" });
    await call("ResendConfirmationCode", { ClientId: "web", Username: email });
    expect(mailbox.to(email).map(({ sentAt }) => Date.parse(sentAt))).toEqual([clock.now(), clock.now() - 86_400_000]);
    await expect(confirm(otherThan(codeSent()))).rejects.toMatchObject({ name: "CodeMismatchException" });
    await confirm(codeSent());
  });

  it("tells nobody that a user is unknown, and sends them nothing", async () => {
    const nobody = "nobody@example.com";
    await expect(confirm("123456", nobody)).rejects.toMatchObject({ name: "ExpiredCodeException" });
    expect(await call("ResendConfirmationCode", { ClientId: "web", Username: nobody })).toHaveProperty(
      "CodeDeliveryDetails",
    );
    expect(mailbox.to(nobody)).toEqual([]);
  });

  it("is over for an account that was deleted: its code confirms no other of the same email", async () => {
    await signUp();
    const code = codeSent();
    await call("AdminDeleteUser", user);
    await expect(confirm(code)).rejects.toMatchObject({ name: "ExpiredCodeException" });
    await signUp();
    expect(codeSent()).not.toBe(code);
    await expect(confirm(code)).rejects.toMatchObject({ name: "CodeMismatchException" });
  });
});

describe("tokens", () => {
  it("are signed by the published key and say what Cognito's say", async () => {
    const { UserSub } = await signUp();
    await call("AdminConfirmSignUp", user);
    await call("AdminAddUserToGroup", { ...user, GroupName: "staff" });
    const { AccessToken, IdToken } = (await signIn()).AuthenticationResult;
    const { payload, protectedHeader } = await verify(AccessToken);
    const nowSeconds = clock.now() / 1000;
    expect(protectedHeader.alg).toBe("RS256");
    expect(payload).toMatchObject({
      sub: UserSub,
      username: UserSub,
      iss: issuer,
      client_id: "web",
      token_use: "access",
      scope: "aws.cognito.signin.user.admin",
      "cognito:groups": ["staff"],
      auth_time: nowSeconds,
      iat: nowSeconds,
      exp: nowSeconds + 900,
    });
    expect(payload.jti).toMatch(/^[0-9a-f-]{36}$/);
    expect(payload).not.toHaveProperty("aud");
    expect((await verify(IdToken)).payload).toMatchObject({ token_use: "id", aud: "web", email, sub: UserSub });
  });

  it("name no groups when the user is in none", async () => {
    await signUp();
    await call("AdminConfirmSignUp", user);
    expect(decodeJwt((await signIn()).AuthenticationResult.AccessToken)).not.toHaveProperty("cognito:groups");
  });

  it("stay valid over a restart", async () => {
    await signUp();
    await call("AdminConfirmSignUp", user);
    const { AccessToken, RefreshToken } = (await signIn()).AuthenticationResult;
    identity = await open();
    await verify(AccessToken);
    expect((await refresh(RefreshToken)).AuthenticationResult).toHaveProperty("AccessToken");
  });

  it("are renewed by the refresh token for thirty days, with the time of the sign-in", async () => {
    await signUp();
    await call("AdminConfirmSignUp", user);
    const { RefreshToken } = (await signIn()).AuthenticationResult;
    const signedInAtSeconds = clock.now() / 1000;
    await clock.advance(7_200_000);
    const renewed = (await refresh(RefreshToken)).AuthenticationResult;
    expect(renewed).not.toHaveProperty("RefreshToken");
    expect((await verify(renewed.AccessToken)).payload.auth_time).toBe(signedInAtSeconds);
    await expect(refresh("forged")).rejects.toMatchObject({ name: "NotAuthorizedException" });
    await clock.advance(30 * 86_400_000);
    await expect(refresh(RefreshToken)).rejects.toMatchObject({ message: "Refresh Token has expired" });
  });

  it("live as long as their client says", async () => {
    identity = await open({ ...pool, clients: { Web: { ...pool.clients.Web, accessTokenMinutes: 5 } } });
    await signUp();
    await call("AdminConfirmSignUp", user);
    expect((await signIn()).AuthenticationResult.ExpiresIn).toBe(300);
  });

  it("are renewed no more once the refresh token is revoked, which can be repeated", async () => {
    await signUp();
    await call("AdminConfirmSignUp", user);
    const [one, other] = [(await signIn()).AuthenticationResult, (await signIn()).AuthenticationResult];
    const revoke = (token: string) => call("RevokeToken", { ClientId: "web", Token: token });
    await revoke(one.RefreshToken);
    await revoke(one.RefreshToken);
    await expect(refresh(one.RefreshToken)).rejects.toMatchObject({ name: "NotAuthorizedException" });
    await refresh(other.RefreshToken);
    await expect(revoke(other.AccessToken)).rejects.toMatchObject({ name: "UnsupportedTokenTypeException" });
  });

  it("end with their user", async () => {
    await signUp();
    await call("AdminConfirmSignUp", user);
    const { RefreshToken } = (await signIn()).AuthenticationResult;
    await call("AdminDeleteUser", user);
    await expect(refresh(RefreshToken)).rejects.toMatchObject({ name: "NotAuthorizedException" });
    await expect(call("AdminGetUser", user)).rejects.toMatchObject({ name: "UserNotFoundException" });
  });

  it("aren't given for a wrong password, nor to an unknown user, with the same words", async () => {
    await signUp();
    await call("AdminConfirmSignUp", user);
    const wrong = { name: "NotAuthorizedException", message: "Incorrect username or password." };
    await expect(signIn("Wrong-horse-12")).rejects.toMatchObject(wrong);
    await expect(signIn(password, "nobody@example.com")).rejects.toMatchObject(wrong);
  });

  it("aren't given by a flow that the client doesn't allow", async () => {
    const input = { ClientId: "closed", AuthFlow: "USER_PASSWORD_AUTH", AuthParameters: {} };
    await expect(call("InitiateAuth", input)).rejects.toMatchObject({
      name: "InvalidParameterException",
      message: "USER_PASSWORD_AUTH flow not enabled for this client",
    });
  });
});

describe("a forgotten password", () => {
  const newPassword = "Forgetful-horse-2";
  const forgot = (username = email) => call("ForgotPassword", { ClientId: "web", Username: username });
  const reset = (code: string, given = newPassword, username = email) =>
    call("ConfirmForgotPassword", { ClientId: "web", Username: username, ConfirmationCode: code, Password: given });
  const join = async () => {
    await signUp();
    await confirm(codeSent());
  };

  it("is replaced with the code that was emailed, once, and sessions live on", async () => {
    await join();
    const { RefreshToken } = (await signIn()).AuthenticationResult;
    expect(await forgot(email.toUpperCase())).toEqual({
      CodeDeliveryDetails: { AttributeName: "email", DeliveryMedium: "EMAIL", Destination: "a***@e***" },
    });
    expect(mailbox.to(email)[0]).toMatchObject({ subject: "Reset your password" });
    await signIn();
    await reset(codeSent());
    await expect(signIn()).rejects.toMatchObject({ name: "NotAuthorizedException" });
    await signIn(newPassword);
    await refresh(RefreshToken);
    await expect(reset(codeSent())).rejects.toMatchObject({ name: "ExpiredCodeException" });
  });

  it("keeps its account's sessions until an administrator ends them, which can be repeated", async () => {
    await join();
    const sessions = [(await signIn()).AuthenticationResult, (await signIn()).AuthenticationResult];
    await call("AdminUserGlobalSignOut", user);
    await call("AdminUserGlobalSignOut", user);
    for (const { RefreshToken } of sessions) {
      await expect(refresh(RefreshToken)).rejects.toMatchObject({ name: "NotAuthorizedException" });
    }
    await refresh((await signIn()).AuthenticationResult.RefreshToken);
    const nobody = { ...user, Username: "nobody@example.com" };
    await expect(call("AdminUserGlobalSignOut", nobody)).rejects.toMatchObject({ name: "UserNotFoundException" });
  });

  it("is not replaced by a wrong code, after five of them not by the right one either, until another is sent", async () => {
    await join();
    await forgot();
    for (let attempt = 0; attempt < 5; attempt++) {
      await expect(reset(otherThan(codeSent()))).rejects.toMatchObject({ name: "CodeMismatchException" });
    }
    await expect(reset(codeSent())).rejects.toMatchObject({ name: "LimitExceededException" });
    await forgot();
    await reset(codeSent());
  });

  it("is not replaced by a code after an hour, nor without one, nor by one of the registration", async () => {
    await join();
    await expect(reset(codeSent())).rejects.toMatchObject({ name: "ExpiredCodeException" });
    await forgot();
    await clock.advance(3_600_000);
    await expect(reset(codeSent())).rejects.toMatchObject({ name: "ExpiredCodeException" });
  });

  it("is not replaced by a weak one, and the code stays good", async () => {
    await join();
    await forgot();
    await expect(reset(codeSent(), "weak")).rejects.toMatchObject({ name: "InvalidPasswordException" });
    await reset(codeSent());
  });

  it("tells nobody that a user is unknown, and sends them nothing", async () => {
    const nobody = "nobody@example.com";
    expect(await forgot(nobody)).toHaveProperty("CodeDeliveryDetails");
    await expect(reset("123456", newPassword, nobody)).rejects.toMatchObject({ name: "CodeMismatchException" });
    expect(mailbox.to(nobody)).toEqual([]);
  });

  it("is not sent a code before the email is verified, nor in the place of a temporary one", async () => {
    await signUp();
    await expect(forgot()).rejects.toMatchObject({ name: "InvalidParameterException" });
    await expect(reset(codeSent())).rejects.toMatchObject({ name: "ExpiredCodeException" });
    const other = { UserPoolId: pool.id, Username: "eve@example.com" };
    await call("AdminCreateUser", { ...other, UserAttributes: [{ Name: "email_verified", Value: "true" }] });
    await expect(forgot(other.Username)).rejects.toMatchObject({ name: "NotAuthorizedException" });
    expect(mailbox.to(email)).toHaveLength(1);
  });

  it("is over for an account that was deleted: its code is none of another's with the same email", async () => {
    await join();
    await forgot();
    const code = codeSent();
    await call("AdminDeleteUser", user);
    await join();
    await expect(reset(code)).rejects.toMatchObject({ name: "ExpiredCodeException" });
  });
});

describe("an administrator", () => {
  it("creates users with a permanent password, as seeding does", async () => {
    const created = await call("AdminCreateUser", {
      ...user,
      UserAttributes: [{ Name: "email_verified", Value: "true" }],
    });
    expect(created.User).toMatchObject({ UserStatus: "FORCE_CHANGE_PASSWORD" });
    await call("AdminSetUserPassword", { ...user, Password: password, Permanent: true });
    const { IdToken } = (await signIn()).AuthenticationResult;
    expect(decodeJwt(IdToken)).toMatchObject({ email_verified: true });
    await expect(call("AdminCreateUser", user)).rejects.toMatchObject({ name: "UsernameExistsException" });
  });

  it("can't use a group, user or pool that doesn't exist", async () => {
    await signUp();
    const group = { ...user, GroupName: "none" };
    await expect(call("AdminAddUserToGroup", group)).rejects.toMatchObject({ message: "Group not found." });
    const other = { ...user, Username: "eve@example.com" };
    await expect(call("AdminGetUser", other)).rejects.toMatchObject({ name: "UserNotFoundException" });
    await expect(call("AdminGetUser", { ...user, UserPoolId: "none" })).rejects.toMatchObject({
      name: "ResourceNotFoundException",
    });
  });
});

describe("a client with a secret", () => {
  const hashOf = (username: string) => secretHash(pool.clients.Secretive, username);
  const by = (username = email) => ({ ClientId: "secretive", Username: username, SecretHash: hashOf(username) });
  const signInWith = (parameters: object) =>
    call("InitiateAuth", {
      ...{ ClientId: "secretive", AuthFlow: "USER_PASSWORD_AUTH" },
      AuthParameters: { USERNAME: email, PASSWORD: password, ...parameters },
    });
  const refreshWith = (parameters: object) =>
    call("InitiateAuth", { ClientId: "secretive", AuthFlow: "REFRESH_TOKEN_AUTH", AuthParameters: parameters });
  const missing = {
    name: "NotAuthorizedException",
    message: "Client secretive is configured with secret but SECRET_HASH was not received",
  };
  const wrong = { name: "NotAuthorizedException", message: "SecretHash does not match for the client: secretive" };

  it("is let in by its hash alone, for every call", async () => {
    const calls: [string, object][] = [
      ["SignUp", { Password: password }],
      ["ResendConfirmationCode", {}],
      ["ConfirmSignUp", { ConfirmationCode: "123456" }],
      ["ForgotPassword", {}],
      ["ConfirmForgotPassword", { ConfirmationCode: "123456", Password: password }],
    ];
    for (const [operation, input] of calls) {
      const { SecretHash: _, ...hashless } = by();
      await expect(call(operation, { ...hashless, ...input }), operation).rejects.toMatchObject(missing);
      const others = { ...by(), SecretHash: hashOf("eve@example.com") };
      await expect(call(operation, { ...others, ...input }), operation).rejects.toMatchObject(wrong);
    }
    await expect(signInWith({})).rejects.toMatchObject(missing);
    await expect(signInWith({ SECRET_HASH: "forged" })).rejects.toMatchObject(wrong);
    expect(mailbox.to(email)).toEqual([]);
  });

  it("refreshes by the hash of who somebody really is, not of their email, and revokes by the secret", async () => {
    const { UserSub } = await call("SignUp", { ...by(), Password: password });
    await call("ConfirmSignUp", { ...by(), ConfirmationCode: codeSent() });
    const { RefreshToken } = (await signInWith({ SECRET_HASH: hashOf(email) })).AuthenticationResult;
    const parameters = { REFRESH_TOKEN: RefreshToken };
    await expect(refreshWith(parameters)).rejects.toMatchObject(missing);
    await expect(refreshWith({ ...parameters, SECRET_HASH: hashOf(email) })).rejects.toMatchObject(wrong);
    const right = { ...parameters, SECRET_HASH: hashOf(UserSub) };
    expect(await refreshWith(right)).toHaveProperty("AuthenticationResult.AccessToken");
    const revoke = (given: object) => call("RevokeToken", { ClientId: "secretive", Token: RefreshToken, ...given });
    for (const given of [{}, { ClientSecret: "wrong" }]) {
      await expect(revoke(given)).rejects.toMatchObject({ name: "UnauthorizedException" });
    }
    await refreshWith(right);
    await revoke({ ClientSecret: "secret" });
    await expect(refreshWith(right)).rejects.toMatchObject({ message: "Invalid Refresh Token" });
  });
});

describe("a list of users", () => {
  const list = (input: object = {}) => call("ListUsers", { UserPoolId: pool.id, ...input });
  const Filter = 'cognito:user_status = "UNCONFIRMED"';
  const join = (name: string) =>
    call("SignUp", { ClientId: "web", Username: `${name}@example.com`, Password: password });

  it("tells page by page of those of a status, though some go meanwhile", async () => {
    const subs: string[] = [];
    for (const name of ["a", "b", "c", "d"]) subs.push((await join(name)).UserSub);
    await call("AdminConfirmSignUp", { ...user, Username: "b@example.com" });
    const first = await list({ Filter, Limit: 2, AttributesToGet: ["sub"] });
    const [{ Username, ...described }] = first.Users;
    expect(described).toEqual({
      ...{ Attributes: [{ Name: "sub", Value: Username }], UserStatus: "UNCONFIRMED", Enabled: true },
      ...{ UserCreateDate: clock.now() / 1000, UserLastModifiedDate: clock.now() / 1000 },
    });
    for (const one of first.Users) await call("AdminDeleteUser", { ...user, Username: one.Username });
    const { PaginationToken } = first;
    const second = await list({ Filter, Limit: 2, PaginationToken });
    expect(second).not.toHaveProperty("PaginationToken");
    expect(second.Users[0].Attributes).toContainEqual({ Name: "email_verified", Value: "false" });
    const found = [...first.Users, ...second.Users].map((one) => one.Username);
    expect(found.toSorted()).toEqual([subs[0], subs[2], subs[3]].toSorted());
    expect((await list()).Users).toMatchObject([{ UserStatus: "CONFIRMED" }, { UserStatus: "UNCONFIRMED" }]);
  });

  it("says which filters it knows", async () => {
    for (const other of ['email ^= "a"', "cognito:user_status = UNCONFIRMED"]) {
      await expect(list({ Filter: other })).rejects.toMatchObject({ name: "InvalidParameterException" });
    }
    await expect(list({ Limit: 61 })).rejects.toMatchObject({ name: "InvalidParameterException" });
  });
});

it("publishes where its keys are, and nothing else", () => {
  expect(identity.document(`/${pool.id}/.well-known/openid-configuration`)).toMatchObject({
    issuer,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
  });
  const keySet = identity.document(`/${pool.id}/.well-known/jwks.json`) as JSONWebKeySet;
  expect(Object.keys(keySet.keys[0]!).toSorted()).toEqual(["alg", "e", "kid", "kty", "n", "use"]);
  expect(identity.document("/other/.well-known/jwks.json")).toBeUndefined();
  expect(identity.document("/")).toBeUndefined();
});
