import { sumOf, type Usage, type UsageKind, usageKinds } from "./meter.ts";

/**
 * An ESTIMATE's prices: AWS list prices of us-east-1 as of 2026, without free tiers, volume tiers, data transfer, logs,
 * storage or tax. Check them against the price pages before you rely on a figure.
 */
export const listPrices = {
  httpApiUsdPerMillionRequests: 1,
  lambdaUsdPerMillionRequests: 0.2,
  lambdaArmUsdPerGbSecond: 0.000_013_333_4,
  lambdaX86UsdPerGbSecond: 0.000_016_666_7,
  dynamoDbOnDemandUsdPerMillionWriteUnits: 0.625,
  dynamoDbOnDemandUsdPerMillionReadUnits: 0.125,
  eventBridgeUsdPerMillionCustomEvents: 1,
  sqsStandardUsdPerMillionRequests: 0.4,
  stepFunctionsExpressUsdPerMillionRequests: 1,
  stepFunctionsExpressUsdPerGbSecond: 0.000_016_67,
  stepFunctionsStandardUsdPerMillionTransitions: 25,
} as const;

export interface EstimateLine {
  kind: UsageKind;
  /** In the kind's own unit, for one order. */
  amountPerOrder: number;
  usdPerMillionOrders: number;
}

export interface Estimate {
  lines: EstimateLine[];
  usdPerMillionOrders: number;
}

/** What a million orders would cost at list prices, if they all used what these `orders` did. An estimate. */
export function estimateCost(
  usage: Usage,
  { orders, architecture = "arm64" }: { orders: number; architecture?: "arm64" | "x86_64" },
): Estimate {
  if (!(orders > 0)) throw new RangeError(`orders must be at least 1 to estimate a cost per order, not ${orders}.`);
  const lines = usageKinds.flatMap((kind): EstimateLine[] => {
    const { amount } = sumOf(usage, kind);
    if (amount === 0) return [];
    const amountPerOrder = amount / orders;
    return [{ kind, amountPerOrder, usdPerMillionOrders: amountPerOrder * usdPerMillion(kind, architecture) }];
  });
  return { lines, usdPerMillionOrders: lines.reduce((sum, line) => sum + line.usdPerMillionOrders, 0) };
}

function usdPerMillion(kind: UsageKind, architecture: "arm64" | "x86_64"): number {
  switch (kind) {
    case "apiRequests":
      return listPrices.httpApiUsdPerMillionRequests;
    case "invocations":
      return listPrices.lambdaUsdPerMillionRequests;
    case "computeGbSeconds":
      return (architecture === "arm64" ? listPrices.lambdaArmUsdPerGbSecond : listPrices.lambdaX86UsdPerGbSecond) * 1e6;
    case "tableWriteUnits":
      return listPrices.dynamoDbOnDemandUsdPerMillionWriteUnits;
    case "tableReadUnits":
      return listPrices.dynamoDbOnDemandUsdPerMillionReadUnits;
    case "busEvents":
      return listPrices.eventBridgeUsdPerMillionCustomEvents;
    case "queueRequests":
      return listPrices.sqsStandardUsdPerMillionRequests;
    case "expressStarts":
      return listPrices.stepFunctionsExpressUsdPerMillionRequests;
    case "expressGbSeconds":
      return listPrices.stepFunctionsExpressUsdPerGbSecond * 1e6;
    case "standardTransitions":
      return listPrices.stepFunctionsStandardUsdPerMillionTransitions;
  }
}
