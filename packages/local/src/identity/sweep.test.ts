/** The function that deletes accounts nobody has confirmed, as it is recorded, on this machine's Cognito. */
import {
  AdminGetUserCommand,
  CognitoIdentityProviderClient,
  ConfirmSignUpCommand,
  SignUpCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import { afterAll, beforeAll, expect, test } from "vitest";
import { boot, type Local } from "../boot.ts";
import { readTopology } from "../cli/process.ts";
import { ManualClock } from "../clock.ts";
import { topology as emptyTopology, temporaryFolder } from "../test/fixture.ts";
import { secretHash } from "./secret.ts";

const hourMs = 60 * 60 * 1000;
const folder = temporaryFolder();
const clock = new ManualClock();
const recorded = readTopology();
const pool = recorded.userPools.UserPool!;
const client = pool.clients.Web!;
let local: Local;

beforeAll(async () => {
  const { app, stage, account, region, links, userPools } = recorded;
  const { UserTable } = recorded.tables;
  const { SweepAccountsHandler } = recorded.functions;
  const { SweepAccountsHandlerRole } = recorded.roles;
  local = await boot({
    topology: emptyTopology({
      ...{ app, stage, account, region, links, userPools, tables: { UserTable: UserTable! } },
      roles: { SweepAccountsHandlerRole: SweepAccountsHandlerRole! },
      functions: { SweepAccountsHandler: SweepAccountsHandler! },
    }),
    ...{ root: process.cwd(), stateFolder: folder.path, apiPort: 0, endpointPort: 0, clock },
  });
});
afterAll(async () => {
  await local?.stop();
  folder.remove();
});

test("an account that nobody has confirmed is deleted on the third day, and no other", async () => {
  await signUp("joined@example.com");
  await confirm("joined@example.com");
  await signUp("waiting@example.com");
  await clock.advance(47 * hourMs);
  await signUp("late@example.com");
  expect(await sweep()).toMatchObject({ payload: { deleted: 0, isComplete: true } });
  expect(await statuses()).toEqual(["CONFIRMED", "UNCONFIRMED", "UNCONFIRMED"]);
  await clock.advance(2 * hourMs);
  expect(await sweep()).toMatchObject({ payload: { deleted: 1, isComplete: true } });
  expect(await statuses()).toEqual(["CONFIRMED", "UserNotFoundException", "UNCONFIRMED"]);
  await confirm("late@example.com");
  expect(await statuses()).toEqual(["CONFIRMED", "UserNotFoundException", "CONFIRMED"]);
});

const sweep = () => local.functions.invoke("SweepAccountsHandler", {});
const cognito = () => new CognitoIdentityProviderClient({});

const by = (Username: string) => ({ ClientId: client.id, Username, SecretHash: secretHash(client, Username) });

function signUp(email: string) {
  return cognito().send(new SignUpCommand({ ...by(email), Password: "Correct-horse-1" }));
}

function confirm(email: string) {
  return cognito().send(new ConfirmSignUpCommand({ ...by(email), ConfirmationCode: local.mailbox(email).at(-1) }));
}

function statuses() {
  const emails = ["joined@example.com", "waiting@example.com", "late@example.com"];
  return Promise.all(
    emails.map((Username) =>
      cognito()
        .send(new AdminGetUserCommand({ UserPoolId: pool.id, Username }))
        .then(({ UserStatus }) => UserStatus)
        .catch(({ name }: Error) => name),
    ),
  );
}
