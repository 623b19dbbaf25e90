import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MaybeDoneError, NetworkError, ProblemError, TimeoutError } from "./index.ts";
import { realChance } from "./retry.ts";
import { clientOf, noChance, problem, type Server, startServer, type Way } from "./test/server.ts";

let server: Server;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

const well: Way = { body: { items: [] } };
const letters = { subscriber: "MarkPaid", filter: {} } as never;
const refund = { reason: "broken" } as never;

describe("what only reads, and what has a key", () => {
  test.each<[string, Way]>([
    ["nobody who answers", "drop"],
    ["an answer that breaks off", "break off"],
    ["too many requests", problem(429, "rate_limited")],
    ["500", problem(500, "internal_error")],
    ["502", { status: 502, body: "<html>" }],
    ["503", problem(503, "contention")],
    ["504", { status: 504, body: "" }],
  ])("is tried again after %s", async (_, trouble) => {
    server.tell(trouble, trouble, well);
    const { products, payments } = clientOf(server);
    await products.list();
    server.tell(trouble, trouble, well);
    await payments.refund("pay_1", refund);
    const keys = server.asked.map(({ headers }) => headers["idempotency-key"]);
    expect(keys).toEqual([keys[0], keys[0], keys[0]]);
    expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(server.asked.map(({ body }) => body)).toEqual([refund, refund, refund]);
  });

  test.each([400, 401, 403, 404, 409, 412, 422, 501])("is not tried again after %i", async (status) => {
    server.tell(problem(status, "a_code"));
    await expect(clientOf(server).products.list()).rejects.toMatchObject({ status, code: "a_code" });
    expect(server.asked).toHaveLength(1);
  });

  test("is tried four times at most, unless it is told otherwise", async () => {
    server.tell(problem(503, "contention"));
    await expect(clientOf(server).products.list()).rejects.toThrow(ProblemError);
    expect(server.asked).toHaveLength(4);
    server.tell("drop");
    await expect(clientOf(server, { retry: { tries: 2 } }).products.list()).rejects.toThrow(NetworkError);
    expect(server.asked).toHaveLength(2);
    server.tell("drop");
    await expect(clientOf(server, { retry: false }).products.list()).rejects.toThrow(NetworkError);
    expect(server.asked).toHaveLength(1);
  });

  test("tells its key where it fails, so that it can be called again", async () => {
    server.tell("drop");
    const { payments } = clientOf(server, { retry: false });
    await expect(payments.refund("pay_1", refund, "mine")).rejects.toMatchObject({ idempotencyKey: "mine" });
    server.tell(problem(503, "unknown_outcome"));
    await expect(payments.refund("pay_1", refund, "mine")).rejects.toMatchObject({ idempotencyKey: "mine" });
  });
});

describe("a POST without a key", () => {
  test.each<Way>(["drop", problem(500, "internal_error"), problem(503, "contention")])(
    "is not sent again after %j, since it may have been done",
    async (trouble) => {
      server.tell(trouble, well);
      await expect(clientOf(server).ops.deadLetters.redrive(letters)).rejects.toThrow();
      expect(server.asked).toHaveLength(1);
    },
  );

  test("is sent again when it was one of too many, which nobody has looked at", async () => {
    server.tell(problem(429, "rate_limited"), well);
    await clientOf(server).ops.deadLetters.redrive(letters);
    expect(server.asked).toHaveLength(2);
  });

  test("is sent again where that is said to be safe", async () => {
    server.tell("drop", well);
    await clientOf(server).carts.merge("crt_1");
    expect(server.asked).toHaveLength(2);
  });
});

describe("a change of a version", () => {
  test("is sent again, and done once", async () => {
    server.tell("drop", { body: { version: 4 } });
    expect(await clientOf(server).products.update("MUG", 3, { title: "Mug" })).toMatchObject({ version: 4 });
    expect(server.asked.map(({ headers }) => headers["if-match"])).toEqual(['"3"', '"3"']);
  });

  test.each<[string, Way, Way]>([
    ["stale", "drop", problem(412, "stale_version")],
    ["gone", problem(502, "bad_gateway"), problem(404, "address_not_found")],
  ])("that is refused as %s after it may have been done says so", async (_, trouble, refusal) => {
    server.tell(trouble, refusal);
    const error = await clientOf(server)
      .users.addresses.remove("adr_1", 3)
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(MaybeDoneError);
    expect(error).toBeInstanceOf(ProblemError);
  });

  test.each<Way[]>([[problem(412, "stale_version")], [problem(429, "rate_limited"), problem(412, "stale_version")]])(
    "that was certainly not done is refused as what it is",
    async (...ways) => {
      server.tell(...ways);
      const error = await clientOf(server)
        .products.update("MUG", 3, {})
        .catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ name: "ProblemError", status: 412, code: "stale_version" });
    },
  );
});

describe("pauses", () => {
  async function pausesOf(options: Parameters<typeof clientOf>[1], random: number, way: Way) {
    const chance = noChance(random);
    server.tell(way);
    await clientOf(server, { chance, ...options })
      .products.list()
      .catch(() => undefined);
    return chance.pauses;
  }

  test("double, up to the longest, and are anything between none and that", async () => {
    const retry = { tries: 6, firstPauseMs: 100, longestPauseMs: 600 };
    expect(await pausesOf({ retry }, 0.5, "drop")).toEqual([50, 100, 200, 300, 300]);
    expect(await pausesOf({ retry }, 0, "drop")).toEqual([0, 0, 0, 0, 0]);
  });

  test("are as long as the API asks for, and a bit", async () => {
    const busy = problem(503, "temporarily_unavailable", { "Retry-After": "2" });
    expect(await pausesOf({ retry: { tries: 2, firstPauseMs: 100 } }, 0.5, busy)).toEqual([2_050]);
  });

  test("that would be longer than the caller waits are not begun", async () => {
    server.tell(problem(429, "rate_limited", { "Retry-After": "40" }));
    const listing = clientOf(server).products.list();
    await expect(listing).rejects.toMatchObject({ status: 429, retryAfterSeconds: 40 });
    expect(server.asked).toHaveLength(1);
  });

  test("asked for in another way are left to the client", async () => {
    const busy = problem(503, "contention", { "Retry-After": "Wed, 21 Oct 2099 07:28:00 GMT" });
    expect(await pausesOf({ retry: { tries: 2, firstPauseMs: 100 } }, 0.5, busy)).toEqual([50]);
  });
});

describe("time", () => {
  test("ends a call that nobody answers", async () => {
    server.tell("hang");
    const listing = clientOf(server).products.list({}, { timeoutMs: 50 });
    await expect(listing).rejects.toThrow(TimeoutError);
    await expect(listing).rejects.toThrow(NetworkError);
    expect(server.asked).toHaveLength(1);
  });

  test("of one try is not that of the call", async () => {
    server.tell("hang", well);
    await clientOf(server, { retry: { tryTimeoutMs: 50 } }).products.list();
    expect(server.asked).toHaveLength(2);
  });

  test("of one try is all there is for what can't be sent again", async () => {
    server.tell("hang");
    const client = clientOf(server, { retry: { tryTimeoutMs: 10 }, timeoutMs: 100 });
    await expect(client.ops.deadLetters.redrive(letters)).rejects.toThrow("within 100 ms");
  });

  test("that the caller has no more of ends the call with the caller's reason, wherever it is", async () => {
    const { products } = clientOf(server, { chance: realChance });
    const asked = (ms: number) => products.list({}, { signal: abortedAfter(ms, "changed my mind") });
    server.tell("hang");
    await expect(asked(30)).rejects.toThrow("changed my mind");
    server.tell(problem(503, "contention", { "Retry-After": "9" }));
    await expect(asked(50)).rejects.toThrow("changed my mind");
    server.tell(well);
    await expect(asked(0)).rejects.toThrow("changed my mind");
    expect(server.asked).toHaveLength(0);
  });
});

test("what a fetch of one's own throws is nobody else's, and not tried again", async () => {
  class RefusedError extends Error {}
  let asked = 0;
  const fetch = async () => {
    asked += 1;
    throw new RefusedError("not without a proxy");
  };
  await expect(clientOf(server, { fetch }).products.list()).rejects.toThrow(RefusedError);
  expect(asked).toBe(1);
});

test("a key that can't be a header is told at once", async () => {
  server.tell(well);
  await expect(clientOf(server).payments.refund("pay_1", refund, "🔑")).rejects.toThrow(TypeError);
  expect(server.asked).toHaveLength(0);
});

function abortedAfter(ms: number, reason: string): AbortSignal {
  if (ms === 0) return AbortSignal.abort(new Error(reason));
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error(reason)), ms);
  return controller.signal;
}
