import {
  OrderAnonymized,
  OrderCancellationRequested,
  OrderConfirmed,
  OrderFulfilled,
  OrderPlaced,
  OrderReturned,
  orderEvents,
  PaymentActionCompleted,
  PaymentCaptured,
  PaymentChargebackClosed,
  PaymentChargedBack,
  PaymentMismatched,
  PaymentNotified,
  PaymentOutcomeUnknown,
  PaymentRefunded,
  PaymentRefundFailed,
  PaymentRefundRequested,
  ProductCreated,
  ProductUpdated,
  pattern,
  StockAdjusted,
  StockAllocated,
  StockBackordered,
  StockConfigured,
  StockLow,
  StockRefused,
  StockReleased,
  StockReplenished,
  StockRestocked,
  StockSoldOut,
  UserErased,
} from "@cartwright/events";
import { may, mayQuery } from "./access.ts";
import { identity, userPool } from "./identity.ts";
import { askingProvider, askingSeconds, mayAskProvider, paced } from "./provider.ts";
import { subscribe } from "./subscriber.ts";
import { inventoryTable, orderTable, paymentTable } from "./table.ts";

subscribe({
  name: "UpdatePriceList",
  pattern: pattern(ProductCreated, ProductUpdated, StockLow, StockReplenished, StockSoldOut),
  handler: "packages/functions/src/reaction/update-price-list.handler",
  link: [orderTable],
  permissions: [may(orderTable, "GetItem", "UpdateItem")],
});

subscribe({
  name: "MarkPaid",
  pattern: pattern(PaymentCaptured),
  handler: "packages/functions/src/reaction/mark-paid.handler",
  link: [orderTable],
  permissions: [may(orderTable, "GetItem", "UpdateItem")],
});

subscribe({
  name: "CommitReservation",
  pattern: pattern(OrderConfirmed),
  handler: "packages/functions/src/reaction/commit-reservation.handler",
  link: [inventoryTable],
  permissions: [may(inventoryTable, "BatchGetItem", "GetItem", "PutItem", "UpdateItem")],
});

subscribe({
  name: "ResumeCheckout",
  pattern: pattern(PaymentActionCompleted),
  handler: "packages/functions/src/reaction/resume-checkout.handler",
  link: [orderTable],
  permissions: [may(orderTable, "GetItem", "PutItem", "UpdateItem")],
});

subscribe({
  name: "RecordTimeline",
  pattern: pattern(...orderEvents),
  handler: "packages/functions/src/reaction/record-timeline.handler",
  link: [orderTable],
  permissions: [may(orderTable, "PutItem")],
});

subscribe({
  name: "RecordRefund",
  pattern: pattern(PaymentRefunded, PaymentRefundFailed),
  handler: "packages/functions/src/reaction/record-refund.handler",
  link: [orderTable],
  permissions: [may(orderTable, "GetItem", "UpdateItem")],
});

subscribe({
  name: "RefundReturn",
  pattern: pattern(OrderReturned),
  handler: "packages/functions/src/reaction/refund-return.handler",
  link: [paymentTable],
  permissions: [may(paymentTable, "GetItem", "UpdateItem")],
});

subscribe({
  name: "RestockReturn",
  pattern: pattern(OrderReturned),
  handler: "packages/functions/src/reaction/restock-return.handler",
  link: [inventoryTable],
  permissions: [may(inventoryTable, "BatchGetItem", "GetItem", "PutItem", "UpdateItem")],
});

subscribe({
  name: "ShipStock",
  pattern: pattern(OrderFulfilled),
  handler: "packages/functions/src/reaction/ship-stock.handler",
  link: [inventoryTable],
  permissions: [may(inventoryTable, "BatchGetItem", "GetItem", "PutItem", "UpdateItem")],
});

subscribe({
  name: "AllocateBackorders",
  pattern: pattern(StockAdjusted, StockBackordered, StockConfigured, StockReleased, StockRestocked),
  handler: "packages/functions/src/reaction/allocate-backorders.handler",
  link: [inventoryTable],
  permissions: [may(inventoryTable, "BatchGetItem", "GetItem", "UpdateItem"), mayQuery(inventoryTable, "gsi2")],
  // Thousands may wait for one delivery: a run serves some hundreds of them, and the next one goes on.
  timeoutSeconds: 60,
  maximumReceives: 20,
});

subscribe({
  name: "RecordShortage",
  pattern: pattern(StockAllocated, StockBackordered, StockRefused),
  handler: "packages/functions/src/reaction/record-shortage.handler",
  link: [orderTable],
  permissions: [may(orderTable, "PutItem")],
});

subscribe({
  name: "DeleteAccount",
  pattern: pattern(UserErased),
  handler: "packages/functions/src/reaction/delete-account.handler",
  link: [identity],
  permissions: [{ actions: ["cognito-idp:AdminDeleteUser"], resources: [userPool.arn] }],
});

// An access token outlives its account by some minutes, and may have ordered something since: it looks again until then.
subscribe({
  name: "ForgetCustomer",
  pattern: pattern(UserErased),
  handler: "packages/functions/src/reaction/forget-customer.handler",
  link: [orderTable, identity],
  permissions: [may(orderTable, "BatchGetItem", "GetItem", "PutItem", "UpdateItem"), mayQuery(orderTable, "gsi1")],
  timeoutSeconds: 60,
  maximumReceives: 10,
});

subscribe({
  name: "ForgetPayer",
  pattern: pattern(OrderAnonymized),
  handler: "packages/functions/src/reaction/forget-payer.handler",
  link: [paymentTable],
  permissions: [may(paymentTable, "GetItem", "UpdateItem")],
});

const asking = {
  link: askingProvider,
  permissions: mayAskProvider,
  timeoutSeconds: askingSeconds,
  concurrency: paced,
};

// A provider that is away for half an hour is not given up on.
subscribe({
  name: "IssueRefund",
  pattern: pattern(PaymentRefundRequested),
  handler: "packages/functions/src/reaction/issue-refund.handler",
  ...asking,
  maximumReceives: 10,
});

subscribe({
  name: "HeedWebhook",
  pattern: pattern(PaymentNotified),
  handler: "packages/functions/src/reaction/heed-webhook.handler",
  ...asking,
  maximumReceives: 10,
});

// Its dead letters are what needs a person: see stacks/observability.ts for the alarm.
subscribe({
  name: "NeedsOperator",
  pattern: pattern(
    PaymentChargebackClosed,
    PaymentChargedBack,
    PaymentMismatched,
    PaymentOutcomeUnknown,
    PaymentRefundFailed,
  ),
  handler: "packages/functions/src/reaction/needs-operator.handler",
  ...asking,
});

// Each order is looked at again until it is final; after half an hour it waits for a person.
subscribe({
  name: "WatchCheckout",
  pattern: pattern(OrderPlaced, OrderCancellationRequested),
  handler: "packages/functions/src/reaction/watch-checkout.handler",
  link: [orderTable],
  permissions: [may(orderTable, "GetItem", "UpdateItem")],
  delaySeconds: 30,
  maximumReceives: 30,
});
