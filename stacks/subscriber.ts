import { bus } from "./bus.ts";
import { acceptFromRule, delivery } from "./dead-letters.ts";
import { workOff, workQueue } from "./work-queue.ts";

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
  /** How long its function may take for a batch. */
  timeoutSeconds?: number;
  /** What it may do beyond the use of what it is linked to. */
  permissions?: sst.aws.FunctionPermissionArgs[];
}

/** Lets a function react to events through a queue of its own, whose dead letters wait for a person. */
export function subscribe({ name, pattern, handler, link, permissions = [], ...patience }: Subscription) {
  const work = workQueue(name, { events: pattern.detailType, ...patience });
  workOff(work, { handler, link, permissions });
  const subscription = bus.subscribeQueue(name, work.queue, {
    pattern,
    transform: {
      target: (args) => {
        args.deadLetterConfig = { arn: work.failures.arn };
        args.retryPolicy = delivery;
      },
    },
  });
  acceptFromRule(`${name}DeadLettersPolicy`, work.failures, subscription.nodes.rule.arn);
}
