/** Requests as attackers make them: nothing between a test and the gateway corrects a path, a header or a body. */
import { Agent, type IncomingHttpHeaders, request } from "node:http";

export interface Sent {
  method: string;
  /** With the query, as it goes over the wire. */
  path: string;
  /** In latin1; a list sends a header several times. */
  headers?: Record<string, string | string[]>;
  body?: string | Buffer;
}

export interface Reply {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  /** Undefined for what is no JSON. */
  json: Record<string, unknown> | undefined;
}

export interface Caller {
  send(sent: Sent): Promise<Reply>;
  stop(): void;
}

export function createCaller(apiUrl: string): Caller {
  const { hostname, port } = new URL(apiUrl);
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  return {
    send: ({ method, path, headers = {}, body }) =>
      new Promise((resolve, reject) => {
        const length = body === undefined ? {} : { "Content-Length": String(Buffer.byteLength(body)) };
        const sending = request({ hostname, port, agent, method, path, headers: { ...length, ...headers } });
        sending.on("error", reject);
        sending.on("response", (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("error", reject);
          response.on("end", () => {
            const text = Buffer.concat(chunks).toString();
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: parse(text) });
          });
        });
        sending.end(body);
      }),
    stop: () => agent.destroy(),
  };
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
