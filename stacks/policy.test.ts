import { expect, test } from "vitest";
import { policyOf } from "./policy.ts";

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
