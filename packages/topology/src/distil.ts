/** From the evaluated stacks to what the runtime and the tests need to know of them. Pure. */
import * as z from "zod";
import { TopologyError } from "./fail.ts";
import { type Graph, type Resource, unknownMarker } from "./graph.ts";
import * as Input from "./input.ts";
import * as Model from "./model.ts";
import { assertClosed } from "./reference.ts";

/** Throws a `TopologyError` naming the resource for anything that it can't tell faithfully. */
export function distil(graph: Graph): Model.Topology {
  graph.resources.forEach(assertKnown);
  const topology = Model.Topology.parse({
    app: graph.app,
    stage: graph.stage,
    region: graph.region,
    account: graph.account,
    alarms: alarms(graph),
    apis: apis(graph),
    archives: archives(graph),
    buses: buses(graph),
    compositeAlarms: compositeAlarms(graph),
    dashboards: dashboards(graph),
    functions: functions(graph),
    links: links(graph),
    machines: machines(graph),
    mappings: mappings(graph),
    parameters: parameters(graph),
    queues: queues(graph),
    roles: roles(graph),
    rules: rules(graph),
    schedules: schedules(graph),
    tables: tables(graph),
    topics: topics(graph),
    userPools: userPools(graph),
  } satisfies z.input<typeof Model.Topology>);
  assertClosed(topology);
  return topology;
}

const types = {
  alarm: "aws:cloudwatch/metricAlarm:MetricAlarm",
  api: "aws:apigatewayv2/api:Api",
  archive: "aws:cloudwatch/eventArchive:EventArchive",
  asynchronousInvocation: "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
  bus: "aws:cloudwatch/eventBus:EventBus",
  compositeAlarm: "aws:cloudwatch/compositeAlarm:CompositeAlarm",
  dashboard: "aws:cloudwatch/dashboard:Dashboard",
  function: "aws:lambda/function:Function",
  integration: "aws:apigatewayv2/integration:Integration",
  link: "sst:sst:LinkRef",
  logGroup: "aws:cloudwatch/logGroup:LogGroup",
  machine: "aws:sfn/stateMachine:StateMachine",
  machineAlias: "aws:sfn/alias:Alias",
  mapping: "aws:lambda/eventSourceMapping:EventSourceMapping",
  parameter: "aws:ssm/parameter:Parameter",
  queue: "aws:sqs/queue:Queue",
  queuePolicy: "aws:sqs/queuePolicy:QueuePolicy",
  role: "aws:iam/role:Role",
  route: "aws:apigatewayv2/route:Route",
  rule: "aws:cloudwatch/eventRule:EventRule",
  schedule: "aws:scheduler/schedule:Schedule",
  stage: "aws:apigatewayv2/stage:Stage",
  table: "aws:dynamodb/table:Table",
  target: "aws:cloudwatch/eventTarget:EventTarget",
  topic: "aws:sns/topic:Topic",
  userGroup: "aws:cognito/userGroup:UserGroup",
  userPool: "aws:cognito/userPool:UserPool",
  userPoolClient: "aws:cognito/userPoolClient:UserPoolClient",
} as const;

/** They have no part in what happens when a request or an event arrives. */
const ignoredTypes = new Set([
  "aws:lambda/permission:Permission",
  "aws:s3/bucketObjectv2:BucketObjectv2",
  "pulumi:pulumi:Stack",
  "random:index/randomBytes:RandomBytes",
]);
const knownTypes = new Set<string>(Object.values(types));

function assertKnown(resource: Resource): void {
  if (ignoredTypes.has(resource.type)) return;
  const component = !resource.custom && resource.type.startsWith("sst:");
  if (!knownTypes.has(resource.type) && !component) {
    fail(resource, "the topology has no place for this type: read it in distil.ts, or add it to `ignoredTypes`");
  }
  const unknown = findUnknown(resource.inputs, "inputs") ?? findUnknown(resource.outputs, "outputs");
  if (unknown && !component) fail(resource, `${unknown} is not known without deploying: give it a value`);
}

function findUnknown(value: unknown, path: string): string | undefined {
  if (value === unknownMarker) return path;
  if (value === null || typeof value !== "object") return undefined;
  for (const [key, entry] of Object.entries(value)) {
    const found = findUnknown(entry, `${path}.${key}`);
    if (found) return found;
  }
  return undefined;
}

function tables(graph: Graph): Record<string, Model.Table> {
  return byLogicalName(graph, types.table, (resource) => {
    const input = read(Input.Table, resource);
    return {
      name: input.name,
      arn: output(resource, "arn"),
      attributes: Object.fromEntries(input.attributes.map(({ name, type }) => [name, type])),
      hashKey: input.hashKey,
      rangeKey: input.rangeKey,
      indexes: Object.fromEntries(
        input.globalSecondaryIndexes.map(({ name, hashKey, rangeKey, projectionType, nonKeyAttributes = [] }) => [
          name,
          { hashKey, rangeKey, projection: projectionType === "INCLUDE" ? nonKeyAttributes : projectionType },
        ]),
      ),
      stream:
        input.streamEnabled && input.streamViewType
          ? { arn: output(resource, "streamArn"), view: input.streamViewType }
          : undefined,
      ttl: input.ttl?.attributeName,
      pointInTimeRecovery: input.pointInTimeRecovery.enabled,
      deletionProtection: input.deletionProtectionEnabled,
      encrypted: input.serverSideEncryption.enabled,
    };
  });
}

function buses(graph: Graph): Record<string, Model.Bus> {
  return byLogicalName(graph, types.bus, (resource) => ({
    name: read(Input.Bus, resource).name,
    arn: output(resource, "arn"),
  }));
}

function archives(graph: Graph): Record<string, Model.Archive> {
  return byLogicalName(graph, types.archive, (resource) => {
    const { name, eventSourceArn, eventPattern, retentionDays } = read(Input.Archive, resource);
    return { name, arn: output(resource, "arn"), bus: eventSourceArn, pattern: eventPattern, retentionDays };
  });
}

function rules(graph: Graph): Record<string, Model.Rule> {
  const targets = ofType(graph, types.target).map((resource) => ({ resource, target: read(Input.Target, resource) }));
  const claimed = new Set<Resource>();
  const result = byLogicalName(graph, types.rule, (resource) => {
    const rule = read(Input.Rule, resource);
    const own = targets.filter(({ target }) => target.rule === rule.name && target.eventBusName === rule.eventBusName);
    for (const { resource: ownResource } of own) claimed.add(ownResource);
    return {
      name: rule.name,
      bus: rule.eventBusName,
      pattern: rule.eventPattern,
      enabled: rule.state === "ENABLED",
      targets: own.map(({ target }) => ({
        arn: target.arn,
        role: target.roleArn,
        retry: retry(target.retryPolicy),
        deadLetters: target.deadLetterConfig?.arn,
      })),
    };
  });
  for (const { resource, target } of targets) {
    if (!claimed.has(resource)) fail(resource, `there is no rule ${target.rule} on the bus ${target.eventBusName}`);
  }
  return result;
}

function queues(graph: Graph): Record<string, Model.Queue> {
  const policies = new Map(
    ofType(graph, types.queuePolicy).map((resource) => {
      const { queueUrl, policy } = read(Input.QueuePolicy, resource);
      return [queueUrl, policy];
    }),
  );
  return byLogicalName(graph, types.queue, (resource) => {
    const input = read(Input.Queue, resource);
    const url = output(resource, "url");
    return {
      name: input.name,
      arn: output(resource, "arn"),
      url,
      delaySeconds: input.delaySeconds,
      visibilityTimeoutSeconds: input.visibilityTimeoutSeconds,
      retentionSeconds: input.messageRetentionSeconds,
      redrive: input.redrivePolicy && {
        deadLetters: input.redrivePolicy.deadLetterTargetArn,
        maximumReceives: input.redrivePolicy.maxReceiveCount,
      },
      policy: policies.get(url),
    };
  });
}

/** Named after the function they feed, since SST's names contain a hash of the source. */
function mappings(graph: Graph): Record<string, Model.Mapping> {
  const functionNames = new Map(
    ofType(graph, types.function).map((resource) => [output(resource, "arn"), logicalName(graph, resource)]),
  );
  const result: Record<string, Model.Mapping> = {};
  for (const resource of ofType(graph, types.mapping)) {
    const input = read(Input.Mapping, resource);
    const name = functionNames.get(input.functionName);
    if (!name) fail(resource, `there is no function ${input.functionName}`);
    if (result[name]) fail(resource, `${name} has another source already, and its mapping goes by that name`);
    result[name] = {
      source: input.eventSourceArn,
      function: input.functionName,
      enabled: input.enabled,
      batchSize: input.batchSize ?? (input.eventSourceArn.startsWith("arn:aws:sqs:") ? 10 : 100),
      windowSeconds: input.maximumBatchingWindowInSeconds,
      partialResponses: input.functionResponseTypes.includes("ReportBatchItemFailures"),
      filters: input.filterCriteria?.filters.map(({ pattern }) => pattern),
      startingPosition: input.startingPosition,
      bisect: input.bisectBatchOnFunctionError,
      maximumRetries: input.maximumRetryAttempts,
      maximumAgeSeconds: input.maximumRecordAgeInSeconds,
      parallelization: input.parallelizationFactor,
      maximumConcurrency: input.scalingConfig?.maximumConcurrency,
      onFailure: input.destinationConfig?.onFailure.destinationArn,
    };
  }
  return result;
}

function schedules(graph: Graph): Record<string, Model.Schedule> {
  return byLogicalName(graph, types.schedule, (resource) => {
    const input = read(Input.Schedule, resource);
    return {
      name: input.name,
      expression: input.scheduleExpression,
      timezone: input.scheduleExpressionTimezone,
      enabled: input.state === "ENABLED",
      target: {
        arn: input.target.arn,
        role: input.target.roleArn,
        input: input.target.input,
        retry: retry(input.target.retryPolicy),
        deadLetters: input.target.deadLetterConfig?.arn,
      },
    };
  });
}

/** SST's encrypted file of links goes with the deployed bundle; elsewhere a function gets its links from the topology. */
const deployedOnly = new Set(["SST_KEY", "SST_KEY_FILE"]);

function functions(graph: Graph): Record<string, Model.Lambda> {
  const asynchronous = new Map(
    ofType(graph, types.asynchronousInvocation).map((resource) => {
      const { functionName, maximumRetryAttempts, destinationConfig } = read(Input.AsynchronousInvocation, resource);
      return [
        functionName,
        { maximumRetries: maximumRetryAttempts, onFailure: destinationConfig?.onFailure?.destination },
      ];
    }),
  );
  return byLogicalName(graph, types.function, (resource) => {
    const input = read(Input.Lambda, resource);
    const build = graph.builds[logicalName(graph, resource)];
    if (!build) fail(resource, "SST has not built it, so its handler and links are not known");
    const environment = Object.entries(input.environment.variables).filter(([key]) => !deployedOnly.has(key));
    return {
      name: input.name,
      arn: output(resource, "arn"),
      handler: build.handler,
      runtime: input.runtime,
      architecture: input.architectures[0],
      memoryMb: input.memorySize,
      timeoutSeconds: input.timeout,
      environment: Object.fromEntries(environment),
      links: Object.keys(build.links).sort(),
      role: input.role,
      version: input.publish ? output(resource, "version") : undefined,
      tracing: input.tracingConfig.mode,
      logRetentionDays: logRetention(graph, input.loggingConfig?.logGroup),
      reservedConcurrency: input.reservedConcurrentExecutions,
      asynchronous: asynchronous.get(input.name),
    };
  });
}

function machines(graph: Graph): Record<string, Model.Machine> {
  const aliases = ofType(graph, types.machineAlias).map((resource) => {
    const { name, routingConfigurations } = read(Input.MachineAlias, resource);
    return { name, arn: output(resource, "arn"), version: routingConfigurations[0].stateMachineVersionArn };
  });
  return byLogicalName(graph, types.machine, (resource) => {
    const { name, type, roleArn, definition, publish, tracingConfiguration } = read(Input.Machine, resource);
    const arn = output(resource, "arn");
    const version = publish ? output(resource, "stateMachineVersionArn") : undefined;
    return {
      ...{ name, arn, type, role: roleArn, definition, version },
      tracing: tracingConfiguration.enabled,
      alias: aliases.find((alias) => alias.version.startsWith(`${arn}:`)),
    };
  });
}

function logRetention(graph: Graph, name: string | undefined): number | undefined {
  const groups = ofType(graph, types.logGroup).map((resource) => read(Input.LogGroup, resource));
  return groups.find((group) => group.name === name)?.retentionInDays;
}

function dashboards(graph: Graph): Record<string, Model.Dashboard> {
  return byLogicalName(graph, types.dashboard, (resource) => {
    const { dashboardName: name, dashboardBody: body } = read(Input.Dashboard, resource);
    return { name, body };
  });
}

function parameters(graph: Graph): Record<string, Model.Parameter> {
  return byLogicalName(graph, types.parameter, (resource) => {
    const { name, value } = read(Input.Parameter, resource);
    return { name, value };
  });
}

function apis(graph: Graph): Record<string, Model.Api> {
  const stages = ofType(graph, types.stage).map((resource) => read(Input.Stage, resource));
  return byLogicalName(graph, types.api, (resource) => {
    const id = output(resource, "id");
    const stage = stages.find(({ apiId }) => apiId === id);
    const throttling = stage?.defaultRouteSettings;
    return {
      id,
      endpoint: output(resource, "apiEndpoint"),
      cors: read(Input.Api, resource).corsConfiguration,
      throttling: throttling && {
        burst: throttling.throttlingBurstLimit,
        ratePerSecond: throttling.throttlingRateLimit,
      },
      logRetentionDays: logRetention(graph, stage?.accessLogSettings?.destinationArn.split(":log-group:")[1]),
      routes: routes(graph, id),
    };
  });
}

function routes(graph: Graph, apiId: string): Model.Api["routes"] {
  const integrations = new Map(
    ofType(graph, types.integration).map((resource) => [
      `integrations/${output(resource, "id")}`,
      read(Input.Integration, resource).integrationUri,
    ]),
  );
  return ofType(graph, types.route)
    .map((resource) => ({ resource, route: read(Input.Route, resource) }))
    .filter(({ route }) => route.apiId === apiId)
    .map(({ resource, route }) => {
      const target = integrations.get(route.target);
      if (!target) fail(resource, `there is no integration ${route.target}`);
      return { key: route.routeKey, function: target, authorization: route.authorizationType };
    })
    .sort((one, other) => (one.key < other.key ? -1 : 1));
}

function userPools(graph: Graph): Record<string, Model.UserPool> {
  const clients = ofType(graph, types.userPoolClient).map((resource) => ({
    name: logicalName(graph, resource),
    id: output(resource, "id"),
    secret: output(resource, "clientSecret"),
    input: read(Input.UserPoolClient, resource),
  }));
  const groups = ofType(graph, types.userGroup).map((resource) => read(Input.UserGroup, resource));
  return byLogicalName(graph, types.userPool, (resource) => {
    read(Input.UserPool, resource);
    const id = output(resource, "id");
    return {
      id,
      arn: output(resource, "arn"),
      issuer: `https://${output(resource, "endpoint")}`,
      clients: Object.fromEntries(
        clients
          .filter(({ input }) => input.userPoolId === id)
          .map(({ name, id, secret, input }) => [
            name,
            {
              ...{ id, ...(input.generateSecret && { secret }) },
              ...{ flows: input.explicitAuthFlows, accessTokenMinutes: accessTokenMinutes(input) },
            },
          ]),
      ),
      groups: groups
        .filter((group) => group.userPoolId === id)
        .map((group) => group.name)
        .sort(),
    };
  });
}

const minutes = { seconds: 1 / 60, minutes: 1, hours: 60, days: 1440 };

function accessTokenMinutes({ accessTokenValidity, tokenValidityUnits }: z.infer<typeof Input.UserPoolClient>): number {
  return accessTokenValidity * minutes[tokenValidityUnits.accessToken];
}

function topics(graph: Graph): Record<string, Model.Topic> {
  return byLogicalName(graph, types.topic, (resource) => ({
    name: read(Input.Topic, resource).name,
    arn: output(resource, "arn"),
  }));
}

function alarms(graph: Graph): Record<string, Model.Alarm> {
  return byLogicalName(graph, types.alarm, (resource) => {
    const input = read(Input.MetricAlarm, resource);
    return {
      name: input.name,
      description: input.alarmDescription,
      namespace: input.namespace,
      metric: input.metricName,
      dimensions: input.dimensions,
      statistic: input.statistic,
      comparison: input.comparisonOperator,
      threshold: input.threshold,
      periodSeconds: input.period,
      evaluationPeriods: input.evaluationPeriods,
      datapointsToAlarm: input.datapointsToAlarm ?? input.evaluationPeriods,
      treatMissingData: input.treatMissingData,
      actions: input.alarmActions,
      okActions: input.okActions,
    };
  });
}

function compositeAlarms(graph: Graph): Record<string, Model.CompositeAlarm> {
  return byLogicalName(graph, types.compositeAlarm, (resource) => {
    const input = read(Input.CompositeAlarm, resource);
    return {
      name: input.alarmName,
      description: input.alarmDescription,
      rule: input.alarmRule,
      actions: input.alarmActions,
      okActions: input.okActions,
    };
  });
}

/** By their own name: one component may have several. */
function roles(graph: Graph): Record<string, Model.Role> {
  return Object.fromEntries(
    ofType(graph, types.role).map((resource) => {
      const { assumeRolePolicy, inlinePolicies, managedPolicyArns } = read(Input.Role, resource);
      return [
        resource.name,
        {
          arn: output(resource, "arn"),
          trust: assumeRolePolicy,
          managedPolicies: [...managedPolicyArns].sort(),
          statements: inlinePolicies.flatMap(({ policy }) => policy.Statement),
        },
      ];
    }),
  );
}

const Link = z.object({ target: z.string(), properties: z.record(z.string(), z.unknown()) });

function links(graph: Graph): Model.Topology["links"] {
  return Object.fromEntries(
    ofType(graph, types.link).map((resource) => {
      const { target, properties } = Link.parse(resource.outputs);
      const unknown = findUnknown(properties, target);
      if (unknown) fail(resource, `${unknown} is not known without deploying: give it a value`);
      return [target, properties];
    }),
  );
}

function retry(
  policy: { maximumRetryAttempts?: number | undefined; maximumEventAgeInSeconds?: number | undefined } | undefined,
) {
  return policy && { maximumAttempts: policy.maximumRetryAttempts, maximumAgeSeconds: policy.maximumEventAgeInSeconds };
}

function ofType(graph: Graph, type: string): Resource[] {
  return graph.resources
    .filter((resource) => resource.type === type)
    .sort((one, other) => (one.name < other.name ? -1 : 1));
}

function byLogicalName<Value>(graph: Graph, type: string, tell: (resource: Resource) => Value): Record<string, Value> {
  const result: Record<string, Value> = {};
  for (const resource of ofType(graph, type)) {
    const name = logicalName(graph, resource);
    if (name in result) fail(resource, `there are two of its type in ${name}`);
    result[name] = tell(resource);
  }
  return result;
}

/** The name that the stacks give: that of the SST component it is part of, or else its own. */
function logicalName(graph: Graph, resource: Resource): string {
  const parent = graph.resources.find(({ urn }) => urn === resource.parent);
  return parent?.type.startsWith("sst:") ? parent.name : resource.name;
}

function read<Schema extends z.ZodType>(schema: Schema, resource: Resource): z.output<Schema> {
  const result = schema.safeParse(resource.inputs);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  fail(resource, `the topology can't tell about some of its settings (${problems.join("; ")}): see input.ts`);
}

function output(resource: Resource, key: string): string {
  const value = resource.outputs[key];
  if (typeof value === "string") return value;
  fail(resource, `it has no ${key}: see mock-aws.ts`);
}

function fail(resource: Resource, message: string): never {
  throw new TopologyError(`${resource.name} (${resource.type}): ${message}`);
}
