import { physicalName, stage } from "./deployment.ts";
import { tracing } from "./tracing.ts";

// Runs before the component applies its own defaults, so it fills only what a stack left out.
$transform(sst.aws.Function, (args, _options, name) => {
  // Without SST's random end, logs and metrics are found by the name that the stacks give.
  const functionName = physicalName(name, 64);
  args.name ??= functionName;
  args.runtime ??= "nodejs24.x";
  args.architecture ??= "arm64";
  args.memory ??= "512 MB";
  args.timeout ??= "10 seconds";
  args.logging ??= { format: "json", retention: stage.logRetention };
  args.environment = $output(args.environment).apply((environment) => ({
    POWERTOOLS_SERVICE_NAME: $app.name,
    ...environment,
  }));
  args.nodejs = $output(args.nodejs).apply((nodejs) => ({ minify: true, ...nodejs }));
  args.transform = {
    ...args.transform,
    role: narrowed(functionName, args.transform?.role),
    function: traced(args.transform?.function),
    logGroup: following(args.transform?.logGroup),
  };
});

type Transforms = NonNullable<sst.aws.FunctionArgs["transform"]>;
type RoleTransform = NonNullable<Transforms["role"]>;
type FunctionTransform = NonNullable<Transforms["function"]>;
type LogGroupTransform = NonNullable<Transforms["logGroup"]>;

/**
 * SST 4.17.1 lets the account's root assume every function's role, and each write to any log: only the bridge of `sst dev`
 * needs that.
 */
function narrowed(functionName: string, own: RoleTransform | undefined): RoleTransform {
  return (args, options, name) => {
    applyOwn(own, args, options, name);
    if ($dev) return undefined;
    args.assumeRolePolicy = aws.iam.assumeRolePolicyForPrincipal({ Service: "lambda.amazonaws.com" });
    args.managedPolicyArns = [];
    args.inlinePolicies = $output(args.inlinePolicies).apply((policies) => [
      ...(policies ?? []),
      { name: "telling", policy: telling(functionName) },
    ]);
    return undefined;
  };
}

/** Leave to write the function's own log, and to be traced. */
function telling(functionName: string) {
  const { accountId } = aws.getCallerIdentityOutput();
  const { region } = aws.getRegionOutput();
  return aws.iam.getPolicyDocumentOutput({
    statements: [
      {
        actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
        resources: [$interpolate`arn:aws:logs:${region}:${accountId}:log-group:/aws/lambda/${functionName}:*`],
      },
      tracing,
    ],
  }).json;
}

/** X-Ray's own side of tracing, without its library in the functions: that takes 60 ms of each cold start. */
function traced(own: FunctionTransform | undefined): FunctionTransform {
  return (args, options, name) => {
    applyOwn(own, args, options, name);
    args.tracingConfig = { mode: "Active" };
    return undefined;
  };
}

/**
 * SST leaves a log the name that its function had at first. The role lets a function write to the log of its present name
 * alone: one that was deployed under another would write no line, and no metric. Where data stays, so does the old log.
 */
function following(own: LogGroupTransform | undefined): LogGroupTransform {
  return (args, options, name) => {
    applyOwn(own, args, options, name);
    options.ignoreChanges = [];
    options.retainOnDelete = stage.removal === "retain";
    return undefined;
  };
}

/** What a stack itself changes of a resource. */
function applyOwn<Args extends object, Options>(
  own: object | ((args: Args, options: Options, name: string) => unknown) | undefined,
  args: Args,
  options: Options,
  name: string,
): void {
  if (typeof own === "function") own(args, options, name);
  else Object.assign(args, own);
}

$transform(aws.sqs.Queue, (args) => {
  if (args) args.sqsManagedSseEnabled ??= true;
});

// SST lets EventBridge, SNS and S3 of any account send to a subscribed queue.
$transform(aws.sqs.QueuePolicy, (args) => {
  args.policy = $resolve([args.policy, aws.getCallerIdentityOutput().accountId]).apply(([policy, account]) => {
    const document = typeof policy === "string" ? JSON.parse(policy) : policy;
    for (const statement of document.Statement) {
      statement.Condition ??= {};
      statement.Condition.StringEquals = { ...statement.Condition.StringEquals, "aws:SourceAccount": account };
    }
    return JSON.stringify(document);
  });
});

// SST's own links would grant all there is to do with a table, a bus or a queue. Ours tell where it is, and that of
// the bus lets events be put; everything else is granted by access.ts.
sst.Linkable.wrap(sst.aws.Dynamo, (table) => ({ properties: { name: table.name } }));
sst.Linkable.wrap(sst.aws.Queue, (queue) => ({ properties: { url: queue.url } }));

sst.Linkable.wrap(sst.aws.Bus, (bus) => ({
  properties: { name: bus.name, arn: bus.arn },
  include: [sst.aws.permission({ actions: ["events:PutEvents"], resources: [bus.arn] })],
}));
