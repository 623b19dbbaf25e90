import { deadLetters } from "./dead-letters.ts";
import { askingProvider } from "./provider.ts";
import { sandboxTable } from "./table.ts";

const failures = deadLetters("ReconcilePayments", [], () => ({ to: "nothing" }));

/** Compares our ledger with the provider's books, in both directions, and mends what rules can mend. */
new sst.aws.CronV2("ReconcilePayments", {
  schedule: "rate(5 minutes)",
  // The scheduler's own retries and dead letters end when Lambda has accepted the event; these cover the run itself.
  function: {
    handler: "packages/functions/src/schedule/reconcile-payments.handler",
    link: askingProvider,
    timeout: "5 minutes",
    retries: 2,
    permissions: [
      // The sandbox lists its charges by looking through all of them.
      { actions: ["dynamodb:Scan"], resources: [sandboxTable.arn] },
      { actions: ["sqs:SendMessage"], resources: [failures.arn] },
    ],
    transform: {
      eventInvokeConfig: (args) => {
        args.destinationConfig = { onFailure: { destination: failures.arn } };
      },
    },
  },
  retries: 2,
  dlq: failures.arn,
});
