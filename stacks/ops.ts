/** What operators can do, by the API. It covers all that the other stacks make. */
import { may } from "./access.ts";
import { alarmNames } from "./alarm.ts";
import { api } from "./api.ts";
import { archive, bus } from "./bus.ts";
import type { Redrive } from "./dead-letters.ts";
import { physicalName } from "./deployment.ts";
import { identity } from "./identity.ts";
import { callerLimits } from "./limit.ts";
import { deadLettersLink, passOn, queues, replayArns, replayLink, replayRecords, replayWork } from "./replay.ts";
import { reconcilePayments } from "./schedule.ts";
import { signingKey } from "./secret.ts";
import { opsTable } from "./table.ts";

/**
 * IAM takes 10,240 characters of a role's own policies, so each queue is named once, with all that may be done with its
 * letters: they are read, and taken out by what goes somewhere else or back to a queue.
 */
const reading = ["sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"];
const takingOut = [...reading, "sqs:DeleteMessage"];
const moving = [...takingOut, "sqs:ListMessageMoveTasks", "sqs:StartMessageMoveTask"];
const ways: Record<Redrive["to"], string[]> = { nothing: reading, bus: takingOut, machine: takingOut, queue: moving };

const lettersThat = (actions: string[]) => ({
  actions,
  resources: queues.filter(({ redrive }) => ways[redrive.to] === actions).map(({ queue }) => queue.arn),
});

/** All alarms of the stage, none if nobody watches it; the prefix is what AWS's names have before ours. */
const stageAlarms = new sst.Linkable("StageAlarms", {
  properties: { prefix: physicalName("", 255), names: [...alarmNames] },
});

const reconciling = reconcilePayments.nodes.function;
const reconcileLink = new sst.Linkable("Reconciliation", { properties: { name: reconciling.name } });

const opsRouter = new sst.aws.Function("OpsRouter", {
  handler: "packages/functions/src/ops.handler",
  link: [
    ...[replayRecords, deadLettersLink, replayLink, stageAlarms, reconcileLink],
    ...[bus, identity, signingKey, callerLimits],
  ],
  // Reading a long queue takes its time; the gateway gives up at 30 seconds.
  timeout: "29 seconds",
  permissions: [
    may(opsTable, "GetItem", "PutItem", "UpdateItem"),
    ...[reading, takingOut, moving].map(lettersThat),
    // How much of a replay is still to be handed on is in the queue of Replay.
    { actions: ["sqs:GetQueueAttributes"], resources: [replayWork.queue.arn] },
    ...passOn(queues.map(({ redrive }) => redrive)),
    { actions: ["events:StartReplay"], resources: [archive.arn, bus.arn, replayArns] },
    { actions: ["events:DescribeReplay"], resources: [replayArns] },
    { actions: ["lambda:InvokeFunction"], resources: [reconciling.arn] },
    // Of composite alarms CloudWatch tells those alone who may ask about all alarms.
    { actions: ["cloudwatch:DescribeAlarms"], resources: ["*"] },
  ],
});
api.route("ANY /ops/{proxy+}", opsRouter.arn, { auth: false });
