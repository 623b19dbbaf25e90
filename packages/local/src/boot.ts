import * as http from "node:http";
import * as path from "node:path";
import type { Api, Topology } from "@cartwright/topology";
import { type Activity, createActivity } from "./activity.ts";
import { type EventBus, openBus, type PutEventsEntry } from "./bus/bus.ts";
import { busOperations } from "./bus/bus-api.ts";
import { NoSuchTargetError, type TargetCalls } from "./bus/bus-delivery.ts";
import { type Clock, systemClock } from "./clock.ts";
import { type DynamoHook, openDynamoDoor } from "./dynamo/dynamo.ts";
import { type Engine, startEngine } from "./dynamo/engine.ts";
import { startExpiry } from "./dynamo/expiry.ts";
import { createItemLimit, type ItemLimitOptions } from "./dynamo/item-limit.ts";
import { openStreamCheckpoints } from "./dynamo/stream-checkpoint.ts";
import { type StreamPoller, startStreamPoller } from "./dynamo/stream-poller.ts";
import { openStreamSource } from "./dynamo/stream-source.ts";
import { createStreamTrimming } from "./dynamo/stream-trim.ts";
import { ensureTables } from "./dynamo/table.ts";
import { openAsyncInvoker } from "./function/async-invoke.ts";
import { type Bundle, bundleHandlers } from "./function/bundle.ts";
import { functionEnvironment, setProcessEnvironment } from "./function/environment.ts";
import { functionOperations } from "./function/function-api.ts";
import {
  createFunctionHost,
  type FunctionHost,
  type InvocationHooks,
  type LogLine,
  splitHandler,
} from "./function/function-host.ts";
import { localLinks, queueUrl } from "./function/link.ts";
import { createTracer, type Tracer } from "./function/trace.ts";
import { createEndpoint } from "./http/endpoint.ts";
import { createHttpApi } from "./http/http.ts";
import { closeServer, listen } from "./http/listen.ts";
import { type Access, openAccess } from "./iam/access.ts";
import { createUsageRecorder } from "./iam/usage.ts";
import { createIdentity, type Identity } from "./identity/identity.ts";
import { codesIn, type Mailbox, openMailbox } from "./identity/mailbox.ts";
import { openLogFile } from "./log-file.ts";
import { chunksOf, computeGbSeconds, createMeter, type Meter } from "./meter/meter.ts";
import { type MoveTasks, openMoveTasks } from "./queue/move-task.ts";
import { openQueues, type Queues } from "./queue/queue.ts";
import { queueOperations } from "./queue/queue-api.ts";
import { startQueuePoller } from "./queue/queue-poller.ts";
import { type Random, systemRandom } from "./random.ts";
import { type Schedules, startSchedules } from "./schedule/schedule.ts";
import { StateFolderError, takeStateFolder } from "./state-folder.ts";
import { machineOperations } from "./state-machine/machine-api.ts";
import { createMachineHost, type Executions, type MachineHost } from "./state-machine/machine-host.ts";
import { openStore, type Store } from "./store.ts";
import type { AlarmStatus } from "./watch/alarm.ts";
import type { Metrics } from "./watch/metric-store.ts";
import { openWatch, type Watch } from "./watch/watch.ts";

export interface BootOptions {
  topology: Topology;
  /** The folder that the handlers' paths begin in. */
  root: string;
  /** Where state lives; it must be this process's alone. */
  stateFolder: string;
  /** Forgets what earlier runs left in the folder. */
  fresh?: boolean;
  /** 0 takes any free port. */
  apiPort: number;
  endpointPort: number;
  clock?: Clock;
  random?: Random;
  environment?: NodeJS.ProcessEnv;
  /** How much one item of a table takes: as much as on AWS by default. */
  itemLimit?: ItemLimitOptions | "none";
  /** Told as each part comes up. */
  onStep?: (step: string) => void;
  /** Called when the engine dies; nothing works any more then. */
  onFatal?: (error: Error) => void;
  hooks?: Hooks;
}

/** Where tests look in, and where they break things. */
export interface Hooks extends InvocationHooks {
  onLog?: (line: LogLine) => void;
  /** Fails a request of a handler to DynamoDB, or loses its answer. */
  onDynamoRequest?: DynamoHook;
  /** An error code fails the entry. */
  onPutEvents?: (entry: PutEventsEntry) => string | undefined;
  /** An alarm that tells somebody has gone off, or is over. */
  onAlarm?: (alarm: AlarmStatus) => void;
}

/** The whole topology, running. */
export interface Local {
  topology: Topology;
  /** The time that the runtime and its handlers go by, in milliseconds since 1970. */
  now(): number;
  apiUrl: string;
  /** Where the AWS SDKs find DynamoDB, EventBridge, SQS, Step Functions, Lambda, CloudWatch and Cognito. */
  endpointUrl: string;
  /** The links of the topology with this machine's addresses. */
  links: Topology["links"];
  functions: Pick<FunctionHost, "invoke">;
  queues: Queues;
  bus: EventBus;
  executions: Executions;
  schedules: Pick<Schedules, "trigger" | "next">;
  meter: Meter;
  /** What has been measured since the start, at most for a day. */
  metrics: Metrics;
  /** They are evaluated each minute, by the minute that has ended: whoever skips a minute sees what was in it. */
  alarms(): AlarmStatus[];
  /** The codes that were emailed to an address, the newest last. The mails are at `<endpointUrl>/_local/mail?to=…`. */
  mailbox(address: string): string[];
  /**
   * Resolves when nothing more will happen before time passes: delayed messages, and those that wait for another try,
   * don't count. Rejects with IdleTimeoutError, naming what is still at work, after `limitMs` of real time.
   */
  idle(limitMs?: number): Promise<void>;
  /** Lets what is in hand end, and releases ports, processes and the state folder. */
  stop(): Promise<void>;
}

export class AlreadyRunningError extends Error {
  override readonly name = "AlreadyRunningError";
}

/** The SDK's endpoint is an environment variable, so a process can serve one topology at a time. */
let isRunning = false;

type Closer = () => void | Promise<void>;

/** Longer than clients keep a connection, so that none is closed just as a client uses it again. */
const keepAliveTimeout = 65_000;

/** Boots the recorded topology on this machine. What was started before a failure is stopped again. */
export async function boot(options: BootOptions): Promise<Local> {
  if (isRunning) {
    throw new AlreadyRunningError("A topology already runs in this process: stop it before booting another.");
  }
  isRunning = true;
  const closers: Closer[] = [
    () => {
      isRunning = false;
    },
  ];
  try {
    return await start(options, closers);
  } catch (error) {
    // What failed first is what matters.
    await closeAll(closers).catch(() => {});
    throw error;
  }
}

/** In reverse order of opening. One that fails doesn't keep the others open. */
async function closeAll(closers: Closer[]): Promise<void> {
  const failures: unknown[] = [];
  for (const close of closers.splice(0).reverse()) {
    try {
      await close();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, `${failures.length} parts did not stop cleanly.`);
}

/** What every part of the runtime needs. */
interface Ground {
  options: BootOptions;
  topology: Topology;
  clock: Clock;
  random: Random;
  engine: Engine;
  store: Store;
  queues: Queues;
  moveTasks: MoveTasks;
  meter: Meter;
  tracer: Tracer;
  access: Access;
  watch: Watch;
  identity: Identity;
  mailbox: Mailbox;
  bundles: Map<string, Bundle>;
  activity: Activity;
  log: (line: LogLine) => void;
  /** Reports an error of the runtime itself. */
  report: (error: unknown) => void;
  step: (text: string) => void;
  addresses: { apiUrl: string; endpointUrl: string };
}

async function start(options: BootOptions, closers: Closer[]): Promise<Local> {
  const ground = await prepare(options, closers);
  const { topology, addresses, step } = ground;

  const apiServer = http.createServer({ keepAliveTimeout });
  const endpointServer = http.createServer({ keepAliveTimeout });
  addresses.endpointUrl = await open(endpointServer, options.endpointPort, "the AWS APIs", closers);
  addresses.apiUrl = await open(apiServer, options.apiPort, "the API", closers);
  closers.push(setProcessEnvironment(topology.app, { ...addresses, region: topology.region }));
  const links = localLinks(topology, addresses, options.environment ?? process.env);

  const functions = hostFunctions(ground, links);
  closers.push(() => functions.stop());
  ground.activity.watch("functions", () => functions.running() > 0);
  const { bus, machines, targets } = openWorkflows(ground, functions, closers);

  const streams = startStreams(ground, functions, closers);
  expireItems(ground, streams, closers);
  const { invokeAsync } = targets;
  endpointServer.on("request", endpointOf(ground, { bus, machines, streams, invoke: functions.invoke, invokeAsync }));
  apiServer.on("request", apiOf(ground, functions));
  startQueues(ground, functions, closers);
  // Requests end before the parts they need do.
  closers.push(() => closeServer(apiServer));
  const schedules = openSchedules(ground, targets);
  closers.push(() => schedules.stop());
  ground.activity.watch("schedules", schedules.busy);
  step(`the API listens at ${addresses.apiUrl}, the AWS APIs at ${addresses.endpointUrl}`);

  let stopped: Promise<void> | undefined;
  return {
    topology,
    now: () => ground.clock.now(),
    ...addresses,
    links,
    functions: { invoke: functions.invoke },
    queues: ground.queues,
    bus,
    executions: machines.executions,
    schedules,
    meter: ground.meter,
    metrics: ground.watch.metrics,
    alarms: ground.watch.alarms,
    mailbox: (address) => ground.mailbox.to(address).toReversed().flatMap(codesIn),
    idle: ground.activity.idle,
    stop() {
      stopped ??= closeAll(closers);
      return stopped;
    },
  };
}

/** Everything that doesn't need an address yet. */
async function prepare(options: BootOptions, closers: Closer[]): Promise<Ground> {
  const { topology, clock = systemClock, random = systemRandom, onStep: step = () => {} } = options;
  const folder = takeStateFolder(options.stateFolder, { fresh: options.fresh ?? false });
  closers.push(folder.release);
  const logFile = openLogFile(folder.path);
  closers.push(() => logFile.close());
  const log = (line: LogLine) => {
    logFile.write(line);
    options.hooks?.onLog?.(line);
  };
  const report = (error: unknown) => {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    log({ timeMs: clock.now(), functionName: "runtime", requestId: "-", text });
  };

  const access = openRecordedAccess(options, closers);
  const engine = await startEngine({
    stateFolder: folder.path,
    environment: options.environment ?? process.env,
    onDeath: options.onFatal ?? ((error) => console.error(error.message)),
  });
  closers.push(() => engine.stop());
  await ensureTables(engine, Object.values(topology.tables));
  step(`DynamoDB with ${count(topology.tables, "table")} at ${engine.endpoint}`);

  const store = openState(folder.path);
  closers.push(() => store.close());
  const queues = openQueues({ queues: Object.values(topology.queues), store, clock, random });
  closers.push(() => queues.close());
  const moveTasks = openMoveTasks({ queues, store, clock, random });
  closers.push(() => moveTasks.close());

  const handlerFiles = Object.values(topology.functions).map(({ handler }) => splitHandler(handler).handlerFile);
  const bundles = await bundleHandlers(
    options.root,
    [...new Set(handlerFiles)].toSorted(),
    path.join(folder.path, "functions"),
  );
  step(`${count(topology.functions, "function")} bundled from ${bundles.size} handler files`);

  const addresses = { apiUrl: "", endpointUrl: "" };
  const mailbox = loggingMails(openMailbox(store, clock), clock, log);
  const identity = await createIdentity({
    pools: topology.userPools,
    endpointUrl: () => addresses.endpointUrl,
    ...{ store, clock, random, mailbox },
  });
  const meter = createMeter();
  const watch = openWatch({ topology, queues, clock, onAlarm: tellingOf(options, log), onError: report });
  closers.push(() => watch.stop());
  const tracer = await createTracer(random);
  const activity = createActivity();
  // What is due has not begun yet, so no part can tell of it.
  activity.watch("timers that are due", () => clock.isBehind());
  activity.watch("moves of messages", moveTasks.busy);
  return {
    ...{ options, topology, clock, random, engine, store, queues, moveTasks, meter, tracer, identity, mailbox },
    ...{ access, watch, bundles, activity, log, report, step, addresses },
  };
}

/** Which permissions were used is written down for whoever asks for it, as the tests do. */
function openRecordedAccess({ topology, environment = process.env }: BootOptions, closers: Closer[]): Access {
  const usage = createUsageRecorder(topology);
  const access = openAccess(topology, usage);
  const folder = environment.CARTWRIGHT_USAGE_FOLDER;
  if (folder) closers.push(() => usage.writeTo(folder));
  return access;
}

/** Who would be called on AWS reads it here in the log. */
function tellingOf({ hooks }: BootOptions, log: Ground["log"]) {
  return (alarm: AlarmStatus) => {
    const { name, state, reason, sinceMs: timeMs } = alarm;
    const text = JSON.stringify({ message: "alarm", name, state, reason });
    log({ timeMs, functionName: "alarms", requestId: "-", text });
    hooks?.onAlarm?.(alarm);
  };
}

/** Neither to whom nor what: logs hold no personal data. */
function loggingMails(mailbox: Mailbox, clock: Clock, log: Ground["log"]): Mailbox {
  return {
    ...mailbox,
    send(mail) {
      mailbox.send(mail);
      const text = JSON.stringify({ message: "mail", subject: mail.subject });
      log({ timeMs: clock.now(), functionName: "mailbox", requestId: "-", text });
    },
  };
}

function openState(folder: string): Store {
  try {
    return openStore(path.join(folder, "runtime.sqlite"));
  } catch (cause) {
    throw new StateFolderError(
      `The state in ${folder} can't be read (${cause instanceof Error ? cause.message : cause}). Move it away, or begin anew: npm start -- --fresh`,
      { cause },
    );
  }
}

function count(things: Record<string, unknown>, noun: string): string {
  const amount = Object.keys(things).length;
  return `${amount} ${noun}${amount === 1 ? "" : "s"}`;
}

async function open(server: http.Server, port: number, purpose: string, closers: Closer[]): Promise<string> {
  const actual = await listen(server, port, purpose);
  closers.push(() => closeServer(server));
  return `http://127.0.0.1:${actual}`;
}

function hostFunctions(ground: Ground, links: Topology["links"]): FunctionHost {
  const { topology, addresses, bundles, tracer, clock, random, log, meter, watch, options } = ground;
  return createFunctionHost({
    functions: topology.functions,
    bundles,
    environmentOf: (lambda) => functionEnvironment(lambda, topology, links, addresses.endpointUrl),
    tracer,
    clock,
    random,
    onLog(line) {
      log(line);
      watch.read(line);
    },
    onThrottled: () => watch.aws.invoked("throttled"),
    onFinished({ correlationIds, functionName: name, durationMs, memoryMb }) {
      meter.record("invocations", { correlationIds, name, amount: 1 });
      const amount = computeGbSeconds(durationMs, memoryMb);
      meter.record("computeGbSeconds", { correlationIds, name, amount });
      watch.aws.invoked("ran");
    },
    ...(options.hooks && { hooks: options.hooks }),
  });
}

/** The bus and what it starts: state machines, and functions that nobody waits for. */
function openWorkflows(ground: Ground, functions: FunctionHost, closers: Closer[]) {
  const { topology, store, clock, random, meter, queues, activity, access, report, options } = ground;
  const shared = { store, clock, random, meter, invoke: functions.invoke };
  const asyncInvoker = openAsyncInvoker({
    ...shared,
    functions: topology.functions,
    sendFailure: (destination, body) => queues.send(destination, { body }),
  });
  closers.push(() => asyncInvoker.stop());
  activity.watch("asynchronous invocations", asyncInvoker.busy);
  const machines = createMachineHost({
    ...shared,
    machines: topology.machines,
    sendMessage: (queueUrl, message) => queues.send(queueUrl, message),
    refusalOf: access.refusalOfStep,
    onEnded: ({ arn }, status) => ground.watch.aws.executionEnded(arn, status),
    onError: report,
  });
  closers.push(() => machines.stop());
  activity.watch("state machines", () => machines.running() > 0);
  const targets: TargetCalls = {
    async start(machineArn, input) {
      if (!machines.has(machineArn)) throw new NoSuchTargetError(`The state machine ${machineArn} does not exist.`);
      machines.start(machineArn, input);
    },
    async invokeAsync(functionArn, event) {
      asyncInvoker.accept(functionArn, event);
    },
  };
  const bus = openBus({
    ...shared,
    buses: Object.values(topology.buses),
    rules: Object.values(topology.rules),
    archives: Object.values(topology.archives),
    account: topology.account,
    region: topology.region,
    queues,
    targets,
    refusalOf: access.refusalOfRule,
    onError: report,
    ...(options.hooks?.onPutEvents && { onPutEvents: options.hooks.onPutEvents }),
  });
  closers.push(() => bus.stop());
  activity.watch("deliveries of the bus", bus.busy);
  return { bus, machines, targets };
}

function openSchedules(ground: Ground, targets: TargetCalls): Schedules {
  const { topology, queues, clock, random, access } = ground;
  const { schedules, account, region } = topology;
  const refusalOf = access.refusalOfSchedule;
  return startSchedules({ schedules, account, region, queues, clock, random, targets, refusalOf });
}

interface TableStream {
  tableName: string;
  poller: StreamPoller;
}

function startStreams(ground: Ground, functions: FunctionHost, closers: Closer[]): TableStream[] {
  const { topology, engine, store, queues, clock, random, activity, report } = ground;
  const checkpoints = openStreamCheckpoints(store);
  const trimming = engine.databasePath
    ? createStreamTrimming(engine.databasePath, checkpoints, clock, report)
    : undefined;
  if (trimming) closers.push(trimming.close);
  const streams: TableStream[] = [];
  for (const [name, mapping] of Object.entries(topology.mappings)) {
    const table = Object.values(topology.tables).find(({ stream }) => stream?.arn === mapping.source);
    if (!table || !mapping.enabled) continue;
    trimming?.watch(table.name, name);
    const poller = startStreamPoller({
      name,
      mapping,
      table,
      region: topology.region,
      source: openStreamSource(engine, table.name, clock),
      checkpoints,
      clock,
      random,
      invoke: functions.invoke,
      sendFailure: (destination, body) => queues.send(destination, { body }),
      onBatch: (ageMs) => ground.watch.aws.batchRead(mapping.function, ageMs),
      onProgress: (position) => trimming?.progress(table.name, name, position),
      onError: report,
    });
    closers.push(() => poller.stop());
    activity.watch(`the stream of ${table.name}`, poller.busy);
    streams.push({ tableName: table.name, poller });
  }
  return streams;
}

function expireItems(ground: Ground, streams: TableStream[], closers: Closer[]): void {
  const { topology, engine, clock, activity, report } = ground;
  const tables = Object.values(topology.tables).filter(({ ttl }) => ttl !== undefined);
  const onDeleted = (table: string) => wakeStreams(streams, [table]);
  const expiry = startExpiry({ engine, tables, clock, onDeleted, onError: report });
  closers.push(() => expiry.stop());
  activity.watch("the deletion of expired items", expiry.busy);
}

function wakeStreams(streams: TableStream[], tables: string[]): void {
  for (const { tableName, poller } of streams) if (tables.includes(tableName)) poller.wake();
}

function startQueues(ground: Ground, functions: FunctionHost, closers: Closer[]): void {
  const { topology, queues, clock, meter, activity } = ground;
  for (const mapping of Object.values(topology.mappings)) {
    if (!mapping.enabled || mapping.source.split(":")[2] !== "sqs") continue;
    const poller = startQueuePoller({ mapping, queues, invoke: functions.invoke, clock, meter });
    closers.push(() => poller.stop());
    const isBusy = () => poller.busy() || queues.counts(mapping.source).visible > 0;
    activity.watch(`the queue ${queues.resolve(mapping.source).name}`, isBusy);
  }
}

interface EndpointParts extends Pick<FunctionHost, "invoke">, Pick<TargetCalls, "invokeAsync"> {
  bus: EventBus;
  machines: MachineHost;
  streams: TableStream[];
}

function endpointOf(ground: Ground, parts: EndpointParts) {
  const { topology, engine, queues, moveTasks, meter, tracer, clock, random, identity, mailbox, addresses } = ground;
  const { options } = ground;
  const { itemLimit } = options;
  const dynamo = openDynamoDoor({
    engine,
    onConsumed({ kind, table, units }, caller) {
      const correlationIds = caller?.correlationIds ?? [];
      const name = kind === "read" ? "tableReadUnits" : "tableWriteUnits";
      meter.record(name, { correlationIds, name: table, amount: units });
    },
    onWrite: (tables) => wakeStreams(parts.streams, tables),
    onThrottled: ground.watch.aws.tableThrottled,
    ...(options.hooks?.onDynamoRequest && { onRequest: options.hooks.onDynamoRequest }),
    ...(itemLimit !== "none" && { itemLimit: createItemLimit(Object.values(topology.tables), clock, itemLimit) }),
  });
  const queueApi = queueOperations({
    queues,
    moveTasks,
    urlOf: (name) => queueUrl(addresses.endpointUrl, topology.account, name),
    onRequest: ({ queue, bytes }, caller) =>
      meter.record("queueRequests", {
        correlationIds: caller?.correlationIds ?? [],
        name: queue,
        amount: chunksOf(bytes),
      }),
  });
  return createEndpoint({
    engine,
    dynamo,
    services: {
      AmazonSQS: queueApi,
      AWSEvents: busOperations(parts.bus),
      AWSStepFunctions: machineOperations(parts.machines),
      AWSLambda: functionOperations({ functions: topology.functions, ...parts }),
      GraniteServiceVersion20100801: ground.watch.operations,
      AWSCognitoIdentityProviderService: identity.operations,
    },
    access: ground.access,
    document: (path, query) => (path === "/_local/mail" ? mailbox.to(query.get("to") ?? "") : identity.document(path)),
    tracer,
    random,
  });
}

const noApi: Api = { id: "none", endpoint: "none", routes: [] };

function apiOf(ground: Ground, functions: FunctionHost): http.RequestListener {
  const { topology, clock, random, meter, watch } = ground;
  const [api = noApi, second] = Object.values(topology.apis);
  if (second) throw new Error(`Two APIs are recorded, ${api.id} and ${second.id}; one is what can be served here.`);
  return createHttpApi({
    api,
    account: topology.account,
    invoke: functions.invoke,
    clock,
    random,
    onRequest: ({ correlationId, route }) =>
      meter.record("apiRequests", { correlationIds: [correlationId], name: route ?? "none", amount: 1 }),
    onAnswer: (statusCode) => watch.aws.answered(api.id, statusCode),
  });
}
