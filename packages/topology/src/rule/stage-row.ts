import * as z from "zod";

/** What rules look at of a row in stacks/stage.ts. */
export const StageRow = z.object({
  kind: z.string(),
  deletionProtection: z.boolean(),
  pointInTimeRecovery: z.boolean(),
  secrets: z.enum(["placeholders", "required"]),
  payments: z.enum(["test", "live"]),
  logRetention: z.enum(["1 week", "1 month", "1 year"]),
  archiveRetentionDays: z.number(),
  throttling: z.object({ burst: z.number(), ratePerSecond: z.number() }),
  providerConcurrency: z.number().optional(),
  origins: z.enum(["any", "storefront"]),
  watched: z.boolean(),
});
export type StageRow = z.infer<typeof StageRow>;

/** What SST makes of its words. */
export const retentionDays: Record<StageRow["logRetention"], number> = { "1 week": 7, "1 month": 30, "1 year": 365 };
