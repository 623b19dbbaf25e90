/** What exists, as recorded from the evaluated stacks and committed as stacks/topology.json. Keys are logical names. */
import * as z from "zod";

const Arn = z.string().startsWith("arn:");
const Pattern = z.record(z.string(), z.unknown());

export const Table = z.strictObject({
  name: z.string(),
  arn: Arn,
  attributes: z.record(z.string(), z.enum(["S", "N", "B"])),
  hashKey: z.string(),
  rangeKey: z.string().optional(),
  indexes: z.record(
    z.string(),
    z.strictObject({
      hashKey: z.string(),
      rangeKey: z.string().optional(),
      projection: z.union([z.literal("ALL"), z.literal("KEYS_ONLY"), z.array(z.string())]),
    }),
  ),
  stream: z
    .strictObject({ arn: Arn, view: z.enum(["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"]) })
    .optional(),
  ttl: z.string().optional(),
  pointInTimeRecovery: z.boolean(),
  deletionProtection: z.boolean(),
  encrypted: z.boolean(),
});
export type Table = z.infer<typeof Table>;

export const Bus = z.strictObject({ name: z.string(), arn: Arn });
export type Bus = z.infer<typeof Bus>;

export const Archive = z.strictObject({
  name: z.string(),
  arn: Arn,
  bus: Arn,
  pattern: Pattern.optional(),
  retentionDays: z.number().int().optional(),
});
export type Archive = z.infer<typeof Archive>;

const Retry = z.strictObject({
  maximumAttempts: z.number().int().optional(),
  maximumAgeSeconds: z.number().int().optional(),
});

export const Rule = z.strictObject({
  name: z.string(),
  bus: z.string(),
  pattern: Pattern.optional(),
  enabled: z.boolean(),
  targets: z.array(
    z.strictObject({ arn: Arn, role: Arn.optional(), retry: Retry.optional(), deadLetters: Arn.optional() }),
  ),
});
export type Rule = z.infer<typeof Rule>;

export const Queue = z.strictObject({
  name: z.string(),
  arn: Arn,
  url: z.string(),
  delaySeconds: z.number().int(),
  visibilityTimeoutSeconds: z.number().int(),
  retentionSeconds: z.number().int(),
  redrive: z.strictObject({ deadLetters: Arn, maximumReceives: z.number().int() }).optional(),
  policy: z.unknown().optional(),
});
export type Queue = z.infer<typeof Queue>;

/** A Lambda event source mapping, from a queue or from a table's stream. */
export const Mapping = z.strictObject({
  source: Arn,
  function: Arn,
  enabled: z.boolean(),
  batchSize: z.number().int(),
  windowSeconds: z.number().int(),
  partialResponses: z.boolean(),
  filters: z.array(Pattern).optional(),
  startingPosition: z.enum(["LATEST", "TRIM_HORIZON"]).optional(),
  bisect: z.boolean().optional(),
  maximumRetries: z.number().int().optional(),
  maximumAgeSeconds: z.number().int().optional(),
  parallelization: z.number().int().optional(),
  maximumConcurrency: z.number().int().optional(),
  onFailure: Arn.optional(),
});
export type Mapping = z.infer<typeof Mapping>;

export const Schedule = z.strictObject({
  name: z.string(),
  expression: z.string(),
  timezone: z.string().optional(),
  enabled: z.boolean(),
  target: z.strictObject({
    arn: Arn,
    role: Arn.optional(),
    input: z.string().optional(),
    retry: Retry.optional(),
    deadLetters: Arn.optional(),
  }),
});
export type Schedule = z.infer<typeof Schedule>;

export const Lambda = z.strictObject({
  name: z.string(),
  arn: Arn,
  /** Source path without extension and the export, as the stacks name it: packages/functions/src/relay.handler */
  handler: z.string(),
  runtime: z.string(),
  architecture: z.string(),
  memoryMb: z.number().int(),
  timeoutSeconds: z.number().int(),
  environment: z.record(z.string(), z.string()),
  /** Logical names, resolved in `links`. */
  links: z.array(z.string()),
  role: Arn,
  /** Of a function that publishes each deployment: what its callers have pinned stays as it was. */
  version: z.string().optional(),
  tracing: z.enum(["Active", "PassThrough"]),
  logRetentionDays: z.number().int().optional(),
  reservedConcurrency: z.number().int().optional(),
  /** What becomes of an event that Lambda accepted asynchronously, as from a schedule, when the function fails. */
  asynchronous: z.strictObject({ maximumRetries: z.number().int(), onFailure: Arn.optional() }).optional(),
});
export type Lambda = z.infer<typeof Lambda>;

export const Machine = z.strictObject({
  name: z.string(),
  arn: Arn,
  type: z.enum(["EXPRESS", "STANDARD"]),
  role: Arn,
  definition: z.record(z.string(), z.unknown()),
  tracing: z.boolean(),
  /** Of a machine that publishes each deployment. */
  version: Arn.optional(),
  /** What starts it goes by the alias, which a roll-back points at the version before. */
  alias: z.strictObject({ name: z.string(), arn: Arn, version: Arn }).optional(),
});
export type Machine = z.infer<typeof Machine>;

export const Api = z.strictObject({
  id: z.string(),
  endpoint: z.string(),
  cors: z.record(z.string(), z.unknown()).optional(),
  throttling: z.strictObject({ burst: z.number(), ratePerSecond: z.number() }).optional(),
  logRetentionDays: z.number().int().optional(),
  routes: z.array(
    z.strictObject({ key: z.string(), function: Arn, authorization: z.enum(["NONE", "JWT", "AWS_IAM", "CUSTOM"]) }),
  ),
});
export type Api = z.infer<typeof Api>;

export const UserPool = z.strictObject({
  id: z.string(),
  arn: Arn,
  /** The `iss` of the tokens the pool signs. */
  issuer: z.string(),
  clients: z.record(
    z.string(),
    z.strictObject({
      id: z.string(),
      /** What its calls have to prove that they know; a placeholder, but known here. */
      secret: z.string().optional(),
      flows: z.array(z.string()),
      accessTokenMinutes: z.number().optional(),
    }),
  ),
  groups: z.array(z.string()),
});
export type UserPool = z.infer<typeof UserPool>;

export const Role = z.strictObject({
  arn: Arn,
  trust: z.unknown(),
  managedPolicies: z.array(z.string()),
  statements: z.array(z.record(z.string(), z.unknown())),
});
export type Role = z.infer<typeof Role>;

/** Where alarms and the like are told; who subscribes to it is not for the stacks to say. */
export const Topic = z.strictObject({ name: z.string(), arn: Arn });
export type Topic = z.infer<typeof Topic>;

/** Goes off when a metric has been beyond its threshold in `datapointsToAlarm` of the last `evaluationPeriods`. */
export const Alarm = z.strictObject({
  name: z.string(),
  description: z.string().optional(),
  namespace: z.string(),
  metric: z.string(),
  dimensions: z.record(z.string(), z.string()),
  statistic: z.enum(["Average", "Maximum", "Minimum", "SampleCount", "Sum"]),
  comparison: z.enum([
    "GreaterThanOrEqualToThreshold",
    "GreaterThanThreshold",
    "LessThanOrEqualToThreshold",
    "LessThanThreshold",
  ]),
  threshold: z.number(),
  periodSeconds: z.number().int(),
  evaluationPeriods: z.number().int(),
  datapointsToAlarm: z.number().int(),
  /** What a period without any value counts as. */
  treatMissingData: z.enum(["breaching", "ignore", "missing", "notBreaching"]),
  /** Told when it goes off; nobody, if it is but a part of a composite. */
  actions: z.array(Arn),
  /** Told when it is over. */
  okActions: z.array(Arn),
});
export type Alarm = z.infer<typeof Alarm>;

/** Goes off while its rule holds of other alarms, by their physical names: `ALARM("one") AND ALARM("other")`. */
export const CompositeAlarm = z.strictObject({
  name: z.string(),
  description: z.string().optional(),
  rule: z.string(),
  actions: z.array(Arn),
  okActions: z.array(Arn),
});
export type CompositeAlarm = z.infer<typeof CompositeAlarm>;

export const Dashboard = z.strictObject({ name: z.string(), body: z.record(z.string(), z.unknown()) });
export type Dashboard = z.infer<typeof Dashboard>;

/** What other programs read to find what is deployed, from SSM. */
export const Parameter = z.strictObject({ name: z.string(), value: z.string() });
export type Parameter = z.infer<typeof Parameter>;

export const Topology = z.strictObject({
  app: z.string(),
  stage: z.string(),
  region: z.string(),
  account: z.string(),
  alarms: z.record(z.string(), Alarm),
  apis: z.record(z.string(), Api),
  archives: z.record(z.string(), Archive),
  buses: z.record(z.string(), Bus),
  compositeAlarms: z.record(z.string(), CompositeAlarm),
  dashboards: z.record(z.string(), Dashboard),
  functions: z.record(z.string(), Lambda),
  /** Properties of everything linkable, by logical name; `type` tells what it is. */
  links: z.record(z.string(), z.record(z.string(), z.unknown())),
  machines: z.record(z.string(), Machine),
  mappings: z.record(z.string(), Mapping),
  parameters: z.record(z.string(), Parameter),
  queues: z.record(z.string(), Queue),
  roles: z.record(z.string(), Role),
  rules: z.record(z.string(), Rule),
  schedules: z.record(z.string(), Schedule),
  tables: z.record(z.string(), Table),
  topics: z.record(z.string(), Topic),
  userPools: z.record(z.string(), UserPool),
});
export type Topology = z.infer<typeof Topology>;
