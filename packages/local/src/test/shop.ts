import type { Topology } from "@cartwright/topology";
import {
  account,
  arnOf,
  fromRules,
  hashTable,
  lambda,
  polling,
  queue,
  region,
  role,
  streaming,
  topology,
} from "./fixture.ts";

/** Handlers of a tiny shop, as a project would write them: nothing in them knows where they run. */
export const sources = {
  "src/api.ts": `
    import { DynamoDBClient, GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
    import { Resource } from "sst";
    const dynamo = new DynamoDBClient({});
    export const handler = async (event: any) => {
      if (event.rawPath === "/unlinked") return { statusCode: 200, body: (Resource as any).Bus.name };
      if (event.rawPath === "/floating") {
        Promise.reject(new Error("nobody waits for this"));
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }
      const TableName = (Resource as any).Orders.name;
      if (event.requestContext.http.method === "GET") {
        const Key = { pk: { S: event.rawPath.split("/")[2] } };
        const { Item } = await dynamo.send(new GetItemCommand({ TableName, Key }));
        return { statusCode: Item ? 200 : 404, body: JSON.stringify(Item ?? {}) };
      }
      const { id } = JSON.parse(event.body);
      const correlationId = event.requestContext.requestId;
      const outbox = JSON.stringify([{ id: "evt-" + id, correlationId, orderId: id }]);
      const Item = { pk: { S: id }, outbox: { S: outbox } };
      const ConditionExpression = "attribute_not_exists(pk)";
      await dynamo.send(new PutItemCommand({ TableName, Item, ConditionExpression }));
      return { statusCode: 202, headers: { "x-correlation-id": correlationId } };
    };
  `,
  "src/relay.ts": `
    import { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
    import { Resource } from "sst";
    const client = new EventBridgeClient({});
    export const handler = async ({ Records }: any) => {
      console.log(JSON.stringify({ message: "relaying", count: Records.length }));
      for (const { dynamodb } of Records) {
        const Entries = JSON.parse(dynamodb.NewImage.outbox.S).map((detail: object) => ({
          EventBusName: (Resource as any).Bus.name,
          Source: "shop.order",
          DetailType: "order.placed",
          Detail: JSON.stringify(detail),
        }));
        const { FailedEntryCount } = await client.send(new PutEventsCommand({ Entries }));
        if (FailedEntryCount) return { batchItemFailures: [{ itemIdentifier: dynamodb.SequenceNumber }] };
      }
      return { batchItemFailures: [] };
    };
  `,
  "src/react.ts": `
    import { DynamoDBClient, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
    import { Resource } from "sst";
    const dynamo = new DynamoDBClient({});
    const mark = (id: string, name: string) =>
      dynamo.send(
        new UpdateItemCommand({
          TableName: (Resource as any).Orders.name,
          Key: { pk: { S: id } },
          UpdateExpression: "SET #name = if_not_exists(#name, :zero) + :one",
          ExpressionAttributeNames: { "#name": name },
          ExpressionAttributeValues: { ":one": { N: "1" }, ":zero": { N: "0" } },
        }),
      );
    export const reserve = async ({ orderId }: any) => {
      await mark(orderId, "reserved");
      return { reserved: true };
    };
    export const notify = async ({ Records }: any) => {
      for (const { body } of Records) await mark(JSON.parse(body).detail.orderId, "notified");
      return { batchItemFailures: [] };
    };
    export const slow = async ({ orderId }: any) => {
      await new Promise((resolve) => setTimeout(resolve, 1500));
      await mark(orderId, "slow");
    };
  `,
};

const tableArn = arnOf("dynamodb", "table/orders");
const busArn = arnOf("events", "event-bus/shop");
const machineArn = arnOf("states", "stateMachine:checkout");
const streamArn = `${tableArn}/stream/2026-01-01T00:00:00.000`;

const functions = {
  Api: lambda("api", { links: ["Orders", "Notify", "Key"], handler: "src/api.handler" }),
  Relay: lambda("relay", { links: ["Bus"], handler: "src/relay.handler" }),
  Reserve: lambda("reserve", { links: ["Orders"], handler: "src/react.reserve" }),
  NotifyCustomer: lambda("notify", { links: ["Orders"], handler: "src/react.notify" }),
  Slow: lambda("slow", { links: ["Orders"], handler: "src/react.slow", timeoutSeconds: 1 }),
};

const brief = { visibilityTimeoutSeconds: 1, retentionSeconds: 86_400 };
const dead = queue("notify-dead", brief);
const notify = queue("notify", {
  ...brief,
  redrive: { deadLetters: dead.arn, maximumReceives: 2 },
  policy: fromRules(arnOf("sqs", "notify")),
});
const roles = {
  Api: role("api", [["dynamodb:GetItem", "dynamodb:PutItem"], tableArn]),
  Relay: role("relay", ["events:PutEvents", busArn], [streaming, streamArn]),
  Reserve: role("reserve", ["dynamodb:UpdateItem", tableArn]),
  NotifyCustomer: role("notify", ["dynamodb:UpdateItem", tableArn], [polling, notify.arn]),
  Slow: role("slow", ["dynamodb:UpdateItem", tableArn]),
  Checkout: role("checkout", ["lambda:InvokeFunction", functions.Reserve.arn]),
  CheckoutRule: role("checkout-rule", ["states:StartExecution", machineArn]),
  Sweep: role("sweep", ["lambda:InvokeFunction", functions.Reserve.arn]),
};

export const shop: Topology = topology({
  functions,
  roles,
  tables: {
    Orders: hashTable("orders", { stream: { arn: streamArn, view: "NEW_AND_OLD_IMAGES" } }),
  },
  buses: { Bus: { name: "shop", arn: busArn } },
  queues: {
    Notify: notify,
    NotifyDead: dead,
  },
  mappings: {
    Relay: {
      source: streamArn,
      function: functions.Relay.arn,
      enabled: true,
      batchSize: 100,
      windowSeconds: 0,
      partialResponses: true,
      startingPosition: "TRIM_HORIZON",
      filters: [{ dynamodb: { NewImage: { outbox: { S: [{ exists: true }] } } }, eventName: ["INSERT"] }],
    },
    Notify: {
      source: notify.arn,
      function: functions.NotifyCustomer.arn,
      enabled: true,
      batchSize: 10,
      windowSeconds: 0,
      partialResponses: true,
    },
  },
  rules: {
    Notify: {
      name: "notify",
      bus: "shop",
      enabled: true,
      pattern: { source: ["shop.order"] },
      targets: [{ arn: notify.arn }],
    },
    Checkout: {
      name: "checkout",
      bus: "shop",
      enabled: true,
      pattern: { "detail-type": ["order.placed"] },
      targets: [{ arn: machineArn, role: roles.CheckoutRule.arn }],
    },
  },
  machines: {
    Checkout: {
      name: "checkout",
      arn: machineArn,
      type: "EXPRESS",
      role: roles.Checkout.arn,
      tracing: true,
      definition: {
        QueryLanguage: "JSONata",
        StartAt: "Reserve",
        States: {
          Reserve: {
            Type: "Task",
            Resource: "arn:aws:states:::lambda:invoke",
            Arguments: { FunctionName: functions.Reserve.arn, Payload: "{% $states.input.detail %}" },
            End: true,
          },
        },
      },
    },
  },
  apis: {
    Api: {
      id: "api1",
      endpoint: `https://api1.execute-api.${region}.amazonaws.com`,
      routes: [{ key: "ANY /{proxy+}", function: functions.Api.arn, authorization: "NONE" }],
    },
  },
  schedules: {
    Sweep: {
      name: "sweep",
      expression: "rate(1 day)",
      enabled: true,
      target: { arn: functions.Reserve.arn, role: roles.Sweep.arn, input: JSON.stringify({ orderId: "swept" }) },
    },
  },
  userPools: {
    Pool: {
      id: "pool1",
      arn: arnOf("cognito-idp", "userpool/pool1"),
      issuer: `https://cognito-idp.${region}.amazonaws.com/pool1`,
      clients: { Web: { id: "web", flows: ["ALLOW_USER_PASSWORD_AUTH"] } },
      groups: ["staff"],
    },
  },
  links: {
    Orders: { type: "sst.aws.Dynamo", name: "orders" },
    Bus: { type: "sst.aws.Bus", name: "shop" },
    Notify: { type: "sst.aws.Queue", url: `https://sqs.${region}.amazonaws.com/${account}/notify` },
    Key: { type: "sst.sst.Secret", value: "placeholder" },
    Identity: {
      issuer: `https://cognito-idp.${region}.amazonaws.com/pool1`,
      nested: { list: [`https://api1.execute-api.${region}.amazonaws.com/x`] },
    },
  },
});
