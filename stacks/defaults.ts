import { policy } from "./stage.ts";

// Runs before the component applies its own defaults, so it fills only what a stack left out.
$transform(sst.aws.Function, (args) => {
  args.runtime ??= "nodejs24.x";
  args.architecture ??= "arm64";
  args.memory ??= "512 MB";
  args.timeout ??= "10 seconds";
  args.logging ??= { format: "json", retention: policy.logRetention };
  args.environment = $output(args.environment).apply((environment) => ({
    POWERTOOLS_SERVICE_NAME: $app.name,
    ...environment,
  }));
  args.nodejs = $output(args.nodejs).apply((nodejs) => ({ minify: true, ...nodejs }));
  args.transform = { ...args.transform, role: trustOnlyLambda(args.transform?.role) };
});

type RoleTransform = NonNullable<NonNullable<sst.aws.FunctionArgs["transform"]>["role"]>;

/** SST 4.17.1 lets the account's root assume every function's role; only the bridge of `sst dev` needs that. */
function trustOnlyLambda(own: RoleTransform | undefined): RoleTransform {
  return (args, options, name) => {
    if (typeof own === "function") own(args, options, name);
    else Object.assign(args, own);
    if (!$dev) args.assumeRolePolicy = aws.iam.assumeRolePolicyForPrincipal({ Service: "lambda.amazonaws.com" });
    return undefined;
  };
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

// A link grants the use of the data, where SST's own would also grant deleting the table, the bus or the queue.
const tableActions = ["BatchGetItem", "ConditionCheckItem", "GetItem", "PutItem", "Query", "UpdateItem"].map(
  (action) => `dynamodb:${action}`,
);

sst.Linkable.wrap(sst.aws.Dynamo, (table) => ({
  properties: { name: table.name },
  include: [sst.aws.permission({ actions: tableActions, resources: [table.arn, $interpolate`${table.arn}/index/*`] })],
}));

sst.Linkable.wrap(sst.aws.Bus, (bus) => ({
  properties: { name: bus.name, arn: bus.arn },
  include: [sst.aws.permission({ actions: ["events:PutEvents"], resources: [bus.arn] })],
}));

sst.Linkable.wrap(sst.aws.Queue, (queue) => ({
  properties: { url: queue.url },
  include: [sst.aws.permission({ actions: ["sqs:SendMessage"], resources: [queue.arn] })],
}));

sst.Linkable.wrap(sst.aws.StepFunctions, (machine) => ({
  properties: { arn: machine.arn },
  include: [sst.aws.permission({ actions: ["states:StartExecution"], resources: [machine.arn] })],
}));
