import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as http from "node:http";
import * as path from "node:path";
import {
  AdminConfirmSignUpCommand,
  CognitoIdentityProviderClient,
  InitiateAuthCommand,
  SignUpCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import { DynamoDBClient, GetItemCommand, PutItemCommand, TransactWriteItemsCommand } from "@aws-sdk/client-dynamodb";
import { EventBridgeClient, ListRulesCommand, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type BootOptions, boot, type Hooks, type Local } from "./boot.ts";
import { closeServer, listen } from "./http/listen.ts";
import { isAlive, runChild, until } from "./test/child.ts";
import { temporaryFolder, writeProject } from "./test/fixture.ts";
import { shop, sources } from "./test/shop.ts";

const folder = temporaryFolder();
const root = path.join(folder.path, "project");
const hooks: Hooks = {};
let local: Local;
let orders = 0;

beforeAll(async () => {
  writeProject(root, sources);
  local = await boot(options());
});

afterEach(() => {
  for (const hook of Object.keys(hooks) as (keyof Hooks)[]) delete hooks[hook];
});

afterAll(async () => {
  await local?.stop();
  folder.remove();
});

function options(overrides: Partial<BootOptions> = {}): BootOptions {
  const hooksNow: Hooks = {
    beforeInvoke: (name, event) => hooks.beforeInvoke?.(name, event),
    afterInvoke: (name, event) => hooks.afterInvoke?.(name, event),
    onDynamoRequest: (operation, request) => hooks.onDynamoRequest?.(operation, request),
    onPutEvents: (entry) => hooks.onPutEvents?.(entry),
  };
  const stateFolder = path.join(folder.path, "state");
  return { topology: shop, root, stateFolder, apiPort: 0, endpointPort: 0, hooks: hooksNow, ...overrides };
}

async function place(): Promise<{ id: string; response: Response; correlationId: string }> {
  const id = `order-${++orders}`;
  const response = await fetch(`${local.apiUrl}/orders`, { method: "POST", body: JSON.stringify({ id }), headers });
  return { id, response, correlationId: response.headers.get("x-correlation-id") ?? "" };
}

const headers = { "content-type": "application/json" };

async function order(id: string): Promise<Record<string, unknown>> {
  return (await fetch(`${local.apiUrl}/orders/${id}`)).json() as Promise<Record<string, unknown>>;
}

/** The client's own retries would hide what a test wants to see. */
const dynamo = () => new DynamoDBClient({ maxAttempts: 1 });

describe("an order", () => {
  it("travels from the API through table, stream, bus, state machine and queue", async () => {
    const { id, response } = await place();
    expect(response.status).toBe(202);
    await local.idle();
    expect(await order(id)).toMatchObject({ pk: { S: id }, reserved: { N: "1" }, notified: { N: "1" } });
  });

  it("is known by its correlation: executions and what AWS would bill", async () => {
    const { correlationId } = await place();
    await local.idle();
    expect(local.executions.withCorrelation(correlationId)).toMatchObject([
      { machine: "Checkout", result: { status: "SUCCEEDED" } },
    ]);
    const bill = local.meter.report(correlationId);
    expect(bill.apiRequests).toEqual({ "ANY /{proxy+}": { amount: 1, shared: 0 } });
    for (const name of ["Api", "Relay", "Reserve", "NotifyCustomer"]) {
      expect(bill.invocations).toHaveProperty(name, { amount: 1, shared: 0 });
    }
    // One put and two updates of an item of less than a kilobyte.
    expect(bill.tableWriteUnits).toEqual({ orders: { amount: 3, shared: 0 } });
    expect(bill.busEvents).toHaveProperty("shop");
    expect(bill.expressStarts).toEqual({ checkout: { amount: 1, shared: 0 } });
  });

  it("survives a relay that is killed after it has published: the event comes twice, and none is lost", async () => {
    let kills = 1;
    hooks.afterInvoke = (name) => (name === "Relay" && kills-- > 0 ? "kill" : undefined);
    const { id } = await place();
    await local.idle();
    expect(await order(id)).toMatchObject({ reserved: { N: "2" } });
  });

  it("waits in the stream until the bus takes its event", async () => {
    let failures = 2;
    hooks.onPutEvents = () => (failures-- > 0 ? "InternalFailure" : undefined);
    const { id } = await place();
    await local.idle();
    expect(failures).toBe(-1);
    expect(await order(id)).toMatchObject({ reserved: { N: "1" } });
  });

  it("goes to the dead letters of a subscriber that keeps failing", async () => {
    hooks.beforeInvoke = (name) => {
      if (name === "NotifyCustomer") throw new Error("no mail today");
    };
    const { id } = await place();
    await until(() => local.queues.counts("notify-dead").visible === 1, "the dead letter");
    expect(local.queues.peek("notify-dead", 1)[0]?.body).toContain(id);
    delete hooks.beforeInvoke;
    local.queues.moveAll("notify-dead");
    await local.idle();
    expect(await order(id)).toMatchObject({ notified: { N: "1" } });
  });
});

describe("a handler", () => {
  it("that touches what it isn't linked to fails as on Lambda", async () => {
    const response = await fetch(`${local.apiUrl}/unlinked`);
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({ message: "Internal Server Error" });
    const outcome = await local.functions.invoke("Api", { rawPath: "/unlinked" });
    expect(JSON.stringify(outcome)).toContain("is not linked in your sst.config.ts to shop-api");
  });

  it("that timed out can't write any more, though its code still runs", async () => {
    const outcome = await local.functions.invoke("Slow", { orderId: "late" });
    expect(outcome).toMatchObject({ error: { errorType: "Sandbox.Timedout" } });
    // The write would come half a second after the timeout.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(await order("late")).toEqual({});
  });

  it("runs by its schedule", async () => {
    expect(local.schedules.next()).toHaveProperty("Sweep");
    await local.schedules.trigger("Sweep");
    await local.idle();
    expect(await order("swept")).toMatchObject({ reserved: { N: "1" } });
  });
});

describe("the AWS SDK", () => {
  it("sees an entry of PutEvents that failed, beside one that didn't", async () => {
    hooks.onPutEvents = (entry) => (entry.Detail?.includes("second") ? "ThrottlingException" : undefined);
    const entry = (orderId: string) => ({
      EventBusName: "shop",
      Source: "shop.test",
      DetailType: "tested",
      Detail: JSON.stringify({ orderId }),
    });
    const answer = await new EventBridgeClient({}).send(
      new PutEventsCommand({ Entries: [entry("first"), entry("second"), { ...entry("third"), Detail: "no json" }] }),
    );
    expect(answer.FailedEntryCount).toBe(2);
    expect(answer.Entries).toMatchObject([
      { EventId: expect.stringMatching(/^[0-9a-f-]{36}$/) },
      { ErrorCode: "ThrottlingException" },
      { ErrorCode: "MalformedDetail" },
    ]);
  });

  it("gets named errors, with the reasons of a cancelled transaction", async () => {
    const Item = { pk: { S: "transaction" } };
    const Put = { TableName: "orders", Item, ConditionExpression: "attribute_exists(pk)" };
    const send = dynamo().send(new TransactWriteItemsCommand({ TransactItems: [{ Put }] }));
    await expect(send).rejects.toMatchObject({
      name: "TransactionCanceledException",
      CancellationReasons: [{ Code: "ConditionalCheckFailed" }],
    });
  });

  it("loses an answer: the write happened, the caller doesn't know, and its retry meets its own write", async () => {
    let faults = 1;
    hooks.onDynamoRequest = (operation) =>
      operation === "PutItem" && faults-- > 0 ? { when: "after", disconnect: true } : undefined;
    const put = {
      TableName: "orders",
      Item: { pk: { S: "lost-answer" } },
      ConditionExpression: "attribute_not_exists(pk)",
    };
    await expect(dynamo().send(new PutItemCommand(put))).rejects.toMatchObject({ code: "ECONNRESET" });
    await expect(dynamo().send(new PutItemCommand(put))).rejects.toMatchObject({
      name: "ConditionalCheckFailedException",
    });
  });

  it("is throttled before anything happened, and tries again by itself", async () => {
    let faults = 1;
    hooks.onDynamoRequest = (operation) =>
      operation === "PutItem" && faults-- > 0 ? { when: "before", name: "ThrottlingException" } : undefined;
    const Item = { pk: { S: "throttled" } };
    await new DynamoDBClient({}).send(new PutItemCommand({ TableName: "orders", Item }));
    const found = await dynamo().send(new GetItemCommand({ TableName: "orders", Key: Item }));
    expect(found.Item).toEqual(Item);
    expect(found.ConsumedCapacity).toBeUndefined();
  });

  it("signs people up and in; the token verifies against the published keys", async () => {
    const cognito = new CognitoIdentityProviderClient({});
    const credentials = { Username: "ada@example.com", Password: "Correct-horse-1" };
    await cognito.send(new SignUpCommand({ ClientId: "web", ...credentials }));
    const again = cognito.send(new SignUpCommand({ ClientId: "web", ...credentials }));
    await expect(again).rejects.toMatchObject({ name: "UsernameExistsException" });
    await cognito.send(new AdminConfirmSignUpCommand({ UserPoolId: "pool1", Username: credentials.Username }));
    const { AuthenticationResult } = await cognito.send(
      new InitiateAuthCommand({
        ClientId: "web",
        AuthFlow: "USER_PASSWORD_AUTH",
        AuthParameters: { USERNAME: credentials.Username, PASSWORD: credentials.Password },
      }),
    );
    const issuer = String(local.links.Identity?.issuer);
    expect(issuer).toBe(`${local.endpointUrl}/pool1`);
    const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`));
    const { payload } = await jwtVerify(AuthenticationResult!.AccessToken!, keys, { issuer });
    expect(payload).toMatchObject({ client_id: "web", token_use: "access" });
  });

  it("is told what isn't emulated", async () => {
    await expect(new EventBridgeClient({}).send(new ListRulesCommand({}))).rejects.toMatchObject({
      name: "UnknownOperationException",
      message: expect.stringMatching(/AWSEvents\.ListRules isn't emulated.*PutEvents/),
    });
  });
});

describe("the API of SQS", () => {
  const sqs = async (operation: string, input: object) => {
    const response = await fetch(local.endpointUrl, {
      method: "POST",
      headers: { "content-type": "application/x-amz-json-1.0", "x-amz-target": `AmazonSQS.${operation}` },
      body: JSON.stringify(input),
    });
    // biome-ignore lint/suspicious/noExplicitAny: tests read answers as JSON.
    return (await response.json()) as any;
  };
  const dead = () => `${local.endpointUrl}/123456789012/notify-dead`;

  it("sends, receives and deletes, by the addresses that links hold", async () => {
    const { QueueUrl } = await sqs("GetQueueUrl", { QueueName: "notify" });
    expect(local.links.Notify).toMatchObject({ url: QueueUrl });
    const sent = await sqs("SendMessage", {
      QueueUrl: dead(),
      MessageBody: "hello",
      MessageAttributes: { Reason: { DataType: "String", StringValue: "test" } },
    });
    expect(sent.MD5OfMessageBody).toBe("5d41402abc4b2a76b9719d911017c592");
    const { Messages } = await sqs("ReceiveMessage", { QueueUrl: dead(), MessageSystemAttributeNames: ["All"] });
    expect(Messages).toMatchObject([
      { MessageId: sent.MessageId, Body: "hello", Attributes: { ApproximateReceiveCount: "1" } },
    ]);
    await sqs("DeleteMessage", { QueueUrl: dead(), ReceiptHandle: Messages[0].ReceiptHandle });
    const { Attributes } = await sqs("GetQueueAttributes", { QueueUrl: dead(), AttributeNames: ["All"] });
    expect(Attributes).toMatchObject({
      ApproximateNumberOfMessages: "0",
      ApproximateNumberOfMessagesNotVisible: "0",
    });
  });

  it("answers a batch with its failures inside", async () => {
    const Entries = [
      { Id: "good", MessageBody: "1" },
      { Id: "bad", MessageBody: "2", DelaySeconds: 9_999 },
    ];
    expect(await sqs("SendMessageBatch", { QueueUrl: dead(), Entries })).toMatchObject({
      Successful: [{ Id: "good" }],
      Failed: [{ Id: "bad", Code: "InvalidParameterValue", SenderFault: true }],
    });
    await sqs("PurgeQueue", { QueueUrl: dead() });
  });

  it("names its errors", async () => {
    expect(await sqs("SendMessage", { QueueUrl: "http://x/none", MessageBody: "1" })).toMatchObject({
      __type: "QueueDoesNotExist",
    });
    expect(await sqs("SendMessage", { QueueUrl: dead() })).toMatchObject({
      __type: "InvalidParameterValue",
      message: expect.stringContaining("MessageBody"),
    });
    expect(await sqs("AddPermission", {})).toMatchObject({ __type: "UnknownOperationException" });
  });
});

it("links have this machine's addresses at any depth, and secrets may come from the environment", async () => {
  expect(local.links.Identity).toMatchObject({ nested: { list: [`${local.apiUrl}/x`] } });
  expect(local.links.Key).toMatchObject({ value: "placeholder" });
  await local.stop();
  local = await boot(options({ environment: { ...process.env, CARTWRIGHT_SECRET_Key: "from outside" } }));
  expect(local.links.Key).toMatchObject({ value: "from outside" });
});

it("handlers' output is in the log, with the function and the request", async () => {
  await local.functions.invoke("Relay", { Records: [] });
  const lines = () =>
    fs
      .readFileSync(path.join(folder.path, "state", "log.jsonl"), "utf8")
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  await until(() => lines().some(({ line }) => line?.count === 0), "the log line");
  expect(lines().find(({ line }) => line?.count === 0)).toEqual({
    time: expect.stringMatching(/^\d{4}-/),
    function: "Relay",
    requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    line: { message: "relaying", count: 0 },
  });
});

describe("a stop", () => {
  it("frees what was held, and the next boot finds everything as it was", async () => {
    hooks.beforeInvoke = (name) => (name === "NotifyCustomer" ? "kill" : undefined);
    const { id } = await place();
    await until(() => local.queues.counts("notify").inFlight > 0, "the message in flight");
    const { apiUrl } = local;
    await local.stop();
    delete hooks.beforeInvoke;
    await expect(fetch(apiUrl)).rejects.toThrow();
    expect(process.env.AWS_ENDPOINT_URL).toBeUndefined();
    expect(fs.existsSync(path.join(folder.path, "state", "lock"))).toBe(false);

    local = await boot(options());
    const isNotified = async () => "notified" in (await order(id));
    const untilMs = Date.now() + 5_000;
    while (!(await isNotified()) && Date.now() < untilMs) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await order(id)).toMatchObject({ notified: { N: "1" }, reserved: { N: "1" } });
  });

  it("may be asked for twice", async () => {
    await local.stop();
    await local.stop();
    local = await boot(options());
  });
});

describe("a boot that can't succeed", () => {
  it("names a second one in this process", async () => {
    const other = path.join(folder.path, "other");
    await expect(boot(options({ stateFolder: other }))).rejects.toMatchObject({ name: "AlreadyRunningError" });
  });

  it("leaves nothing behind when its port is taken", async () => {
    await local.stop();
    const blocker = http.createServer();
    const port = await listen(blocker, 0, "a test");
    await expect(boot(options({ apiPort: port }))).rejects.toMatchObject({ name: "PortInUseError" });
    await closeServer(blocker);
    local = await boot(options({ apiPort: port }));
    expect(local.apiUrl).toBe(`http://127.0.0.1:${port}`);
  });

  it("names the handler that doesn't build, with the line", async () => {
    await local.stop();
    const broken = path.join(folder.path, "broken");
    writeProject(broken, { ...sources, "src/relay.ts": "export const handler = (" });
    await expect(boot(options({ root: broken }))).rejects.toMatchObject({
      name: "BundleError",
      message: expect.stringContaining("src/relay.ts:1"),
    });
    local = await boot(options());
  });

  it("refuses tables that changed, and advises to begin anew", async () => {
    await local.stop();
    const { Orders } = shop.tables;
    const changed = { ...shop, tables: { Orders: { ...Orders!, hashKey: "id", attributes: { id: "S" as const } } } };
    await expect(boot(options({ topology: changed }))).rejects.toMatchObject({
      name: "TableChangedError",
      message: expect.stringContaining("--fresh"),
    });
    local = await boot(options());
  });
});

describe("a runtime in a process of its own", () => {
  const script = (stateFolder: string, body: string) => `
    import { boot } from "$src/boot.ts";
    import { shop } from "$src/test/shop.ts";
    const local = await boot({
      topology: shop, root: ${JSON.stringify(root)}, stateFolder: ${JSON.stringify(stateFolder)},
      apiPort: 0, endpointPort: 0, hooks: { beforeInvoke: (name) => (name === "Relay" ? "kill" : undefined) },
    });
    ${body}
  `;

  it("that is killed leaves no engine, and loses nothing that was answered", async () => {
    await local.stop();
    const stateFolder = path.join(folder.path, "killed");
    const child = runChild(folder.path, script(stateFolder, "console.log(local.apiUrl); setInterval(() => {}, 1000);"));
    const apiUrl = await child.nextLine();
    const body = JSON.stringify({ id: "kept" });
    const response = await fetch(`${apiUrl}/orders`, { method: "POST", body, headers });
    expect(response.status).toBe(202);
    const engines = enginesOf(stateFolder);
    expect(engines).not.toEqual([]);
    child.process.kill("SIGKILL");
    await child.ended;
    await until(() => engines.every((pid) => !isAlive(pid)), "the engine's end");

    local = await boot(options({ stateFolder }));
    await local.idle();
    expect(await order("kept")).toMatchObject({ reserved: { N: "1" }, notified: { N: "1" } });
  });

  it("outlives a promise that a handler left to fail, and a stack names the source", async () => {
    const stateFolder = path.join(folder.path, "floating");
    const child = runChild(
      folder.path,
      script(
        stateFolder,
        `const event = { rawPath: "/floating", requestContext: { http: { method: "GET" } } };
         console.log(JSON.stringify(await local.functions.invoke("Api", event)));
         await local.stop();
         console.log("stopped");`,
      ),
    );
    const outcome = JSON.parse(await child.nextLine());
    expect(outcome.error).toMatchObject({
      errorType: "Runtime.UnhandledPromiseRejection",
      errorMessage: expect.stringContaining("nobody waits for this"),
    });
    expect(outcome.error.trace[1]).toMatch(/src\/api\.ts:\d+/);
    expect(await child.nextLine()).toBe("stopped");
    expect(await child.ended).toMatchObject({ code: 0, errors: "" });
  });
});

/** The engine of a state folder, and its guard. */
function enginesOf(stateFolder: string): number[] {
  return execFileSync("ps", ["-A", "-ww", "-o", "pid=,args="], { encoding: "utf8" })
    .split("\n")
    .filter((line) => line.includes(path.join(stateFolder, "dynamodb.sqlite")))
    .map((line) => Number.parseInt(line, 10));
}
