/**
 * Runs in a process of its own, beside the SST platform: evaluates the bundled stacks over Pulumi's mocks and writes
 * every resource to a file. Called as `recorder.mjs <program> <settings as JSON>`.
 */
import crypto from "node:crypto";
import { writeFileSync } from "node:fs";
import { createRequire, syncBuiltinESMExports } from "node:module";
import { pathToFileURL } from "node:url";
import type { Graph, Resource } from "./graph.ts";
import { answered, created } from "./mock-aws.ts";

export interface Settings {
  app: string;
  stage: string;
  region: string;
  account: string;
  /** Where the recording goes. */
  output: string;
  unknownMarker: string;
}

export type Recording = Omit<Graph, "builds"> & { errors: string[] };

type Properties = Record<string, unknown>;
type Callback = (error: unknown, response?: Response) => void;

interface Request {
  getType(): string;
  getName(): string;
  getParent(): string;
  getCustom?(): boolean;
  getObject?(): unknown;
  getProperties?(): unknown;
}

interface Response {
  getId?(): string;
  getObject?(): unknown;
  getProperties?(): unknown;
}

interface OutputsRequest {
  getUrn(): string;
  getOutputs(): unknown;
}

type Register = (this: Monitor, request: Request, callback: Callback) => Promise<void>;

interface Monitor {
  newUrn(parent: string, type: string, name: string): string;
  registerResource: Register;
  readResource: Register;
  registerResourceOutputs(request: OutputsRequest, callback: Callback): void;
}

interface MockArguments {
  type: string;
  name: string;
  inputs: Properties;
  custom?: boolean;
}

interface Runtime {
  setAllConfig(config: Record<string, string>): void;
  setMocks(
    mocks: {
      newResource(resource: MockArguments): { id: string | undefined; state: Properties };
      call(call: { token: string; inputs: Properties }): Properties;
    },
    project: string,
    stack: string,
    preview: boolean,
  ): Promise<void>;
  runInPulumiStack(program: () => Promise<unknown>): Promise<unknown>;
}

const [program = "", settingsJson = "{}"] = process.argv.slice(2);
const settings = JSON.parse(settingsJson) as Settings;
const platformRequire = createRequire(program);

const { runtime } = platformRequire("@pulumi/pulumi") as { runtime: Runtime };
const { MockMonitor } = platformRequire("@pulumi/pulumi/runtime/mocks") as { MockMonitor: { prototype: Monitor } };
const { deserializeProperties } = platformRequire("@pulumi/pulumi/runtime/rpc") as {
  deserializeProperties(struct: unknown): Properties;
};

const resources = new Map<string, Resource>();
const errors: string[] = [];

fixRandomSuffix();
leaveOutStacks();
recordResources(MockMonitor.prototype);
process.on("unhandledRejection", note);
process.on("uncaughtException", note);
process.on("exit", write);

runtime.setAllConfig({ "aws:region": settings.region });
await runtime.setMocks(
  {
    newResource: ({ type, name, inputs, custom }) => {
      if (custom === false) return { id: undefined, state: inputs };
      const { id, ...state } = created(settings, type, name, plain(inputs) as Properties);
      return { id, state: { ...inputs, ...state } };
    },
    call: ({ token, inputs }) => {
      try {
        return answered(settings, token, plain(inputs) as Properties);
      } catch (error) {
        // Pulumi passes on that a call failed, but not why.
        note(error);
        throw error;
      }
    },
  },
  settings.app,
  settings.stage,
  false,
);

try {
  await runtime.runInPulumiStack(async () => (await import(pathToFileURL(program).href)).default);
} catch (error) {
  note(error);
}

/** SST ends physical names with eight random bytes; constant ones keep the recording the same between runs. */
function fixRandomSuffix(): void {
  const { randomBytes } = crypto;
  const fixed = (size: number, ...rest: []) => (size === 8 ? Buffer.alloc(8) : randomBytes(size, ...rest));
  Object.assign(crypto, { randomBytes: fixed });
  syncBuiltinESMExports();
}

/** Pulumi keeps the stack of whoever makes a promise, to tell of leaks: making them readable takes half of the time. */
function leaveOutStacks(): void {
  const debuggable = platformRequire("@pulumi/pulumi/runtime/debuggable") as {
    debuggablePromise(promise: Promise<unknown>, context: unknown): Promise<unknown>;
  };
  const { debuggablePromise } = debuggable;
  debuggable.debuggablePromise = (promise, context) => {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    try {
      return debuggablePromise(promise, context);
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  };
}

function recordResources(monitor: Monitor): void {
  // The mocks give a resource the type of its parent alone, and the root stack too: the engine does neither.
  monitor.newUrn = (parent, type, name) => {
    const parentType = parent ? parent.split("::")[2] : undefined;
    const qualified = parentType && parentType !== "pulumi:pulumi:Stack" ? `${parentType}$${type}` : type;
    return [`urn:pulumi:${settings.stage}`, settings.app, qualified, name].join("::");
  };
  monitor.registerResource = recording(monitor.registerResource);
  monitor.readResource = recording(monitor.readResource);

  // Handlers and links are in what components register at their end.
  const registerOutputs = monitor.registerResourceOutputs;
  monitor.registerResourceOutputs = function (request, callback) {
    const resource = resources.get(request.getUrn());
    if (resource) resource.outputs = properties(request.getOutputs());
    registerOutputs.call(this, request, callback);
  };
}

function recording(register: Register): Register {
  return function (request, callback) {
    const urn = this.newUrn(request.getParent(), request.getType(), request.getName());
    const resource: Resource = {
      urn,
      type: request.getType(),
      name: request.getName(),
      ...(request.getParent() && { parent: request.getParent() }),
      custom: request.getCustom?.() ?? true,
      inputs: properties(request.getObject?.() ?? request.getProperties?.()),
      outputs: {},
    };
    if (resources.has(urn)) errors.push(`two resources have the name ${resource.name} (${urn})`);
    resources.set(urn, resource);
    return register.call(this, request, (error, response) => {
      if (response) {
        const id = response.getId?.();
        resource.outputs = { ...properties(response.getObject?.() ?? response.getProperties?.()), ...(id && { id }) };
      }
      callback(error, response);
    });
  };
}

function properties(struct: unknown): Properties {
  return plain(deserializeProperties(struct)) as Properties;
}

/** Pulumi marks secrets, assets and unknown values by signature; the recording has values alone. */
function plain(value: unknown): unknown {
  const signature = "4dabf18193072939515e22adb298388d";
  const secret = "1b47061264138c4ac30d75fd1eb44270";
  const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
  if (value === unknown) return settings.unknownMarker;
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== "object") return value;
  const object = value as Properties;
  if (object.__pulumiOutput || object.__pulumiUnknown) return settings.unknownMarker;
  if (object.__pulumiAsset || object.__pulumiArchive) return "<asset>";
  if (object[signature] === secret) return plain(object.value);
  return Object.fromEntries(Object.entries(object).map(([key, entry]) => [key, plain(entry)]));
}

function note(error: unknown): void {
  const text = error instanceof Error ? tell(error) : String(error);
  if (text !== "" && !errors.includes(text)) errors.push(text);
}

/** The message, and where in the stacks it comes from: frames of the platform and of Node say nothing to a reader. */
function tell(error: Error): string {
  if (error.message === "") return "";
  const frames = (error.stack ?? "").split("\n").filter((line) => /^ +at /.test(line));
  const own = frames.filter((line) => !/\/\.sst\/platform\/|node:/.test(line));
  return [error.message, ...own].join("\n");
}

function write(): void {
  const { app, stage, region, account, output } = settings;
  const recording: Recording = { app, stage, region, account, resources: [...resources.values()], errors };
  writeFileSync(output, JSON.stringify(recording));
}
