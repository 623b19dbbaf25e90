import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

export class PortInUseError extends Error {
  override readonly name = "PortInUseError";
}

/** Listens on 127.0.0.1 (port 0: any free one) and answers the port. */
export async function listen(server: Server, port: number, purpose: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      if (cause.code !== "EADDRINUSE") return reject(cause);
      const advice =
        "Stop the program that uses it, or choose another (npm start -- --port 5000; the AWS APIs take the one above).";
      reject(new PortInUseError(`Port ${port} of 127.0.0.1, wanted for ${purpose}, is in use. ${advice}`, { cause }));
    });
    server.listen({ port, host: "127.0.0.1" }, resolve);
  });
  return (server.address() as AddressInfo).port;
}

/** Lets requests in flight end, for at most `graceMs`; then the port is free. */
export async function closeServer(server: Server, graceMs = 2_000): Promise<void> {
  if (!server.listening) return;
  const cutOff = setTimeout(() => server.closeAllConnections(), graceMs);
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
  clearTimeout(cutOff);
}
