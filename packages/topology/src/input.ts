/**
 * The settings of each resource that the topology tells about. The objects are strict: a setting that nobody has
 * thought of may change what the resource does, so it has to be either read or named here as being of no account.
 */
import * as z from "zod";

/** Of no account to what happens at run time: names, prices, protection. */
const ignored = z.unknown().optional();

/** Pulumi takes documents as text or as objects. */
const Json = z.unknown().transform((value, context): Record<string, unknown> => {
  try {
    const parsed: unknown = typeof value === "string" ? JSON.parse(value) : value;
    if (parsed !== null && typeof parsed === "object") return parsed as Record<string, unknown>;
    context.addIssue("neither an object nor its JSON");
  } catch (error) {
    context.addIssue(`no JSON: ${String(error)}`);
  }
  return z.NEVER;
});

const Index = z.strictObject({
  name: z.string(),
  hashKey: z.string(),
  rangeKey: z.string().optional(),
  projectionType: z.enum(["ALL", "KEYS_ONLY", "INCLUDE"]),
  nonKeyAttributes: z.array(z.string()).optional(),
});

const Enabled = z.looseObject({ enabled: z.boolean() }).default({ enabled: false });

export const Table = z.strictObject({
  name: z.string(),
  attributes: z.array(z.strictObject({ name: z.string(), type: z.enum(["S", "N", "B"]) })),
  hashKey: z.string(),
  rangeKey: z.string().optional(),
  globalSecondaryIndexes: z.array(Index).default([]),
  localSecondaryIndexes: z.array(z.never()).optional(),
  streamEnabled: z.boolean().default(false),
  streamViewType: z.enum(["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"]).optional(),
  ttl: z.strictObject({ attributeName: z.string(), enabled: z.literal(true) }).optional(),
  deletionProtectionEnabled: z.boolean().default(false),
  pointInTimeRecovery: Enabled,
  serverSideEncryption: Enabled,
  billingMode: ignored,
});

export const Bus = z.strictObject({ name: z.string(), logConfig: ignored });

export const Archive = z.strictObject({
  name: z.string(),
  eventSourceArn: z.string(),
  eventPattern: Json.optional(),
  retentionDays: z.number().optional(),
});

export const Rule = z.strictObject({
  name: z.string(),
  eventBusName: z.string(),
  eventPattern: Json.optional(),
  state: z.enum(["ENABLED", "DISABLED"]).default("ENABLED"),
});

const RetryPolicy = z
  .strictObject({ maximumRetryAttempts: z.number().optional(), maximumEventAgeInSeconds: z.number().optional() })
  .optional();
const DeadLetterConfig = z.strictObject({ arn: z.string() }).optional();

export const Target = z.strictObject({
  rule: z.string(),
  eventBusName: z.string(),
  arn: z.string(),
  roleArn: z.string().optional(),
  retryPolicy: RetryPolicy,
  deadLetterConfig: DeadLetterConfig,
  targetId: ignored,
});

export const Queue = z.strictObject({
  name: z.string(),
  delaySeconds: z.number().default(0),
  visibilityTimeoutSeconds: z.number().default(30),
  messageRetentionSeconds: z.number().default(345_600),
  redrivePolicy: Json.pipe(z.strictObject({ deadLetterTargetArn: z.string(), maxReceiveCount: z.number() })).optional(),
  fifoQueue: z.literal(false).default(false),
  contentBasedDeduplication: z.literal(false).default(false),
  sqsManagedSseEnabled: ignored,
});

export const QueuePolicy = z.strictObject({ queueUrl: z.string(), policy: Json });

const Filters = z.strictObject({ filters: z.array(z.strictObject({ pattern: Json })) });

export const Mapping = z.strictObject({
  eventSourceArn: z.string(),
  functionName: z.string(),
  enabled: z.boolean().default(true),
  /** AWS's defaults: 10 messages of a queue, 100 records of a stream. */
  batchSize: z.number().optional(),
  maximumBatchingWindowInSeconds: z.number().default(0),
  functionResponseTypes: z.array(z.literal("ReportBatchItemFailures")).default([]),
  filterCriteria: Filters.optional(),
  startingPosition: z.enum(["LATEST", "TRIM_HORIZON"]).optional(),
  bisectBatchOnFunctionError: z.boolean().optional(),
  maximumRetryAttempts: z.number().optional(),
  maximumRecordAgeInSeconds: z.number().optional(),
  parallelizationFactor: z.number().optional(),
  scalingConfig: z.strictObject({ maximumConcurrency: z.number() }).optional(),
  destinationConfig: z.strictObject({ onFailure: z.strictObject({ destinationArn: z.string() }) }).optional(),
});

export const Schedule = z.strictObject({
  name: z.string(),
  scheduleExpression: z.string(),
  scheduleExpressionTimezone: z.string().optional(),
  flexibleTimeWindow: z.strictObject({ mode: z.literal("OFF") }),
  state: z.enum(["ENABLED", "DISABLED"]).default("ENABLED"),
  target: z.strictObject({
    arn: z.string(),
    roleArn: z.string().optional(),
    input: z.string().optional(),
    retryPolicy: RetryPolicy,
    deadLetterConfig: DeadLetterConfig,
  }),
});

export const Lambda = z.strictObject({
  name: z.string(),
  role: z.string(),
  runtime: z.string(),
  architectures: z.tuple([z.string()]),
  memorySize: z.number(),
  timeout: z.number(),
  environment: z.strictObject({ variables: z.record(z.string(), z.string()) }),
  reservedConcurrentExecutions: z.number().optional(),
  packageType: z.literal("Zip"),
  publish: z.boolean(),
  tracingConfig: z.strictObject({ mode: z.enum(["Active", "PassThrough"]) }).default({ mode: "PassThrough" }),
  loggingConfig: z.looseObject({ logGroup: z.string() }).optional(),
  description: ignored,
  ephemeralStorage: ignored,
  handler: ignored,
  s3Bucket: ignored,
  s3Key: ignored,
  tags: ignored,
});

export const AsynchronousInvocation = z.strictObject({
  functionName: z.string(),
  maximumRetryAttempts: z.number().default(2),
  destinationConfig: z.strictObject({ onFailure: z.strictObject({ destination: z.string() }).optional() }).optional(),
});

export const Machine = z.strictObject({
  name: z.string(),
  type: z.enum(["EXPRESS", "STANDARD"]),
  roleArn: z.string(),
  definition: Json,
  publish: z.boolean().default(false),
  tracingConfiguration: z.strictObject({ enabled: z.boolean() }).default({ enabled: false }),
  loggingConfiguration: ignored,
});

/** All of what is started by it goes to one version. */
export const MachineAlias = z.strictObject({
  name: z.string(),
  description: ignored,
  routingConfigurations: z.tuple([z.strictObject({ stateMachineVersionArn: z.string(), weight: z.literal(100) })]),
});

export const LogGroup = z.looseObject({ name: z.string(), retentionInDays: z.number().optional() });

export const Parameter = z.strictObject({
  name: z.string(),
  type: z.literal("String"),
  value: z.string(),
  description: ignored,
});

export const Dashboard = z.strictObject({ dashboardName: z.string(), dashboardBody: Json });

export const Api = z.strictObject({
  name: z.string(),
  protocolType: z.literal("HTTP"),
  corsConfiguration: z.record(z.string(), z.unknown()).optional(),
});

export const Stage = z.strictObject({
  apiId: z.string(),
  name: z.literal("$default"),
  autoDeploy: ignored,
  accessLogSettings: z.looseObject({ destinationArn: z.string() }).optional(),
  defaultRouteSettings: z
    .strictObject({
      throttlingBurstLimit: z.number(),
      throttlingRateLimit: z.number(),
      detailedMetricsEnabled: ignored,
    })
    .optional(),
});

export const Route = z.strictObject({
  apiId: z.string(),
  routeKey: z.string(),
  target: z.string().startsWith("integrations/"),
  authorizationType: z.enum(["NONE", "JWT", "AWS_IAM", "CUSTOM"]),
});

export const Integration = z.strictObject({
  apiId: z.string(),
  integrationType: z.literal("AWS_PROXY"),
  integrationUri: z.string(),
  payloadFormatVersion: z.literal("2.0"),
});

/** The settings of a pool that matter are about people and passwords, and read from the pool itself. */
export const UserPool = z.looseObject({ name: z.string() });

export const UserPoolClient = z.looseObject({
  userPoolId: z.string(),
  explicitAuthFlows: z.array(z.string()),
  generateSecret: z.boolean().default(false),
  /** In hours, unless the units say otherwise. */
  accessTokenValidity: z.number().default(1),
  tokenValidityUnits: z
    .looseObject({ accessToken: z.enum(["seconds", "minutes", "hours", "days"]).default("hours") })
    .default({ accessToken: "hours" }),
});

export const UserGroup = z.strictObject({ userPoolId: z.string(), name: z.string(), description: ignored });

export const Topic = z.strictObject({
  name: z.string(),
  fifoTopic: z.literal(false).default(false),
  displayName: ignored,
});

/** An alarm on one metric: one on a formula of several, or on an anomaly, has other settings. */
export const MetricAlarm = z.strictObject({
  name: z.string(),
  alarmDescription: z.string().optional(),
  namespace: z.string(),
  metricName: z.string(),
  dimensions: z.record(z.string(), z.string()).default({}),
  statistic: z.enum(["Average", "Maximum", "Minimum", "SampleCount", "Sum"]),
  comparisonOperator: z.enum([
    "GreaterThanOrEqualToThreshold",
    "GreaterThanThreshold",
    "LessThanOrEqualToThreshold",
    "LessThanThreshold",
  ]),
  threshold: z.number(),
  period: z.number(),
  evaluationPeriods: z.number(),
  /** AWS's default: all of the periods. */
  datapointsToAlarm: z.number().optional(),
  treatMissingData: z.enum(["breaching", "ignore", "missing", "notBreaching"]).default("missing"),
  actionsEnabled: z.literal(true).default(true),
  alarmActions: z.array(z.string()).default([]),
  okActions: z.array(z.string()).default([]),
});

export const CompositeAlarm = z.strictObject({
  alarmName: z.string(),
  alarmDescription: z.string().optional(),
  alarmRule: z.string(),
  actionsEnabled: z.literal(true).default(true),
  alarmActions: z.array(z.string()).default([]),
  okActions: z.array(z.string()).default([]),
});

export const Role = z.strictObject({
  name: z.string(),
  assumeRolePolicy: Json,
  inlinePolicies: z
    .array(
      z.strictObject({
        name: z.string(),
        policy: Json.pipe(z.object({ Statement: z.array(z.record(z.string(), z.unknown())) })),
      }),
    )
    .default([]),
  managedPolicyArns: z.array(z.string()).default([]),
});
