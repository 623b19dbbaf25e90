import * as path from "node:path";
import type { Lambda } from "@cartwright/topology";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { ManualClock, systemClock } from "../clock.ts";
import { seededRandom } from "../random.ts";
import { lambda, temporaryFolder, topology, writeProject } from "../test/fixture.ts";
import { type Bundle, bundleHandlers } from "./bundle.ts";
import { functionEnvironment } from "./environment.ts";
import {
  createFunctionHost,
  type FinishedInvocation,
  type FunctionHost,
  type FunctionHostOptions,
  type LogLine,
} from "./function-host.ts";
import { createTracer, type Tracer } from "./trace.ts";

const sources = {
  "src/resource.ts": `
    import { Resource } from "sst";
    export const handler = async () => ({ stage: Resource.App.stage, table: (Resource as any).Table.name });
  `,
  "src/state.ts": `
    let count = 0;
    (globalThis as any).marker ??= process.env.MARKER;
    export const handler = async () => ({
      count: ++count,
      marker: (globalThis as any).marker,
      env: process.env.MARKER,
      host: process.env.HOST_ONLY ?? null,
      random: typeof globalThis.crypto.randomUUID(),
    });
  `,
  "src/misbehave.ts": `
    import { log } from "./trouble.ts";
    export const handler = async (event: { how: string }, context: any) => {
      console.log("misbehaving", event.how);
      if (event.how === "error") log();
      if (event.how === "string") throw "just text";
      if (event.how === "hang") await new Promise(() => {});
      if (event.how === "exit") process.exit(3);
      if (event.how === "circular") { const a: any = {}; a.a = a; return a; }
      if (event.how === "big") return "x".repeat(7_000_000);
      if (event.how === "mutate") { (event as any).how = "changed"; return event; }
      if (event.how === "context") return { ...context, left: context.getRemainingTimeInMillis() };
    };
  `,
  "src/trouble.ts": `
    export class OutOfStockError extends Error { override name = "OutOfStockError"; }
    export function log(): never {
      throw new OutOfStockError("none left");
    }
  `,
  "src/broken.ts": `
    import { Resource } from "sst";
    const name = (Resource as any).Missing.name;
    export const handler = async () => name;
  `,
};

const folder = temporaryFolder();
const random = seededRandom(1);
const logs: LogLine[] = [];
const finished: FinishedInvocation[] = [];
let bundles: Map<string, Bundle>;
let tracer: Tracer;
const hosts: FunctionHost[] = [];

beforeAll(async () => {
  const root = path.join(folder.path, "project");
  writeProject(root, sources);
  bundles = await bundleHandlers(
    root,
    Object.keys(sources).map((name) => name.replace(".ts", "")),
    path.join(folder.path, "bundles"),
  );
  tracer = await createTracer(random);
});

afterEach(async () => {
  for (const host of hosts.splice(0)) await host.stop(0);
  logs.length = 0;
  finished.length = 0;
});

afterAll(() => folder.remove());

function host(functions: Record<string, Lambda>, overrides: Partial<FunctionHostOptions> = {}): FunctionHost {
  const links = { Table: { type: "sst.aws.Dynamo", name: "the-table" } };
  const shop = topology({ functions, links });
  const created = createFunctionHost({
    functions,
    bundles,
    environmentOf: (one) => functionEnvironment(one, shop, links, "http://127.0.0.1:1"),
    tracer,
    clock: systemClock,
    random,
    onLog: (line) => logs.push(line),
    onFinished: (invocation) => finished.push(invocation),
    ...overrides,
  });
  hosts.push(created);
  return created;
}

describe("the links of a function", () => {
  it("are there by name", async () => {
    const { invoke } = host({ Linked: lambda("resource", { links: ["Table"] }) });
    expect(await invoke("Linked", {})).toEqual({ ok: true, payload: { stage: "test", table: "the-table" } });
  });

  it("are its own alone: access to anything else throws as on Lambda", async () => {
    const functions = { Linked: lambda("resource", { links: ["Table"] }), Unlinked: lambda("resource") };
    const { invoke } = host(functions);
    await invoke("Linked", {});
    const outcome = await invoke("Unlinked", {});
    expect(outcome).toMatchObject({ ok: false, error: { errorType: "Error" } });
    expect(JSON.stringify(outcome)).toContain('\\"Table\\" is not linked in your sst.config.ts to shop-resource');
  });

  it("fail the invocation, not the host, when they are missed at import", async () => {
    const { invoke } = host({ Broken: lambda("broken") });
    for (let start = 0; start < 2; start++) {
      expect(await invoke("Broken", {})).toMatchObject({
        ok: false,
        error: { errorMessage: expect.stringContaining('"Missing" is not linked') },
      });
    }
  });
});

describe("an execution environment", () => {
  it("keeps module state between invocations, apart from other functions of the same handler", async () => {
    const functions = {
      One: lambda("state", { environment: { MARKER: "one" } }),
      Two: lambda("state", { environment: { MARKER: "two" } }),
    };
    process.env.HOST_ONLY = "secret of the host";
    const { invoke } = host(functions);
    const shown = { env: "one", host: null, marker: "one", random: "string" };
    expect(await invoke("One", {})).toEqual({ ok: true, payload: { count: 1, ...shown } });
    expect(await invoke("One", {})).toEqual({ ok: true, payload: { count: 2, ...shown } });
    expect(await invoke("Two", {})).toMatchObject({ payload: { count: 1, env: "two", marker: "two" } });
    expect(globalThis).not.toHaveProperty("marker");
    delete process.env.HOST_ONLY;
  });

  it("starts cold after it was killed", async () => {
    let kill = false;
    const hooks = { afterInvoke: () => (kill ? ("kill" as const) : undefined) };
    const { invoke } = host({ One: lambda("state") }, { hooks });
    await invoke("One", {});
    kill = true;
    expect(await invoke("One", {})).toMatchObject({ ok: false, error: { errorType: "Runtime.ExitError" } });
    kill = false;
    expect(await invoke("One", {})).toMatchObject({ payload: { count: 1 } });
  });
});

describe("an invocation", () => {
  const functions = { Bad: lambda("misbehave", { reservedConcurrency: 1 }) };

  it("shows an error as Lambda's runtime does", async () => {
    const outcome = await host(functions).invoke("Bad", { how: "error" });
    expect(outcome).toMatchObject({
      ok: false,
      error: { errorType: "OutOfStockError", errorMessage: "none left" },
    });
    expect(outcome.ok || outcome.error.trace?.[0]).toBe("OutOfStockError: none left");
  });

  it("shows what is no error by its type", async () => {
    expect(await host(functions).invoke("Bad", { how: "string" })).toEqual({
      ok: false,
      error: { errorType: "string", errorMessage: "just text", trace: [] },
    });
  });

  it("fails when its answer can't be serialised or is over 6 MB", async () => {
    const { invoke } = host(functions);
    expect(await invoke("Bad", { how: "circular" })).toMatchObject({
      error: { errorMessage: "Unable to stringify response body" },
    });
    expect(await invoke("Bad", { how: "big" })).toMatchObject({
      error: { errorType: "Function.ResponseSizeTooLarge" },
    });
  });

  it("can't end the host by process.exit", async () => {
    expect(await host(functions).invoke("Bad", { how: "exit" })).toMatchObject({
      error: { errorType: "Runtime.ExitError", errorMessage: expect.stringContaining("exit status 3") },
    });
  });

  it("gets a copy of its event", async () => {
    const event = { how: "mutate" };
    expect(await host(functions).invoke("Bad", event)).toEqual({ ok: true, payload: { how: "changed" } });
    expect(event).toEqual({ how: "mutate" });
  });

  it("has Lambda's context", async () => {
    const clock = new ManualClock();
    const outcome = await host(functions, { clock }).invoke("Bad", { how: "context" });
    expect(outcome).toMatchObject({
      payload: {
        functionName: "shop-misbehave",
        memoryLimitInMB: "512",
        invokedFunctionArn: functions.Bad.arn,
        left: 10_000,
      },
    });
  });

  it("times out by the clock, is counted, and its environment is dead", async () => {
    const clock = new ManualClock();
    const { invoke, running } = host(functions, { clock });
    const pending = invoke("Bad", { how: "hang", correlationId: "c1" });
    expect(running()).toBe(1);
    await clock.advance(9_999);
    expect(running()).toBe(1);
    await clock.advance(1);
    expect(await pending).toMatchObject({
      ok: false,
      error: { errorType: "Sandbox.Timedout", errorMessage: expect.stringContaining("Task timed out after 10.00") },
    });
    expect(running()).toBe(0);
    expect(finished).toMatchObject([{ functionName: "Bad", correlationIds: ["c1"], durationMs: 10_000 }]);
  });

  it("is refused beyond the reserved concurrency, and when there is no such function", async () => {
    const clock = new ManualClock();
    const { invoke } = host(functions, { clock });
    const pending = invoke("Bad", { how: "hang" });
    await expect(invoke("Bad", {})).rejects.toMatchObject({ name: "Lambda.TooManyRequestsException" });
    await expect(invoke("None", {})).rejects.toMatchObject({ name: "Lambda.ResourceNotFoundException" });
    await clock.advance(10_000);
    await pending;
  });

  it("logs its lines with its request id", async () => {
    await host(functions).invoke("Bad", { how: "nothing" });
    expect(logs).toMatchObject([{ functionName: "Bad", text: "misbehaving nothing" }]);
    expect(logs[0]?.requestId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("can be made to fail before its handler runs", async () => {
    const hooks = {
      beforeInvoke: () => {
        throw new Error("as a test wants");
      },
    };
    expect(await host(functions, { hooks }).invoke("Bad", { how: "nothing" })).toMatchObject({
      error: { errorMessage: "as a test wants" },
    });
    expect(logs).toEqual([]);
  });
});

describe("bundling", () => {
  it("names the handler file that doesn't exist", async () => {
    await expect(bundleHandlers(folder.path, ["src/absent"], path.join(folder.path, "none"))).rejects.toThrow(
      /src\/absent\.ts doesn't exist/,
    );
  });
});
