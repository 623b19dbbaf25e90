import { describe, expect, test } from "vitest";
import { distil } from "./distil.ts";
import { arn, exampleGraph, resource } from "./example-graph.ts";
import { type Graph, type Resource, unknownMarker } from "./graph.ts";
import { stableJson } from "./stable-json.ts";

/** The example with the inputs of one resource changed. */
function exampleWith(name: string, inputs: Record<string, unknown>): Graph {
  const graph = exampleGraph();
  Object.assign(find(graph, name).inputs, inputs);
  return graph;
}

function find(graph: Graph, name: string): Resource {
  const found = graph.resources.find((candidate) => candidate.name === name);
  if (!found) throw new Error(`the example has no ${name}`);
  return found;
}

describe("what the topology tells", () => {
  const topology = distil(exampleGraph());

  test("tables go by the name of their component, with keys, indexes, stream and expiry", () => {
    expect(topology.tables).toEqual({
      Orders: {
        name: "orders",
        arn: arn("dynamodb", "table/orders"),
        attributes: { pk: "S", total: "N" },
        hashKey: "pk",
        indexes: { byTotal: { hashKey: "total", projection: ["status"] } },
        stream: { arn: arn("dynamodb", "table/orders/stream/1"), view: "NEW_IMAGE" },
        ttl: "expiresAt",
        pointInTimeRecovery: true,
        deletionProtection: false,
        encrypted: false,
      },
    });
  });

  test("a function's handler and links are those of the sources, not of the bundle", () => {
    expect(topology.functions.Worker).toMatchObject({ handler: "src/worker.handler", links: ["Orders"] });
  });

  test("a function's environment leaves out what only a deployed bundle can use", () => {
    expect(topology.functions.Worker!.environment).toEqual({ LEVEL: "info" });
  });

  test("a function tells how long its log is kept, whether it is traced, and which version was published", () => {
    expect(topology.functions.Worker).toMatchObject({ tracing: "Active", logRetentionDays: 7, version: "4" });
    expect(topology.functions.Relay).not.toHaveProperty("version", expect.anything());
  });

  test("a machine has the version that was published, and the alias that leads to it", () => {
    const own = arn("states", "stateMachine:checkout");
    const alias = { name: "live", arn: `${own}:live`, version: `${own}:3` };
    expect(topology.machines.Checkout).toMatchObject({ version: `${own}:3`, tracing: true, alias });
  });

  test("an alias that splits what is started between two versions is refused", () => {
    const routingConfigurations = [1, 2].map((version) => ({
      stateMachineVersionArn: arn("states", `stateMachine:checkout:${version}`),
      weight: 50,
    }));
    expect(() => distil(exampleWith("Live", { routingConfigurations }))).toThrow(/^Live .*routingConfigurations/);
  });

  test("parameters, dashboards and composite alarms are told as they are", () => {
    expect(topology.parameters).toEqual({ ApiUrl: { name: "/shop/api-url", value: "https://api" } });
    expect(topology.dashboards).toEqual({ Dashboard: { name: "shop", body: { widgets: [] } } });
    expect(topology.compositeAlarms.Both).toMatchObject({
      name: "both",
      rule: 'ALARM("dead-letters-wait") AND NOT ALARM("dead-letters-wait")',
      actions: [arn("sns", "alarms")],
    });
  });

  test("a composite alarm of one that does not exist is refused", () => {
    expect(() => distil(exampleWith("Both", { alarmRule: 'ALARM("gone")' }))).toThrow("- alarm Both refers to gone");
  });

  test("a queue has AWS's defaults, its redrive and its policy", () => {
    expect(topology.queues.Work).toMatchObject({
      delaySeconds: 0,
      visibilityTimeoutSeconds: 30,
      retentionSeconds: 4 * 24 * 60 * 60,
      redrive: { deadLetters: arn("sqs", "Dead"), maximumReceives: 5 },
    });
    expect(topology.queues.Dead!.policy).toEqual({ Statement: [] });
  });

  test("a rule has its targets", () => {
    expect(topology.rules.Placed).toEqual({
      name: "placed",
      bus: "bus",
      pattern: { source: ["shop"] },
      enabled: true,
      targets: [
        {
          arn: arn("sqs", "Work"),
          deadLetters: arn("sqs", "Dead"),
          retry: { maximumAttempts: 3, maximumAgeSeconds: 60 },
        },
      ],
    });
  });

  test("a mapping goes by its function, with the batch size that AWS gives to its kind of source", () => {
    expect(topology.mappings.Worker).toMatchObject({ batchSize: 10, partialResponses: true });
    expect(topology.mappings.Relay).toMatchObject({
      batchSize: 100,
      partialResponses: false,
      startingPosition: "TRIM_HORIZON",
      filters: [{ eventName: ["INSERT"] }],
    });
  });

  test("a route leads to its function", () => {
    const route = { key: "GET /jobs", function: arn("lambda", "function:Worker"), authorization: "NONE" };
    expect(topology.apis.Api!.routes).toEqual([route]);
  });

  test("a role has the statements of all its policies", () => {
    expect(topology.roles.WorkerRole).toMatchObject({
      managedPolicies: ["arn:a", "arn:b"],
      statements: [{ Effect: "Allow", Action: ["sqs:ReceiveMessage"] }],
    });
  });

  test("an alarm has AWS's defaults, and the topic that it tells", () => {
    expect(topology.topics).toEqual({ Alarms: { name: "alarms", arn: arn("sns", "alarms") } });
    expect(topology.alarms).toEqual({
      DeadLettersWait: {
        name: "dead-letters-wait",
        description: "A person has to look.",
        namespace: "AWS/SQS",
        metric: "ApproximateNumberOfMessagesVisible",
        dimensions: { QueueName: "Dead" },
        statistic: "Maximum",
        comparison: "GreaterThanThreshold",
        threshold: 0,
        periodSeconds: 60,
        evaluationPeriods: 3,
        datapointsToAlarm: 3,
        treatMissingData: "missing",
        actions: [arn("sns", "alarms")],
        okActions: [],
      },
    });
  });

  test("the order in which resources were created makes no difference", () => {
    const graph = exampleGraph();
    graph.resources.reverse();
    expect(stableJson(distil(graph))).toBe(stableJson(topology));
  });
});

describe("what the topology can't tell is refused, by the name of the resource", () => {
  test("a type that nobody has thought of", () => {
    const graph = exampleGraph();
    graph.resources.push(resource("aws:kinesis/stream:Stream", "Clicks"));
    expect(() => distil(graph)).toThrow("Clicks (aws:kinesis/stream:Stream): the topology has no place for this type");
  });

  test("a setting that nobody has thought of", () => {
    const graph = exampleWith("PlacedTarget", { inputPath: "$.detail" });
    expect(() => distil(graph)).toThrow(/^PlacedTarget .*Unrecognized key: "inputPath"/);
  });

  test("a value that only a deployment would know", () => {
    const graph = exampleWith("Work", { visibilityTimeoutSeconds: unknownMarker });
    expect(() => distil(graph)).toThrow(/^Work .*inputs.visibilityTimeoutSeconds is not known without deploying/);
  });

  test("a pattern that is no JSON", () => {
    expect(() => distil(exampleWith("Placed", { eventPattern: "{" }))).toThrow(/^Placed .*eventPattern: no JSON/);
  });

  test("a target whose rule does not exist", () => {
    const graph = exampleWith("PlacedTarget", { rule: "other" });
    expect(() => distil(graph)).toThrow(/^PlacedTarget .*there is no rule other on the bus bus/);
  });

  test("a function that SST did not build", () => {
    const graph = exampleGraph();
    delete graph.builds.Worker;
    expect(() => distil(graph)).toThrow(/^WorkerFunction .*SST has not built it/);
  });

  test("a function with two sources, since its mappings would share a name", () => {
    const graph = exampleGraph();
    graph.resources.push({ ...find(graph, "WorkerMapping"), urn: "urn:second", name: "WorkerMapping2" });
    expect(() => distil(graph)).toThrow(/^WorkerMapping2 .*Worker has another source already/);
  });

  test("an alarm that is more than a metric and a threshold", () => {
    const graph = exampleWith("DeadLettersWait", { extendedStatistic: "p99" });
    expect(() => distil(graph)).toThrow(/^DeadLettersWait .*Unrecognized key: "extendedStatistic"/);
  });

  test("an alarm that tells nobody any more", () => {
    expect(() => distil(exampleWith("DeadLettersWait", { actionsEnabled: false }))).toThrow(/actionsEnabled/);
  });

  test("an alarm on a queue, or to a topic, that does not exist", () => {
    const graph = exampleWith("DeadLettersWait", {
      dimensions: { QueueName: "Gone" },
      okActions: [arn("sns", "nobody")],
    });
    expect(() => distil(graph)).toThrow(
      `- alarm DeadLettersWait refers to ${arn("sns", "nobody")}\n- alarm DeadLettersWait refers to Gone`,
    );
  });

  test("everything that is referred to but missing, all at once", () => {
    const graph = exampleWith("Work", {
      redrivePolicy: { deadLetterTargetArn: arn("sqs", "Gone"), maxReceiveCount: 1 },
    });
    graph.builds.Worker!.links.Payments = {};
    expect(() => distil(graph)).toThrow(
      `- function Worker refers to Payments\n- queue Work refers to ${arn("sqs", "Gone")}`,
    );
  });
});
