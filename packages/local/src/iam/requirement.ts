import type { Input } from "../http/endpoint.ts";

/** An action of IAM on a resource. */
export interface Permission {
  action: string;
  resource: string;
  /** Of what comes to be at run time: no policy can know its name, so it goes by the pattern that allows it. */
  isMadeAtRunTime?: true;
  /** What conditions may look at. */
  context?: Record<string, string>;
}

/** What a request needs leave for; nothing where AWS asks for none. */
export type Requirement = (input: Input) => Permission[];

/** By the service's name in X-Amz-Target and the operation. What is emulated and not in here, no function can call. */
export type Requirements = Record<string, Record<string, Requirement>>;

interface Place {
  region: string;
  account: string;
}

/** Source: the Service Authorization Reference, and each service's guide where one operation needs several actions. */
export function requirementsIn(place: Place): Requirements {
  return {
    DynamoDB_20120810: tableRequirements(place),
    AmazonSQS: queueRequirements(place),
    AWSEvents: busRequirements(place),
    AWSStepFunctions: machineRequirements,
    AWSCognitoIdentityProviderService: userPoolRequirements(place),
    // Of composite alarms it tells only whoever may ask about all alarms.
    GraniteServiceVersion20100801: { DescribeAlarms: () => [{ action: "cloudwatch:DescribeAlarms", resource: "*" }] },
    AWSLambda: { Invoke: (input) => [{ action: "lambda:InvokeFunction", resource: functionArn(place, input) }] },
  };
}

/** A transaction and a batch name their items' tables; a transaction needs the action of each of its items. */
function tableRequirements({ region, account }: Place): Record<string, Requirement> {
  const table = (name: unknown) =>
    String(name).startsWith("arn:") ? String(name) : `arn:aws:dynamodb:${region}:${account}:table/${name}`;
  const onTable = (action: string) => (input: Input) => [permission(action, table(input.TableName))];
  const onIndex = (action: string) => (input: Input) => {
    const index = input.IndexName === undefined ? "" : `/index/${input.IndexName}`;
    return [permission(action, `${table(input.TableName)}${index}`)];
  };
  const onEach = (action: string) => (input: Input) =>
    Object.keys(record(input.RequestItems)).map((name) => permission(action, table(name)));
  const transaction = (input: Input, actionOf: (kind: string) => string) =>
    list(input.TransactItems)
      .flatMap((item) => Object.entries(record(item)))
      .map(([kind, { TableName }]) => permission(actionOf(kind), table(TableName)));
  const permission = (action: string, resource: string) => ({ action: `dynamodb:${action}`, resource });

  const actions: Record<string, string> = {
    Put: "PutItem",
    Update: "UpdateItem",
    Delete: "DeleteItem",
    ConditionCheck: "ConditionCheckItem",
  };
  const single = ["GetItem", "PutItem", "UpdateItem", "DeleteItem"].map((name) => [name, onTable(name)]);
  return {
    ...Object.fromEntries(single),
    Query: onIndex("Query"),
    Scan: onIndex("Scan"),
    BatchGetItem: onEach("BatchGetItem"),
    BatchWriteItem: onEach("BatchWriteItem"),
    TransactGetItems: (input) => transaction(input, () => "GetItem"),
    TransactWriteItems: (input) => transaction(input, (kind) => actions[kind] ?? kind),
  };
}

/** A batch needs what a single one does. Moving messages needs what its mover does with both queues. */
function queueRequirements({ region, account }: Place): Record<string, Requirement> {
  const arn = (name: unknown) => `arn:aws:sqs:${region}:${account}:${name}`;
  const onQueue = (action: string) => (input: Input) => [
    { action: `sqs:${action}`, resource: arn(queueName(input.QueueUrl)) },
  ];
  const onSource = (action: string) => (input: Input) => [
    { action: `sqs:${action}`, resource: String(input.SourceArn) },
  ];
  const moving = ["StartMessageMoveTask", "ReceiveMessage", "DeleteMessage", "GetQueueAttributes"];
  return {
    SendMessage: onQueue("SendMessage"),
    SendMessageBatch: onQueue("SendMessage"),
    ReceiveMessage: onQueue("ReceiveMessage"),
    DeleteMessage: onQueue("DeleteMessage"),
    DeleteMessageBatch: onQueue("DeleteMessage"),
    ChangeMessageVisibility: onQueue("ChangeMessageVisibility"),
    ChangeMessageVisibilityBatch: onQueue("ChangeMessageVisibility"),
    GetQueueAttributes: onQueue("GetQueueAttributes"),
    ListDeadLetterSourceQueues: onQueue("ListDeadLetterSourceQueues"),
    PurgeQueue: onQueue("PurgeQueue"),
    GetQueueUrl: ({ QueueName }) => [{ action: "sqs:GetQueueUrl", resource: arn(QueueName) }],
    ListQueues: () => [{ action: "sqs:ListQueues", resource: arn("*") }],
    ListMessageMoveTasks: onSource("ListMessageMoveTasks"),
    StartMessageMoveTask: (input) => [
      ...moving.flatMap((action) => onSource(action)(input)),
      // Without a destination they go back to where they came from, which can be any queue.
      { action: "sqs:SendMessage", resource: String(input.DestinationArn ?? arn("*")) },
    ],
  };
}

/** The queue's name is the end of its address. */
export function queueName(url: unknown): string {
  return String(url).split("/").at(-1)!;
}

function busRequirements({ region, account }: Place): Record<string, Requirement> {
  const arn = (resource: string) => `arn:aws:events:${region}:${account}:${resource}`;
  const bus = (name: unknown) => (String(name).startsWith("arn:") ? String(name) : arn(`event-bus/${name}`));
  const onReplay = (action: string) => (input: Input) => [
    { action: `events:${action}`, resource: arn(`replay/${input.ReplayName}`), isMadeAtRunTime: true as const },
  ];
  return {
    PutEvents: ({ Entries }) =>
      list(Entries).map((entry) => ({
        action: "events:PutEvents",
        resource: bus(record(entry).EventBusName ?? "default"),
      })),
    StartReplay: (input) => [
      { action: "events:StartReplay", resource: String(input.EventSourceArn) },
      { action: "events:StartReplay", resource: bus(record(input.Destination).Arn) },
      ...onReplay("StartReplay")(input),
    ],
    DescribeReplay: onReplay("DescribeReplay"),
    CancelReplay: onReplay("CancelReplay"),
  };
}

const machineRequirements: Record<string, Requirement> = {
  StartExecution: ({ stateMachineArn }) => [startOf(String(stateMachineArn))],
};

/** Step Functions judges the start of a version or an alias by its machine, and tells conditions which it is. */
export function startOf(stateMachineArn: string): Permission {
  const parts = stateMachineArn.split(":");
  const qualifier = parts[7];
  return {
    action: "states:StartExecution",
    resource: parts.slice(0, 7).join(":"),
    ...(qualifier !== undefined && { context: { "states:StateMachineQualifier": qualifier } }),
  };
}

/** What a client calls with its id, or a person with a token, needs no leave of IAM. */
function userPoolRequirements({ region, account }: Place): Record<string, Requirement> {
  const onPool = (action: string): [string, Requirement] => [
    action,
    ({ UserPoolId }) => [
      { action: `cognito-idp:${action}`, resource: `arn:aws:cognito-idp:${region}:${account}:userpool/${UserPoolId}` },
    ],
  ];
  const open = (operation: string): [string, Requirement] => [operation, () => []];
  return Object.fromEntries([
    ...[
      "AdminAddUserToGroup",
      "AdminConfirmSignUp",
      "AdminCreateUser",
      "AdminDeleteUser",
      "AdminGetUser",
      "AdminSetUserPassword",
      "AdminUserGlobalSignOut",
      "ListUsers",
    ].map(onPool),
    ...[
      "ConfirmForgotPassword",
      "ConfirmSignUp",
      "ForgotPassword",
      "InitiateAuth",
      "ResendConfirmationCode",
      "RevokeToken",
      "SignUp",
    ].map(open),
  ]);
}

/** As it is called: a version or an alias is a resource of its own. */
function functionArn({ region, account }: Place, { FunctionName, Qualifier }: Input): string {
  const name = String(FunctionName);
  const arn = name.startsWith("arn:") ? name : `arn:aws:lambda:${region}:${account}:function:${name}`;
  return Qualifier === undefined ? arn : `${arn}:${Qualifier}`;
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function record(value: unknown): Record<string, Input> {
  return typeof value === "object" && value !== null ? (value as Record<string, Input>) : {};
}
