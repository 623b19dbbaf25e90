import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { runCaptured } from "./test/run.ts";

/** A server that answers as the API does to whoever rebuilds, but for what a test replaces. */
let server: http.Server;
let requests: string[];
let answers: Record<string, () => { status?: number; body?: unknown }>;

const rebuilds = "/price-list/rebuilds";
const begin = `POST ${rebuilds}`;
const compare = `POST ${rebuilds}/rbd_1/compare`;
const end = `DELETE ${rebuilds}/rbd_1`;
const look = "GET /ops/replays/rpl_1";

const replay = (status: string) => ({
  ...{ id: "rpl_1", subscriber: "UpdatePriceList", status, filter: {} },
  ...{ from: "2026-03-08T10:00:00.000Z", to: "2026-03-08T12:00:00.000Z" },
});
const compared = (overrides = {}) => ({ compared: 3, mended: [], untold: [], ahead: [], ...overrides });

beforeAll(async () => {
  server = http.createServer((request, response) => {
    const name = `${request.method} ${request.url!.split("?")[0]}`;
    requests.push(name);
    const { status = 200, body } = answers[name]?.() ?? { status: 404 };
    response.writeHead(status, { "content-type": "application/json" }).end(body && JSON.stringify(body));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
});
afterAll(() => server.close());
beforeEach(() => {
  requests = [];
  answers = {
    [begin]: () => ({ status: 201, body: { id: "rbd_1" } }),
    "POST /ops/replays": () => ({ status: 201, body: replay("running") }),
    [look]: () => ({ body: replay("completed") }),
    [compare]: () => ({ body: compared() }),
    [end]: () => ({ status: 204 }),
  };
});

async function rebuild(...more: string[]) {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { printed, ...rest } = await runCaptured(["rebuild", "price-list", "--from", "2h", ...more], {
    environment: { CARTWRIGHT_API_URL: url, CARTWRIGHT_TOKEN: "jwt" },
    now: () => Date.parse("2026-03-08T12:00:00Z"),
    sleep: async () => {},
  });
  return { ...rest, printed, last: printed.at(-1), ended: requests.filter((name) => name === end).length };
}

test("a list that is as its events say is told of, and the rebuild is ended", async () => {
  expect(await rebuild()).toMatchObject({
    ...{ code: 0, errors: "", ended: 1 },
    last: "3 rows made anew: 3 were as they should be, 0 mended",
  });
});

test("what is mended at any look is told, also at the last", async () => {
  const looks = [["B"], [], ["A", "B"]];
  answers[compare] = () => ({ body: compared({ mended: looks.shift() ?? [] }) });
  expect(await rebuild("--json")).toMatchObject({ code: 0, last: JSON.stringify(compared({ mended: ["A", "B"] })) });
});

test("a list that is never the same at two looks is not called right", async () => {
  let rows = 0;
  answers[compare] = () => ({ body: compared({ compared: ++rows, mended: rows > 150 ? ["LAST"] : [] }) });
  const { code, errors, last, ended } = await rebuild();
  expect({ code, ended }).toEqual({ code: 1, ended: 1 });
  expect(errors).toContain("After 150 looks there was still something new");
  expect(last).toBe("  mended: LAST");
});

test("no more than ten SKUs of a kind are named", async () => {
  const untold = Array.from({ length: 12 }, (_, index) => `SKU-${index}`);
  answers[compare] = () => ({ body: compared({ untold }) });
  const { code, printed } = await rebuild();
  expect(code).toBe(1);
  expect(printed.join()).toContain("SKU-8, SKU-9, and 2 more");
});

test.each<[string, string, () => { status?: number; body?: unknown }, string]>([
  [
    "can't be started",
    "POST /ops/replays",
    () => ({ status: 409, body: { code: "too_many", detail: "not now" } }),
    "not now",
  ],
  ["fails", look, () => ({ body: { ...replay("failed"), reason: "throttled" } }), "throttled"],
  [
    "is not compared",
    compare,
    () => ({ status: 409, body: { code: "rebuild_over", detail: "begin again" } }),
    "begin again",
  ],
])("a rebuild whose replay %s is ended", async (_, name, answer, told) => {
  answers[name] = answer;
  const { code, errors, ended } = await rebuild();
  expect({ code, ended }).toEqual({ code: 1, ended: 1 });
  expect(errors).toContain(told);
});

test("what went wrong is told even if the rebuild can't be ended either", async () => {
  answers[look] = () => ({ status: 401, body: { code: "unauthenticated", detail: "the access token has expired" } });
  answers[end] = answers[look];
  const { code, errors } = await rebuild();
  expect(code).toBe(1);
  expect(errors).toContain("replay --follow rpl_1");
});
