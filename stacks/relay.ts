import { bus } from "./bus.ts";
import { deadLetters } from "./dead-letters.ts";
import { inventoryTable, orderTable, paymentTable, userTable } from "./table.ts";

relay("UserRelay", userTable);
relay("InventoryRelay", inventoryTable);
relay("OrderRelay", orderTable);
relay("PaymentRelay", paymentTable);

/** Publishes the events that a table's changes carry in their `outbox` attribute. */
function relay(name: string, table: sst.aws.Dynamo) {
  const failures = deadLetters(`${name}DeadLetters`);
  const relayFunction = new sst.aws.Function(name, {
    handler: "packages/functions/src/relay.handler",
    link: [bus],
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
      { actions: ["sqs:SendMessage"], resources: [failures.arn] },
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
        args.maximumRetryAttempts = 100;
        args.maximumRecordAgeInSeconds = 6 * 60 * 60;
        args.destinationConfig = { onFailure: { destinationArn: failures.arn } };
      },
    },
  });
}
