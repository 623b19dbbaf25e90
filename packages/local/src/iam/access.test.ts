import * as fs from "node:fs";
import * as path from "node:path";
import { Recording, type Topology } from "@cartwright/topology";
import { afterAll, describe, expect, test } from "vitest";
import { arnOf, fromRules, lambda, polling, queue, role, temporaryFolder, topology } from "../test/fixture.ts";
import { openAccess } from "./access.ts";
import { createUsageRecorder } from "./usage.ts";

const folder = temporaryFolder();
afterAll(() => folder.remove());

const orders = arnOf("dynamodb", "table/orders");
const bus = arnOf("events", "event-bus/shop");
const archive = arnOf("events", "archive/all");
const machine = arnOf("states", "stateMachine:checkout");
const pool = arnOf("cognito-idp", "userpool/pool1");
const letters = queue("letters");
const work = queue("work", { policy: fromRules(arnOf("sqs", "work")) });
const step = lambda("step");

function open(...allowed: Parameters<typeof role>[1][]) {
  return openIn({ roles: { Own: role("own", ...allowed) } });
}

/** A function, a rule, a machine and a schedule that all act by one role. */
function openIn(parts: Partial<Topology>) {
  const own = arnOf("iam", "role/own");
  const whole = topology({
    functions: { Worker: lambda("worker", { role: own }), Step: step },
    queues: { Letters: letters, Work: work },
    buses: { Bus: { name: "shop", arn: bus } },
    machines: { Checkout: { name: "c", arn: machine, type: "EXPRESS", role: own, tracing: true, definition: {} } },
    rules: { Start: { name: "start", bus: "shop", enabled: true, targets: [{ arn: `${machine}:live`, role: own }] } },
    schedules: { Sweep: { name: "s", expression: "rate(1 day)", enabled: true, target: { arn: step.arn, role: own } } },
    ...parts,
  });
  const usage = createUsageRecorder(whole);
  return {
    ...openAccess(whole, usage),
    used() {
      const place = fs.mkdtempSync(path.join(folder.path, "usage-"));
      usage.writeTo(place);
      const [own = ""] = fs.readdirSync(place);
      return Recording.parse(JSON.parse(fs.readFileSync(path.join(place, own, "usage.json"), "utf8")));
    },
  };
}

describe("a call of a function", () => {
  test("that its role doesn't allow is refused as AWS words it", () => {
    const { authorize } = open(["dynamodb:GetItem", orders]);
    const scan = () => authorize("Worker", "DynamoDB_20120810", "Scan", { TableName: "orders" });
    expect(scan).toThrow(
      expect.objectContaining({
        name: "AccessDeniedException",
        message:
          "User: arn:aws:sts::123456789012:assumed-role/own/shop-worker is not authorized to perform: dynamodb:Scan " +
          `on resource: ${orders} because no identity-based policy allows the dynamodb:Scan action`,
      }),
    );
    expect(() => authorize("Worker", "DynamoDB_20120810", "GetItem", { TableName: "orders" })).not.toThrow();
  });

  test("that a statement forbids is refused whatever others allow", () => {
    const own = role("own", ["*", "*"]);
    own.statements.push({ Effect: "Deny", Action: "dynamodb:DeleteItem", Resource: "*" });
    const { authorize } = openIn({ roles: { Own: own } });
    expect(() => authorize("Worker", "DynamoDB_20120810", "DeleteItem", { TableName: "orders" })).toThrow(
      /dynamodb:DeleteItem .*with an explicit deny/,
    );
  });

  test.each([
    ["a role that isn't recorded", "Step"],
    ["a name that isn't", "Nobody"],
  ])("is refused, whatever it is, to %s", (_, name) => {
    const { authorize } = open(["*", "*"]);
    expect(() => authorize(name, "AmazonSQS", "SendMessage", { QueueUrl: letters.url })).toThrow(/is not authorized/);
  });

  test("that nobody has said the permissions of is refused by its name", () => {
    const { authorize } = open(["*", "*"]);
    expect(() => authorize("Worker", "DynamoDB_20120810", "ExecuteStatement", {})).toThrow(
      /DynamoDB_20120810\.ExecuteStatement.*requirement\.ts/,
    );
  });

  const items = { RequestItems: { orders: {}, stock: {} } };
  const stock = arnOf("dynamodb", "table/stock");
  const transaction = {
    TransactItems: [
      { Put: { TableName: "orders" } },
      { Update: { TableName: "orders" } },
      { Delete: { TableName: "stock" } },
      { ConditionCheck: { TableName: "stock" } },
    ],
  };
  const replay = { ReplayName: "rpl_1", EventSourceArn: archive, Destination: { Arn: bus } };
  const moving = ["DeleteMessage", "GetQueueAttributes", "ReceiveMessage", "StartMessageMoveTask"];
  test.each<[string, string, object, Record<string, string[]>]>([
    ["DynamoDB_20120810", "Query", { TableName: orders }, { "dynamodb:Query": [orders] }],
    [
      "DynamoDB_20120810",
      "Query",
      { TableName: "orders", IndexName: "byDay" },
      { "dynamodb:Query": [`${orders}/index/byDay`] },
    ],
    ["DynamoDB_20120810", "BatchGetItem", items, { "dynamodb:BatchGetItem": [orders, stock] }],
    [
      "DynamoDB_20120810",
      "TransactWriteItems",
      transaction,
      {
        "dynamodb:PutItem": [orders],
        "dynamodb:UpdateItem": [orders],
        "dynamodb:DeleteItem": [stock],
        "dynamodb:ConditionCheckItem": [stock],
      },
    ],
    [
      "DynamoDB_20120810",
      "TransactGetItems",
      { TransactItems: [{ Get: { TableName: "orders" } }] },
      { "dynamodb:GetItem": [orders] },
    ],
    ["AmazonSQS", "SendMessageBatch", { QueueUrl: letters.url }, { "sqs:SendMessage": [letters.arn] }],
    [
      "AmazonSQS",
      "StartMessageMoveTask",
      { SourceArn: letters.arn, DestinationArn: work.arn },
      {
        ...Object.fromEntries(moving.map((action) => [`sqs:${action}`, [letters.arn]])),
        "sqs:SendMessage": [work.arn],
      },
    ],
    ["AWSEvents", "PutEvents", { Entries: [{ EventBusName: "shop" }] }, { "events:PutEvents": [bus] }],
    ["AWSEvents", "StartReplay", replay, { "events:StartReplay": [archive, bus, "*"] }],
    ["AWSStepFunctions", "StartExecution", { stateMachineArn: machine }, { "states:StartExecution": [machine] }],
    [
      "AWSStepFunctions",
      "StartExecution",
      { stateMachineArn: `${machine}:live` },
      { "states:StartExecution": [machine] },
    ],
    [
      "AWSCognitoIdentityProviderService",
      "AdminGetUser",
      { UserPoolId: "pool1" },
      { "cognito-idp:AdminGetUser": [pool] },
    ],
    ["AWSLambda", "Invoke", { FunctionName: step.name }, { "lambda:InvokeFunction": [step.arn] }],
  ])("of %s %s needs its permissions, and uses them", (service, operation, input, permissions) => {
    const { authorize, used } = open(["*", "*"]);
    authorize("Worker", service, operation, { ...input });
    expect(used()).toEqual({ app: "shop", stage: "test", usage: { Worker: permissions } });
    const none = open();
    expect(() => none.authorize("Worker", service, operation, { ...input })).toThrow(/is not authorized/);
    expect(none.used().usage).toEqual({});
  });

  test("that a client makes for a person needs no permission", () => {
    const { authorize } = open();
    expect(() => authorize("Worker", "AWSCognitoIdentityProviderService", "InitiateAuth", {})).not.toThrow();
  });
});

describe("what isn't called by functions", () => {
  test("a machine calls functions and sends to queues by its own role", () => {
    const { refusalOfStep, used } = open(["lambda:InvokeFunction", step.arn], ["sqs:SendMessage", letters.arn]);
    expect(refusalOfStep("Checkout", { invoke: step.arn })).toBeUndefined();
    expect(refusalOfStep("Checkout", { sendTo: letters.url })).toBeUndefined();
    expect(refusalOfStep("Checkout", { invoke: `${step.arn}:7` })).toMatch(`${step.arn}:7 because no identity-based`);
    expect(refusalOfStep("Checkout", { sendTo: work.url })).toMatch(/assumed-role\/own\/Checkout.*sqs:SendMessage/);
    expect(Object.keys(used().usage.Checkout!)).toEqual(["lambda:InvokeFunction", "sqs:SendMessage"]);
  });

  const rule = arnOf("events", "rule/shop/start");
  test("a rule starts a machine by its target's role, an alias by the machine it is of", () => {
    expect(open(["states:StartExecution", machine]).refusalOfRule(rule, `${machine}:live`)).toBeUndefined();
    expect(open().refusalOfRule(rule, `${machine}:live`)).toMatch(/states:StartExecution/);
  });

  test("a rule sends to a queue whose policy lets it, whatever its role allows", () => {
    const { refusalOfRule } = open(["sqs:SendMessage", letters.arn]);
    expect(refusalOfRule(rule, work.arn)).toBeUndefined();
    expect(refusalOfRule(rule, letters.arn)).toMatch(letters.arn);
  });

  test("a schedule reaches its target by its role", () => {
    const { refusalOfSchedule } = open(["lambda:InvokeFunction", step.arn]);
    expect(refusalOfSchedule("Sweep", step.arn)).toBeUndefined();
    expect(refusalOfSchedule("Sweep", letters.arn)).toMatch(/sqs:SendMessage/);
  });
});

describe("a topology", () => {
  const mapping = {
    ...{ source: work.arn, function: arnOf("lambda", "function:shop-worker"), enabled: true },
    ...{ batchSize: 10, windowSeconds: 0, partialResponses: true },
  };

  test("in which Lambda can't feed a function by its role is refused: function, action and resource are named", () => {
    const allowed = polling.filter((action) => action !== "sqs:DeleteMessage");
    const roles = { Own: role("own", [allowed, work.arn]) };
    expect(() => openIn({ roles, mappings: { Worker: mapping } })).toThrow(
      expect.objectContaining({
        name: "MissingPermissionError",
        message: expect.stringContaining(`Worker needs sqs:DeleteMessage on ${work.arn}`),
      }),
    );
    expect(() => openIn({ roles, mappings: { Worker: { ...mapping, enabled: false } } })).not.toThrow();
  });

  test("in which a function can't leave what it failed at is refused", () => {
    const roles = { Own: role("own", [polling, work.arn]) };
    const mappings = { Worker: { ...mapping, onFailure: letters.arn } };
    expect(() => openIn({ roles, mappings })).toThrow(`Worker needs sqs:SendMessage on ${letters.arn}`);
    const failing = lambda("step", { asynchronous: { maximumRetries: 0, onFailure: letters.arn } });
    expect(() => openIn({ functions: { Step: failing } })).toThrow(`Step needs sqs:SendMessage on ${letters.arn}`);
  });

  test("in which a schedule can't leave what it could not deliver is refused", () => {
    const target = { arn: step.arn, role: arnOf("iam", "role/own"), deadLetters: letters.arn };
    const schedules = { Sweep: { name: "s", expression: "rate(1 day)", enabled: true, target } };
    expect(() => openIn({ schedules })).toThrow(`Sweep needs sqs:SendMessage on ${letters.arn}`);
  });

  test("with a policy that can't be judged is refused", () => {
    const own = { ...role("own"), managedPolicies: ["arn:aws:iam::aws:policy/AdministratorAccess"] };
    expect(() => openIn({ roles: { Own: own } })).toThrow(/role Own .*AdministratorAccess/);
  });
});
