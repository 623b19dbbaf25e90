import { newId } from "@cartwright/events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Problem } from "./http/problem.ts";
import { ops } from "./ops.ts";
import { type Issuer, startIssuer } from "./test/issuer.ts";

let issuer: Issuer;
let staff: string;
let customer: string;

beforeAll(async () => {
  issuer = await startIssuer();
  staff = await issuer.staff();
  customer = await issuer.customer();
});
afterAll(() => issuer.stop());

async function call(method: string, path: string, options: { token?: string; body?: unknown; key?: string } = {}) {
  const { token = staff, body, key } = options;
  const response = await ops.request(path, {
    method,
    headers: {
      ...(token && { Authorization: `Bearer ${token}` }),
      ...(body !== undefined && { "Content-Type": "application/json" }),
      ...(key && { "Idempotency-Key": key }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: response.status, json: (await response.json()) as Problem };
}

const routes = [
  ["GET", "/ops/health"],
  ["GET", "/ops/dead-letters"],
  ["GET", "/ops/dead-letters/MarkPaid"],
  ["GET", "/ops/dead-letters/MarkPaid/1"],
  ["POST", "/ops/dead-letters/redrive"],
  ["POST", "/ops/replays"],
  ["GET", `/ops/replays/${newId("rpl")}`],
  ["POST", "/ops/reconciliations"],
] as const;

describe.each(routes)("%s %s", (method, path) => {
  test("asks nobody's caller to sign in", async () => {
    expect(await call(method, path, { token: "" })).toMatchObject({ status: 401, json: { code: "unauthenticated" } });
  });

  test("is not for customers", async () => {
    expect(await call(method, path, { token: customer })).toMatchObject({ status: 403, json: { code: "staff_only" } });
  });
});

test("every route there is has been tried", () => {
  const paths = ops.routes.filter(({ path, method }) => path.startsWith("/ops") && method !== "ALL");
  const tried = paths.map(({ method, path }) =>
    routes.find(
      ([verb, example]) => verb === method && new RegExp(`^${path.replaceAll(/:\w+/g, "[^/]+")}$`).test(example),
    ),
  );
  expect(tried).not.toContain(undefined);
  expect(new Set(tried).size).toBe(routes.length);
});

test("an unknown subscriber is 404, with the names of those there are", async () => {
  const redrive = { subscriber: "Nobody", all: true };
  const window = { from: "2026-01-01T00:00:00Z", to: "2026-01-02T00:00:00Z" };
  for (const answer of [
    await call("GET", "/ops/dead-letters/Nobody"),
    await call("GET", "/ops/dead-letters/Nobody/1"),
    await call("POST", "/ops/dead-letters/redrive", { body: redrive }),
    await call("POST", "/ops/replays", { body: { subscriber: "Nobody", ...window }, key: "k" }),
  ]) {
    expect(answer).toMatchObject({ status: 404, json: { code: "unknown_subscriber" } });
    expect(answer.json.detail).toContain("MarkPaid");
  }
});

describe("letters", () => {
  test.each([
    ["orderId=ord_1", "orderId"],
    ["after=yesterday", "after"],
    ["before=2026-01-01", "before"],
    ["after=2026-01-02T00:00:00Z&before=2026-01-01T00:00:00Z", "before"],
    ["limit=501", "limit"],
    ["limit=0", "limit"],
    ["order=ord_1", "order"],
    ["event=payment.capturd", "event"],
    ["event=Banana", "event"],
  ])("asked for by ?%s are 400, naming it", async (query, path) => {
    const answer = await call("GET", `/ops/dead-letters/MarkPaid?${query}`);
    expect(answer).toMatchObject({ status: 400, json: { code: "invalid_request", errors: [{ path }] } });
  });
});

describe("an event", () => {
  const window = { from: "2026-01-01T00:00:00Z", to: "2026-01-02T00:00:00Z" };
  const ask = (event: string) => [
    call("GET", `/ops/dead-letters/MarkPaid?event=${event}`),
    call("POST", "/ops/dead-letters/redrive", { body: { subscriber: "MarkPaid", filter: { event } } }),
    call("POST", "/ops/replays", { body: { subscriber: "MarkPaid", ...window, filter: { event } }, key: newId("req") }),
  ];

  test("that there is none of is 400, with those there are", async () => {
    for (const answer of await Promise.all(ask("payment.capturd"))) {
      expect(answer).toMatchObject({ status: 400, json: { code: "invalid_request" } });
      expect(answer.json.detail).toMatch(/there is no event "payment.capturd": there are .*payment.captured/);
    }
  });

  test("that the subscriber never gets is 400, with those it takes", async () => {
    for (const answer of await Promise.all(ask("order.placed"))) {
      expect(answer).toMatchObject({ status: 400, json: { code: "event_not_taken" } });
      expect(answer.json.detail).toBe("MarkPaid never gets order.placed: it takes payment.captured");
    }
  });
});

describe("a redrive", () => {
  const subscriber = "MarkPaid";

  test.each([
    ["neither id, filter nor all", { subscriber }, "", "one of id, filter, or all"],
    ["two of them", { subscriber, id: "1", all: true }, "", "one of id, filter, or all"],
    ["an empty filter", { subscriber, filter: {} }, "filter", "say all: true"],
    ["all: false", { subscriber, all: false }, "all", "true"],
    ["an order that is none", { subscriber, filter: { orderId: "7" } }, "filter.orderId", "ord_"],
    ["an unknown field", { subscriber, all: true, force: true }, "force", "leave it out"],
    ["no subscriber", { all: true }, "subscriber", "is missing"],
  ])("with %s is 400, and says what to do", async (_, body, path, told) => {
    const answer = await call("POST", "/ops/dead-letters/redrive", { body });
    expect(answer).toMatchObject({ status: 400, json: { code: "invalid_request", errors: [{ path }] } });
    expect(answer.json.detail).toContain(told);
  });
});

describe("a replay", () => {
  const soon = (...seconds: number[]) => {
    const [from, to] = seconds.map((ahead) => new Date(Date.now() + ahead * 1000).toISOString());
    return { from, to };
  };
  const window = { from: "2026-01-01T00:00:00Z", to: "2026-01-02T00:00:00Z" };

  test.each([
    ["that ends before it begins", { from: window.to, to: window.from }, "to must be later"],
    ["of no time", { from: window.from, to: window.from }, "to must be later"],
    ["into the future", { to: "2999-01-01T00:00:00Z" }, "to: 2999-01-01T00:00:00Z lies in the future"],
    ["of what happens within the next minute", soon(20, 40), "from: "],
    ["without a zone", { from: "2026-01-01T00:00:00" }, "ISO 8601"],
    ["with an unknown filter", { filter: { sku: "MUG" } }, "filter.sku"],
  ])("%s is 400", async (_, overrides, told) => {
    const body = { subscriber: "MarkPaid", ...window, ...overrides };
    const answer = await call("POST", "/ops/replays", { body, key: newId("req") });
    expect(answer).toMatchObject({ status: 400, json: { code: "invalid_request" } });
    expect(answer.json.detail).toContain(told);
  });

  test("without an Idempotency-Key is 400", async () => {
    const answer = await call("POST", "/ops/replays", { body: { subscriber: "MarkPaid", ...window } });
    expect(answer).toMatchObject({ status: 400, json: { code: "idempotency_key_required" } });
  });

  test.each(["OrderRelay", "ReconcilePayments", "Replay"])(
    "to %s, which the bus does not feed, is refused",
    async (subscriber) => {
      const answer = await call("POST", "/ops/replays", { body: { subscriber, ...window }, key: newId("req") });
      expect(answer).toMatchObject({ status: 400, json: { code: "not_replayable" } });
      expect(answer.json.detail).toContain("StartCheckout");
    },
  );

  test("that nobody asked for is 404", async () => {
    expect(await call("GET", `/ops/replays/${newId("rpl")}`)).toMatchObject({
      ...{ status: 404, json: { code: "replay_not_found" } },
    });
    expect(await call("GET", "/ops/replays/7")).toMatchObject({ status: 400, json: { errors: [{ path: "id" }] } });
  });
});

test("a reconciliation takes no body, which could say something that it does not do", async () => {
  const answer = await call("POST", "/ops/reconciliations", { body: { orderId: newId("ord") } });
  expect(answer).toMatchObject({ status: 400, json: { code: "unexpected_body" } });
});
