const retentionSeconds = 14 * 24 * 60 * 60;

/** A queue for a person to look at: it keeps what arrives for as long as SQS can. */
export function deadLetters(name: string) {
  return new sst.aws.Queue(name, {
    transform: {
      queue: (args) => {
        args.messageRetentionSeconds = retentionSeconds;
      },
    },
  });
}

/** Lets one rule of EventBridge put into `queue` what it could not deliver. */
export function acceptFromRule(name: string, queue: sst.aws.Queue, ruleArn: $util.Input<string>) {
  return new aws.sqs.QueuePolicy(name, {
    queueUrl: queue.url,
    policy: aws.iam.getPolicyDocumentOutput({
      statements: [
        {
          actions: ["sqs:SendMessage"],
          resources: [queue.arn],
          principals: [{ type: "Service", identifiers: ["events.amazonaws.com"] }],
          conditions: [{ test: "ArnEquals", variable: "aws:SourceArn", values: [ruleArn] }],
        },
      ],
    }).json,
  });
}

/** How long EventBridge tries to deliver before it gives an event to the dead letters. */
export const delivery = { maximumRetryAttempts: 10, maximumEventAgeInSeconds: 3600 };
