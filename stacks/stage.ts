/** What differs between stages, row by row. Pure, so that sst.config.ts and tests can ask before there is an app. */
export interface Stage {
  kind: "personal" | "preview" | "staging" | "production" | "recorded";
  /** What `sst remove` does with data. */
  removal: "remove" | "retain";
  /** Whether `sst remove` is refused. */
  protect: boolean;
  /** Whether AWS refuses to delete a table, whoever asks. */
  deletionProtection: boolean;
  pointInTimeRecovery: boolean;
  /** Without placeholders, a deployment fails until each secret has been set. */
  secrets: "placeholders" | "required";
  /** Which keys of Stripe are taken: only production charges cards, and production must not give goods away. */
  payments: "test" | "live";
  logRetention: "1 week" | "1 month" | "1 year";
  archiveRetentionDays: number;
  throttling: { burst: number; ratePerSecond: number };
  /** How much of `callerLimits` (stacks/limit.ts) callers have: 1 is what people need. */
  callerLimitFactor: number;
  /**
   * How many of each function that calls the payment provider run at once: Stripe takes 100 calls a second, 25 with test
   * keys. Undefined where an account may have too little concurrency to set some aside.
   */
  providerConcurrency: number | undefined;
  /** Browsers may call from any origin, or only from those in STOREFRONT_ORIGINS. */
  origins: "any" | "storefront";
  /** Whether there are alarms and a dashboard: where nobody is on call, nobody pays for them. */
  watched: boolean;
}

const production: Stage = {
  kind: "production",
  removal: "retain",
  protect: true,
  deletionProtection: true,
  pointInTimeRecovery: true,
  secrets: "required",
  payments: "live",
  logRetention: "1 year",
  archiveRetentionDays: 365,
  throttling: { burst: 2000, ratePerSecond: 1000 },
  callerLimitFactor: 1,
  providerConcurrency: 30,
  origins: "storefront",
  watched: true,
};

const staging: Stage = {
  kind: "staging",
  removal: "remove",
  protect: false,
  deletionProtection: false,
  pointInTimeRecovery: true,
  secrets: "required",
  payments: "test",
  logRetention: "1 month",
  archiveRetentionDays: 30,
  throttling: { burst: 200, ratePerSecond: 100 },
  callerLimitFactor: 10,
  providerConcurrency: 8,
  origins: "storefront",
  watched: true,
};

/** Of one person, under any name that no other row has. */
const personal: Stage = {
  kind: "personal",
  removal: "remove",
  protect: false,
  deletionProtection: false,
  pointInTimeRecovery: false,
  secrets: "placeholders",
  payments: "test",
  logRetention: "1 week",
  archiveRetentionDays: 7,
  throttling: { burst: 200, ratePerSecond: 100 },
  callerLimitFactor: 1000,
  providerConcurrency: undefined,
  origins: "any",
  watched: false,
};

/** Of one pull request, for as long as it is open: `pr-7`. */
const preview: Stage = { ...personal, kind: "preview", throttling: { burst: 100, ratePerSecond: 50 } };

/** What stacks/topology.json records, for the local runtime: with all that a stage can have. */
const recorded: Stage = { ...personal, kind: "recorded", providerConcurrency: 30, watched: true };

/** Names that somebody may give who means another. Such a stage would be a personal one, open to the world. */
const lookalikes: [RegExp, meant: string][] = [
  [/^(prod(uction)?([^a-z].*|s)?|prd|live|main)$/i, "production"],
  [/^(stag(e|ing)([^a-z].*|s)?|stg)$/i, "staging"],
];

/** Throws for a name that makes no good stage, saying which would. */
export function stageOf(name: string): Stage {
  if (name === "production") return production;
  if (name === "staging") return staging;
  const [, meant] = lookalikes.find(([pattern]) => pattern.test(name)) ?? [];
  if (meant) throw new Error(`there is no stage ${name}: the one that others depend on is called ${meant}`);
  if (!/^[a-z][a-z0-9-]{0,23}$/.test(name)) {
    throw new Error(
      `${JSON.stringify(name)} is no name for a stage: a letter, then letters, digits and hyphens, 24 at most, all lower case`,
    );
  }
  if (name === "local") return recorded;
  return /^pr-[1-9]\d*$/.test(name) ? preview : personal;
}

/** Whether a stage takes this key of Stripe's API (`sk_…`, `rk_…`), or `none` for the sandbox. Answers what is wrong. */
export function paymentKeyFault({ payments }: Stage, key: string): string | undefined {
  if (payments === "live" && !/^[rs]k_live_\w+$/.test(key)) {
    return "takes a live key of Stripe alone (sk_live_… or rk_live_…): with any other, whoever orders pays nothing";
  }
  if (payments === "test" && /_live_/.test(key)) {
    return "takes no live key of Stripe: its orders would charge cards. Set one for tests (sk_test_… or rk_test_…), or none";
  }
  if (payments === "test" && key !== "none" && !/^[rs]k_test_\w+$/.test(key)) {
    return "takes a key of Stripe's for tests (sk_test_… or rk_test_…), or none, without blanks";
  }
  return undefined;
}
