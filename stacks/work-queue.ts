import { maySend } from "./access.ts";
import { deadLetters, retentionSeconds } from "./dead-letters.ts";

interface WorkQueueArgs {
  /** Of the events that its messages may hold. */
  events: string[];
  /** How long a message stays invisible at first. */
  delaySeconds?: number;
  /** How often a message is received before it goes to the dead letters. */
  maximumReceives?: number;
  /** How long its function may take for a batch. */
  timeoutSeconds?: number;
}

/** Every queue that a function works off. */
export const allWork: sst.aws.Queue[] = [];

/** A queue with dead letters that wait for a person, to be worked off by the function of its name. */
export function workQueue(
  name: string,
  { events, delaySeconds = 0, maximumReceives = 5, timeoutSeconds = 10 }: WorkQueueArgs,
) {
  // AWS asks for six times the function's timeout, so that throttled batches can be tried again.
  const visibilitySeconds = 6 * timeoutSeconds;
  // After the last attempt it is hidden once more, before SQS moves it, unless the function wrote a letter itself.
  const backWithinSeconds = delaySeconds + visibilitySeconds * maximumReceives;
  const failures = deadLetters(name, events, () => ({ to: "queue", queue, backWithinSeconds }));
  const queue = new sst.aws.Queue(`${name}Queue`, {
    delay: `${delaySeconds} seconds`,
    visibilityTimeout: `${visibilitySeconds} seconds`,
    dlq: { queue: failures.arn, retry: maximumReceives },
    transform: {
      queue: (args) => {
        args.messageRetentionSeconds = retentionSeconds;
      },
    },
  });
  allWork.push(queue);
  return { name, queue, failures, maximumReceives, timeoutSeconds };
}

interface Work {
  handler: string;
  link: unknown[];
  permissions?: sst.aws.FunctionPermissionArgs[];
  /** How many batches are worked off at once at most, 2 at least; a limit here takes no attempt from a message. */
  concurrency?: number | undefined;
}

/** Has a function work a queue off, message by message. It leaves dead letters that tell their reason. */
export function workOff(
  { name, queue, failures, maximumReceives, timeoutSeconds }: ReturnType<typeof workQueue>,
  { handler, link, permissions = [], concurrency }: Work,
) {
  const worker = new sst.aws.Function(name, {
    handler,
    link: [...link, failures],
    environment: { DEAD_LETTERS: `${name}DeadLetters`, MAXIMUM_RECEIVES: String(maximumReceives) },
    timeout: `${timeoutSeconds} seconds`,
    permissions: [
      {
        actions: ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"],
        resources: [queue.arn],
      },
      maySend(failures),
      ...permissions,
    ],
  });
  queue.subscribe(worker.arn, {
    batch: { size: 10, partialResponses: true },
    transform: {
      eventSourceMapping: (args) => {
        if (concurrency !== undefined) args.scalingConfig = { maximumConcurrency: concurrency };
      },
    },
  });
}
