import type { Topology, UserPool } from "@cartwright/topology";
import * as z from "zod";
import type { Clock } from "../clock.ts";
import { issuerUrl } from "../function/link.ts";
import { AwsError } from "../http/aws-error.ts";
import type { Operations } from "../http/endpoint.ts";
import type { Random } from "../random.ts";
import type { Store } from "../store.ts";
import { hashPassword, isPassword, passwordComplaint } from "./password.ts";
import {
  createTokenSigner,
  hashRefreshToken,
  newRefreshToken,
  type TokenSigner,
  type TokenSubject,
  tokenLifetimeSeconds,
} from "./token.ts";

export interface IdentityOptions {
  pools: Topology["userPools"];
  /** Base of the issuer: `<endpoint>/<poolId>`. Known only once the endpoint listens. */
  endpointUrl: () => string;
  store: Store;
  clock: Clock;
  random: Random;
}

/** The user pools of the topology, as Cognito's API and its public documents show them. */
export interface Identity {
  /** Of AWSCognitoIdentityProviderService. */
  operations: Operations;
  /** `/<poolId>/.well-known/jwks.json` and `openid-configuration`. */
  document(path: string): unknown | undefined;
}

type Status = "UNCONFIRMED" | "CONFIRMED" | "FORCE_CHANGE_PASSWORD";

interface UserRow {
  pool: string;
  sub: string;
  email: string;
  password_hash: string;
  status: Status;
  email_verified: number;
  groups: string;
  created_ms: number;
  modified_ms: number;
}

interface RefreshRow {
  sub: string;
  client: string;
  auth_time_ms: number;
  expires_ms: number;
}

const migrations = [
  `CREATE TABLE identity_user (
     pool TEXT NOT NULL, sub TEXT NOT NULL, email TEXT NOT NULL, password_hash TEXT NOT NULL, status TEXT NOT NULL,
     email_verified INTEGER NOT NULL, groups TEXT NOT NULL, created_ms INTEGER NOT NULL, modified_ms INTEGER NOT NULL,
     PRIMARY KEY (pool, sub), UNIQUE (pool, email)
   )`,
  `CREATE TABLE identity_refresh (
     hash TEXT PRIMARY KEY, pool TEXT NOT NULL, sub TEXT NOT NULL, client TEXT NOT NULL,
     auth_time_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL
   )`,
];

const refreshLifetimeMs = 30 * 86_400_000;

const Text = z.string().min(1);
const Attributes = z.array(z.object({ Name: z.string(), Value: z.string().default("") })).default([]);
const InPool = z.object({ UserPoolId: Text, Username: Text });

const SignUpInput = z.object({ ClientId: Text, Username: Text, Password: Text, UserAttributes: Attributes });
const CreateUserInput = InPool.extend({ TemporaryPassword: z.string().optional(), UserAttributes: Attributes });
const SetPasswordInput = InPool.extend({ Password: Text, Permanent: z.boolean().default(false) });
const GroupInput = InPool.extend({ GroupName: Text });
const InitiateAuthInput = z.object({
  ClientId: Text,
  AuthFlow: Text,
  AuthParameters: z.record(z.string(), z.string()).default({}),
});

export async function createIdentity(options: IdentityOptions): Promise<Identity> {
  options.store.migrate("identity", migrations);
  const signer = await createTokenSigner(options.store, options.clock, options.random);
  return {
    operations: createOperations(options, signer),
    document(path) {
      const [, poolId, document] = /^\/([^/]+)\/\.well-known\/([a-z-]+(?:\.json)?)$/.exec(path) ?? [];
      const pool = Object.values(options.pools).find((one) => one.id === poolId);
      if (!pool) return undefined;
      if (document === "jwks.json") return signer.keySet();
      if (document === "openid-configuration") return discovery(issuerUrl(options.endpointUrl(), pool.id));
      return undefined;
    },
  };
}

function discovery(issuer: string) {
  return {
    issuer,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    id_token_signing_alg_values_supported: ["RS256"],
    response_types_supported: ["code", "token"],
    scopes_supported: ["openid", "email", "phone", "profile"],
    subject_types_supported: ["public"],
  };
}

function createOperations(options: IdentityOptions, signer: TokenSigner): Operations {
  const { store, clock, random } = options;
  const users = userTable(store, clock);

  /** Wrong and missing parameters are Cognito's InvalidParameterException, named like the parameter. */
  function operation<Input>(schema: z.ZodType<Input>, run: (input: Input) => Promise<unknown>) {
    return async (input: unknown): Promise<unknown> => {
      const parsed = schema.safeParse(input);
      if (parsed.success) return run(parsed.data);
      const issue = parsed.error.issues[0];
      throw invalid(`${issue?.path.join(".")}: ${issue?.message}`);
    };
  }

  function poolOf(poolId: string): UserPool {
    const pool = Object.values(options.pools).find(({ id }) => id === poolId);
    if (pool) return pool;
    throw new AwsError("ResourceNotFoundException", `User pool ${poolId} does not exist.`);
  }

  function clientOf(clientId: string): { pool: UserPool; flows: string[] } {
    for (const pool of Object.values(options.pools)) {
      const client = Object.values(pool.clients).find(({ id }) => id === clientId);
      if (client) return { pool, flows: client.flows };
    }
    throw new AwsError("ResourceNotFoundException", `User pool client ${clientId} does not exist.`);
  }

  function userOf(poolId: string, username: string): UserRow {
    const user = users.find(poolOf(poolId).id, username);
    if (user) return user;
    throw new AwsError("UserNotFoundException", "User does not exist.");
  }

  async function create(pool: UserPool, username: string, password: string, status: Status): Promise<UserRow> {
    const email = username.toLowerCase();
    if (!/^\S+@\S+$/.test(email)) throw invalid("Username should be an email.");
    const complaint = passwordComplaint(password);
    if (complaint) throw new AwsError("InvalidPasswordException", complaint);
    const user: UserRow = {
      pool: pool.id,
      sub: random.uuid(),
      email,
      password_hash: await hashPassword(password),
      status,
      email_verified: 0,
      groups: "[]",
      created_ms: clock.now(),
      modified_ms: clock.now(),
    };
    store.transaction(() => {
      if (users.find(pool.id, email)) {
        throw new AwsError("UsernameExistsException", "An account with the given email already exists.");
      }
      users.save(user);
    });
    return user;
  }

  async function signUp(input: z.infer<typeof SignUpInput>) {
    const { pool } = clientOf(input.ClientId);
    const user = await create(pool, input.Username, input.Password, "UNCONFIRMED");
    return { UserConfirmed: false, UserSub: user.sub };
  }

  async function confirm({ UserPoolId, Username }: z.infer<typeof InPool>) {
    const user = userOf(UserPoolId, Username);
    if (user.status !== "UNCONFIRMED") {
      throw notAuthorized(`User cannot be confirmed. Current status is ${user.status}`);
    }
    users.save({ ...user, status: "CONFIRMED" });
    return {};
  }

  async function adminCreate(input: z.infer<typeof CreateUserInput>) {
    const password = input.TemporaryPassword ?? `Aa1-${random.uuid()}`;
    const user = await create(poolOf(input.UserPoolId), input.Username, password, "FORCE_CHANGE_PASSWORD");
    const isVerified = input.UserAttributes.some(({ Name, Value }) => Name === "email_verified" && Value === "true");
    const saved = isVerified ? users.save({ ...user, email_verified: 1 }) : user;
    const { UserAttributes, ...described } = describe(saved);
    return { User: { ...described, Attributes: UserAttributes } };
  }

  async function setPassword(input: z.infer<typeof SetPasswordInput>) {
    const complaint = passwordComplaint(input.Password);
    if (complaint) throw new AwsError("InvalidPasswordException", complaint);
    userOf(input.UserPoolId, input.Username);
    const password_hash = await hashPassword(input.Password);
    const user = userOf(input.UserPoolId, input.Username);
    users.save({ ...user, password_hash, status: input.Permanent ? "CONFIRMED" : "FORCE_CHANGE_PASSWORD" });
    return {};
  }

  async function addToGroup({ UserPoolId, Username, GroupName }: z.infer<typeof GroupInput>) {
    if (!poolOf(UserPoolId).groups.includes(GroupName)) {
      throw new AwsError("ResourceNotFoundException", "Group not found.");
    }
    const user = userOf(UserPoolId, Username);
    const groups = new Set([...groupsOf(user), GroupName]);
    users.save({ ...user, groups: JSON.stringify([...groups].toSorted()) });
    return {};
  }

  async function initiateAuth(input: z.infer<typeof InitiateAuthInput>) {
    const { pool, flows } = clientOf(input.ClientId);
    const flow = input.AuthFlow === "REFRESH_TOKEN" ? "REFRESH_TOKEN_AUTH" : input.AuthFlow;
    if (!flows.includes(`ALLOW_${flow}`)) throw invalid(`${flow} flow not enabled for this client`);
    if (flow === "USER_PASSWORD_AUTH") return signIn(pool, input.ClientId, input.AuthParameters);
    if (flow === "REFRESH_TOKEN_AUTH") return refresh(pool, input.ClientId, input.AuthParameters);
    throw invalid(`The auth flow ${flow} isn't emulated here: use USER_PASSWORD_AUTH.`);
  }

  async function signIn(pool: UserPool, clientId: string, parameters: Record<string, string>) {
    const { USERNAME: username, PASSWORD: password } = parameters;
    if (!username) throw invalid("Missing required parameter USERNAME");
    if (!password) throw invalid("Missing required parameter PASSWORD");
    const user = users.find(pool.id, username);
    // An unknown user costs the same work as a wrong password, and gets the same answer.
    const isRight = await isPassword(password, user?.password_hash ?? nobodysHash);
    if (!user || !isRight) throw notAuthorized("Incorrect username or password.");
    if (user.status === "UNCONFIRMED") {
      throw new AwsError("UserNotConfirmedException", "User is not confirmed.");
    }
    if (user.status === "FORCE_CHANGE_PASSWORD") {
      throw notAuthorized("A new password is required, a challenge that isn't emulated here: set a permanent one.");
    }
    const authTimeMs = clock.now();
    const { token, hash } = newRefreshToken();
    store
      .query("INSERT INTO identity_refresh (hash, pool, sub, client, auth_time_ms, expires_ms) VALUES (?,?,?,?,?,?)")
      .run(hash, pool.id, user.sub, clientId, authTimeMs, authTimeMs + refreshLifetimeMs);
    return { AuthenticationResult: { ...(await tokens(pool, clientId, user, authTimeMs)), RefreshToken: token } };
  }

  async function refresh(pool: UserPool, clientId: string, parameters: Record<string, string>) {
    const hash = hashRefreshToken(parameters.REFRESH_TOKEN ?? "");
    const stored = store
      .query<RefreshRow>("SELECT sub, client, auth_time_ms, expires_ms FROM identity_refresh WHERE hash = ?")
      .get(hash);
    const user = stored && users.find(pool.id, stored.sub);
    if (!user || stored.client !== clientId) throw notAuthorized("Invalid Refresh Token");
    if (stored.expires_ms <= clock.now()) throw notAuthorized("Refresh Token has expired");
    return { AuthenticationResult: await tokens(pool, clientId, user, stored.auth_time_ms) };
  }

  async function tokens(pool: UserPool, clientId: string, user: UserRow, authTimeMs: number) {
    const issuer = issuerUrl(options.endpointUrl(), pool.id);
    const request = { issuer, clientId, authTimeMs, subject: subjectOf(user) };
    return {
      AccessToken: await signer.accessToken(request),
      IdToken: await signer.idToken(request),
      ExpiresIn: tokenLifetimeSeconds,
      TokenType: "Bearer",
    };
  }

  async function remove({ UserPoolId, Username }: z.infer<typeof InPool>) {
    users.remove(userOf(UserPoolId, Username));
    return {};
  }

  return {
    SignUp: operation(SignUpInput, signUp),
    AdminConfirmSignUp: operation(InPool, confirm),
    AdminCreateUser: operation(CreateUserInput, adminCreate),
    AdminSetUserPassword: operation(SetPasswordInput, setPassword),
    AdminAddUserToGroup: operation(GroupInput, addToGroup),
    AdminGetUser: operation(InPool, async (input) => describe(userOf(input.UserPoolId, input.Username))),
    AdminDeleteUser: operation(InPool, remove),
    InitiateAuth: operation(InitiateAuthInput, initiateAuth),
  };
}

/** Users by pool; a username is the email or the sub, as in a pool that signs in by email. */
function userTable(store: Store, clock: Clock) {
  return {
    find(pool: string, username: string): UserRow | undefined {
      return store
        .query<UserRow>("SELECT * FROM identity_user WHERE pool = ? AND (email = ? OR sub = ?)")
        .get(pool, username.toLowerCase(), username);
    },
    save(user: UserRow): UserRow {
      const saved = { ...user, modified_ms: clock.now() };
      const columns = Object.keys(saved);
      const sql = `INSERT OR REPLACE INTO identity_user (${columns}) VALUES (${columns.map(() => "?")})`;
      store.query(sql).run(...Object.values(saved));
      return saved;
    },
    remove(user: UserRow): void {
      store.transaction(() => {
        store.query("DELETE FROM identity_refresh WHERE pool = ? AND sub = ?").run(user.pool, user.sub);
        store.query("DELETE FROM identity_user WHERE pool = ? AND sub = ?").run(user.pool, user.sub);
      });
    },
  };
}

/** The shape of a real hash, of no password. */
const nobodysHash = `${"A".repeat(22)}.${"A".repeat(43)}`;

function groupsOf(user: UserRow): string[] {
  return JSON.parse(user.groups) as string[];
}

function subjectOf(user: UserRow): TokenSubject {
  return { sub: user.sub, email: user.email, emailVerified: user.email_verified === 1, groups: groupsOf(user) };
}

function describe(user: UserRow) {
  return {
    Username: user.sub,
    UserAttributes: [
      { Name: "sub", Value: user.sub },
      { Name: "email", Value: user.email },
      { Name: "email_verified", Value: String(user.email_verified === 1) },
    ],
    UserStatus: user.status,
    Enabled: true,
    UserCreateDate: user.created_ms / 1000,
    UserLastModifiedDate: user.modified_ms / 1000,
  };
}

function invalid(text: string): AwsError {
  return new AwsError("InvalidParameterException", text);
}

function notAuthorized(text: string): AwsError {
  return new AwsError("NotAuthorizedException", text);
}
