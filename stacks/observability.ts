/** What calls a person. */
import { alarmOnLetters, alarmOnMetric } from "./alarm.ts";
import { allDeadLetters } from "./dead-letters.ts";

/** Whose letters say more than that something has failed. */
const meanings = new Map([
  ["NeedsOperator", "No rule mends what is wrong with a payment. npm run ops -- needs-operator says which, and why."],
  ["WatchCheckout", "An order did not settle in half an hour. npm run ops -- needs-operator says which."],
  ["IssueRefund", "The provider could not be asked for a refund. npm run ops -- needs-operator says which."],
  [
    "RefundReturn",
    "The refund of goods that came back could not be decided. npm run ops -- needs-operator says which.",
  ],
  ["RestockReturn", "Goods that came back are not in stock again. npm run ops -- needs-operator says which."],
  ["RecordRefund", "An order does not say what was refunded of it. npm run ops -- needs-operator says which."],
  [
    "ShipStock",
    "Goods were sent that our stock does not know of. npm run ops -- dead-letters list ShipStock says which.",
  ],
  [
    "DeleteAccount",
    "Somebody closed their account, and it can still sign in. npm run ops -- dead-letters list DeleteAccount says which.",
  ],
  [
    "ForgetCustomer",
    "Somebody closed their account, and orders still say where they live. npm run ops -- dead-letters list ForgetCustomer says who.",
  ],
  [
    "ForgetPayer",
    "Somebody closed their account, and notes on their payments are kept. npm run ops -- dead-letters list ForgetPayer says whose.",
  ],
  ["SweepReservations", "What checkouts have held for too long was not given back; the next run goes on from there."],
  [
    "SweepAccounts",
    "Accounts that nobody has confirmed were not deleted; the next run, a day later, goes on from there.",
  ],
  ["ReconcilePayments", "Our ledger could not be compared with the provider's books; the next run goes on from there."],
]);

for (const { subscriber, queue } of allDeadLetters) {
  const command = `npm run ops -- dead-letters list ${subscriber}`;
  const meaning = meanings.get(subscriber) ?? `Something failed for good. ${command} says what, and why.`;
  alarmOnLetters(`${subscriber}Letters`, queue, meaning);
}

for (const provider of ["sandbox", "stripe"]) {
  const named = provider[0]!.toUpperCase() + provider.slice(1);
  alarmOnMetric(`${named}BreakerOpen`, {
    metric: "BreakerState",
    dimensions: { service: $app.name, breaker: provider },
    statistic: "Maximum",
    // While it is open, a value comes with each probe alone, two minutes apart at most.
    periodSeconds: 180,
    threshold: 1,
    description: `The payment provider ${provider} has failed too often and is left alone; orders wait. See its status page.`,
  });
  alarmOnMetric(`${named}OutcomeUnknown`, {
    metric: "PaymentOutcomeUnknown",
    dimensions: { service: $app.name, provider },
    threshold: 0,
    description: `The provider ${provider} neither answers nor knows of a call; the order is parked, and it is asked again.`,
  });
}
