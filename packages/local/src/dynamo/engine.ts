import { type ChildProcess, spawn } from "node:child_process";
import * as fs from "node:fs";
import * as http from "node:http";
import { createRequire } from "node:module";
import * as net from "node:net";
import * as path from "node:path";
import { AwsError } from "../http/aws-error.ts";

export class EngineMissingError extends Error {
  override readonly name = "EngineMissingError";
}

export class EngineFailedError extends Error {
  override readonly name = "EngineFailedError";
}

export interface EngineAnswer {
  statusCode: number;
  body: Buffer;
}

/** A DynamoDB-compatible engine: the embedded one, or whatever CARTWRIGHT_DYNAMODB_ENDPOINT names. */
export interface Engine {
  readonly endpoint: string;
  /** The SQLite file behind the embedded engine. */
  readonly databasePath?: string;
  readonly processId?: number;
  /** Forwards a raw request, e.g. target "DynamoDB_20120810.PutItem". */
  forward(target: string, body: string | Buffer): Promise<EngineAnswer>;
  /** A parsed request to the engine; its errors become AwsError. */
  call(target: string, input: unknown): Promise<Record<string, unknown>>;
  stop(): Promise<void>;
}

export interface EngineOptions {
  stateFolder: string;
  environment?: NodeJS.ProcessEnv;
  /** Called when the engine dies although nobody stopped it. */
  onDeath?: (error: EngineFailedError) => void;
}

const endpointVariable = "CARTWRIGHT_DYNAMODB_ENDPOINT";
const startTimeoutMs = 10_000;
const portTries = 5;

export async function startEngine(options: EngineOptions): Promise<Engine> {
  const given = (options.environment ?? process.env)[endpointVariable];
  if (given) return connectEngine(given);
  const binary = findBinary();
  const databasePath = path.join(options.stateFolder, "dynamodb.sqlite");
  const logPath = path.join(options.stateFolder, "dynamodb.log");
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const child = spawnGuarded(binary, ["--host", "127.0.0.1", "--port", String(port), "--db-path", databasePath]);
    const failure = await untilListening(child, logPath);
    if (!failure) return embeddedEngine(child, port, databasePath, options.onDeath);
    // Somebody may have taken the port between our look and the engine's own bind.
    const collision = failure.includes("already in use");
    if (!collision || attempt === portTries) {
      throw new EngineFailedError(`The DynamoDB engine ${binary} did not start: ${failure} Its log: ${logPath}`);
    }
  }
}

function findBinary(): string {
  const packageName = `@dynoxide/${process.platform}-${process.arch}`;
  const wayOut = `Start any DynamoDB-compatible engine, such as DynamoDB Local, and run ${endpointVariable}=http://127.0.0.1:8000 npm start`;
  try {
    const manifest = createRequire(import.meta.url).resolve(`${packageName}/package.json`);
    const binary = path.join(path.dirname(manifest), "dynoxide");
    fs.accessSync(binary, fs.constants.X_OK);
    return binary;
  } catch (cause) {
    throw new EngineMissingError(`No embedded DynamoDB engine: ${packageName} isn't installed. ${wayOut}`, { cause });
  }
}

/**
 * The shell becomes the engine (exec keeps its pid), and a subshell beside it waits for the end of our pipe, which the
 * kernel closes however this process ends. Detached, so that Ctrl-C in the terminal reaches us alone.
 */
const guard = `
exec 3<&0
(while read -r line; do :; done <&3; kill -KILL $$) >/dev/null 2>&1 &
exec 3<&-
exec "$0" "$@" </dev/null
`;

function spawnGuarded(binary: string, args: string[]): ChildProcess {
  const child = spawn("/bin/sh", ["-c", guard, binary, ...args], { stdio: ["pipe", "pipe", "pipe"], detached: true });
  // When the engine dies first, the end of the pipe dismisses the guard.
  child.once("exit", () => child.stdin?.destroy());
  child.stdin?.on("error", () => {});
  return child;
}

/** Undefined once the engine listens, else why it does not. */
function untilListening(child: ChildProcess, logPath: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const log = fs.createWriteStream(logPath, { flags: "a" });
    log.on("error", () => {});
    let output = "";
    const done = (failure?: string) => {
      clearTimeout(timer);
      resolve(failure);
    };
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      done(`it was silent for ${startTimeoutMs / 1000} s.`);
    }, startTimeoutMs);
    const onData = (chunk: Buffer) => {
      log.write(chunk);
      if (output.length > 10_000) return;
      output += chunk.toString();
      if (output.includes("listening on")) done();
    };
    child.stdout?.on("data", onData);
    child.stderr?.on("data", onData);
    child.once("error", (error) => done(error.message));
    // "close" follows once the output is read to its end, so that the reason is in it.
    child.once("close", () => {
      log.end();
      done(output.trim() || "it ended at once.");
    });
  });
}

function embeddedEngine(
  child: ChildProcess,
  port: number,
  databasePath: string,
  onDeath: EngineOptions["onDeath"],
): Engine {
  let stopping = false;
  const exited = new Promise<void>((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    child.once("exit", (code, signal) => {
      resolve();
      const how = signal ?? `exit code ${code}`;
      if (!stopping) onDeath?.(new EngineFailedError(`The DynamoDB engine died (${how}). Start again; data is kept.`));
    });
  });
  const engine = connectEngine(`http://127.0.0.1:${port}`);
  return {
    ...engine,
    databasePath,
    ...(child.pid !== undefined && { processId: child.pid }),
    async stop() {
      stopping = true;
      await engine.stop();
      child.kill("SIGTERM");
      const lastResort = setTimeout(() => child.kill("SIGKILL"), 3_000);
      await exited;
      clearTimeout(lastResort);
    },
  };
}

/** An engine that is already there; stopping it only closes our connections. */
export function connectEngine(endpoint: string): Engine {
  const url = parseEndpoint(endpoint);
  const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
  const forward = (target: string, body: string | Buffer) => send(url, agent, target, body);
  return {
    endpoint: url.origin,
    forward,
    async call(target, input) {
      const answer = await forward(target, JSON.stringify(input));
      const output = JSON.parse(answer.body.toString() || "{}") as Record<string, unknown>;
      if (answer.statusCode === 200) return output;
      throw toAwsError(output, answer.statusCode);
    },
    stop: async () => agent.destroy(),
  };
}

export function toAwsError(output: Record<string, unknown>, statusCode: number): AwsError {
  const type = String(output.__type ?? "InternalServerError");
  const message = String(output.message ?? output.Message ?? type);
  return new AwsError(type.slice(type.lastIndexOf("#") + 1), message, statusCode);
}

function parseEndpoint(endpoint: string): URL {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url?.protocol === "http:") return url;
  throw new EngineMissingError(
    `${endpointVariable} must be an http URL like http://127.0.0.1:8000; got "${endpoint}".`,
  );
}

/** DynamoDB engines want a signature's shape, and none of them checks it. */
const signature = {
  "x-amz-date": "20260101T000000Z",
  authorization:
    "AWS4-HMAC-SHA256 Credential=local/20260101/local/dynamodb/aws4_request, SignedHeaders=host;x-amz-date, Signature=0",
};

function send(url: URL, agent: http.Agent, target: string, body: string | Buffer): Promise<EngineAnswer> {
  return new Promise((resolve, reject) => {
    const headers = {
      ...signature,
      "content-type": "application/x-amz-json-1.0",
      "content-length": Buffer.byteLength(body),
      "x-amz-target": target,
    };
    const request = http.request(url, { agent, method: "POST", headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => resolve({ statusCode: response.statusCode ?? 500, body: Buffer.concat(chunks) }));
    });
    request.on("error", (cause) =>
      reject(new EngineFailedError(`The DynamoDB engine at ${url.origin} doesn't answer: ${cause.message}`, { cause })),
    );
    request.end(body);
  });
}

/** The engine can't bind port 0 and tell which one it got, so we look for one. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address() as net.AddressInfo;
      probe.close(() => resolve(address.port));
    });
  });
}
