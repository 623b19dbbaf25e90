/** The calls that SST's components make to the CLI while a program is evaluated. */
import http from "node:http";
import type { AddressInfo } from "node:net";

export interface RpcCall {
  method: string;
  params: unknown[];
}

export interface Rpc {
  url: string;
  close(): void;
}

/** Answers with what `answer` returns, in full: `{ result, error }`, of which one is null. */
export async function serveRpc(answer: (call: RpcCall, body: string) => unknown): Promise<Rpc> {
  const server = http.createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    response.end(JSON.stringify(await answer(JSON.parse(body) as RpcCall, body)));
  });
  // A busy machine may pause for longer than the five seconds that Node keeps a connection, just when it is used again.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

/** The answer to `Runtime.Build` when nothing is to be built: `folder` is empty. */
export function unbuilt(handler: string, folder: string): object {
  return { handler: `bundle.${handler.split(".").at(-1)}`, out: folder, errors: [], sourcemaps: [] };
}
