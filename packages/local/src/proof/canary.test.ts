/**
 * Canaries: whatever people type in or are given as a secret never appears in a log, an event, a queue, a dead letter or
 * the state of a saga, however much goes wrong meanwhile; and in tables only where it belongs.
 */
import { createHmac } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { people } from "../shop/seed.ts";
import { archived, deadLetters, failuresIn } from "../test/checkout.ts";
import { type System, startSystem } from "../test/system.ts";
import { type Operation, readApi } from "./api/document.ts";
import { assemble, type Cast } from "./api/people.ts";
import { type Person, requestOf } from "./api/request.ts";
import { type Canary, everythingKept, findMissing, findStrays, marked } from "./api/trace.ts";
import { createVisit, newEmail, type Session, type Visit } from "./api/visit.ts";

const lines: string[] = [];
const canaries: Canary[] = [];
let system: System;
let visit: Visit;

beforeAll(async () => {
  system = await startSystem();
  system.hooks.onLog = ({ text }) => void lines.push(text);
  visit = createVisit(system);
});
afterEach(() => {
  for (const hook of ["beforeInvoke", "onDynamoRequest", "onPutEvents"] as const) delete system.hooks[hook];
});
afterAll(async () => {
  visit.stop();
  await system.stop();
});

/** What every customer types somewhere, sooner or later. */
const card = "4242 4242 4242 4242";

const ofUser = ["UserTable user"];
const ofOrder = ["OrderTable order"];
/** The provider's own books: a real one has them elsewhere. */
const ofProvider = ["SandboxTable charge"];

/** Watches for a text from now on; `at` is where it belongs. */
function watch(what: string, text: string, at: readonly string[] = []): string {
  canaries.push({ what, text, at });
  return text;
}

const watchMarked = (what: string, at?: readonly string[]) => watch(what, marked(what), at);

/** Of which each field is watched. */
function watchAddress(what: string, at: readonly string[]) {
  return {
    name: watchMarked(`${what}-name-`, at),
    line1: `${watchMarked(`${what}-line1-`, at)}, card ${card}`,
    line2: watchMarked(`${what}-line2-`, at),
    city: watchMarked(`${what}-city-`, at),
    postalCode: watch(`${what}-code`, crypto.randomUUID().slice(0, 18), at),
    country: "GB",
  };
}

interface Customer extends Session {
  email: string;
  password: string;
}

/** Registers, mistakes everything that can be mistaken, and signs in. */
async function arrive(): Promise<Customer> {
  const { call } = visit;
  const email = watch("email", newEmail("canary"), [...ofUser, "runtime identity_user", "runtime mail"]);
  const password = watchMarked("Password-1-");
  await call("POST", "/users", { body: { email, password: watch("weak password", "Aa1canary") }, expecting: 400 });
  await call("POST", "/users", { body: { email, password } });
  const [code = ""] = system.local.mailbox(email);
  watch("confirmation code", code, ["runtime mail"]);
  const wrongCode = code === "123456" ? "654321" : "123456";
  await call("POST", "/sessions", { body: { email, password }, expecting: 401 });
  await call("POST", "/sessions", { body: { email, password, confirmationCode: wrongCode }, expecting: 401 });
  await call("POST", "/sessions", { body: { email, password: watchMarked("Wrong-1-") }, expecting: 401 });
  const session = await visit.signIn(email, password, code);
  watchSession(session);
  const { refreshToken } = session;
  const { json } = await call("POST", "/sessions/refresh", { body: { refreshToken } });
  watch("refreshed access token", String(json?.accessToken));
  await call("POST", "/sessions/refresh", { body: { refreshToken: watchMarked("refresh-token-") }, expecting: 401 });
  return forget(email);
}

/** Sets a new password, mistaking what can be mistaken, and signs in with it. */
async function forget(email: string): Promise<Customer> {
  const { call } = visit;
  const password = watchMarked("Password-2-");
  await call("POST", "/users/password-resets", { body: { email } });
  await call("POST", "/users/password-resets", { body: { email: watch("stranger", newEmail("stranger")) } });
  const code = watch("reset code", system.local.mailbox(email).at(-1) ?? "", ["runtime mail"]);
  const complete = (confirmationCode: string, given: string, expecting: number) =>
    call("POST", "/users/password-resets/complete", { body: { email, confirmationCode, password: given }, expecting });
  await complete(code, watch("weak new password", "Aa1canaries"), 400);
  await complete(code === "123456" ? "654321" : "123456", watchMarked("Never-set-1-"), 400);
  await complete(code, password, 204);
  await complete(code, password, 400);
  const session = await visit.signIn(email, password);
  watchSession(session);
  return { ...session, email, password };
}

/** Much time has passed, and Ada's token with it. */
async function returnAda(): Promise<void> {
  const session = await visit.signIn(ada.email, ada.password);
  watchSession(session);
  ada = { ...ada, ...session };
}

/** The end of a token is what makes it one: its beginning is the same for all. */
function watchSession({ accessToken, refreshToken }: Session): void {
  watch("access token", accessToken);
  watch("access token's signature", accessToken.split(".")[2]!);
  watch("refresh token", refreshToken);
}

const onOrder = (sku = "MUG-BLUE", quantity = 3) => ({ lines: [{ sku, quantity }] });

function placing(by: Person, token: string, shippingAddress = watchAddress("order", ofOrder)) {
  return visit.call("POST", "/orders", { by, body: { ...onOrder(), shippingAddress, payment: { token } } });
}

const placeAs = async (...order: Parameters<typeof placing>) => (await placing(...order)).json!;

const paymentOf = (orderId: unknown) => String(orderId).replace("ord_", "pay_");

let ada: Customer;
let staff: Session;
let sent: string;

describe("while all goes well", () => {
  test("somebody registers, tells who they are and where they live, and changes their mind", async () => {
    const { call, read, post } = visit;
    ada = await arrive();
    const by = ada.person;
    const { version } = await read("/users/me", by);
    const phone = watch("phone", `+4915${Math.floor(Math.random() * 1e10 + 1e10)}`.slice(0, 15), ofUser);
    const body = { name: watchMarked("failed-or-name-", ofUser), phone };
    await call("PATCH", "/users/me", { by, version, body });
    const first = { ...watchAddress("replaced", []), label: watchMarked("replaced-label-") };
    const { id } = await post("/users/me/addresses", by, first);
    const address = { ...watchAddress("address", ofUser), label: watchMarked("label-", ofUser) };
    await call("PUT", `/users/me/addresses/${id}`, { by, version: 1, body: address });
    const { id: other } = await post("/users/me/addresses", by, watchAddress("removed", []));
    await call("DELETE", `/users/me/addresses/${other}`, { by, version: 1 });
    await read("/users/me/export", by);
  });

  test("a guest fills a cart, whose id is all that protects it, and somebody takes it home", async () => {
    const { call, post } = visit;
    const cart = await post("/carts", {});
    const path = `/carts/${watch("a guest's cart", String(cart.id), ["OrderTable cart"])}`;
    await call("PUT", `${path}/lines/MUG-BLUE`, { version: 1, body: { quantity: 1 } });
    await call("PUT", `${path}/lines/MUG-SAND`, { version: 2, body: { quantity: 1 } });
    await call("DELETE", `${path}/lines/MUG-SAND`, { version: 3 });
    await post(`${path}/merge`, ada.person);
    await call("GET", path, { expecting: 404 });
  });

  test("a card is taken, another declined, and a bank asks its customer", async () => {
    const { call, read } = visit;
    sent = String((await placeAs(ada.person, "tok_ok")).id);
    await placeAs(ada.person, watchMarked("tok_", ofProvider));
    const asked = await placeAs(ada.person, "tok_requires_action");
    await system.local.idle();
    const { url } = await read(`/payments/${paymentOf(asked.id)}/action`, ada.person);
    const page = new URL(String(url), system.local.apiUrl);
    watch("a bank's secret", page.searchParams.get("secret")!, ofProvider);
    const headers = { "Content-Type": "application/x-www-form-urlencoded" };
    await call("POST", `${page.pathname}${page.search}`, { headers, body: "answer=approve" });
    await system.local.idle();
    expect(await read(`/orders/${asked.id}`, ada.person)).toMatchObject({ paid: true });
  });

  test("a guest orders, follows it with the token that opens it, and cancels", async () => {
    const { read, post } = visit;
    const { id, guestToken } = await placeAs({}, "tok_ok");
    const guest = { authorization: `Guest ${watch("a guest's token", String(guestToken))}` };
    watch("the signature of a guest's token", String(guestToken).split(".")[1]!);
    await system.local.idle();
    await read(`/orders/${id}/timeline`, guest);
    await post(`/orders/${id}/cancel`, guest);
  });

  test("staff send goods, take some back and not others, and pay some back", async () => {
    const { post } = visit;
    staff = await visit.signIn(people.staff.email, people.staff.password);
    watchSession(staff);
    const [path, by] = [`/orders/${sent}`, staff.person];
    await post(`${path}/fulfilments`, by, {
      tracking: {
        carrier: watchMarked("carrier-", ofOrder),
        number: `${watchMarked("parcel-", ofOrder)}`,
        url: `https://example.com/${watchMarked("url-", ofOrder)}?card=4242424242424242`,
      },
    });
    const reason = `${watchMarked("return-", ofOrder)} my card is ${card}`;
    const ask = () => post(`${path}/returns`, ada.person, { ...onOrder("MUG-BLUE", 1), reason });
    await post(`${path}/returns/${(await ask()).id}/receive`, by, { restock: true });
    await post(`${path}/returns/${(await ask()).id}/decline`, by, {
      reason: `${watchMarked("declined-", ofOrder)} ${card}`,
    });
    await post(`/payments/${paymentOf(sent)}/refunds`, by, {
      ...{ amount: { amount: 100, currency: "EUR" }, reason: watchMarked("refund-", ["PaymentTable payment"]) },
    });
    watch("card number", card, [...ofUser, ...ofOrder]);
    await system.local.idle();
  });
});

describe("while strangers try", () => {
  const api = readApi();
  let cast: Cast;

  beforeAll(async () => {
    cast = await assemble(system);
  });
  afterAll(() => cast.visit.stop());

  /** Each operation by whoever may call it, with one thing changed. */
  async function callAll(change: (request: ReturnType<typeof requestOf>, operation: Operation) => object | undefined) {
    const statuses = api.map(async (operation) => {
      const request = requestOf(operation, operation.access === "staff" ? cast.staff : cast.ada, cast.belongings);
      const changed = change(request, operation);
      return changed && (await cast.visit.send({ ...request, ...changed })).status;
    });
    return new Set(await Promise.all(statuses));
  }

  const json = { "Content-Type": "application/json" };

  test("forged tokens", async () => {
    const [head, , signature] = ada.accessToken.split(".");
    const claims = Buffer.from(JSON.stringify({ sub: watchMarked("forged-claim-") })).toString("base64url");
    const [order, , guests] = [sent, 0, watchMarked("forged-signature-")];
    const forged = [
      ...[`Bearer ${head}.${claims}.${signature}`, `Bearer ${watchMarked("nonsense-")}`, watchMarked("bare-")],
      ...[`Guest ${order}.${guests}`, `Guest ${watchMarked("guest-")}`],
      `Basic ${Buffer.from(`ada:${watchMarked("basic-")}`).toString("base64")}`,
    ];
    for (const Authorization of forged) {
      const statuses = await callAll(({ headers }) => ({ headers: { ...headers, Authorization } }));
      expect(statuses).toContain(401);
    }
  });

  test("bodies with fields that there are not, of what is no JSON, and of another type", async () => {
    const [field, value, garbage] = [watchMarked("field-"), watchMarked("value-"), watchMarked("garbage-")];
    const bodies = (example: unknown) => [
      JSON.stringify({ ...(example as object), [field]: value }),
      ...[`{"${garbage}`, `{"a":"${garbage}","a":1}`, JSON.stringify(garbage), `[[[[[[[[[[[["${garbage}"]]]]]]]]]]]]`],
    ];
    for (let which = 0; which < bodies({}).length; which++) {
      await callAll(({ headers }, { body, method }) => {
        if (method === "GET") return undefined;
        return { headers: { ...headers, ...json }, body: bodies(body?.example)[which] };
      });
    }
    await callAll(({ headers }) => ({ headers: { ...headers, "Content-Type": watchMarked("type/") }, body: garbage }));
  });

  test("values that don't fit where they are", async () => {
    const odd = watchMarked("odd-");
    const bad = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(bad);
      if (typeof value !== "object" || value === null) return typeof value === "string" ? { [odd]: odd } : odd;
      return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, bad(inner)]));
    };
    const statuses = await callAll((_, { body }) =>
      body?.mediaType === "application/json" && body.example !== undefined
        ? { body: JSON.stringify(bad(body.example)) }
        : undefined,
    );
    expect(statuses).toContain(400);
  });

  test("paths, queries and headers", async () => {
    const [id, asked] = [watchMarked("id-"), watchMarked("query-")];
    const names = ["traceparent", "tracestate", "If-Match", "If-None-Match", "Cookie", "User-Agent", "Referer"];
    const others = ["X-Forwarded-For", "X-Request-Id", "Origin", "Accept", "X-Amzn-Trace-Id", "Baggage"];
    const told = Object.fromEntries([...names, ...others].map((name) => [name, watchMarked(`${name}-`)]));
    const withHeaders = { ...told, "Idempotency-Key": `${watchMarked("key-")} \xe9` };
    await Promise.all([
      callAll((_, { path }) => ({ path: path.replaceAll(/\{\w+\}/g, id) })),
      callAll(({ path }) => ({ path: `${path}${path.includes("?") ? "&" : "?"}${asked}=${asked}` })),
      callAll(({ path }) => ({ path: `${path.split("?")[0]}?cursor=${asked}&limit=${asked}&secret=${asked}` })),
      callAll(({ path }) => ({ path: `${path}/${id}` })),
      callAll(({ headers }) => ({ headers: { ...headers, ...withHeaders } })),
    ]);
  });

  test("webhooks, forged and genuine", async () => {
    const { call } = visit;
    const body = JSON.stringify({ id: watchMarked("evt_"), type: watchMarked("type-"), orderId: watchMarked("ord-") });
    const at = Math.floor(system.local.now() / 1000);
    const forged = watch("a forged signature", createHmac("sha256", "guess").update(body).digest("hex"));
    const post = (signature: string, sent: string, expecting: number) =>
      call("POST", "/webhooks/sandbox", { headers: { "Cartwright-Signature": signature }, body: sent, expecting });
    await post(`t=${at},v1=${forged}`, body, 401);
    await post(watchMarked("signature-"), body, 401);
    const [secret = ""] = String(system.local.links.SandboxWebhookSecret!.value).split(",");
    const sign = (text: string) =>
      watch("a signature", createHmac("sha256", secret).update(`${at}.${text}`).digest("hex"));
    await post(`t=${at},v1=${sign(body)}`, body, 400);
    const createdAt = new Date(system.local.now()).toISOString();
    const about = { id: "evt_1", type: "charge.updated", orderId: sent, createdAt };
    const genuine = JSON.stringify({ ...about, card, email: watchMarked("holder-"), note: watchMarked("note-") });
    await post(`t=${at},v1=${sign(genuine)}`, genuine, 200);
    await system.local.idle();
  });
});

describe("while things fail", () => {
  /** As `idle`, and a second is over in no time. */
  async function hurry(): Promise<void> {
    const idle = system.local.idle().then(() => true);
    while (!(await Promise.race([idle, sleep(50, false)]))) system.clock.skip(1000);
  }

  /** What routers meet while their table is away, or worse: each is a 500 or a 503. */
  const faults = [
    { when: "before", name: "ValidationException" },
    { when: "before", name: "AccessDeniedException" },
    { when: "before", name: "InternalServerError", statusCode: 500 },
    { when: "after", disconnect: true },
  ] as const;

  test.each(faults)("a router's writes: %o", async (fault) => {
    const address = () => watchAddress("failed-address", [...ofUser, ...ofOrder]);
    system.hooks.onDynamoRequest = (operation, _, caller) => {
      const isRouters = /^(User|Order|Payment)Router$/.test(String(caller?.functionName));
      return isRouters && /^(Put|Update|TransactWrite)/.test(operation) ? fault : undefined;
    };
    const me = await visit.read("/users/me", ada.person);
    const text = watchMarked("failed-", [...ofUser, ...ofOrder, "PaymentTable payment"]);
    const by = ada.person;
    const attempts = [
      visit.call("PATCH", "/users/me", { by, version: me.version, body: { name: text } }),
      visit.post("/users/me/addresses", by, { ...address(), label: text }),
      placeAs(by, watchMarked("failed-tok_", ofProvider), address()),
      visit.post(`/orders/${sent}/returns`, by, { ...onOrder("MUG-BLUE", 1), reason: text }),
      visit.post(`/payments/${paymentOf(sent)}/refunds`, staff.person, { reason: text }),
      visit.post("/carts", {}),
    ];
    const failed = (await Promise.allSettled(attempts)).flatMap((each) =>
      each.status === "rejected" ? [/answered (\d+)/.exec(String(each.reason))?.[1]] : [],
    );
    // One that was made and not answered is found by whoever tries again.
    if (fault.when === "before") expect(failed.length).toBe(attempts.length);
    expect([...new Set(failed)]).toEqual([expect.stringMatching(/^50[03]$/)]);
    await system.local.idle();
  });

  test("each step of a saga: it dies, and is refused what it asks for", async () => {
    const steps = ["ReserveStock", "AuthorizePayment", "ConfirmOrder", "CapturePayment"];
    let begin = () => {};
    const placed = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const [died, refused] = [new Set<string>(), new Set<string>()];
    system.hooks.beforeInvoke = async (name) => {
      if (!steps.includes(name)) return undefined;
      await placed;
      if (died.has(name)) return undefined;
      died.add(name);
      return "kill";
    };
    const failing = new Map<string, string>();
    system.hooks.onDynamoRequest = (_, __, caller) => {
      const { functionName: step = "", correlationIds = [] } = caller ?? {};
      if (!correlationIds.some((id) => failing.get(id) === step)) return undefined;
      refused.add(step);
      return { when: "before", name: "ValidationException" };
    };
    for (const step of steps) {
      for (const token of ["tok_ok", watchMarked("failed-tok_", ofProvider)]) {
        const { headers } = await placing(ada.person, token);
        failing.set(String(headers["x-request-id"]), step);
      }
    }
    begin();
    await hurry();
    expect([...died].sort()).toEqual(steps.toSorted());
    expect([...refused].sort()).toEqual(steps.toSorted());
  });

  test("every reaction, until it is a dead letter", async () => {
    await returnAda();
    const subscribers = Object.entries(system.local.topology.queues)
      .filter(([name]) => name.endsWith("Queue"))
      .map(([name]) => name.replace(/Queue$/, ""));
    const reacts = (name: string) => subscribers.includes(name) && name !== "SandboxWork";
    system.hooks.onDynamoRequest = (_, __, caller) =>
      reacts(String(caller?.functionName)) ? { when: "before", name: "ValidationException" } : undefined;
    system.hooks.beforeInvoke = (name) => {
      if (name === "MarkPaid") throw new Error("out of memory");
      return undefined;
    };
    await placeAs(ada.person, "tok_ok");
    const reason = watchMarked("late-return-", ofOrder);
    await visit.post(`/orders/${sent}/returns`, ada.person, { ...onOrder("MUG-BLUE", 1), reason });
    // Five attempts a minute apart, counted from whenever a message was taken.
    const isBuried = () => ["MarkPaid", "RecordTimeline"].every((name) => `${name}DeadLetters` in deadLetters(system));
    for (let minute = 0; minute < 12 && !isBuried(); minute++) await system.skip(61_000);
    expect(deadLetters(system)).toMatchObject({ MarkPaidDeadLetters: 1, RecordTimelineDeadLetters: expect.anything() });
  });

  test("a relay, whose events the bus takes never, or not for a while", async () => {
    await returnAda();
    system.hooks.onPutEvents = ({ DetailType }) => (DetailType === "order.placed" ? "MalformedDetail" : undefined);
    await placeAs(ada.person, "tok_ok");
    await system.local.idle();
    expect(failuresIn(system, "OrderRelayDeadLetters").map((failure) => failure?.code)).toContain("MalformedDetail");
    const late = await arrive();
    system.hooks.onPutEvents = () => "InternalFailure";
    await visit.post("/users/me/addresses", late.person, watchAddress("unrelayed", ofUser));
    await placeAs(late.person, "tok_ok");
    // Not only once: the relay sends it again by itself at first.
    const isGivenBack = (line: string) => line.includes('"message":"relay"') && line.includes('"outcome":"failed"');
    await vi.waitUntil(() => lines.some(isGivenBack), { timeout: 20_000 });
    delete system.hooks.onPutEvents;
    await system.skip(61_000);
  });

  test("and all of that was told in the log", () => {
    const told = lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
    const kinds = new Set(told.map(({ message, outcome }) => (outcome ? `${message}: ${outcome}` : message)));
    const expected = ["request failed", "unavailable", "forged webhook"];
    const ended = ["request: refused", "step: failed", "delivery: failed", "delivery: dead letter", "relay: failed"];
    expect([...expected, ...ended].filter((kind) => !kinds.has(kind))).toEqual([]);
  });
});

async function everything() {
  await visit.call("POST", "/sessions/revoke", { body: { refreshToken: ada.refreshToken } });
  await system.local.idle();
  const told = lines.map((text) => ({ place: "the log", text }));
  return [...told, ...(await everythingKept(system))];
}

describe("afterwards", () => {
  test("no canary is where it does not belong", async () => {
    const kept = await everything();
    expect(canaries.length).toBeGreaterThan(100);
    expect(findStrays(canaries, kept)).toEqual([]);
  });

  test("canaries are where they belong, so that they can be found", async () => {
    const kept = await everything();
    expect(findMissing(canaries, kept).filter((missing) => !missing.startsWith("failed-"))).toEqual([]);
  });

  test("one that is let out is found: on the bus, in a queue, among dead letters and in the log", async () => {
    const text = marked("let-out-");
    const { bus, queues, topology } = system.local;
    const [{ source: Source, detail } = { source: "", detail: {} }] = archived(system);
    const Detail = JSON.stringify({ ...detail, token: Buffer.from(`ab${text}cd`).toString("base64") });
    bus.putEvents([{ Source, DetailType: "nobodys", Detail, EventBusName: topology.buses.Bus!.name }]);
    const body = JSON.stringify({ detail: { name: "payment.captured", data: { orderId: text } } });
    queues.send(topology.queues.MarkPaidQueue!.arn, { body });
    await system.local.idle();
    const found = findStrays([{ what: "it", text, at: [] }], await everything());
    for (const place of ["the log", "the log file", "runtime queue_message", "runtime bus_archived_event"]) {
      expect(found.join("\n")).toContain(`it in ${place}: `);
    }
  });

  test.each([
    ["as it is", (text: string) => `a ${text}.`],
    ["in capitals", (text: string) => text.toUpperCase()],
    ["without its spaces", (text: string) => text.replaceAll(" ", "")],
    ["in a URL", (text: string) => `?a=${encodeURIComponent(text)}`],
    ["in a form", (text: string) => `${new URLSearchParams({ a: text })}`],
    ["in JSON", (text: string) => JSON.stringify({ a: text })],
    ["in base64", (text: string) => Buffer.from(`{"a":"${text}"}`).toString("base64")],
    ["in base64, moved by one", (text: string) => Buffer.from(`x{"a":"${text}"}`).toString("base64")],
    ["in base64url, moved by two", (text: string) => Buffer.from(`xy{"a":"${text}"}`).toString("base64url")],
  ])("and found %s", (_, spell) => {
    for (const text of [card, "Grüner Tee, Zoë ?>~", "123456a", "tok_canary"]) {
      const kept = [{ place: "somewhere", text: spell(text) }];
      expect(findStrays([{ what: "it", text, at: [] }], kept), text).toEqual(["it in somewhere: 1"]);
      expect(findStrays([{ what: "it", text: `${text}1`, at: [] }], kept), text).toEqual([]);
    }
  });
});
