/** What other programs, such as Terraform, read to find what is deployed: docs/terraform.md. Names are promises. */
import { alarms } from "./alarm.ts";
import { api } from "./api.ts";
import { archive, bus } from "./bus.ts";
import { stageName } from "./deployment.ts";
import { userPool } from "./identity.ts";
import { checkoutAlias } from "./saga.ts";

const outputs = {
  "api-url": api.url,
  "bus-name": bus.name,
  "bus-arn": bus.arn,
  "event-archive-arn": archive.arn,
  "alarms-topic-arn": alarms.arn,
  "checkout-arn": checkoutAlias.arn,
  "user-pool-id": userPool.id,
};

for (const [name, value] of Object.entries(outputs)) {
  const logical = name.replaceAll(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());
  new aws.ssm.Parameter(`Output${logical}`, { name: `/${$app.name}/${stageName}/${name}`, type: "String", value });
}
