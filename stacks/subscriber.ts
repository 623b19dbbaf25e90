import { bus } from "./bus.ts";
import { acceptFromRule, deadLetters, delivery } from "./dead-letters.ts";

interface Subscription {
  /** Named after its effect, since one event may have several. */
  name: string;
  pattern: { source: string[]; detailType: string[] };
  handler: string;
  link: unknown[];
  /** How long a message stays invisible at first. */
  delaySeconds?: number;
  /** How often a message is received before it goes to the dead letters. */
  maximumReceives?: number;
}

const timeoutSeconds = 10;

/** Lets a function react to events through a queue of its own, whose dead letters wait for a person. */
export function subscribe({ name, pattern, handler, link, delaySeconds = 0, maximumReceives = 5 }: Subscription) {
  const failures = deadLetters(name, pattern.detailType, () => ({ to: "queue", queue }));
  const queue = new sst.aws.Queue(`${name}Queue`, {
    delay: `${delaySeconds} seconds`,
    // AWS asks for six times the function's timeout, so that throttled batches can be tried again.
    visibilityTimeout: `${6 * timeoutSeconds} seconds`,
    dlq: { queue: failures.arn, retry: maximumReceives },
  });
  const reaction = new sst.aws.Function(name, {
    handler,
    link: [...link, failures],
    environment: { DEAD_LETTERS: `${name}DeadLetters`, MAXIMUM_RECEIVES: String(maximumReceives) },
    timeout: `${timeoutSeconds} seconds`,
    permissions: [
      {
        actions: [
          "sqs:ChangeMessageVisibility",
          "sqs:DeleteMessage",
          "sqs:GetQueueAttributes",
          "sqs:GetQueueUrl",
          "sqs:ReceiveMessage",
        ],
        resources: [queue.arn],
      },
    ],
  });
  queue.subscribe(reaction.arn, { batch: { size: 10, partialResponses: true } });
  const subscription = bus.subscribeQueue(name, queue, {
    pattern,
    transform: {
      target: (args) => {
        args.deadLetterConfig = { arn: failures.arn };
        args.retryPolicy = delivery;
      },
    },
  });
  acceptFromRule(`${name}DeadLettersPolicy`, failures, subscription.nodes.rule.arn);
}
