import { physicalName, stage } from "./deployment.ts";

export const bus = new sst.aws.Bus("Bus");

/** Every event of ours, to be replayed into a new projection or after a mistake. */
export const archive = new aws.cloudwatch.EventArchive("Archive", {
  name: physicalName("Archive", 48),
  eventSourceArn: bus.arn,
  retentionDays: stage.archiveRetentionDays,
  eventPattern: $jsonStringify({ source: [{ prefix: `${$app.name}.` }] }),
});
