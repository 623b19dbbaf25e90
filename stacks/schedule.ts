import { may, mayQuery, maySend } from "./access.ts";
import { deadLetters } from "./dead-letters.ts";
import { identity, userPool } from "./identity.ts";
import { askingProvider, paced } from "./provider.ts";
import { mayUseSandbox } from "./sandbox.ts";
import { inventoryTable, paymentTable, sandboxTable, userTable } from "./table.ts";

// Compares our ledger with the provider's books, in both directions, and mends what rules can mend. Operators can ask for it.
export const reconcilePayments = schedule("ReconcilePayments", "rate(5 minutes)", {
  handler: "packages/functions/src/schedule/reconcile-payments.handler",
  link: askingProvider,
  timeout: "5 minutes",
  // Whoever asks for a second one meanwhile is told that one runs.
  ...(paced !== undefined && { concurrency: { reserved: 1 } }),
  permissions: [
    may(paymentTable, "BatchGetItem", "GetItem", "PutItem", "UpdateItem"),
    mayQuery(paymentTable, "gsi1"),
    // The sandbox lists its charges by looking through all of them.
    may(sandboxTable, "Scan"),
    ...mayUseSandbox,
  ],
});

// Gives back what checkouts have held for too long.
schedule("SweepReservations", "rate(1 minute)", {
  handler: "packages/functions/src/schedule/sweep-reservations.handler",
  link: [inventoryTable],
  timeout: "50 seconds",
  permissions: [may(inventoryTable, "GetItem", "UpdateItem"), mayQuery(inventoryTable, "gsi1")],
});

// Deletes accounts that nobody has confirmed, which hold emails of people who may never have heard of us.
schedule("SweepAccounts", "rate(1 day)", {
  handler: "packages/functions/src/schedule/sweep-accounts.handler",
  link: [userTable, identity],
  timeout: "15 minutes",
  permissions: [
    may(userTable, "GetItem", "UpdateItem"),
    {
      actions: ["cognito-idp:AdminDeleteUser", "cognito-idp:AdminGetUser", "cognito-idp:ListUsers"],
      resources: [userPool.arn],
    },
  ],
});

interface Work {
  handler: string;
  link: unknown[];
  timeout: sst.aws.FunctionArgs["timeout"];
  concurrency?: sst.aws.FunctionArgs["concurrency"];
  permissions?: sst.aws.FunctionPermissionArgs[];
}

function schedule(name: string, when: sst.aws.CronV2Args["schedule"], { permissions = [], ...work }: Work) {
  const failures = deadLetters(name, [], () => ({ to: "nothing" }));
  // The scheduler's own retries and dead letters end when Lambda has accepted the event; these cover the run itself.
  return new sst.aws.CronV2(name, {
    schedule: when,
    function: {
      ...(work as sst.aws.FunctionArgs),
      retries: 2,
      permissions: [...permissions, maySend(failures)],
      transform: {
        eventInvokeConfig: (args) => {
          args.destinationConfig = { onFailure: { destination: failures.arn } };
        },
      },
    },
    retries: 2,
    dlq: failures.arn,
  });
}
