import { setClock } from "@cartwright/core/clock";
import { Resource } from "sst";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import * as z from "zod";
import { type Issuer, startIssuer } from "../test/issuer.ts";
import { maybeSignedIn, signedIn, staff } from "./auth.ts";
import { enforcing } from "./describe.ts";
import { limitCallers, limited, limitedGuesses, networkOf } from "./limit.ts";
import { router } from "./router.ts";
import { valid } from "./valid.ts";

let issuer: Issuer;
const { CallerLimits } = Resource;
const usual = { ...CallerLimits };
beforeAll(async () => {
  issuer = await startIssuer();
});
afterAll(() => issuer.stop());

beforeEach(() => {
  Object.assign(CallerLimits, {
    guest: 3,
    customer: 5,
    staff: 7,
    guess: 2,
    guessOfOne: 2,
    guessOfOneAnywhere: 3,
    emailsToOnePerHour: 1,
    guestOrder: 1,
  });
  onTestFinished(() => void Object.assign(CallerLimits, usual));
  // No minute is over before a test is.
  const startedAtMs = Date.now();
  onTestFinished(setClock(() => startedAtMs));
});

const Email = z.strictObject({ email: z.email() });

/** As an instance of a function begins: it knows nobody. */
function createApp() {
  return router(limitCallers("user"))
    .get("/open", (c) => c.text("ok"))
    .get("/mine", signedIn(), (c) => c.text("ok"))
    .get("/maybe", maybeSignedIn(), (c) => c.text("ok"))
    .get("/staff", staff(), (c) => c.text("ok"))
    .post(
      "/hook",
      enforcing({ access: "provider" }, async (_, next) => next()),
      (c) => c.text("ok"),
    )
    .post("/guess", limited("guess"), (c) => c.text("ok"))
    .post("/orders", maybeSignedIn(), limited("guestOrder"), (c) => c.text("ok"))
    .post(
      "/sessions",
      valid("json", Email),
      limitedGuesses(({ email }: z.infer<typeof Email>) => email),
      (c) => c.text("ok"),
    );
}

type App = ReturnType<typeof createApp>;
let addresses = 0;
const newAddress = () => `10.1.${Math.floor(addresses / 250)}.${++addresses % 250}`;

/** Calls as the gateway does, so often; answers the statuses. */
async function call(app: App, times: number, how: Partial<{ to: string; from: string; token: string; email: string }>) {
  const { to = "GET /open", from = newAddress(), token, email } = how;
  const [method = "", path = ""] = to.split(" ");
  const statuses: number[] = [];
  for (let time = 0; time < times; time++) {
    const response = await app.request(
      path,
      {
        method,
        headers: {
          ...(token && { Authorization: `Bearer ${token}` }),
          ...(email && { "Content-Type": "application/json" }),
        },
        ...(email && { body: JSON.stringify({ email }) }),
      },
      { event: { requestContext: { http: { sourceIp: from } } } },
    );
    statuses.push(response.status);
  }
  return statuses;
}

const passed = (statuses: number[]) => statuses.filter((status) => status === 200).length;

test("who asks too often is told when to ask again", async () => {
  const app = createApp();
  const from = newAddress();
  await call(app, 4, { from });
  const response = await app.request("/open", {}, { event: { requestContext: { http: { sourceIp: from } } } });
  expect(response.status).toBe(429);
  expect(Number(response.headers.get("Retry-After"))).toBeGreaterThan(0);
  expect(Number(response.headers.get("Retry-After"))).toBeLessThanOrEqual(60);
  expect(response.headers.get("Content-Type")).toBe("application/problem+json");
  expect(await response.json()).toMatchObject({ status: 429, code: "rate_limited", title: "Too many requests" });
});

test("a guest is known by their address, wherever they go", async () => {
  const app = createApp();
  const from = newAddress();
  expect(passed(await call(app, 2, { from }))).toBe(2);
  expect(passed(await call(app, 2, { from, to: "GET /maybe" }))).toBe(1);
  expect(await call(app, 1, { from, to: "GET /nowhere" })).toEqual([429]);
  expect(passed(await call(app, 4, {}))).toBe(3);
});

test("a customer and staff are known by who they are, and each has a limit", async () => {
  const app = createApp();
  const [customer, member] = [await issuer.customer(), await issuer.staff()];
  const there = { token: customer, to: "GET /mine" };
  expect(passed([...(await call(app, 3, there)), ...(await call(app, 3, there))])).toBe(5);
  expect(passed(await call(app, 9, { token: member, to: "GET /staff" }))).toBe(7);
  // Others at the same address aren't held to it.
  const from = newAddress();
  await call(app, 9, { from, to: "GET /mine", token: await issuer.customer() });
  expect(passed(await call(app, 1, { from, to: "GET /mine", token: await issuer.customer() }))).toBe(1);
});

test("what is refused has not been done", async () => {
  let done = 0;
  const app = router(limitCallers("user")).post("/orders", signedIn(), (c) => c.text(`${++done}`));
  const token = await issuer.customer();
  const statuses = await Promise.all(
    Array.from({ length: 9 }, async () => {
      return (await app.request("/orders", { method: "POST", headers: { Authorization: `Bearer ${token}` } })).status;
    }),
  );
  expect(passed(statuses)).toBe(5);
  expect(done).toBe(5);
});

test("a customer who knocks at the doors of staff is counted as themselves", async () => {
  const token = await issuer.customer();
  const statuses = await call(createApp(), 6, { token, to: "GET /staff" });
  expect(statuses).toEqual([403, 403, 403, 403, 403, 429]);
});

test("whoever sends tokens that are none is counted by address", async () => {
  const app = createApp();
  expect(await call(app, 5, { from: newAddress(), to: "GET /mine", token: "a.b.c" })).toEqual([
    401, 401, 401, 429, 429,
  ]);
});

test("a token on a route that asks for none changes nothing", async () => {
  const app = createApp();
  const from = newAddress();
  const statuses = [];
  for (let time = 0; time < 5; time++) statuses.push(...(await call(app, 1, { from, token: `a.b.${time}` })));
  expect(passed(statuses)).toBe(3);
});

test("providers have no limit", async () => {
  expect(passed(await call(createApp(), 20, { from: newAddress(), to: "POST /hook" }))).toBe(20);
});

test("guesses are counted by address, in all instances together", async () => {
  const from = newAddress();
  const statuses = [];
  for (let time = 0; time < 3; time++) statuses.push(...(await call(createApp(), 1, { from, to: "POST /guess" })));
  expect(statuses).toEqual([200, 200, 429]);
});

test("guesses of one email from one address leave those from others", async () => {
  const app = createApp();
  const [email, from] = [`${crypto.randomUUID()}@example.com`, newAddress()];
  expect(await call(app, 3, { to: "POST /sessions", email, from })).toEqual([200, 200, 429]);
  expect(await call(app, 1, { to: "POST /sessions", email })).toEqual([200]);
});

test("and there are not more of them from everywhere", async () => {
  const app = createApp();
  const email = `${crypto.randomUUID()}@example.com`;
  const statuses = [];
  for (let time = 0; time < 4; time++) statuses.push(...(await call(app, 1, { to: "POST /sessions", email })));
  expect(statuses).toEqual([200, 200, 200, 429]);
});

test("guests' orders have a limit that customers have not", async () => {
  const app = createApp();
  expect(passed(await call(app, 2, { from: newAddress(), to: "POST /orders" }))).toBe(1);
  expect(passed(await call(app, 3, { to: "POST /orders", token: await issuer.customer() }))).toBe(3);
});

test("what is refused for what it asks is counted, too", async () => {
  const app = createApp();
  const from = newAddress();
  const event = { requestContext: { http: { sourceIp: from, path: "/a/../b" } } };
  const statuses: number[] = [];
  for (let time = 0; time < 4; time++) statuses.push((await app.request("/open", {}, { event })).status);
  expect(statuses).toEqual([400, 400, 400, 429]);
});

test("a limit that nobody counts is a mistake, not a pass", async () => {
  const app = router().post("/guess", limited("guess"), (c) => c.text("ok"));
  expect((await app.request("/guess", { method: "POST" })).status).toBe(500);
});

test.each([
  ["203.0.113.7", "203.0.113.7"],
  ["::ffff:203.0.113.7", "203.0.113.7"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:0"],
  ["2001:db8:1:ab12::1", "2001:db8:1:ab00"],
  ["2001:DB8:0001:2::1", "2001:db8:1:0"],
  ["2001:db8::5:6", "2001:db8:0:0"],
  ["::1", "0:0:0:0"],
  ["fe80::1%eth0", "fe80:0:0:0"],
  ["unknown", "unknown"],
])("%s is of the network %s", (address, network) => {
  expect(networkOf(address)).toBe(network);
});
