import { retentionDays } from "@cartwright/core/inbox";
import { expect, test } from "vitest";
import { allPolicies, policyOf } from "./policy.ts";
import { topology } from "./recorded.ts";

test("production keeps its data and can't be removed", () => {
  expect(policyOf("production")).toMatchObject({ removal: "retain", protect: true, pointInTimeRecovery: true });
});

test("no stage that others depend on runs with placeholder secrets or open to any origin", () => {
  for (const stage of ["production", "staging"]) {
    expect(policyOf(stage)).toMatchObject({ placeholderSecrets: false, origins: "storefront" });
  }
});

test("any other stage is somebody's own, and leaves nothing behind", () => {
  expect(policyOf("local")).toEqual(policyOf("ada"));
  expect(policyOf("ada")).toMatchObject({ removal: "remove", protect: false, placeholderSecrets: true });
});

test("an inbox remembers a delivery for longer than its event can come back from any archive and queue", () => {
  const daySeconds = 24 * 60 * 60;
  const archiveDays = Math.max(...allPolicies.map(({ archiveRetentionDays }) => archiveRetentionDays));
  const keptFor = Object.values(topology.queues).map(({ retentionSeconds }) => retentionSeconds / daySeconds);
  // A replayed event may wait in its reaction's queue, fail there, and wait again among the dead letters.
  expect(retentionDays).toBeGreaterThan(archiveDays + 2 * Math.max(...keptFor));
});
