/** One page that says how the shop does: orders first, then what they go through, then what it costs. */
import { ours } from "./alarm.ts";
import { api } from "./api.ts";
import { allDeadLetters } from "./dead-letters.ts";
import { physicalName, stage, stageName } from "./deployment.ts";
import { relays } from "./relay.ts";
import { checkout } from "./saga.ts";
import { inventoryTable, orderTable, paymentTable, userTable } from "./table.ts";
import { allWork } from "./work-queue.ts";

/** As CloudWatch writes them: namespace, name, dimensions, and how it is shown; or an expression. */
type Series = ($util.Input<string> | Record<string, unknown>)[];

interface Graph {
  title: string;
  series: Series[];
  /** In seconds (default 300). */
  period?: number;
  stat?: string;
  /** A line that should not be crossed. */
  limit?: { label: string; value: number };
}

const [columns, width, height] = [3, 8, 6];

const graphs: Graph[] = [
  { title: "Orders by outcome", series: [search("OrderSettled", ["outcome"], "Sum")] },
  {
    title: "Orders cancelled for our own fault (share)",
    series: [own("OrderFault")],
    stat: "Average",
    limit: { label: "one in a thousand", value: 0.001 },
  },
  {
    title: "Oldest pending order (s)",
    series: [own("PendingOrderAge")],
    stat: "Maximum",
    limit: { label: "twenty minutes", value: 1200 },
  },
  {
    title: "From placed to settled (s)",
    series: ["p50", "p95", "p99"].map((stat) => [...own("CheckoutSeconds"), { stat, label: stat }]),
  },
  {
    title: "Checkouts",
    series: ["Started", "Succeeded", "Failed", "TimedOut"].map((end) => [
      "AWS/States",
      `Executions${end}`,
      "StateMachineArn",
      checkout.arn,
    ]),
  },
  { title: "Payment outcomes", series: [search("PaymentOutcome", ["provider", "outcome"], "Sum")] },
  { title: "Breakers (0 closed, 1 probing, 2 open)", series: [search("BreakerState", ["breaker"], "Maximum")] },
  {
    title: "Money and books",
    series: [own("CapturedUnconfirmed"), own("LedgerMismatch"), search("PaymentOutcomeUnknown", ["provider"], "Sum")],
  },
  { title: "Stock", series: [own("StockRejected"), own("NegativeStock")] },
  { title: "Relay lag (s)", series: relays.map(({ domain }) => own("RelayLag", { domain })), stat: "Maximum" },
  {
    title: "Streams: age of what is read (ms)",
    series: relays.map(({ relay }) => ["AWS/Lambda", "IteratorAge", "FunctionName", relay.name]),
    stat: "Maximum",
  },
  {
    title: "Queues: age of the oldest message (s)",
    series: allWork.map((queue) => queued("ApproximateAgeOfOldestMessage", queue)),
    stat: "Maximum",
  },
  {
    title: "Dead letters",
    series: allDeadLetters.map(({ queue }) => queued("ApproximateNumberOfMessagesVisible", queue)),
    stat: "Maximum",
  },
  {
    title: "API",
    series: ["Count", "4xx", "5xx"].map((metric) => ["AWS/ApiGateway", metric, "ApiId", api.nodes.api.id]),
  },
  {
    title: "API: latency (ms)",
    series: ["p50", "p95", "p99"].map((stat) => [
      "AWS/ApiGateway",
      "Latency",
      "ApiId",
      api.nodes.api.id,
      { stat, label: stat },
    ]),
  },
  {
    title: "Throttles",
    series: [["AWS/Lambda", "Throttles"], ...tables("ReadThrottleEvents"), ...tables("WriteThrottleEvents")],
  },
  { title: "Cost of an order (USD, estimate by list prices)", series: cost(), period: 3600 },
];

if (stage.watched) {
  new aws.cloudwatch.Dashboard("Dashboard", {
    dashboardName: physicalName("Shop", 255),
    dashboardBody: $jsonStringify({ widgets: graphs.map(widget) }),
  });
}

function widget({ title, series, period = 300, stat = "Sum", limit }: Graph, index: number) {
  return {
    type: "metric",
    ...{ x: (index % columns) * width, y: Math.floor(index / columns) * height, width, height },
    properties: {
      ...{ title, period, stat, metrics: series, view: "timeSeries", region: aws.getRegionOutput().region },
      ...(limit && { annotations: { horizontal: [limit] } }),
    },
  };
}

/** A metric that our functions write. */
function own(metric: string, dimensions: Record<string, string> = {}): Series {
  return ["Cartwright", metric, ...Object.entries(ours(dimensions)).flat()];
}

/** Each of its series, by dimensions whose values are not all known beforehand. */
function search(metric: string, dimensions: string[], stat: string): Series {
  return [{ expression: found(metric, dimensions, stat), label: `\${PROP('Dim.${dimensions.at(-1)}')}` }];
}

function found(metric: string, dimensions: string[], stat: string, period = 300): string {
  const exactly = Object.entries(ours()).map(([name, value]) => `${name}="${value}"`);
  const schema = ["Cartwright", ...Object.keys(ours()), ...dimensions].join(",");
  return `SEARCH('{${schema}} MetricName="${metric}" ${exactly.join(" ")}', '${stat}', ${period})`;
}

function queued(metric: string, queue: sst.aws.Queue): Series {
  return ["AWS/SQS", metric, "QueueName", queue.nodes.queue.name];
}

function tables(metric: string): Series[] {
  return [userTable, inventoryTable, orderTable, paymentTable].map((table) => [
    ...["AWS/DynamoDB", metric, "TableName"],
    table.name,
  ]);
}

/**
 * Of what goes with the number of orders, at the list prices of us-east-1 in 2026: compute (512 MB, arm64), tables, requests
 * and the starts of the saga. Events, queues, logs, storage, transfer and the provider's fees are not in it.
 */
function cost(): Series[] {
  const hidden = (id: string, series: Series): Series => [...series, { id, visible: false, stat: "Sum" }];
  const ofFunctions = (metric: string) =>
    `SUM(SEARCH('{AWS/Lambda,FunctionName} MetricName="${metric}" ${$app.name} ${stageName}', 'Sum', 3600))`;
  const spent = [
    `${ofFunctions("Duration")} / 1000 * 0.5 * 0.0000133334`,
    `${ofFunctions("Invocations")} * 0.0000002`,
    `(${[1, 2, 3, 4].map((n) => `FILL(w${n}, 0)`).join(" + ")}) * 0.000000625`,
    `(${[1, 2, 3, 4].map((n) => `FILL(r${n}, 0)`).join(" + ")}) * 0.000000125`,
    "FILL(requests, 0) * 0.000001",
    "FILL(checkouts, 0) * 0.000001",
  ];
  const orders = `SUM(${found("OrderSettled", ["outcome"], "Sum", 3600)})`;
  return [
    [{ expression: `(${spent.join(" + ")}) / ${orders}`, label: "USD" }],
    ...tables("ConsumedWriteCapacityUnits").map((series, index) => hidden(`w${index + 1}`, series)),
    ...tables("ConsumedReadCapacityUnits").map((series, index) => hidden(`r${index + 1}`, series)),
    hidden("requests", ["AWS/ApiGateway", "Count", "ApiId", api.nodes.api.id]),
    hidden("checkouts", ["AWS/States", "ExecutionsStarted", "StateMachineArn", checkout.arn]),
  ];
}
