import { may, mayQuery } from "./access.ts";
import { allowedOrigins, stage } from "./deployment.ts";
import { identity, identityClient, userPool } from "./identity.ts";
import { callerLimits } from "./limit.ts";
import { askingProvider, mayAskProvider } from "./provider.ts";
import { paymentTokenKey, sandboxWebhookSecret, signingKey, stripeWebhookSecret } from "./secret.ts";
import { inventoryTable, orderTable, userTable } from "./table.ts";

/** No path: the id of a guest's cart is all that it takes to use it. Ours logs the route, and the request id joins both. */
const accessLog = {
  requestTime: "$context.requestTime",
  requestId: "$context.requestId",
  routeKey: "$context.routeKey",
  status: "$context.status",
  responseLatency: "$context.responseLatency",
  integrationStatus: "$context.integration.status",
  integrationLatency: "$context.integration.latency",
  error: "$context.integration.error",
  ip: "$context.identity.sourceIp",
  userAgent: "$context.identity.userAgent",
};

export const api = new sst.aws.ApiGatewayV2("Api", {
  cors: allowedOrigins.length > 0 && {
    allowOrigins: allowedOrigins,
    allowMethods: ["GET", "POST", "PUT", "PATCH", "DELETE"],
    allowHeaders: ["authorization", "content-type", "idempotency-key", "if-match", "if-none-match", "traceparent"],
    exposeHeaders: [
      "allow",
      "content-disposition",
      "etag",
      "idempotent-replayed",
      "location",
      "retry-after",
      "x-request-id",
    ],
    maxAge: "1 hour",
  },
  accessLog: { retention: stage.logRetention },
  transform: {
    stage: (args) => {
      args.accessLogSettings = $output(args.accessLogSettings!).apply((settings) => ({
        ...settings,
        format: JSON.stringify(accessLog),
      }));
      args.defaultRouteSettings = {
        throttlingBurstLimit: stage.throttling.burst,
        throttlingRateLimit: stage.throttling.ratePerSecond,
      };
    },
  },
});

/** What each router needs to know its callers by, and to hold them to their limits. */
const calling = [identity, signingKey, callerLimits];

const userRouter = router("UserRouter", "user", [userTable, identityClient, ...calling], {
  permissions: [
    may(userTable, "GetItem", "PutItem", "UpdateItem"),
    {
      actions: ["cognito-idp:AdminDeleteUser", "cognito-idp:AdminGetUser", "cognito-idp:AdminUserGlobalSignOut"],
      resources: [userPool.arn],
    },
  ],
});
const inventoryRouter = router("InventoryRouter", "inventory", [inventoryTable, ...calling], {
  permissions: [
    may(inventoryTable, "BatchGetItem", "GetItem", "PutItem", "UpdateItem"),
    mayQuery(inventoryTable, "gsi1", "gsi2"),
  ],
});
const orderRouter = router("OrderRouter", "order", [orderTable, paymentTokenKey, ...calling], {
  permissions: [
    may(orderTable, "BatchGetItem", "GetItem", "PutItem", "UpdateItem"),
    mayQuery(orderTable, "gsi1", "gsi2", "gsi3"),
    // An order's timeline is one partition of the table.
    { actions: ["dynamodb:Query"], resources: [orderTable.arn] },
  ],
});
const paymentRouter = router(
  "PaymentRouter",
  "payment",
  [...askingProvider, sandboxWebhookSecret, stripeWebhookSecret, ...calling],
  { permissions: mayAskProvider },
);
/** The API's description, and the page that shows it. */
const docsRouter = router("DocsRouter", "docs", [], {
  copyFiles: ["swagger-ui.css", "swagger-ui-bundle.js"].map((file) => ({
    from: `node_modules/swagger-ui-dist/${file}`,
  })),
});

route(userRouter, ["/users", "/users/{proxy+}", "/sessions", "/sessions/{proxy+}"]);
route(inventoryRouter, ["/products", "/products/{proxy+}"]);
route(orderRouter, ["/orders", "/orders/{proxy+}", "/carts", "/carts/{proxy+}", "/price-list/{proxy+}"]);
route(paymentRouter, ["/payments/{proxy+}", "/webhooks/{proxy+}", "/sandbox/{proxy+}"]);
route(docsRouter, ["/openapi.json", "/docs", "/docs/{proxy+}"]);

function router(name: string, domain: string, link: unknown[], args: Partial<sst.aws.FunctionArgs> = {}) {
  return new sst.aws.Function(name, { handler: `packages/functions/src/${domain}.handler`, link, ...args });
}

/** The routers verify tokens themselves, because one router has public and private paths. */
function route(target: sst.aws.Function, paths: string[]) {
  for (const path of paths) api.route(`ANY ${path}`, target.arn, { auth: false });
}
