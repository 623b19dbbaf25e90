import * as http from "node:http";
import type { Api } from "@cartwright/topology";
import { afterEach, describe, expect, it } from "vitest";
import { ManualClock, systemClock } from "../clock.ts";
import type { Invocation } from "../function/invocation.ts";
import { seededRandom } from "../random.ts";
import { account, arnOf } from "../test/fixture.ts";
import { createHttpApi, type HttpApiOptions } from "./http.ts";
import { closeServer, listen } from "./listen.ts";

const route = (key: string) => ({ key, function: arnOf("lambda", "function:f"), authorization: "NONE" as const });
const api: Api = {
  id: "api1",
  endpoint: "https://api1.example",
  routes: ["ANY /things", "GET /things/{id}", "ANY /files/{proxy+}"].map(route),
};
const cors = {
  allowOrigins: ["https://shop.example"],
  allowMethods: ["GET", "POST"],
  allowHeaders: ["authorization"],
  exposeHeaders: ["etag"],
  maxAge: 600,
};
const servers: http.Server[] = [];
// biome-ignore lint/suspicious/noExplicitAny: tests read events as JSON.
type Event = any;

afterEach(async () => {
  for (const server of servers.splice(0)) await closeServer(server, 0);
});

/** An API whose function answers as `respond` says; `events` are what it was given. */
async function serve(respond: (event: Event) => unknown, overrides: Partial<HttpApiOptions> = {}) {
  const events: Event[] = [];
  const listener = createHttpApi({
    api,
    account,
    clock: systemClock,
    random: seededRandom(1),
    async invoke(_, event): Promise<Invocation> {
      events.push(JSON.parse(JSON.stringify(event)));
      return { ok: true, payload: await respond(event) };
    },
    ...overrides,
  });
  const server = http.createServer(listener);
  servers.push(server);
  const url = `http://127.0.0.1:${await listen(server, 0, "a test")}`;
  return { url, events };
}

/** A request that fetch would not send as it is. */
function raw(url: string, options: http.RequestOptions, body?: string) {
  return new Promise<{ status: number; headers: http.IncomingHttpHeaders; body: string }>((resolve, reject) => {
    const request = http.request(url, options, (response) => {
      let text = "";
      response.on("data", (chunk) => {
        text += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode!, headers: response.headers, body: text }));
    });
    request.on("error", reject);
    request.end(body);
  });
}

describe("the event of payload format 2.0", () => {
  it("holds path, query, headers, cookies and body", async () => {
    const clock = new ManualClock(Date.parse("2026-03-12T19:03:58Z"));
    const { url, events } = await serve(() => ({ statusCode: 204 }), { clock });
    await raw(
      `${url}/things/a%20b?tag=x&tag=y%2Cz&q=%C3%BC`,
      {
        method: "GET",
        headers: {
          Cookie: "a=1; b=2",
          "X-Multi": ["1", "2"],
          Connection: "close",
          "User-Agent": "tester",
          "Content-Type": "application/json; charset=utf-8",
          "Content-Length": "8",
        },
      },
      '{"a":1} ',
    );
    const [event] = events;
    expect(event).toMatchObject({
      version: "2.0",
      routeKey: "GET /things/{id}",
      rawPath: "/things/a b",
      rawQueryString: "tag=x&tag=y%2Cz&q=%C3%BC",
      cookies: ["a=1", "b=2"],
      queryStringParameters: { tag: "x,y,z", q: "ü" },
      pathParameters: { id: "a b" },
      body: '{"a":1} ',
      isBase64Encoded: false,
      requestContext: {
        accountId: account,
        apiId: "api1",
        stage: "$default",
        time: "12/Mar/2026:19:03:58 +0000",
        timeEpoch: clock.now(),
        http: { method: "GET", path: "/things/a b", sourceIp: "127.0.0.1", userAgent: "tester", protocol: "HTTP/1.1" },
      },
    });
    expect(event.requestContext.requestId).toMatch(/^[0-9a-f-]{36}$/);
    expect(event.headers).toMatchObject({ "x-multi": "1,2", "x-forwarded-proto": "http" });
    expect(event.headers).not.toHaveProperty("connection");
    expect(event.headers).not.toHaveProperty("cookie");
  });

  it("leaves out what the request doesn't have", async () => {
    const { url, events } = await serve(() => ({ statusCode: 204 }));
    await fetch(`${url}/things`);
    for (const absent of ["body", "cookies", "queryStringParameters", "pathParameters"]) {
      expect(events[0]).not.toHaveProperty(absent);
    }
  });

  it.each([
    ["application/json", false],
    ["text/csv", false],
    ["application/xml", false],
    ["application/x-www-form-urlencoded", true],
    ["application/octet-stream", true],
    [undefined, true],
  ])("encodes a body of type %s in base64: %s", async (type, isBase64Encoded) => {
    const { url, events } = await serve(() => ({ statusCode: 204 }));
    const bytes = new Uint8Array(Buffer.from("a=ü"));
    await fetch(`${url}/things`, { method: "POST", body: bytes, headers: type ? { "content-type": type } : {} });
    const body = Buffer.from("a=ü").toString(isBase64Encoded ? "base64" : "utf8");
    expect(events[0]).toMatchObject({ isBase64Encoded, body });
  });

  it("ends the path at an encoded question mark, as the gateway does", async () => {
    const { url, events } = await serve(() => ({ statusCode: 204 }));
    await fetch(`${url}/files/a%3Fadmin=1/b`);
    expect(events[0]).toMatchObject({ rawPath: "/files/a", pathParameters: { proxy: "a" } });
  });
});

describe("the answer", () => {
  it("has the function's status, headers and cookies", async () => {
    const { url } = await serve(() => ({
      statusCode: 201,
      headers: { Location: "/things/1", "X-Count": 3, Connection: "close", "Content-Length": "999" },
      cookies: ["a=1; Path=/", "b=2"],
      body: "made",
    }));
    const response = await fetch(`${url}/things`);
    expect(response.status).toBe(201);
    expect(await response.text()).toBe("made");
    expect(response.headers.get("location")).toBe("/things/1");
    expect(response.headers.get("x-count")).toBe("3");
    expect(response.headers.getSetCookie()).toEqual(["a=1; Path=/", "b=2"]);
    expect(response.headers.get("content-type")).toBe("text/plain; charset=utf-8");
    expect(response.headers.get("apigw-requestid")).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("decodes base64", async () => {
    const { url } = await serve(() => ({ statusCode: 200, body: "/wA=", isBase64Encoded: true }));
    expect([...new Uint8Array(await (await fetch(`${url}/things`)).arrayBuffer())]).toEqual([0xff, 0]);
  });

  it("is the payload itself as JSON when the function names no status", async () => {
    const { url } = await serve(() => ({ id: 1 }));
    const response = await fetch(`${url}/things`);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(await response.json()).toEqual({ id: 1 });
  });

  it("to HEAD has the headers and no body", async () => {
    const { url, events } = await serve(() => ({ statusCode: 200, body: "12345" }));
    const answer = await raw(`${url}/things`, { method: "HEAD" });
    expect(answer).toMatchObject({ status: 200, body: "", headers: { "content-length": "5" } });
    expect(events[0].requestContext.http.method).toBe("HEAD");
  });

  it("is 404 without a route", async () => {
    const { url } = await serve(() => ({ statusCode: 200 }));
    const response = await fetch(`${url}/nowhere`);
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({ message: "Not Found" });
  });

  it("is 400 for a path that can't be decoded", async () => {
    const { url } = await serve(() => ({ statusCode: 200 }));
    expect((await raw(`${url}/files/%E0%A4%A`, {})).status).toBe(400);
  });

  it.each([
    ["fails", () => ({ statusCode: 200 }), { ok: false, error: { errorType: "Error", errorMessage: "secret" } }],
    ["answers what is no response", () => ({}), { ok: true, payload: { statusCode: "many" } }],
    ["answers a body that is no text", () => ({}), { ok: true, payload: { statusCode: 200, body: {} } }],
  ] as const)("is 500 and says nothing when the function %s", async (_, respond, outcome) => {
    const { url } = await serve(respond, { invoke: async () => outcome as Invocation });
    const response = await fetch(`${url}/things`);
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({ message: "Internal Server Error" });
  });

  it("is 500 when the function can't be called", async () => {
    const invoke = async () => {
      throw new Error("no room");
    };
    const { url } = await serve(() => ({}), { invoke });
    expect((await fetch(`${url}/things`)).status).toBe(500);
  });

  it("is 503 when the function takes longer than the gateway waits", async () => {
    const clock = new ManualClock();
    const { url, events } = await serve(() => new Promise(() => {}), { clock });
    const pending = fetch(`${url}/things`);
    while (events.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(30_000);
    const response = await pending;
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({ message: "Service Unavailable" });
  });

  it("is 413 for a body over 10 MB, which no function sees", async () => {
    const { url, events } = await serve(() => ({ statusCode: 200 }));
    const response = await fetch(`${url}/things`, { method: "POST", body: "x".repeat(10 * 1024 * 1024 + 1) });
    expect(response.status).toBe(413);
    expect(events).toEqual([]);
  });
});

describe("CORS", () => {
  const preflight = (origin: string) => ({
    method: "OPTIONS",
    headers: { Origin: origin, "Access-Control-Request-Method": "POST" },
  });

  it("answers a preflight by itself", async () => {
    const { url, events } = await serve(() => ({ statusCode: 200 }), { api: { ...api, cors } });
    const answer = await raw(`${url}/things`, preflight("https://shop.example"));
    expect(answer).toMatchObject({
      status: 204,
      headers: {
        "access-control-allow-origin": "https://shop.example",
        "access-control-allow-methods": "GET,POST",
        "access-control-allow-headers": "authorization",
        "access-control-max-age": "600",
      },
    });
    expect(events).toEqual([]);
  });

  it("gives another origin nothing", async () => {
    const { url } = await serve(() => ({ statusCode: 200 }), { api: { ...api, cors } });
    const answer = await raw(`${url}/things`, preflight("https://evil.example"));
    expect(answer.status).toBe(204);
    expect(answer.headers).not.toHaveProperty("access-control-allow-origin");
  });

  it("replaces what the function says about it", async () => {
    const respond = () => ({ statusCode: 200, headers: { "Access-Control-Allow-Origin": "*" } });
    const { url } = await serve(respond, { api: { ...api, cors } });
    const answer = await raw(`${url}/things`, { headers: { Origin: "https://shop.example" } });
    expect(answer.headers).toMatchObject({
      "access-control-allow-origin": "https://shop.example",
      "access-control-expose-headers": "etag",
    });
  });

  it("without a configuration leaves OPTIONS and headers to the function", async () => {
    const respond = () => ({ statusCode: 200, headers: { "Access-Control-Allow-Origin": "*" } });
    const { url, events } = await serve(respond);
    const answer = await raw(`${url}/things`, preflight("https://shop.example"));
    expect(answer.headers["access-control-allow-origin"]).toBe("*");
    expect(events).toHaveLength(1);
  });
});

it("an authorizer is refused at the start, since ignoring it would let anybody in", () => {
  const secured: Api = { ...api, routes: [{ ...route("GET /secret"), authorization: "JWT" }] };
  const options = { api: secured, account, clock: systemClock, random: seededRandom(1) };
  expect(() => createHttpApi({ ...options, invoke: async () => ({ ok: true, payload: null }) })).toThrow(
    /GET \/secret has the authorizer JWT/,
  );
});

it("a port in use is an error that names it", async () => {
  const { url } = await serve(() => ({}));
  const port = Number(new URL(url).port);
  await expect(listen(http.createServer(), port, "the API")).rejects.toMatchObject({
    name: "PortInUseError",
    message: expect.stringContaining(`Port ${port} of 127.0.0.1, wanted for the API`),
  });
});
