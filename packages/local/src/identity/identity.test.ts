import { createLocalJWKSet, decodeJwt, type JSONWebKeySet, jwtVerify } from "jose";
import { beforeEach, describe, expect, it } from "vitest";
import { ManualClock } from "../clock.ts";
import { seededRandom } from "../random.ts";
import { openStore, type Store } from "../store.ts";
import { arnOf } from "../test/fixture.ts";
import { createIdentity, type Identity } from "./identity.ts";

const pool = {
  id: "eu-west-1_Pool",
  arn: arnOf("cognito-idp", "userpool/eu-west-1_Pool"),
  issuer: "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Pool",
  clients: {
    Web: { id: "web", flows: ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"] },
    Closed: { id: "closed", flows: [] },
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

beforeEach(async () => {
  store = openStore(":memory:");
  clock = new ManualClock();
  identity = await open();
});

function open() {
  const endpointUrl = () => "http://127.0.0.1:4001";
  return createIdentity({ pools: { Pool: pool }, endpointUrl, store, clock, random: seededRandom(1) });
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
    expect((await signIn()).AuthenticationResult).toMatchObject({ TokenType: "Bearer", ExpiresIn: 3600 });
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
      exp: nowSeconds + 3600,
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
