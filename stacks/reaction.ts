import {
  OrderPlaced,
  orderEvents,
  PaymentActionCompleted,
  PaymentCaptured,
  ProductCreated,
  ProductUpdated,
  pattern,
} from "@cartwright/events";
import { subscribe } from "./subscriber.ts";
import { inventoryTable, orderTable } from "./table.ts";

subscribe({
  name: "UpdatePriceList",
  pattern: pattern(ProductCreated, ProductUpdated),
  handler: "packages/functions/src/reaction/update-price-list.handler",
  link: [orderTable],
});

subscribe({
  name: "MarkPaid",
  pattern: pattern(PaymentCaptured),
  handler: "packages/functions/src/reaction/mark-paid.handler",
  link: [orderTable],
});

subscribe({
  name: "CommitReservation",
  pattern: pattern(PaymentCaptured),
  handler: "packages/functions/src/reaction/commit-reservation.handler",
  link: [inventoryTable],
});

subscribe({
  name: "ResumeCheckout",
  pattern: pattern(PaymentActionCompleted),
  handler: "packages/functions/src/reaction/resume-checkout.handler",
  link: [orderTable],
});

subscribe({
  name: "RecordTimeline",
  pattern: pattern(...orderEvents),
  handler: "packages/functions/src/reaction/record-timeline.handler",
  link: [orderTable],
});

// Each order is looked at again until it is final; after half an hour it waits for a person.
subscribe({
  name: "WatchCheckout",
  pattern: pattern(OrderPlaced),
  handler: "packages/functions/src/reaction/watch-checkout.handler",
  link: [orderTable],
  delaySeconds: 30,
  maximumReceives: 30,
});
