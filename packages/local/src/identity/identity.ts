import type { Topology, UserPool } from "@cartwright/topology";
import * as z from "zod";
import type { Clock } from "../clock.ts";
import { issuerUrl } from "../function/link.ts";
import { AwsError } from "../http/aws-error.ts";
import type { Operations } from "../http/endpoint.ts";
import type { Random } from "../random.ts";
import type { Store } from "../store.ts";
import { type Codes, expiredCode, openCodes, wrongCode } from "./emailed-code.ts";
import type { Mailbox } from "./mailbox.ts";
import { hashPassword, isPassword, passwordComplaint } from "./password.ts";
import { refuseWithoutHash, refuseWrongHash, refuseWrongSecret } from "./secret.ts";
import { createTokenSigner, hashRefreshToken, newRefreshToken, type TokenSigner, type TokenSubject } from "./token.ts";

export interface IdentityOptions {
  pools: Topology["userPools"];
  /** Base of the issuer: `<endpoint>/<poolId>`. Known only once the endpoint listens. */
  endpointUrl: () => string;
  store: Store;
  clock: Clock;
  random: Random;
  /** Where the codes go that Cognito would email. */
  mailbox: Mailbox;
}

/** The user pools of the topology, as Cognito's API and its public documents show them. */
export interface Identity {
  /** Of AWSCognitoIdentityProviderService. */
  operations: Operations;
  /** `/<poolId>/.well-known/jwks.json` and `openid-configuration`. */
  document(path: string): unknown | undefined;
}

type Status = "UNCONFIRMED" | "CONFIRMED" | "FORCE_CHANGE_PASSWORD";

type PoolClient = UserPool["clients"][string];

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

/** Of a client that records no other. */
const accessTokenMinutes = 15;

const Text = z.string().min(1);
const Attributes = z.array(z.object({ Name: z.string(), Value: z.string().default("") })).default([]);
const InPool = z.object({ UserPoolId: Text, Username: Text });

const ByClient = z.object({ ClientId: Text, Username: Text, SecretHash: z.string().optional() });
type ByClient = z.infer<typeof ByClient>;
const SignUpInput = ByClient.extend({ Password: Text, UserAttributes: Attributes });
const ConfirmInput = ByClient.extend({ ConfirmationCode: Text });
const ResetInput = ConfirmInput.extend({ Password: Text });
const RevokeInput = z.object({ ClientId: Text, ClientSecret: Text.optional(), Token: Text });
const CreateUserInput = InPool.extend({ TemporaryPassword: z.string().optional(), UserAttributes: Attributes });
const SetPasswordInput = InPool.extend({ Password: Text, Permanent: z.boolean().default(false) });
const GroupInput = InPool.extend({ GroupName: Text });
const ListInput = z.object({
  UserPoolId: Text,
  Filter: z.string().optional(),
  AttributesToGet: z.array(Text).optional(),
  Limit: z.number().int().min(0).max(60).default(60),
  PaginationToken: Text.optional(),
});
const InitiateAuthInput = z.object({
  ClientId: Text,
  AuthFlow: Text,
  AuthParameters: z.record(z.string(), z.string()).default({}),
});

export async function createIdentity(options: IdentityOptions): Promise<Identity> {
  const { store, clock, random, mailbox } = options;
  store.migrate("identity", migrations);
  const signer = await createTokenSigner(store, clock, random);
  const codes = openCodes(store, clock, random, mailbox);
  return {
    operations: createOperations(options, signer, codes),
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

function createOperations(options: IdentityOptions, signer: TokenSigner, codes: Codes): Operations {
  const { store, clock, random } = options;
  const users = userTable(store, clock, codes);

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

  function clientOf(clientId: string): PoolClient & { pool: UserPool } {
    for (const pool of Object.values(options.pools)) {
      const client = Object.values(pool.clients).find(({ id }) => id === clientId);
      if (client) return { pool, ...client };
    }
    throw new AwsError("ResourceNotFoundException", `User pool client ${clientId} does not exist.`);
  }

  /** The client of a call that names a user, who need not exist. */
  function clientCalled({ ClientId, Username, SecretHash }: ByClient): ReturnType<typeof clientOf> {
    const client = clientOf(ClientId);
    refuseWrongHash(client, Username, SecretHash);
    return client;
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
    const { pool } = clientCalled(input);
    const user = await create(pool, input.Username, input.Password, "UNCONFIRMED");
    codes.confirmation.send(user);
    return { UserConfirmed: false, UserSub: user.sub, CodeDeliveryDetails: deliveryTo(user.email) };
  }

  /** An unknown user gets the answer of a code that has expired, and of one that was sent. */
  async function confirmSignUp(input: z.infer<typeof ConfirmInput>) {
    const user = users.find(clientCalled(input).pool.id, input.Username);
    if (!user) throw expiredCode();
    refuseConfirmed(user);
    codes.confirmation.check(user, input.ConfirmationCode);
    users.save({ ...user, status: "CONFIRMED", email_verified: 1 });
    codes.confirmation.forget(user);
    return {};
  }

  async function resend(input: ByClient) {
    const user = users.find(clientCalled(input).pool.id, input.Username);
    if (user && user.status !== "UNCONFIRMED") throw invalid("User is already confirmed.");
    if (user) codes.confirmation.send(user);
    return { CodeDeliveryDetails: deliveryTo(user?.email ?? input.Username) };
  }

  /** An unknown user gets the answer of a code that was sent. */
  async function forgotPassword(input: ByClient) {
    const user = users.find(clientCalled(input).pool.id, input.Username);
    if (!user) return { CodeDeliveryDetails: deliveryTo(input.Username) };
    if (user.status === "FORCE_CHANGE_PASSWORD") {
      throw notAuthorized("User password cannot be reset in the current state.");
    }
    if (user.email_verified === 0) {
      throw invalid("Cannot reset password for the user as there is no registered/verified email or phone_number");
    }
    codes.reset.send(user);
    return { CodeDeliveryDetails: deliveryTo(user.email) };
  }

  /** Sessions live on. An unknown user gets the answer of a wrong code, one who has no code that of an old one. */
  async function confirmForgotPassword(input: z.infer<typeof ResetInput>) {
    const { pool } = clientCalled(input);
    const complaint = passwordComplaint(input.Password);
    if (complaint) throw new AwsError("InvalidPasswordException", complaint);
    const user = users.find(pool.id, input.Username);
    if (!user) throw wrongCode();
    codes.reset.check(user, input.ConfirmationCode);
    codes.reset.forget(user);
    const password_hash = await hashPassword(input.Password);
    users.save({ ...userOf(pool.id, user.sub), password_hash });
    return {};
  }

  async function signOutEverywhere({ UserPoolId, Username }: z.infer<typeof InPool>) {
    users.signOut(userOf(UserPoolId, Username));
    return {};
  }

  async function revoke({ ClientId, ClientSecret, Token }: z.infer<typeof RevokeInput>) {
    refuseWrongSecret(clientOf(ClientId), ClientSecret);
    if (Token.split(".").length === 3) throw new AwsError("UnsupportedTokenTypeException", "Unsupported token type");
    store.query("DELETE FROM identity_refresh WHERE hash = ? AND client = ?").run(hashRefreshToken(Token), ClientId);
    return {};
  }

  async function confirm({ UserPoolId, Username }: z.infer<typeof InPool>) {
    const user = userOf(UserPoolId, Username);
    refuseConfirmed(user);
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
    const client = clientOf(input.ClientId);
    const flow = input.AuthFlow === "REFRESH_TOKEN" ? "REFRESH_TOKEN_AUTH" : input.AuthFlow;
    if (!client.flows.includes(`ALLOW_${flow}`)) throw invalid(`${flow} flow not enabled for this client`);
    if (flow === "USER_PASSWORD_AUTH") return signIn(client, input.AuthParameters);
    if (flow === "REFRESH_TOKEN_AUTH") return refresh(client, input.AuthParameters);
    throw invalid(`The auth flow ${flow} isn't emulated here: use USER_PASSWORD_AUTH.`);
  }

  async function signIn(client: ReturnType<typeof clientOf>, parameters: Record<string, string>) {
    const { pool } = client;
    const { USERNAME: username, PASSWORD: password } = parameters;
    if (!username) throw invalid("Missing required parameter USERNAME");
    if (!password) throw invalid("Missing required parameter PASSWORD");
    refuseWrongHash(client, username, parameters.SECRET_HASH);
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
      .run(hash, pool.id, user.sub, client.id, authTimeMs, authTimeMs + refreshLifetimeMs);
    return { AuthenticationResult: { ...(await tokens(client, user, authTimeMs)), RefreshToken: token } };
  }

  async function refresh(client: ReturnType<typeof clientOf>, parameters: Record<string, string>) {
    refuseWithoutHash(client, parameters.SECRET_HASH);
    const hash = hashRefreshToken(parameters.REFRESH_TOKEN ?? "");
    const stored = store
      .query<RefreshRow>("SELECT sub, client, auth_time_ms, expires_ms FROM identity_refresh WHERE hash = ?")
      .get(hash);
    const user = stored && users.find(client.pool.id, stored.sub);
    if (!user || stored.client !== client.id) throw notAuthorized("Invalid Refresh Token");
    // The username that such a call doesn't name is the real one: not the email.
    refuseWrongHash(client, user.sub, parameters.SECRET_HASH);
    if (stored.expires_ms <= clock.now()) throw notAuthorized("Refresh Token has expired");
    return { AuthenticationResult: await tokens(client, user, stored.auth_time_ms) };
  }

  async function tokens(client: ReturnType<typeof clientOf>, user: UserRow, authTimeMs: number) {
    const issuer = issuerUrl(options.endpointUrl(), client.pool.id);
    const lifetimeSeconds = 60 * (client.accessTokenMinutes ?? accessTokenMinutes);
    const request = { issuer, clientId: client.id, authTimeMs, lifetimeSeconds, subject: subjectOf(user) };
    return {
      AccessToken: await signer.accessToken(request),
      IdToken: await signer.idToken(request),
      ExpiresIn: lifetimeSeconds,
      TokenType: "Bearer",
    };
  }

  async function list({ UserPoolId, Filter, AttributesToGet, Limit, PaginationToken }: z.infer<typeof ListInput>) {
    const page = users.list(poolOf(UserPoolId).id, statusIn(Filter), PaginationToken ?? "", Limit);
    const last = page.at(-1);
    return {
      Users: page.map((user) => {
        const { UserAttributes, ...described } = describe(user);
        const Attributes = UserAttributes.filter(({ Name }) => AttributesToGet?.includes(Name) ?? true);
        return { ...described, Attributes };
      }),
      ...(last && page.length === Limit && { PaginationToken: last.sub }),
    };
  }

  async function remove({ UserPoolId, Username }: z.infer<typeof InPool>) {
    users.remove(userOf(UserPoolId, Username));
    return {};
  }

  return {
    SignUp: operation(SignUpInput, signUp),
    ConfirmSignUp: operation(ConfirmInput, confirmSignUp),
    ResendConfirmationCode: operation(ByClient, resend),
    ForgotPassword: operation(ByClient, forgotPassword),
    ConfirmForgotPassword: operation(ResetInput, confirmForgotPassword),
    RevokeToken: operation(RevokeInput, revoke),
    AdminConfirmSignUp: operation(InPool, confirm),
    AdminCreateUser: operation(CreateUserInput, adminCreate),
    AdminSetUserPassword: operation(SetPasswordInput, setPassword),
    AdminAddUserToGroup: operation(GroupInput, addToGroup),
    AdminGetUser: operation(InPool, async (input) => describe(userOf(input.UserPoolId, input.Username))),
    AdminDeleteUser: operation(InPool, remove),
    ListUsers: operation(ListInput, list),
    AdminUserGlobalSignOut: operation(InPool, signOutEverywhere),
    InitiateAuth: operation(InitiateAuthInput, initiateAuth),
  };
}

/** Users by pool; a username is the email or the sub, as in a pool that signs in by email. */
function userTable(store: Store, clock: Clock, codes: Codes) {
  function signOut({ pool, sub }: UserRow): void {
    store.query("DELETE FROM identity_refresh WHERE pool = ? AND sub = ?").run(pool, sub);
  }

  return {
    find(pool: string, username: string): UserRow | undefined {
      return store
        .query<UserRow>("SELECT * FROM identity_user WHERE pool = ? AND (email = ? OR sub = ?)")
        .get(pool, username.toLowerCase(), username);
    },
    /** By `sub`, after one of them: those of a status, if any. */
    list(pool: string, status: string | undefined, after: string, limit: number): UserRow[] {
      return store
        .query<UserRow>(
          "SELECT * FROM identity_user WHERE pool = ? AND status = coalesce(?, status) AND sub > ? ORDER BY sub LIMIT ?",
        )
        .all(pool, status ?? null, after, limit);
    },
    save(user: UserRow): UserRow {
      const saved = { ...user, modified_ms: clock.now() };
      const columns = Object.keys(saved);
      const sql = `INSERT OR REPLACE INTO identity_user (${columns}) VALUES (${columns.map(() => "?")})`;
      store.query(sql).run(...Object.values(saved));
      return saved;
    },
    signOut,
    remove(user: UserRow): void {
      store.transaction(() => {
        for (const purpose of Object.values(codes)) purpose.forget(user);
        signOut(user);
        store.query("DELETE FROM identity_user WHERE pool = ? AND sub = ?").run(user.pool, user.sub);
      });
    },
  };
}

/** The shape of a real hash, of no password. */
const nobodysHash = `${"A".repeat(22)}.${"A".repeat(43)}`;

/** The one filter that is emulated. */
function statusIn(filter: string | undefined): string | undefined {
  if (!filter) return undefined;
  const [, status] = /^\s*cognito:user_status\s*=\s*"(\w+)"\s*$/.exec(filter) ?? [];
  if (!status) throw invalid(`The filter ${filter} isn't emulated here: use cognito:user_status = "…".`);
  return status.toUpperCase();
}

function refuseConfirmed({ status }: UserRow): void {
  if (status !== "UNCONFIRMED") throw notAuthorized(`User cannot be confirmed. Current status is ${status}`);
}

function deliveryTo(email: string) {
  const [name = "", domain = ""] = email.split("@");
  return {
    AttributeName: "email",
    DeliveryMedium: "EMAIL",
    Destination: `${name.slice(0, 1)}***@${domain.slice(0, 1)}***`,
  };
}

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
