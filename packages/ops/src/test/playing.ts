/** A server that is no Cartwright: it answers each path as a test says, and keeps what it was asked for. */
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import type { Io } from "../io.ts";
import { type Captured, runCaptured } from "./run.ts";

export interface Playing {
  /** By method and path such as `GET /ops/health`; what is missing is answered with 404. */
  answers: Map<string, object | ((query: URLSearchParams) => object)>;
  /** With their queries. */
  requests: string[];
  /** Runs a command line against it, at noon of 8 March 2026 unless told otherwise. */
  ops(words: string[], overrides?: Partial<Io>): Promise<Captured>;
  stop(): Promise<void>;
}

export const noonMs = Date.parse("2026-03-08T12:00:00.000Z");

export async function playApi(): Promise<Playing> {
  const answers: Playing["answers"] = new Map();
  const requests: string[] = [];
  const server = http.createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url!, "http://localhost");
    requests.push(`${request.method} ${request.url}`);
    const given = answers.get(`${request.method} ${pathname}`);
    const answer = typeof given === "function" ? given(searchParams) : given;
    response.writeHead(answer ? 200 : 404, { "content-type": "application/json" });
    response.end(JSON.stringify(answer ?? { code: "no_such_route", detail: `there is nothing at ${pathname}` }));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const environment = { CARTWRIGHT_API_URL: url, CARTWRIGHT_TOKEN: "jwt", NO_COLOR: "1" };
  return {
    answers,
    requests,
    ops: (words, overrides) => runCaptured(words, { environment, now: () => noonMs, ...overrides }),
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
