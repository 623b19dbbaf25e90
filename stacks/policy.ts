/** What differs between stages. Any stage without a row of its own is somebody's personal one. */
export interface Policy {
  /** What `sst remove` does with data. */
  removal: "remove" | "retain";
  /** Whether `sst remove` is refused, and tables can't be deleted. */
  protect: boolean;
  pointInTimeRecovery: boolean;
  /** Without placeholders, a deployment fails until each secret has been set. */
  placeholderSecrets: boolean;
  logRetention: "1 week" | "1 month" | "1 year";
  archiveRetentionDays: number;
  throttling: { burst: number; ratePerSecond: number };
  /** How much of `callerLimits` (stacks/limit.ts) callers have: 1 is what people need. */
  callerLimitFactor: number;
  /** Browsers may call from any origin, or only from those in STOREFRONT_ORIGINS. */
  origins: "any" | "storefront";
}

const production: Policy = {
  removal: "retain",
  protect: true,
  pointInTimeRecovery: true,
  placeholderSecrets: false,
  logRetention: "1 year",
  archiveRetentionDays: 365,
  throttling: { burst: 2000, ratePerSecond: 1000 },
  callerLimitFactor: 1,
  origins: "storefront",
};

const staging: Policy = {
  removal: "remove",
  protect: false,
  pointInTimeRecovery: true,
  placeholderSecrets: false,
  logRetention: "1 month",
  archiveRetentionDays: 30,
  throttling: { burst: 200, ratePerSecond: 100 },
  callerLimitFactor: 10,
  origins: "storefront",
};

const personal: Policy = {
  removal: "remove",
  protect: false,
  pointInTimeRecovery: false,
  placeholderSecrets: true,
  logRetention: "1 week",
  archiveRetentionDays: 7,
  throttling: { burst: 200, ratePerSecond: 100 },
  callerLimitFactor: 1000,
  origins: "any",
};

const policies = new Map([
  ["production", production],
  ["staging", staging],
]);

export const allPolicies: readonly Policy[] = [personal, ...policies.values()];

export function policyOf(stage: string): Policy {
  return policies.get(stage) ?? personal;
}
