import type { Graph, Resource } from "./graph.ts";

/** A small evaluated application, for tests: a table with its relay, a queue with its worker, a route, a schedule. */
export function exampleGraph(): Graph {
  return {
    app: "shop",
    stage: "test",
    region: "eu-west-1",
    account: "123456789012",
    resources: [
      component("sst:aws:Dynamo", "Orders"),
      resource("aws:dynamodb/table:Table", "OrdersTable", {
        parent: "Orders",
        inputs: {
          name: "orders",
          attributes: [
            { name: "pk", type: "S" },
            { name: "total", type: "N" },
          ],
          hashKey: "pk",
          globalSecondaryIndexes: [
            { name: "byTotal", hashKey: "total", projectionType: "INCLUDE", nonKeyAttributes: ["status"] },
          ],
          streamEnabled: true,
          streamViewType: "NEW_IMAGE",
          ttl: { attributeName: "expiresAt", enabled: true },
          billingMode: "PAY_PER_REQUEST",
          pointInTimeRecovery: { enabled: true },
        },
        outputs: { arn: table, streamArn: `${table}/stream/1` },
      }),
      resource("sst:sst:LinkRef", "OrdersLinkRef", {
        custom: false,
        outputs: { target: "Orders", properties: { name: "orders", type: "sst.aws.Dynamo" } },
      }),
      resource("aws:cloudwatch/eventBus:EventBus", "Bus", {
        inputs: { name: "bus" },
        outputs: { arn: arn("events", "event-bus/bus") },
      }),
      queue("Work", { redrivePolicy: JSON.stringify({ deadLetterTargetArn: arn("sqs", "Dead"), maxReceiveCount: 5 }) }),
      queue("Dead", {}),
      resource("aws:sqs/queuePolicy:QueuePolicy", "DeadPolicy", {
        inputs: { queueUrl: "https://sqs/Dead", policy: JSON.stringify({ Statement: [] }) },
      }),
      resource("aws:cloudwatch/eventRule:EventRule", "Placed", {
        inputs: { name: "placed", eventBusName: "bus", eventPattern: JSON.stringify({ source: ["shop"] }) },
      }),
      resource("aws:cloudwatch/eventTarget:EventTarget", "PlacedTarget", {
        inputs: {
          rule: "placed",
          eventBusName: "bus",
          arn: arn("sqs", "Work"),
          deadLetterConfig: { arn: arn("sqs", "Dead") },
          retryPolicy: { maximumRetryAttempts: 3, maximumEventAgeInSeconds: 60 },
        },
      }),
      ...lambda("Worker"),
      resource("aws:lambda/eventSourceMapping:EventSourceMapping", "WorkerMapping", {
        inputs: {
          eventSourceArn: arn("sqs", "Work"),
          functionName: arn("lambda", "function:Worker"),
          functionResponseTypes: ["ReportBatchItemFailures"],
        },
      }),
      ...lambda("Relay"),
      resource("aws:lambda/eventSourceMapping:EventSourceMapping", "RelayMapping", {
        inputs: {
          eventSourceArn: `${table}/stream/1`,
          functionName: arn("lambda", "function:Relay"),
          startingPosition: "TRIM_HORIZON",
          filterCriteria: { filters: [{ pattern: JSON.stringify({ eventName: ["INSERT"] }) }] },
        },
      }),
      resource("aws:apigatewayv2/api:Api", "Api", {
        inputs: { name: "api", protocolType: "HTTP" },
        outputs: { id: "api", apiEndpoint: "https://api" },
      }),
      resource("aws:apigatewayv2/integration:Integration", "Integration", {
        inputs: {
          apiId: "api",
          integrationType: "AWS_PROXY",
          integrationUri: arn("lambda", "function:Worker"),
          payloadFormatVersion: "2.0",
        },
        outputs: { id: "one" },
      }),
      resource("aws:apigatewayv2/route:Route", "Route", {
        inputs: { apiId: "api", routeKey: "GET /jobs", target: "integrations/one", authorizationType: "NONE" },
      }),
      resource("aws:scheduler/schedule:Schedule", "Nightly", {
        inputs: {
          name: "nightly",
          scheduleExpression: "rate(1 day)",
          flexibleTimeWindow: { mode: "OFF" },
          target: { arn: arn("lambda", "function:Worker"), input: "{}" },
        },
      }),
      ...machine(),
      resource("aws:ssm/parameter:Parameter", "ApiUrl", {
        inputs: { name: "/shop/api-url", type: "String", value: "https://api" },
      }),
      resource("aws:cloudwatch/dashboard:Dashboard", "Dashboard", {
        inputs: { dashboardName: "shop", dashboardBody: JSON.stringify({ widgets: [] }) },
      }),
      resource("aws:cloudwatch/compositeAlarm:CompositeAlarm", "Both", {
        inputs: {
          alarmName: "both",
          alarmRule: 'ALARM("dead-letters-wait") AND NOT ALARM("dead-letters-wait")',
          alarmActions: [arn("sns", "alarms")],
        },
      }),
      component("sst:aws:SnsTopic", "Alarms"),
      resource("aws:sns/topic:Topic", "AlarmsTopic", {
        parent: "Alarms",
        inputs: { name: "alarms", fifoTopic: false },
        outputs: { arn: arn("sns", "alarms") },
      }),
      resource("aws:cloudwatch/metricAlarm:MetricAlarm", "DeadLettersWait", {
        inputs: {
          name: "dead-letters-wait",
          alarmDescription: "A person has to look.",
          namespace: "AWS/SQS",
          metricName: "ApproximateNumberOfMessagesVisible",
          dimensions: { QueueName: "Dead" },
          statistic: "Maximum",
          comparisonOperator: "GreaterThanThreshold",
          threshold: 0,
          period: 60,
          evaluationPeriods: 3,
          alarmActions: [arn("sns", "alarms")],
        },
      }),
    ],
    builds: {
      Worker: { functionID: "Worker", handler: "src/worker.handler", links: { Orders: {} } },
      Relay: { functionID: "Relay", handler: "src/relay.handler", links: {} },
    },
  };
}

export function resource(
  type: string,
  name: string,
  more: { parent?: string; custom?: boolean; inputs?: Resource["inputs"]; outputs?: Resource["outputs"] } = {},
): Resource {
  const { parent, custom = true, inputs = {}, outputs = {} } = more;
  return {
    urn: `urn:${name}:${type}`,
    type,
    name,
    ...(parent && { parent: `urn:${parent}` }),
    custom,
    inputs,
    outputs,
  };
}

export function arn(service: string, name: string): string {
  return `arn:aws:${service}:eu-west-1:123456789012:${name}`;
}

const table = arn("dynamodb", "table/orders");

function component(type: string, name: string): Resource {
  return { ...resource(type, name, { custom: false }), urn: `urn:${name}` };
}

function queue(name: string, inputs: Resource["inputs"]): Resource {
  const outputs = { arn: arn("sqs", name), url: `https://sqs/${name}` };
  return resource("aws:sqs/queue:Queue", name, { inputs: { name, ...inputs }, outputs });
}

/** It publishes versions, and is started by its alias. */
function machine(): Resource[] {
  const own = arn("states", "stateMachine:checkout");
  const version = `${own}:3`;
  return [
    resource("aws:sfn/stateMachine:StateMachine", "Checkout", {
      inputs: {
        name: "checkout",
        type: "EXPRESS",
        roleArn: "arn:aws:iam::123456789012:role/Worker",
        definition: JSON.stringify({ StartAt: "Do" }),
        publish: true,
        tracingConfiguration: { enabled: true },
      },
      outputs: { arn: own, stateMachineVersionArn: version },
    }),
    resource("aws:sfn/alias:Alias", "Live", {
      inputs: { name: "live", routingConfigurations: [{ stateMachineVersionArn: version, weight: 100 }] },
      outputs: { arn: `${own}:live` },
    }),
  ];
}

function lambda(name: string): Resource[] {
  const role = `arn:aws:iam::123456789012:role/${name}`;
  const policy = JSON.stringify({ Statement: [{ Effect: "Allow", Action: ["sqs:ReceiveMessage"] }] });
  return [
    component("sst:aws:Function", name),
    resource("aws:lambda/function:Function", `${name}Function`, {
      parent: name,
      inputs: {
        name,
        role,
        runtime: "nodejs24.x",
        architectures: ["arm64"],
        memorySize: 512,
        timeout: 10,
        environment: { variables: { SST_KEY: "secret", SST_KEY_FILE: "resource.enc", LEVEL: "info" } },
        packageType: "Zip",
        publish: name === "Worker",
        tracingConfig: { mode: "Active" },
        loggingConfig: { logFormat: "JSON", logGroup: `/aws/lambda/${name}` },
        handler: "bundle.handler",
      },
      outputs: { arn: arn("lambda", `function:${name}`), version: "4" },
    }),
    resource("aws:cloudwatch/logGroup:LogGroup", `${name}LogGroup`, {
      parent: name,
      inputs: { name: `/aws/lambda/${name}`, retentionInDays: 7 },
    }),
    resource("aws:iam/role:Role", `${name}Role`, {
      parent: name,
      inputs: {
        name,
        assumeRolePolicy: { Statement: [] },
        inlinePolicies: [{ name: "inline", policy }],
        managedPolicyArns: ["arn:b", "arn:a"],
      },
      outputs: { arn: role },
    }),
  ];
}
