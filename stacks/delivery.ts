import { bus } from "./bus.ts";
import { physicalName } from "./deployment.ts";

/** How long EventBridge tries to deliver before it gives an event to the dead letters. */
const delivery = { maximumRetryAttempts: 10, maximumEventAgeInSeconds: 3600 };

interface Delivery {
  /** The rule's, and that of what it feeds. */
  name: string;
  pattern: $util.Input<object>;
  to: { queue: sst.aws.Queue } | { arn: $util.Input<string>; role: aws.iam.Role };
  /** Takes what can't be delivered. */
  failures: sst.aws.Queue;
}

/**
 * Has the bus deliver what fits a pattern. SST's own subscription has neither retries nor dead letters, and lets rules,
 * topics and buckets of all kinds send to the queue.
 */
export function deliver({ name, pattern, to, failures }: Delivery) {
  const rule = new aws.cloudwatch.EventRule(name, {
    name: physicalName(name, 64),
    eventBusName: bus.name,
    eventPattern: $jsonStringify(pattern),
  });
  if ("queue" in to) acceptFrom(rule, `${name}QueuePolicy`, to.queue);
  acceptFrom(rule, `${name}DeadLettersPolicy`, failures);
  new aws.cloudwatch.EventTarget(`${name}Target`, {
    eventBusName: bus.name,
    rule: rule.name,
    ...("queue" in to ? { arn: to.queue.arn } : { arn: to.arn, roleArn: to.role.arn }),
    deadLetterConfig: { arn: failures.arn },
    retryPolicy: delivery,
  });
  return rule;
}

function acceptFrom(rule: aws.cloudwatch.EventRule, name: string, queue: sst.aws.Queue): void {
  new aws.sqs.QueuePolicy(name, {
    queueUrl: queue.url,
    policy: aws.iam.getPolicyDocumentOutput({
      statements: [
        {
          actions: ["sqs:SendMessage"],
          resources: [queue.arn],
          principals: [{ type: "Service", identifiers: ["events.amazonaws.com"] }],
          conditions: [{ test: "ArnEquals", variable: "aws:SourceArn", values: [rule.arn] }],
        },
      ],
    }).json,
  });
}
