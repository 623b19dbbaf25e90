import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { reconcileNow } from "./reconcile.ts";

/** Plays Lambda: what becomes of a run is what a test says. */
let server: http.Server;
let answer: (response: http.ServerResponse) => void;
let paths: string[] = [];

beforeAll(async () => {
  server = http.createServer((request, response) => {
    paths.push(request.url!);
    request.resume().once("end", () => answer(response));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  process.env.AWS_ENDPOINT_URL_LAMBDA = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

function answering(body: unknown, headers: http.OutgoingHttpHeaders = {}, status = 200) {
  answer = (response) => response.writeHead(status, headers).end(JSON.stringify(body));
}

test("a run is told with what it has mended and what is left, each order once", async () => {
  answering({ compared: 7, doubtful: ["a", "b", "c", "a", "b"], wrong: ["b", "b"] });
  expect(await reconcileNow()).toEqual({ status: "done", compared: 7, mended: ["a", "c"], wrong: ["b"] });
  expect(paths.at(-1)).toMatch(/\/functions\/[\w-]*ReconcilePayments[\w-]*\/invocations$/);
});

test("a run that fails is told as that, with its reason, and is not begun again by itself", async () => {
  paths = [];
  answering({ errorType: "AggregateError", errorMessage: "2 payments" }, { "x-amz-function-error": "Unhandled" });
  const failed = { code: "reconciliation_failed", message: expect.stringContaining("AggregateError: 2 payments") };
  await expect(reconcileNow()).rejects.toMatchObject({ ...failed, kind: "unavailable" });
  answering("gone", { "x-amz-function-error": "Unhandled" });
  await expect(reconcileNow()).rejects.toMatchObject({ code: "reconciliation_failed" });
  expect(paths).toHaveLength(2);
});

test("a run that takes too long goes on by itself", async () => {
  answer = () => {};
  expect(await reconcileNow({ patienceMs: 50 })).toEqual({ status: "running" });
});

test.each([
  ["ReservedFunctionConcurrentInvocationLimitExceeded", { status: "running" }],
  ["ConcurrentInvocationLimitExceeded", { code: "temporarily_unavailable", kind: "unavailable" }],
])("a run that is refused for %s is %j", async (Reason, outcome) => {
  answering({ Type: "User", Reason, message: "no" }, { "x-amzn-errortype": "TooManyRequestsException" }, 429);
  expect(await reconcileNow().catch((error) => error)).toMatchObject(outcome);
});
