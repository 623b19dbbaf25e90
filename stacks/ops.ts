import { registry } from "@cartwright/events";
import { api } from "./api.ts";
import { archive, bus } from "./bus.ts";
import { acceptFromRule, allDeadLetters, delivery, type Redrive } from "./dead-letters.ts";
import { identity } from "./identity.ts";
import { callerLimits } from "./limit.ts";
import { signingKey } from "./secret.ts";
import { physicalName } from "./stage.ts";
import { opsTable } from "./table.ts";
import { workOff, workQueue } from "./work-queue.ts";

const replayWork = workQueue("Replay", { events: [...registry.keys()] });

// EventBridge replays to rules, and knows no filter but time. This rule takes what is replayed and nothing else; its
// function forwards to one subscriber what the replay is meant for.
const replayRule = new aws.cloudwatch.EventRule("Replay", {
  name: physicalName("Replay", 64),
  eventBusName: bus.name,
  eventPattern: $jsonStringify({ source: [{ prefix: `${$app.name}.` }], "replay-name": [{ exists: true }] }),
});
acceptFromRule("ReplayQueuePolicy", replayWork.queue, replayRule.arn);
acceptFromRule("ReplayDeadLettersPolicy", replayWork.failures, replayRule.arn);
new aws.cloudwatch.EventTarget("ReplayTarget", {
  eventBusName: bus.name,
  rule: replayRule.name,
  arn: replayWork.queue.arn,
  deadLetterConfig: { arn: replayWork.failures.arn },
  retryPolicy: delivery,
});

const queues = allDeadLetters.map(({ redrive, ...rest }) => ({ ...rest, redrive: redrive() }));
const letterArns = queues.map(({ queue }) => queue.arn);
const redrivable = queues.filter(({ redrive }) => redrive.to !== "nothing").map(({ queue }) => queue.arn);
const movable = queues.filter(({ redrive }) => redrive.to === "queue").map(({ queue }) => queue.arn);
/** Replays go to whoever the bus feeds, not to what forwards them. */
const replayable = queues.filter(
  ({ subscriber, redrive, events }) =>
    subscriber !== "Replay" && events.length > 0 && (redrive.to === "queue" || redrive.to === "machine"),
);

const deadLettersLink = new sst.Linkable("DeadLetters", {
  properties: {
    queues: Object.fromEntries(
      queues.map(({ subscriber, queue, events, redrive }) => [
        subscriber,
        {
          url: queue.url,
          arn: queue.arn,
          events,
          redrivesTo: redrive.to,
          ...(redrive.to === "queue" && {
            targetUrl: redrive.queue.url,
            targetArn: redrive.queue.arn,
            backWithinSeconds: redrive.backWithinSeconds,
          }),
          ...(redrive.to === "machine" && { targetArn: redrive.machine.arn }),
          replayable: replayable.some((other) => other.subscriber === subscriber),
        },
      ]),
    ),
  },
});

const replayLink = new sst.Linkable("ReplaySource", {
  properties: { archive: archive.arn, bus: bus.arn, rule: replayRule.arn },
});

/** The table's name alone: a link to the table itself would grant all that a domain does with its own. */
const replayRecords = new sst.Linkable("ReplayRecords", { properties: { name: opsTable.name } });

workOff(replayWork, {
  handler: "packages/functions/src/replay.handler",
  link: [replayRecords, deadLettersLink],
  permissions: [
    { actions: ["dynamodb:GetItem", "dynamodb:UpdateItem"], resources: [opsTable.arn] },
    ...passOn(replayable.map(({ redrive }) => redrive)),
  ],
});

/** A replay's ARN holds its id, which is only known once there is one. */
const replayArns = archive.arn.apply((arn) => arn.replace(/:archive\/.*$/, ":replay/rpl_*"));

const opsRouter = new sst.aws.Function("OpsRouter", {
  handler: "packages/functions/src/ops.handler",
  link: [replayRecords, deadLettersLink, replayLink, bus, identity, signingKey, callerLimits],
  // Reading a long queue takes its time; the gateway gives up at 30 seconds.
  timeout: "29 seconds",
  permissions: [
    { actions: ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"], resources: [opsTable.arn] },
    { actions: ["sqs:ChangeMessageVisibility", "sqs:ReceiveMessage"], resources: letterArns },
    // How much of a replay is still to be handed on is in the queue of Replay.
    { actions: ["sqs:GetQueueAttributes"], resources: [...letterArns, replayWork.queue.arn] },
    { actions: ["sqs:DeleteMessage"], resources: redrivable },
    { actions: ["sqs:ListMessageMoveTasks", "sqs:StartMessageMoveTask"], resources: movable },
    ...passOn(queues.map(({ redrive }) => redrive)),
    { actions: ["events:StartReplay"], resources: [archive.arn, bus.arn, replayArns] },
    { actions: ["events:DescribeReplay"], resources: [replayArns] },
  ],
});
api.route("ANY /ops/{proxy+}", opsRouter.arn, { auth: false });

/** Leave to hand letters or replayed events to those they are meant for. */
function passOn(redrives: Redrive[]) {
  const queueArns = redrives.flatMap((redrive) => (redrive.to === "queue" ? [redrive.queue.arn] : []));
  const machineArns = redrives.flatMap((redrive) => (redrive.to === "machine" ? [redrive.machine.arn] : []));
  return [
    { actions: ["sqs:SendMessage"], resources: queueArns },
    { actions: ["states:StartExecution"], resources: machineArns },
  ];
}
