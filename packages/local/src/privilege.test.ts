/** What functions may do and seldom have to, and what becomes of those who may not. */
import * as path from "node:path";
import { PutItemCommand } from "@aws-sdk/client-dynamodb";
import { SFNClient, StartExecutionCommand } from "@aws-sdk/client-sfn";
import type { Topology } from "@cartwright/topology";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { boot, type Local } from "./boot.ts";
import { readTopology } from "./cli/process.ts";
import { clientOf, dynamoOf } from "./test/endpoint.ts";
import { arnOf, fromRules, queue, role, temporaryFolder, writeProject } from "./test/fixture.ts";
import { shop, sources } from "./test/shop.ts";
import { type System, startSystem } from "./test/system.ts";

/** Why each of the letters is there. */
function reasonsIn({ queues }: Local, letters: string): (string | undefined)[] {
  return queues.peek(letters, 100).map(({ attributes }) => attributes.ERROR_CODE?.StringValue);
}

describe("what seldom happens is permitted:", () => {
  let system: System;
  let local: Local;
  beforeAll(async () => {
    system = await startSystem();
    local = system.local;
  });
  afterAll(() => system.stop());

  const recorded = readTopology();
  const queueOf = (arn: string) => Object.values(recorded.queues).find((one) => one.arn === arn)!;
  const mappings = Object.values(recorded.mappings);
  const consumed = mappings.filter(({ source }) => source.includes(":sqs:")).map(({ source }) => queueOf(source));
  const relayed = mappings.filter(({ source }) => source.includes(":dynamodb:"));
  const links = recorded.links.DeadLetters!.queues as Record<string, { arn: string; redrivesTo: string }>;

  test("of each queue, a message that can't be read is left as a letter that says so", async () => {
    for (const { arn } of consumed) local.queues.send(arn, { body: "{}", delaySeconds: 0 });
    await local.idle();
    expect(consumed.length).toBeGreaterThan(15);
    for (const { name, redrive } of consumed) {
      expect(reasonsIn(local, redrive!.deadLetters), name).toEqual([expect.stringMatching(/Malformed|Stray|Zod/)]);
    }
  });

  test("of each table, an outbox that can't be read is", async () => {
    const dynamo = dynamoOf(local);
    for (const { source } of relayed) {
      const TableName = source.split("/")[1];
      const Item = { pk: { S: "unreadable" }, sk: { S: "unreadable" }, outbox: { S: "[{}]" } };
      await dynamo.send(new PutItemCommand({ TableName, Item }));
    }
    await local.idle();
    expect(relayed).toHaveLength(4);
    for (const { source, onFailure } of relayed) {
      expect(reasonsIn(local, onFailure!), source).toEqual(["UnreadableOutboxError"]);
    }
  });

  test("an event that starts a checkout and can't be read is", async () => {
    const { name: EventBusName } = Object.values(recorded.buses)[0]!;
    const entry = { EventBusName, Source: "cartwright.order", DetailType: "order.placed", Detail: "{}" };
    expect(local.bus.putEvents([entry])).toMatchObject({ FailedEntryCount: 0 });
    await local.idle();
    expect(reasonsIn(local, links.StartCheckout!.arn)).toEqual(["MalformedEventError"]);
  });

  test("each schedule calls its function, which does its work", async () => {
    const letters = () => Object.keys(recorded.schedules).flatMap((name) => reasonsIn(local, links[name]!.arn));
    for (const name of Object.keys(recorded.schedules)) await local.schedules.trigger(name);
    await local.idle();
    expect(letters()).toEqual([]);
  });

  test("an operator reads the letters of each, and redrives one and all of them", async () => {
    const { deadLetters } = system.shop.staff.ops;
    const each = Object.entries(links).map(async ([subscriber, { arn, redrivesTo }]) => {
      const { messageId: id } = local.queues.send(arn, { body: "{}" });
      expect((await deadLetters.of(subscriber)).items, subscriber).toContainEqual(expect.objectContaining({ id }));
      if (redrivesTo === "nothing") return;
      expect(await deadLetters.redrive({ subscriber, id }), subscriber).toMatchObject({ matched: 1 });
      if (redrivesTo !== "queue") return;
      expect(await deadLetters.redrive({ subscriber, all: true }), subscriber).toMatchObject({ more: false });
    });
    await Promise.all(each);
  });
});

describe("whoever may not", () => {
  const dead = queue("dead", { policy: fromRules(arnOf("sqs", "dead")) });
  const closed = queue("closed");
  const [checkout, sweep] = [shop.machines.Checkout!, shop.schedules.Sweep!];
  const towards = (name: string, arn: string) => ({
    ...{ name, bus: "shop", enabled: true, pattern: { source: ["shop.order"] } },
    targets: [{ arn, deadLetters: dead.arn, role: shop.roles.CheckoutRule!.arn }],
  });
  /** Everybody has lost one permission, and nothing else is wrong. */
  const narrowed: Topology = {
    ...shop,
    queues: { ...shop.queues, Dead: dead, Closed: closed },
    rules: { Closed: towards("closed", closed.arn), Checkout: towards("checkout", checkout.arn) },
    schedules: {
      Sweep: { ...sweep, target: { ...sweep.target, deadLetters: dead.arn, retry: { maximumAttempts: 0 } } },
    },
    roles: {
      ...shop.roles,
      Api: role("api", ["dynamodb:PutItem", shop.tables.Orders!.arn]),
      Checkout: role("checkout"),
      CheckoutRule: role("checkout-rule"),
      Sweep: role("sweep", ["sqs:SendMessage", dead.arn]),
    },
  };

  const folder = temporaryFolder();
  const root = path.join(folder.path, "project");
  const options = { root, stateFolder: path.join(folder.path, "state"), apiPort: 0, endpointPort: 0 };
  let local: Local;
  beforeAll(async () => {
    writeProject(root, sources);
    local = await boot({ ...options, topology: narrowed });
  });
  afterAll(async () => {
    await local.stop();
    folder.remove();
  });

  test("call AWS is told who, what and on which resource", async () => {
    const read = { rawPath: "/orders/1", requestContext: { http: { method: "GET" } } };
    expect(await local.functions.invoke("Api", read)).toMatchObject({
      ok: false,
      error: {
        errorType: "AccessDeniedException",
        errorMessage:
          "User: arn:aws:sts::123456789012:assumed-role/api/shop-api is not authorized to perform: dynamodb:GetItem " +
          `on resource: ${shop.tables.Orders!.arn} because no identity-based policy allows the dynamodb:GetItem action`,
      },
    });
    const write = { body: '{"id":"1"}', requestContext: { http: { method: "POST" }, requestId: "r" } };
    expect(await local.functions.invoke("Api", write)).toMatchObject({ ok: true, payload: { statusCode: 202 } });
    await local.idle();
  });

  test("receive events has them in the dead letters of the rule, at once", async () => {
    const letters = local.queues
      .peek("dead", 10)
      .map(({ attributes: { TARGET_ARN, ...told } }) => [
        TARGET_ARN?.StringValue,
        told.ERROR_CODE?.StringValue,
        told.RETRY_ATTEMPTS?.StringValue,
      ]);
    expect(letters).toEqual([
      [closed.arn, "NO_PERMISSIONS", "0"],
      [checkout.arn, "NO_PERMISSIONS", "0"],
    ]);
    expect(local.executions.list()).toEqual([]);
  });

  test("take a step of a saga fails it under the name that Step Functions gives it", async () => {
    await new SFNClient(clientOf(local)).send(
      new StartExecutionCommand({ stateMachineArn: checkout.arn, input: `{"detail":{}}` }),
    );
    await local.idle();
    expect(local.executions.list().map(({ result }) => result)).toMatchObject([
      {
        status: "FAILED",
        error: "Lambda.AWSLambdaException",
        cause: expect.stringMatching(/role\/checkout\/Checkout .*lambda:InvokeFunction on resource: .*shop-reserve/),
      },
    ]);
  });

  test("be called by a schedule leaves a letter of the run", async () => {
    local.queues.purge("dead");
    await local.schedules.trigger("Sweep");
    expect(reasonsIn(local, "dead")).toEqual(["AccessDeniedException"]);
  });

  test("read its source keeps the topology from being served at all", async () => {
    const roles = { ...narrowed.roles, Relay: role("relay", ["events:PutEvents", shop.buses.Bus!.arn]) };
    await local.stop();
    await expect(boot({ ...options, topology: { ...narrowed, roles } })).rejects.toMatchObject({
      name: "MissingPermissionError",
      message: expect.stringMatching(/Relay needs dynamodb:GetRecords on .*table\/orders\/stream/),
    });
  });
});
