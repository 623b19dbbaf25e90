import { CheckoutResumed, OrderPlaced, pattern } from "@cartwright/events";
import { may, mayStart } from "./access.ts";
import { deadLetters } from "./dead-letters.ts";
import { deliver } from "./delivery.ts";
import { physicalName, stage } from "./deployment.ts";
import { askingProvider, askingSeconds, mayAskProvider, paced } from "./provider.ts";
import { paymentTokenKey } from "./secret.ts";
import { inventoryTable, orderTable, sandboxTable } from "./table.ts";
import { tracing } from "./tracing.ts";

const { choice, fail, lambdaInvoke, pass, succeed, task } = sst.aws.StepFunctions;

const asking = {
  link: askingProvider,
  permissions: mayAskProvider,
  timeout: `${askingSeconds} seconds` as const,
  ...(paced !== undefined && { concurrency: { reserved: paced } }),
};
const order = { link: [orderTable], permissions: [may(orderTable, "GetItem", "UpdateItem")] };
const stock = { link: [inventoryTable] };

const functions = {
  ReserveStock: step("ReserveStock", "stock.reserve", {
    ...stock,
    permissions: [may(inventoryTable, "BatchGetItem", "GetItem", "PutItem", "UpdateItem")],
  }),
  ReleaseStock: step("ReleaseStock", "stock.release", {
    ...stock,
    permissions: [may(inventoryTable, "GetItem", "PutItem", "UpdateItem")],
  }),
  AuthorizePayment: step("AuthorizePayment", "payment.authorize", {
    ...asking,
    link: [...askingProvider, paymentTokenKey],
    permissions: [...mayAskProvider, may(sandboxTable, "PutItem")],
  }),
  VoidPayment: step("VoidPayment", "payment.undo", asking),
  CapturePayment: step("CapturePayment", "payment.capture", asking),
  ConfirmOrder: step("ConfirmOrder", "order.confirm", order),
  AbandonOrder: step("AbandonOrder", "order.abandon", order),
  CancelOrder: step("CancelOrder", "order.cancel", order),
};

/** Too many ask the provider at once: whoever waits a little longer gets through. */
const crowded = ["Lambda.TooManyRequestsException"];

/** What may pass when tried again. A decline is an answer, not a fault: it must never be in here. */
const passing = [
  "Lambda.ServiceException",
  "Lambda.AWSLambdaException",
  "Lambda.SdkClientException",
  "Lambda.Unknown",
  "Runtime.ExitError",
  "Sandbox.Timedout",
  "UnavailableError",
  "ContentionError",
];

/** What a step throws when nobody can be asked, or nobody can say: the order waits, and a later run asks again. */
const waiting = ["CircuitOpenError", "UnknownOutcomeError"];

/** What a step throws that can't read its event: trying again won't help, and there is nothing to undo yet. */
const unconsumable = ["EventTooNewError", "MalformedEventError", "UnknownEventError"];

/** A minute and more, within the four that an execution has. */
const patience: Parameters<ReturnType<typeof lambdaInvoke>["retry"]>[0] = {
  errors: crowded,
  interval: "2 seconds",
  maxAttempts: 8,
  backoffRate: 1.6,
  jitterStrategy: "FULL",
};

const starts = pattern(OrderPlaced, CheckoutResumed);
const failures = deadLetters("StartCheckout", starts.detailType, () => ({
  to: "machine",
  machine: checkout,
  alias: checkoutAlias,
}));

// After a Catch the state's input is the error, so all that later states need is kept in variables. The steps get the
// event as it came, and bring it to today's version themselves; this definition reads `abandoned` alone, of any version.
const receive = pass({
  name: "Receive",
  assign: { event: "{% $states.input.detail %}", step: "ReserveStock" },
});

const reserveStock = forward("ReserveStock", "AuthorizePayment");
const authorizePayment = forward("AuthorizePayment", "ConfirmOrder");
const confirmOrder = forward("ConfirmOrder", "CapturePayment");
const capturePayment = forward("CapturePayment");

const abandonOrder = undo("AbandonOrder", { step: "{% $step %}", error: "{% $states.input %}" });
const voidPayment = undo("VoidPayment");
const releaseStock = undo("ReleaseStock");
const cancelOrder = undo("CancelOrder");

// Not SST's `sqsSendMessage`, whose message attributes are bare strings: SQS wants each with its type.
const leaveDeadLetter = task({
  name: "LeaveDeadLetter",
  resource: "arn:aws:states:::sqs:sendMessage",
  arguments: {
    QueueUrl: failures.url,
    MessageBody: "{% $string({ 'detail': $event }) %}",
    MessageAttributes: {
      ERROR_CODE: text("{% $states.input.Error %}"),
      ERROR_MESSAGE: text("{% $substring($parse($states.input.Cause).errorMessage, 0, 2000) %}"),
      ATTEMPTS: text("1"),
      FIRST_ATTEMPT_AT: text("{% $states.context.Execution.StartTime %}"),
      LAST_ATTEMPT_AT: text("{% $states.context.State.EnteredTime %}"),
    },
  },
});
const unreadable = fail({ name: "Unreadable", error: "Unreadable", cause: "The event is in the dead letters." });

// `catch` jumps to the head of the chain its target belongs to, so it comes before that chain is made.
for (const state of [reserveStock, voidPayment]) state.catch(leaveDeadLetter, { errors: unconsumable });
const awaitProvider = succeed({ name: "AwaitProvider" });
for (const state of [authorizePayment, capturePayment])
  state.catch(awaitProvider, { errors: [...waiting, ...crowded] });
for (const state of [reserveStock, authorizePayment, confirmOrder, capturePayment]) state.catch(abandonOrder);
leaveDeadLetter
  .retry({ errors: ["States.ALL"], interval: "2 seconds", maxAttempts: 5, backoffRate: 2 })
  .next(unreadable);

const undone = succeed({ name: "Undone" });
voidPayment.next(releaseStock).next(cancelOrder).next(undone);

// An order that is confirmed is given up only for a capture refused for good: otherwise nothing of it may be undone.
const mayUndo = choice({ name: "Undo?" })
  .when("{% $states.input.abandoned = false %}", succeed({ name: "Superseded" }))
  .otherwise(voidPayment);
abandonOrder.next(mayUndo);

// The customer has to act first, or the provider itself: a webhook tells when they have.
const authorized = choice({ name: "Authorized?" })
  .when('{% $states.input.status = "waiting" %}', succeed({ name: "AwaitWebhook" }))
  .otherwise(confirmOrder);
confirmOrder.next(capturePayment).next(succeed({ name: "Settled" }));
reserveStock.next(authorizePayment).next(authorized);

// Not `$event.data.abandoned` alone: an absent field would be no boolean, and fail the execution.
const abandoned = choice({ name: "Abandoned?" })
  .when("{% $event.data.abandoned = true %}", voidPayment)
  .otherwise(reserveStock);
receive.next(abandoned);

narrowRole("CheckoutRole");

export const checkout = new sst.aws.StepFunctions("Checkout", {
  type: "express",
  definition: receive,
  logging: { level: "error", includeData: false, retention: stage.logRetention },
  transform: {
    stateMachine: (args) => {
      args.definition = $jsonStringify($jsonParse(args.definition).apply(complete));
      args.publish = true;
      args.tracingConfiguration = { enabled: true };
    },
  },
});

/**
 * What everybody starts. An execution stays with the version that it began with, and that version with the functions that
 * it was published with: so a deployment changes nothing under way, and a roll-back is one call.
 */
export const checkoutAlias = new aws.sfn.Alias("CheckoutLive", {
  name: "live",
  routingConfigurations: [{ stateMachineVersionArn: checkout.nodes.stateMachine.stateMachineVersionArn, weight: 100 }],
});

startFromBus("StartCheckout");

function step(name: string, handler: string, args: Omit<sst.aws.FunctionArgs, "handler">) {
  return new sst.aws.Function(name, { handler: `packages/functions/src/saga/${handler}`, versioning: true, ...args });
}

/** A step towards a settled order. `next` names the step that fails if anything fails from then on. */
function forward(name: keyof typeof functions, next?: keyof typeof functions) {
  return invoke(name, {}, next && { step: next })
    .retry({
      errors: [...passing],
      interval: "1 second",
      maxAttempts: 3,
      backoffRate: 2,
      jitterStrategy: "FULL",
    })
    .retry(patience);
}

/** Undoing must not be given up quietly: it is tried for longer, and an execution where it fails is a failed one. */
function undo(name: keyof typeof functions, more: Record<string, string> = {}) {
  return invoke(name, more)
    .retry({
      errors: [...passing],
      interval: "2 seconds",
      maxAttempts: 5,
      backoffRate: 2,
      jitterStrategy: "FULL",
    })
    .retry(patience);
}

function invoke(name: keyof typeof functions, more: Record<string, string>, assign?: Record<string, string>) {
  return lambdaInvoke({
    name,
    function: functions[name],
    payload: { event: "{% $event %}", retry: "{% $states.context.State.RetryCount %}", ...more },
    output: "{% $states.result.Payload %}",
    ...(assign && { assign }),
  });
}

/** Adds what the builder can't say. An express execution ends after five minutes in any case; this one ends sooner. */
function complete(definition: Record<string, unknown>) {
  return {
    Comment: "Reserves, authorizes, confirms, captures; undoes it all in reverse when a step fails",
    QueryLanguage: "JSONata",
    TimeoutSeconds: 240,
    ...definition,
  };
}

/** SST's own role may do anything with any bus, and start any machine of the account. */
function narrowRole(roleName: string) {
  $transform(aws.iam.Role, (args, _options, name) => {
    if (name !== roleName) return;
    const statements = [
      {
        actions: ["lambda:InvokeFunction"],
        // Of every version, since an execution of the machine's version before still calls those before.
        resources: Object.values(functions).map((invoked) => $interpolate`${invoked.arn}:*`),
      },
      { actions: ["sqs:SendMessage"], resources: [failures.arn] },
      {
        ...tracing,
        actions: [...tracing.actions, "xray:GetSamplingRules", "xray:GetSamplingTargets"],
      },
      {
        // AWS knows no resource to narrow the delivery of a state machine's logs to.
        actions: [
          "logs:CreateLogDelivery",
          "logs:DeleteLogDelivery",
          "logs:DescribeLogGroups",
          "logs:DescribeResourcePolicies",
          "logs:GetLogDelivery",
          "logs:ListLogDeliveries",
          "logs:PutResourcePolicy",
          "logs:UpdateLogDelivery",
        ],
        resources: ["*"],
      },
    ];
    args.inlinePolicies = [{ name: "inline", policy: aws.iam.getPolicyDocumentOutput({ statements }).json }];
  });
}

function text(value: string) {
  return { DataType: "String", StringValue: value };
}

/** EventBridge starts the machine itself: no function between, that could lose the event. */
function startFromBus(name: string) {
  const role = new aws.iam.Role(`${name}Role`, {
    name: physicalName(name, 64),
    assumeRolePolicy: aws.iam.assumeRolePolicyForPrincipal({ Service: "events.amazonaws.com" }),
    inlinePolicies: [
      {
        name: "inline",
        policy: aws.iam.getPolicyDocumentOutput({
          statements: [mayStart(checkout, checkoutAlias)],
        }).json,
      },
    ],
  });
  deliver({
    name,
    pattern: { source: starts.source, "detail-type": starts.detailType },
    to: { arn: checkoutAlias.arn, role },
    failures,
  });
}
