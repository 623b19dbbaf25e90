/** DynamoDB in slow motion: a real engine behind AWS's limits, with time stretched until this machine can keep up. */
import { setMaxListeners } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readTopology } from "../../local/src/cli/process.ts";
import { systemClock } from "../../local/src/clock.ts";
import { type DynamoDoor, openDynamoDoor } from "../../local/src/dynamo/dynamo.ts";
import { type EngineAnswer, startEngine } from "../../local/src/dynamo/engine.ts";
import { createItemLimit } from "../../local/src/dynamo/item-limit.ts";
import { ensureTables } from "../../local/src/dynamo/table.ts";
import { localLinks } from "../../local/src/function/link.ts";

/** What a request takes on AWS, by assumption: single-digit milliseconds, twice that for a transaction's two phases. */
export const latencyMs = { read: 4, write: 10 };

/** The SDK's first pause after throttling is up to this long. */
const throttlingPauseMs = 500;

export interface Pace {
  /** How many seconds here stand for one of AWS. */
  slowMotion: number;
  /** Ends everything that waits. */
  signal: AbortSignal;
}

export interface SlowAws {
  /** Undefined for as fast as the engine is, without limits. */
  setPace(pace: Pace | undefined): void;
  /** So much time of AWS passes. */
  pause(awsMs: number): Promise<void>;
  /** Answers so far that told of throttling. */
  throttled(): number;
  handler: RequestHandler;
  stop(): Promise<void>;
}

/** What the SDK wants of whatever carries its requests. */
export interface RequestHandler {
  handle(request: { headers: Record<string, string>; body?: string | Uint8Array }): Promise<{
    response: { statusCode: number; headers: Record<string, string>; body: Uint8Array };
  }>;
}

/** Gives this process the links that Lambda would give, so import domain code afterwards. */
export async function startSlowAws(): Promise<SlowAws> {
  const topology = readTopology();
  const stateFolder = mkdtempSync(join(tmpdir(), "cartwright-bench-"));
  const engine = await startEngine({ stateFolder });
  const tables = Object.values(topology.tables);
  await ensureTables(engine, tables);
  Object.assign(process.env, environmentOf(topology, engine.endpoint));

  const unlimited = openDynamoDoor({ engine });
  let door: DynamoDoor = unlimited;
  let pace: Pace | undefined;
  let throttled = 0;
  const pause = (awsMs: number) =>
    pace ? sleep(awsMs * pace.slowMotion, undefined, { signal: pace.signal }) : sleep(awsMs);

  /** Little is saved up, what comes in one of our seconds: a short run must not live on what was before it. */
  function limitAt(slowMotion: number) {
    return createItemLimit(tables, systemClock, { slowMotion, writeBurstSeconds: Math.max(0.004, 1 / slowMotion) });
  }

  async function send(operation: string, body: Buffer): Promise<EngineAnswer> {
    if (pace) await pause(/Get|Query/.test(operation) ? latencyMs.read : latencyMs.write);
    const answer = await door(operation, body);
    if (answer.statusCode !== 200 && answer.body.includes("Throttling")) throttled += 1;
    return answer;
  }

  /** As the SDK does, but by the time of AWS: three attempts at a request that was throttled as a whole. */
  async function trying(attempt: () => Promise<EngineAnswer>): Promise<EngineAnswer> {
    for (let retry = 0; ; retry++) {
      const answer = await attempt();
      if (retry === 2 || answer.statusCode === 200 || !answer.body.includes("ThrottlingException")) return answer;
      await pause(Math.random() * throttlingPauseMs * 2 ** retry);
    }
  }

  return {
    setPace(next) {
      pace = next;
      door = next ? openDynamoDoor({ engine, itemLimit: limitAt(next.slowMotion) }) : unlimited;
      // Each client waits on it.
      if (next) setMaxListeners(0, next.signal);
    },
    pause,
    throttled: () => throttled,
    handler: {
      async handle({ headers, body = "" }) {
        const operation = headers["x-amz-target"]!.split(".")[1]!;
        const answer = await trying(() => send(operation, bufferOf(body)));
        return { response: { ...answer, headers: { "content-type": "application/x-amz-json-1.0" } } };
      },
    },
    async stop() {
      await engine.stop();
      rmSync(stateFolder, { recursive: true, force: true });
    },
  };
}

/** The SDK's own bytes complain when they are taken for text. */
function bufferOf(body: string | Uint8Array): Buffer {
  return typeof body === "string" ? Buffer.from(body) : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
}

function environmentOf(topology: ReturnType<typeof readTopology>, endpoint: string): Record<string, string> {
  const links = localLinks(topology, { apiUrl: endpoint, endpointUrl: endpoint }, {});
  return {
    ...{ AWS_REGION: topology.region, AWS_ACCESS_KEY_ID: "bench", AWS_SECRET_ACCESS_KEY: "bench" },
    // Its pauses would be over far too soon.
    AWS_MAX_ATTEMPTS: "1",
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
    SST_RESOURCE_App: JSON.stringify({ name: topology.app, stage: topology.stage }),
    ...Object.fromEntries(Object.entries(links).map(([name, link]) => [`SST_RESOURCE_${name}`, JSON.stringify(link)])),
  };
}
