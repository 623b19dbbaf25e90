import { deadLetters } from "./dead-letters.ts";
import { paymentTable, sandboxTable } from "./table.ts";

const failures = deadLetters("ReconcilePayments", [], () => ({ to: "nothing" }));

/** Compares our payments with the provider's books, and mends what a lost answer left open. */
new sst.aws.CronV2("ReconcilePayments", {
  schedule: "rate(5 minutes)",
  // The scheduler's own retries and dead letters end when Lambda has accepted the event; these cover the run itself.
  function: {
    handler: "packages/functions/src/schedule/reconcile-payments.handler",
    link: [paymentTable, sandboxTable],
    timeout: "1 minute",
    retries: 2,
    permissions: [
      // Money that we have forgotten about can be found in the provider's books alone, by looking through all of them.
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
