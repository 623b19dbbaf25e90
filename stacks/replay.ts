/** Replays, and what is known of dead letters: the queues are complete once this is loaded. */
import { registry } from "@cartwright/events";
import { may, mayStart } from "./access.ts";
import { archive, bus } from "./bus.ts";
import { allDeadLetters, type Redrive } from "./dead-letters.ts";
import { deliver } from "./delivery.ts";
import { opsTable } from "./table.ts";
import { workOff, workQueue } from "./work-queue.ts";

export const replayWork = workQueue("Replay", { events: [...registry.keys()] });

// EventBridge replays to rules, and knows no filter but time. This rule takes what is replayed and nothing else; its
// function forwards to one subscriber what the replay is meant for.
const replayRule = deliver({
  name: "Replay",
  pattern: { source: [{ prefix: `${$app.name}.` }], "replay-name": [{ exists: true }] },
  to: { queue: replayWork.queue },
  failures: replayWork.failures,
});

/** Every queue of dead letters, and where its letters go when they are redriven. */
export const queues = allDeadLetters.map(({ redrive, ...rest }) => ({ ...rest, redrive: redrive() }));
/** Replays go to whoever the bus feeds, not to what forwards them. */
const replayable = queues.filter(
  ({ subscriber, redrive, events }) =>
    subscriber !== "Replay" && events.length > 0 && (redrive.to === "queue" || redrive.to === "machine"),
);

export const deadLettersLink = new sst.Linkable("DeadLetters", {
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
          ...(redrive.to === "machine" && { targetArn: redrive.alias.arn }),
          replayable: replayable.some((other) => other.subscriber === subscriber),
        },
      ]),
    ),
  },
});

export const replayLink = new sst.Linkable("ReplaySource", {
  properties: { archive: archive.arn, bus: bus.arn, rule: replayRule.arn },
});

/** The table under a name of its own, by which functions know what they use it for. */
export const replayRecords = new sst.Linkable("ReplayRecords", { properties: { name: opsTable.name } });

workOff(replayWork, {
  handler: "packages/functions/src/replay.handler",
  link: [replayRecords, deadLettersLink],
  permissions: [may(opsTable, "GetItem", "UpdateItem"), ...passOn(replayable.map(({ redrive }) => redrive))],
});

/** A replay's ARN holds its id, which is only known once there is one. */
export const replayArns = archive.arn.apply((arn) => arn.replace(/:archive\/.*$/, ":replay/rpl_*"));

/** Leave to hand letters or replayed events to those they are meant for. */
export function passOn(redrives: Redrive[]) {
  const queueArns = redrives.flatMap((redrive) => (redrive.to === "queue" ? [redrive.queue.arn] : []));
  const starts = redrives.flatMap((redrive) =>
    redrive.to === "machine" ? [mayStart(redrive.machine, redrive.alias)] : [],
  );
  return [{ actions: ["sqs:SendMessage"], resources: queueArns }, ...starts];
}
