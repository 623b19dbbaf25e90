/** What calls a person. */
import { alarmOn, alarmOnAll, alarmOnLetters, alarmOnMetric } from "./alarm.ts";
import { api } from "./api.ts";
import { allDeadLetters } from "./dead-letters.ts";
import { relays } from "./relay.ts";
import { checkout } from "./saga.ts";
import { inventoryTable, orderTable, paymentTable, userTable } from "./table.ts";

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
  const name = `${subscriber}Letters`;
  const command = `npm run ops -- dead-letters list ${subscriber}`;
  const description = meanings.get(subscriber) ?? `Something failed for good. ${command} says what, and why.`;
  const isRelay = relays.some((relay) => relay.name === subscriber);
  alarmOnLetters(name, queue, { description, page: isRelay ? "RelayLetters" : name });
}

for (const provider of ["sandbox", "stripe"]) {
  const named = capitalised(provider);
  alarmOnMetric(`${named}BreakerOpen`, {
    metric: "BreakerState",
    dimensions: { breaker: provider },
    statistic: "Maximum",
    // While it is open, a value comes with each probe alone, two minutes apart at most.
    periodSeconds: 180,
    threshold: 1,
    page: "BreakerOpen",
    description: `The payment provider ${provider} has failed too often and is left alone; orders wait. See its status page.`,
  });
  alarmOnMetric(`${named}OutcomeUnknown`, {
    metric: "PaymentOutcomeUnknown",
    dimensions: { provider },
    threshold: 0,
    page: "OutcomeUnknown",
    description: `The provider ${provider} neither answers nor knows of a call; the order is parked, and it is asked again.`,
  });
}

// Of a thousand orders, one may be cancelled for our own fault. Fast: at this pace a fiftieth of a month's faults is spent in
// an hour. Slow: a fifth in a day. Each is looked at over a long time and a short one, so that it is over soon after it is
// mended; and a few orders at night are no rate.
const budget = 0.001;
const share = { metric: "OrderFault", statistic: "Average" } as const;
const count = { metric: "OrderFault", statistic: "Sum", threshold: 2 } as const;

alarmOnAll("OrderSuccessFastBurn", "More than one order in seventy is being cancelled for our own fault.", [
  { name: "OrderFaultsOneHour", ...share, threshold: 14.4 * budget, periodSeconds: 3600 },
  { name: "OrderFaultsFiveMinutes", ...share, threshold: 14.4 * budget, periodSeconds: 300 },
  { name: "OrderFaultCountOneHour", ...count, periodSeconds: 3600 },
]);

alarmOnAll(
  "OrderSuccessSlowBurn",
  "One order in 160 and more is being cancelled for our own fault, for hours or in a burst.",
  [
    { name: "OrderFaultsSixHours", ...share, threshold: 6 * budget, periodSeconds: 21_600 },
    { name: "OrderFaultsThirtyMinutes", ...share, threshold: 6 * budget, periodSeconds: 1800 },
    { name: "OrderFaultCountSixHours", ...count, periodSeconds: 21_600 },
  ],
);

alarmOnMetric("OldestPendingOrder", {
  metric: "PendingOrderAge",
  statistic: "Maximum",
  // A customer has a quarter of an hour at their bank, and half an hour ends in a letter of WatchCheckout.
  threshold: 1200,
  // Each order is looked at once a minute, and the provider may keep one from being looked at for two.
  periodSeconds: 300,
  description:
    "An order has been unsettled for more than twenty minutes. npm run ops -- stuck says which, and what it waits for; of those that are confirmed and unpaid, needs-operator does.",
});

alarmOnMetric("CapturedUnconfirmed", {
  metric: "CapturedUnconfirmed",
  threshold: 0,
  description:
    "Money was captured for an order that is not confirmed. It is given back; the order's timeline says whether.",
});

alarmOnMetric("LedgerMismatch", {
  metric: "LedgerMismatch",
  threshold: 0,
  // The books are compared every five minutes.
  periodSeconds: 600,
  description: "Our ledger and the provider's books differ. npm run ops -- needs-operator says in what.",
});

alarmOnMetric("NegativeStock", {
  metric: "NegativeStock",
  threshold: 0,
  description: "A counter of stock is below zero, which no write of ours can make it. The log line tells the SKU.",
});

for (const { name, domain, relay } of relays) {
  alarmOnMetric(`${name}Lag`, {
    metric: "RelayLag",
    dimensions: { domain },
    statistic: "Maximum",
    threshold: 60,
    periods: 3,
    page: "RelayLag",
    description: `Events of ${domain} are published more than a minute late, so all that follows from them is.`,
  });
  alarmOn(`${name}IteratorAge`, "AWS/Lambda", {
    metric: "IteratorAge",
    dimensions: { FunctionName: relay.name },
    statistic: "Maximum",
    // Milliseconds.
    threshold: 5 * 60 * 1000,
    page: "IteratorAge",
    description: `The relay of ${domain} is five minutes behind its table, or stands still. After a day the stream forgets.`,
  });
}

const machine = { StateMachineArn: checkout.arn };
alarmOn("CheckoutFailed", "AWS/States", {
  metric: "ExecutionsFailed",
  dimensions: machine,
  threshold: 0,
  description:
    "A checkout failed in its undo, or could not read its event. It is started again; the machine's log says why.",
});
alarmOn("CheckoutTimedOut", "AWS/States", {
  metric: "ExecutionsTimedOut",
  dimensions: machine,
  threshold: 0,
  description: "A checkout took more than four minutes. It is started again; the functions' logs say what was slow.",
});

alarmOn("FunctionThrottles", "AWS/Lambda", {
  metric: "Throttles",
  threshold: 0,
  // Those that are held to the provider's pace may be refused at times.
  periods: 5,
  description:
    "Functions were refused for five minutes: the account's concurrency is used up, or the provider's pace too slow.",
});

for (const [name, table] of Object.entries({ userTable, inventoryTable, orderTable, paymentTable })) {
  for (const way of ["Read", "Write"]) {
    alarmOn(`${capitalised(name)}${way}Throttles`, "AWS/DynamoDB", {
      metric: `${way}ThrottleEvents`,
      dimensions: { TableName: table.name },
      // A hot SKU is refused at times, and tried again.
      threshold: 100,
      periods: 3,
      page: "TableThrottles",
      description: `DynamoDB has refused ${way.toLowerCase()}s of the ${name} for minutes: one item is too hot, or the table's limit reached.`,
    });
  }
}

alarmOn("ApiServerErrors", "AWS/ApiGateway", {
  metric: "5xx",
  dimensions: { ApiId: api.nodes.api.id },
  threshold: 5,
  periodSeconds: 300,
  description: "The API has answered 5xx more than five times in five minutes. The access log says which routes.",
});

/** As names of the stacks begin. */
function capitalised(name: string): string {
  return name[0]!.toUpperCase() + name.slice(1);
}
