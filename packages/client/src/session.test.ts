import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { createClient, createSession, NetworkError, type SessionOptions, SignedOutError } from "./index.ts";
import { type Asked, noChance, problem, type Server, startServer, type Way } from "./test/server.ts";

let server: Server;
let nowMs: number;
/** What refresh tokens are answered with, one after the other. */
let refreshes: Way[];
/** The access tokens that are accepted. */
let accepted: string[];

beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

beforeEach(() => {
  nowMs = 1_000_000;
  refreshes = [];
  accepted = ["first"];
  server.tellBy(answer);
});

function answer({ path, headers }: Asked): Way {
  if (path === "/sessions")
    return { status: 201, body: { accessToken: "first", refreshToken: "long", expiresInSeconds: 900 } };
  if (path === "/sessions/refresh") return refreshes.shift() ?? problem(401, "bad_refresh_token");
  if (path === "/sessions/revoke") return { status: 204, body: "" };
  const token = headers.authorization?.replace("Bearer ", "");
  if (token !== undefined && !accepted.includes(token)) return problem(401, "unauthenticated");
  return { body: { id: token ?? "nobody", version: 1 } };
}

const refreshed = (accessToken: string): Way => ({ body: { accessToken, expiresInSeconds: 900 } });
const credentials = { email: "ada@example.com", password: "Correct-horse-1" };
const paths = () => server.asked.map(({ path }) => path);

function createMember(options: SessionOptions = {}) {
  const chance = { ...noChance(), now: () => nowMs };
  const session = createSession(options, chance.now);
  return { session, client: createClient({ baseUrl: server.url, session, chance }) };
}

async function signedIn(options: SessionOptions = {}) {
  const member = createMember(options);
  await member.client.signIn(credentials);
  server.asked.length = 0;
  return member;
}

test("whoever has signed in is known, and after signing out is not", async () => {
  const { client } = createMember();
  expect(await client.carts.create()).toMatchObject({ id: "nobody" });
  await client.signIn({ ...credentials, confirmationCode: "123456" });
  expect(await client.users.me()).toMatchObject({ id: "first" });
  await client.signOut();
  expect(await client.carts.create()).toMatchObject({ id: "nobody" });
  expect(server.asked.find(({ path }) => path === "/sessions/revoke")).toMatchObject({
    body: { refreshToken: "long" },
  });
  await client.signOut();
  expect(paths().filter((path) => path === "/sessions/revoke")).toHaveLength(1);
});

test("an access token is replaced a minute before it ends, once for all who ask", async () => {
  const { client } = await signedIn();
  nowMs += 839_000;
  await client.users.me();
  expect(paths()).toEqual(["/users/me"]);
  nowMs += 2_000;
  refreshes = [refreshed("second")];
  accepted = ["second"];
  const answers = await Promise.all([client.users.me(), client.users.me(), client.orders.get("ord_1")]);
  expect(answers.map(({ id }) => id)).toEqual(["second", "second", "second"]);
  expect(paths().filter((path) => path === "/sessions/refresh")).toHaveLength(1);
});

test("a token that is refused is replaced once for all who notice, and what was asked is asked again", async () => {
  const { client } = await signedIn();
  accepted = ["second"];
  refreshes = [refreshed("second")];
  const keys = ["one", "two", "three"];
  await Promise.all(keys.map((key) => client.orders.cancel("ord_1", key)));
  expect(paths().filter((path) => path === "/sessions/refresh")).toHaveLength(1);
  const done = server.asked.filter(({ headers }) => headers.authorization === "Bearer second");
  expect(done.map(({ headers }) => headers["idempotency-key"]).sort()).toEqual([...keys].sort());
});

test("what is refused with a new token too is told, and no loop", async () => {
  const { client } = await signedIn();
  accepted = [];
  refreshes = [refreshed("second"), refreshed("third")];
  await expect(client.users.me()).rejects.toMatchObject({ status: 401, code: "unauthenticated" });
  expect(paths()).toEqual(["/users/me", "/sessions/refresh", "/users/me"]);
});

test("a session that was revoked ends, tells so, and lets nobody order as a guest by mistake", async () => {
  const onSignedOut = vi.fn();
  const { client } = await signedIn({ onSignedOut });
  accepted = [];
  const calls = [client.users.me(), client.orders.place({} as never)];
  for (const result of await Promise.allSettled(calls)) {
    expect(result).toMatchObject({ status: "rejected", reason: expect.any(SignedOutError) });
  }
  expect(onSignedOut).toHaveBeenCalledTimes(1);
  expect(server.asked.filter(({ headers }) => !headers.authorization).map(({ path }) => path)).toEqual([
    "/sessions/refresh",
  ]);
});

test("a refresh that nobody answers ends no session", async () => {
  const onSignedOut = vi.fn();
  const { client } = await signedIn({ onSignedOut });
  nowMs += 850_000;
  refreshes = Array(4).fill("drop");
  expect(await client.users.me()).toMatchObject({ id: "first" });
  nowMs += 60_000;
  refreshes = Array(4).fill("drop");
  await expect(client.users.me()).rejects.toThrow(NetworkError);
  refreshes = [refreshed("second")];
  accepted = ["second"];
  expect(await client.users.me()).toMatchObject({ id: "second" });
  expect(onSignedOut).not.toHaveBeenCalled();
});

test("whoever signs in while another's call is under way does not take their place", async () => {
  const { client, session } = await signedIn();
  accepted = ["first", "another's"];
  server.tellBy(async (asked) => {
    if (asked.path !== "/orders") return answer(asked);
    await session.start({ accessToken: "another's", refreshToken: "another's", expiresInSeconds: 900 });
    return "drop";
  });
  await expect(client.orders.place({} as never)).rejects.toThrow(SignedOutError);
  expect(server.asked.map(({ headers }) => headers.authorization)).toEqual(["Bearer first"]);
});

test("a guest who signs in while ordering orders as a guest, once", async () => {
  const { client, session } = createMember();
  let isLost = true;
  server.tellBy(async () => {
    await session.start({ accessToken: "first", refreshToken: "long", expiresInSeconds: 900 });
    return isLost ? "drop" : { body: {} };
  });
  setTimeout(() => {
    isLost = false;
  }, 0);
  await client.orders.place({} as never).catch(() => undefined);
  expect(new Set(server.asked.map(({ headers }) => headers.authorization))).toEqual(new Set([undefined]));
});

test("clients that share a store share a session, as tabs of a browser do", async () => {
  const kept = new Map<string, string>();
  const store = {
    load: async () => JSON.parse(kept.get("session") ?? "null") ?? undefined,
    save: async (tokens: unknown) => void kept.set("session", JSON.stringify(tokens)),
    clear: async () => void kept.delete("session"),
  };
  const [one, other] = [await signedIn({ store }), createMember({ store })];
  expect(await other.client.users.me()).toMatchObject({ id: "first" });
  refreshes = [refreshed("second")];
  accepted = ["second"];
  expect(await one.client.users.me()).toMatchObject({ id: "second" });
  expect(await other.client.users.me()).toMatchObject({ id: "second" });
  expect(paths().filter((path) => path === "/sessions/refresh")).toHaveLength(1);
  await other.client.signOut();
  expect(await one.client.carts.create()).toMatchObject({ id: "nobody" });
});

test("whoever closes their account is signed out", async () => {
  const { client } = await signedIn();
  await client.users.erase(1);
  expect(await client.carts.create()).toMatchObject({ id: "nobody" });
});

test("signing out forgets the tokens though nobody can be told", async () => {
  const { client, session } = await signedIn();
  server.tell("drop");
  await expect(client.signOut()).rejects.toThrow(NetworkError);
  expect(await session.end()).toBeUndefined();
});

test("a call that is given up while the token is refreshed ends at once, and the refresh does not", async () => {
  const { client } = await signedIn();
  nowMs += 900_000;
  accepted = ["second"];
  server.tellBy(async (asked) => {
    if (asked.path === "/sessions/refresh") await new Promise((resolve) => setTimeout(resolve, 100));
    return answer(asked);
  });
  refreshes = [refreshed("second")];
  const patient = client.users.me();
  await expect(client.users.me({ timeoutMs: 20 })).rejects.toThrow("within 20 ms");
  expect(await patient).toMatchObject({ id: "second" });
});

test("a token of one's own is asked for each time, and again when it is refused", async () => {
  const tokens = ["stale", "first"];
  const client = createClient({ baseUrl: server.url, token: () => tokens.shift() });
  expect(await client.users.me()).toMatchObject({ id: "first" });
  await expect(client.signIn(credentials)).rejects.toThrow(TypeError);
});
