import { describe, expect, test } from "vitest";
import { cognitoAccounts } from "./cognito-account.ts";
import { type Answer, fault, startStubbed } from "./test/stub.ts";

const UserPoolId = "eu-west-1_Pool";
const email = "ada@example.com";
const sub = "5f0c2a8e-1d5b-4a4e-9d0b-6f0f6d7a9a11";
const createdAt = new Date("2026-11-20T10:00:00Z");
const done: Answer = { body: {} };

async function start(answers: Record<string, Answer[]>) {
  const { client, ...stub } = await startStubbed(answers);
  return { ...stub, accounts: cognitoAccounts({ client, userPoolId: UserPoolId }) };
}

const user = (Username: string, UserStatus: string) => ({
  ...{ Username, UserStatus, Enabled: true, UserCreateDate: createdAt.getTime() / 1000 },
});

describe("an account", () => {
  test.each([
    ["CONFIRMED", true],
    ["UNCONFIRMED", false],
    ["FORCE_CHANGE_PASSWORD", true],
  ])("that is %s is found", async (status, isConfirmed) => {
    const { accounts, asked } = await start({ AdminGetUser: [{ body: user(sub, status) }] });
    expect(await accounts.find(email)).toEqual({ sub, isConfirmed, createdAt });
    expect(asked).toEqual([{ operation: "AdminGetUser", input: { UserPoolId, Username: email } }]);
  });

  test("that nobody has is none, which differs from Cognito's being away", async () => {
    const { accounts } = await start({
      AdminGetUser: [fault("UserNotFoundException"), fault("InternalErrorException")],
    });
    expect(await accounts.find(email)).toBeUndefined();
    await expect(accounts.find(email)).rejects.toMatchObject({ kind: "unavailable" });
  });

  test("is removed by its sub, and one that is gone is as good as removed", async () => {
    const { accounts, asked } = await start({ AdminDeleteUser: [done, fault("UserNotFoundException")] });
    await accounts.remove(sub);
    await accounts.remove(sub);
    expect(asked[0]).toEqual({ operation: "AdminDeleteUser", input: { UserPoolId, Username: sub } });
    const failing = await start({ AdminDeleteUser: [fault("NotAuthorizedException")] });
    await expect(failing.accounts.remove(sub)).rejects.toThrow();
  });

  test("loses all its sessions, and one that is gone has none", async () => {
    const { accounts, asked } = await start({ AdminUserGlobalSignOut: [done, fault("UserNotFoundException")] });
    await accounts.revokeAll(email);
    await accounts.revokeAll(email);
    expect(asked[0]).toEqual({ operation: "AdminUserGlobalSignOut", input: { UserPoolId, Username: email } });
    const failing = await start({ AdminUserGlobalSignOut: [fault("NotAuthorizedException")] });
    await expect(failing.accounts.revokeAll(email)).rejects.toThrow();
  });
});

describe("accounts that are not confirmed", () => {
  test("are listed page by page, without their emails", async () => {
    const pages = [
      { Users: [user("a", "UNCONFIRMED"), user("b", "UNCONFIRMED")], PaginationToken: "next" },
      { Users: [], PaginationToken: "last" },
      { Users: [user("c", "UNCONFIRMED")] },
    ];
    const { accounts, asked } = await start({ ListUsers: pages.map((body) => ({ body })) });
    const found = [];
    for await (const each of accounts.unconfirmed()) found.push(each);
    expect(found).toEqual(["a", "b", "c"].map((each) => ({ sub: each, isConfirmed: false, createdAt })));
    const first = { UserPoolId, Filter: 'cognito:user_status = "UNCONFIRMED"', AttributesToGet: ["sub"], Limit: 60 };
    expect(asked.map(({ input }) => input)).toEqual([
      first,
      { ...first, PaginationToken: "next" },
      { ...first, PaginationToken: "last" },
    ]);
  });

  test("are not taken for none when Cognito is too busy", async () => {
    const { accounts } = await start({ ListUsers: [fault("TooManyRequestsException")] });
    await expect(accounts.unconfirmed()[Symbol.asyncIterator]().next()).rejects.toMatchObject({ kind: "unavailable" });
  });
});
