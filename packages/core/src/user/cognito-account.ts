/** The accounts of a Cognito user pool, as whoever has permissions of IAM for it sees them. */
import {
  AdminDeleteUserCommand,
  AdminGetUserCommand,
  AdminUserGlobalSignOutCommand,
  type CognitoIdentityProviderClient,
  paginateListUsers,
} from "@aws-sdk/client-cognito-identity-provider";
import { now } from "../clock.ts";
import { explain, isNamed } from "./cognito-fault.ts";
import type { Account, Accounts } from "./identity.ts";

export interface CognitoAccountOptions {
  client: CognitoIdentityProviderClient;
  userPoolId: string;
}

export function cognitoAccounts({ client, userPoolId: UserPoolId }: CognitoAccountOptions): Accounts {
  return { find, unconfirmed, remove, revokeAll };

  async function find(username: string): Promise<Account | undefined> {
    try {
      const found = await client.send(new AdminGetUserCommand({ UserPoolId, Username: username }));
      return account(found.Username, found.UserStatus, found.UserCreateDate);
    } catch (error) {
      if (isNamed(error, "UserNotFoundException")) return undefined;
      throw explain(error);
    }
  }

  async function* unconfirmed(): AsyncGenerator<Account> {
    const request = { UserPoolId, Filter: 'cognito:user_status = "UNCONFIRMED"', AttributesToGet: ["sub"] };
    try {
      for await (const { Users = [] } of paginateListUsers({ client, pageSize: 60 }, request)) {
        for (const user of Users) yield account(user.Username, user.UserStatus, user.UserCreateDate);
      }
    } catch (error) {
      throw explain(error);
    }
  }

  async function remove(sub: string): Promise<void> {
    try {
      await client.send(new AdminDeleteUserCommand({ UserPoolId, Username: sub }));
    } catch (error) {
      if (!isNamed(error, "UserNotFoundException")) throw explain(error);
    }
  }

  async function revokeAll(email: string): Promise<void> {
    try {
      await client.send(new AdminUserGlobalSignOutCommand({ UserPoolId, Username: email }));
    } catch (error) {
      if (!isNamed(error, "UserNotFoundException")) throw explain(error);
    }
  }
}

/** Where people sign in by email, Cognito gives them their `sub` as username. */
function account(sub = "", status = "UNKNOWN", createdAt = now()): Account {
  return { sub, isConfirmed: status !== "UNCONFIRMED", createdAt };
}
