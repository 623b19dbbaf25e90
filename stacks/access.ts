/**
 * What a function may do with a table: no more than a run of the tests has seen it do (stacks/usage.json), action by action.
 * A link tells a table's name alone. What is done within a transaction needs the action that it is.
 */
type Action = "BatchGetItem" | "GetItem" | "PutItem" | "Scan" | "UpdateItem";

export function may(table: sst.aws.Dynamo, ...actions: Action[]): sst.aws.FunctionPermissionArgs {
  return { actions: actions.map((action) => `dynamodb:${action}`), resources: [table.arn] };
}

/** Looking things up by one or several indexes. */
export function mayQuery(table: sst.aws.Dynamo, ...indexes: string[]): sst.aws.FunctionPermissionArgs {
  return {
    actions: ["dynamodb:Query"],
    resources: indexes.map((index) => $interpolate`${table.arn}/index/${index}`),
  };
}

export function maySend(queue: sst.aws.Queue): sst.aws.FunctionPermissionArgs {
  return { actions: ["sqs:SendMessage"], resources: [queue.arn] };
}

/** Step Functions asks for leave to start the machine, whichever alias it is started by, and tells that one as a condition. */
export function mayStart({ arn }: sst.aws.StepFunctions, alias: aws.sfn.Alias) {
  const variable = "states:StateMachineQualifier";
  return {
    actions: ["states:StartExecution"],
    resources: [arn],
    // As AWS has it: a plain StringEquals is for keys that never have several values.
    conditions: [{ test: "ForAnyValue:StringEquals", variable, values: [alias.name] }],
  };
}
