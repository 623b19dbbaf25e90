import { registry } from "@cartwright/events";
import { maySend } from "./access.ts";
import { bus } from "./bus.ts";
import { deadLetters } from "./dead-letters.ts";
import { inventoryTable, orderTable, paymentTable, userTable } from "./table.ts";

/** How long the stream offers a change again before it goes on without it. */
const maximumAgeSeconds = 6 * 60 * 60;
/** The relay gives up sooner than the stream, because it can write a dead letter that holds the event. */
const giveUpAfterSeconds = 5 * 60 * 60;

export const relays = [
  relay("UserRelay", "user", userTable),
  relay("InventoryRelay", "inventory", inventoryTable),
  relay("OrderRelay", "order", orderTable),
  relay("PaymentRelay", "payment", paymentTable),
];

/** Publishes the events that a table's changes carry in their `outbox` attribute. */
function relay(name: string, domain: string, table: sst.aws.Dynamo) {
  const events = [...registry.values()]
    .filter(({ source }) => source === `cartwright.${domain}`)
    .map((event) => event.name);
  const failures = deadLetters(name, events, () => ({ to: "bus" }));
  const relayFunction = new sst.aws.Function(name, {
    handler: "packages/functions/src/relay.handler",
    link: [bus, failures],
    timeout: "30 seconds",
    environment: {
      DOMAIN: domain,
      DEAD_LETTERS: `${name}DeadLetters`,
      GIVE_UP_AFTER_SECONDS: String(giveUpAfterSeconds),
    },
    permissions: [
      {
        actions: [
          "dynamodb:DescribeStream",
          "dynamodb:GetRecords",
          "dynamodb:GetShardIterator",
          "dynamodb:ListStreams",
        ],
        resources: [table.nodes.table.streamArn],
      },
      maySend(failures),
    ],
  });
  table.subscribe("Relay", relayFunction.arn, {
    filters: [{ eventName: ["INSERT", "MODIFY"], dynamodb: { NewImage: { outbox: { S: [{ exists: true }] } } } }],
    transform: {
      eventSourceMapping: (args) => {
        // LATEST would lose what is written while the mapping comes up.
        args.startingPosition = "TRIM_HORIZON";
        args.batchSize = 100;
        args.functionResponseTypes = ["ReportBatchItemFailures"];
        args.bisectBatchOnFunctionError = true;
        // The age decides: an outage of the bus may last for hours.
        args.maximumRetryAttempts = -1;
        args.maximumRecordAgeInSeconds = maximumAgeSeconds;
        args.destinationConfig = { onFailure: { destinationArn: failures.arn } };
      },
    },
  });
  return { name, domain, relay: relayFunction };
}
