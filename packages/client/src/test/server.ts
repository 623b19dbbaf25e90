/** A real server that answers as it is told, and remembers what it was asked. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createClient, type Options } from "../index.ts";

export interface Asked {
  method: string;
  /** With its query. */
  path: string;
  headers: IncomingMessage["headers"];
  body: unknown;
}

export interface Told {
  status?: number;
  /** As JSON, unless it is a text. */
  body?: unknown;
  headers?: Record<string, string>;
}

/** `hang` never answers, `drop` ends the connection, `break off` ends it in the middle of a body. */
export type Way = Told | "hang" | "drop" | "break off";

export interface Server {
  url: string;
  asked: Asked[];
  /** What to answer next, one after the other; then the last one again and again. */
  tell(...ways: Way[]): void;
  /** What to answer whatever is asked. */
  tellBy(answer: (asked: Asked) => Way | Promise<Way>): void;
  stop(): Promise<void>;
}

export async function startServer(): Promise<Server> {
  const asked: Asked[] = [];
  let answer: (asked: Asked) => Way | Promise<Way> = () => ({ body: {} });
  const server = createServer(async (request, response) => {
    const seen = await seenIn(request);
    asked.push(seen);
    give(response, await answer(seen));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    tell: (...ways) => {
      asked.length = 0;
      answer = () => (ways.length > 1 ? ways.shift()! : ways[0]!);
    },
    tellBy: (next) => {
      asked.length = 0;
      answer = next;
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

export function problem(status: number, code: string, headers: Record<string, string> = {}): Told {
  return { status, body: { code, detail: `told ${code}`, requestId: "req_1" }, headers };
}

/** Chance without any, whose pauses are remembered and take no time. */
export function noChance(random = 0.5) {
  const pauses: number[] = [];
  const pause = async (ms: number, signal: AbortSignal) => {
    signal.throwIfAborted();
    pauses.push(ms);
  };
  return { pauses, now: () => Date.now(), random: () => random, pause };
}

/** A client that knows who asks, and waits for nothing. */
export function clientOf(server: Server, options: Partial<Options> = {}) {
  return createClient({ baseUrl: server.url, token: () => "jwt", chance: noChance(), ...options });
}

async function seenIn(request: IncomingMessage): Promise<Asked> {
  let text = "";
  for await (const part of request) text += part;
  const { method = "", url: path = "", headers } = request;
  return { method, path, headers, body: text === "" ? undefined : JSON.parse(text) };
}

function give(response: ServerResponse, way: Way): void {
  if (way === "hang") return;
  if (way === "drop") return void response.destroy();
  if (way === "break off") {
    response.writeHead(200, { "Content-Length": "100" });
    response.write('{"id":');
    return void setTimeout(() => response.destroy(), 5);
  }
  const { status = 200, body, headers = {} } = way;
  response.writeHead(status, headers);
  response.end(typeof body === "string" ? body : JSON.stringify(body));
}
