import { retentionDays } from "@cartwright/core/inbox";
import { expect, test } from "vitest";
import { topology } from "./recorded.ts";
import { paymentKeyFault, stageOf } from "./stage.ts";

test("production keeps its data and can't be removed", () => {
  const kept = { removal: "retain", protect: true, deletionProtection: true, pointInTimeRecovery: true };
  expect(stageOf("production")).toMatchObject(kept);
});

test.each(["production", "staging"])(
  "%s has no secrets that everybody knows, and is not open to any origin",
  (name) => {
    expect(stageOf(name)).toMatchObject({ secrets: "required", origins: "storefront", watched: true });
  },
);

test.each([
  ["ada", "personal"],
  ["dev", "personal"],
  ["pr-7", "preview"],
  ["pr-x", "personal"],
  ["product-page", "personal"],
])("%s is a %s stage: it leaves nothing behind, and calls nobody", (name, kind) => {
  const removed = { removal: "remove", protect: false, deletionProtection: false };
  expect(stageOf(name)).toMatchObject({ kind, ...removed, secrets: "placeholders", watched: false });
});

test("what is recorded for one's own machine has alarms, and the pace of a provider", () => {
  expect(stageOf("local")).toMatchObject({ secrets: "placeholders", watched: true, providerConcurrency: 30 });
});

test.each([
  ["prod", "production"],
  ["PROD", "production"],
  ["live", "production"],
  ["production2", "production"],
  ["prod-eu", "production"],
  ["staging-2", "staging"],
  ["stg", "staging"],
])("%s is refused, since it would be a personal stage and %s is meant", (name, meant) => {
  expect(() => stageOf(name)).toThrow(`is called ${meant}`);
});

test.each(["", "Ada", "7", "ada_l", "-a", "a".repeat(25)])("%j is refused as the name of a stage", (name) => {
  expect(() => stageOf(name)).toThrow("is no name for a stage");
});

test.each([
  ["production", "sk_live_x", undefined],
  ["production", "rk_live_x", undefined],
  ["production", "sk_test_x", "live key"],
  ["production", "none", "live key"],
  ["staging", "sk_test_x", undefined],
  ["staging", "none", undefined],
  ["staging", "sk_live_x", "no live key"],
  ["ada", "rk_live_x", "no live key"],
  ["production", "sk_live_x\n", "live key"],
  ["staging", "None", "without blanks"],
  ["ada", " sk_test_x", "without blanks"],
])("%s and the key %s of Stripe: %s", (name, key, fault) => {
  if (fault) expect(paymentKeyFault(stageOf(name), key)).toContain(fault);
  else expect(paymentKeyFault(stageOf(name), key)).toBeUndefined();
});

test("an inbox remembers a delivery for longer than its event can come back from any archive and queue", () => {
  const daySeconds = 24 * 60 * 60;
  const stages = ["production", "staging", "local", "pr-1", "ada"].map(stageOf);
  const archiveDays = Math.max(...stages.map(({ archiveRetentionDays }) => archiveRetentionDays));
  const keptFor = Object.values(topology.queues).map(({ retentionSeconds }) => retentionSeconds / daySeconds);
  // A replayed event may wait in its reaction's queue, fail there, and wait again among the dead letters.
  expect(retentionDays).toBeGreaterThan(archiveDays + 2 * Math.max(...keptFor));
});
