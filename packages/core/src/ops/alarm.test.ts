import { Resource } from "sst";
import { describe, expect, test } from "vitest";
import { statusOf, toAlarm, urgentAlarms } from "./alarm.ts";

const described = {
  AlarmName: "cartwright-production-LedgerMismatch",
  AlarmDescription: "Our ledger and the provider's books differ. Runbook: docs/runbook/LedgerMismatch.md",
  StateValue: "ALARM",
  StateReason: "Threshold Crossed",
  StateUpdatedTimestamp: new Date("2026-03-08T11:00:00Z"),
  StateTransitionedTimestamp: new Date("2026-03-08T10:00:00Z"),
  ActionsEnabled: true,
  AlarmActions: ["arn:aws:sns:eu-west-1:123456789012:alarms"],
} as const;

/** With a list that may be changed, as CloudWatch answers it. */
const answered = (more: object = {}) => ({ ...described, AlarmActions: [...described.AlarmActions], ...more });

describe("an alarm", () => {
  test("tells since when it is in its state, not when that was last looked at", () => {
    expect(toAlarm("LedgerMismatch", answered())).toEqual({
      ...{ name: "LedgerMismatch", state: "alarm", urgent: true, calls: true, muted: false },
      ...{ since: "2026-03-08T10:00:00.000Z", reason: "Threshold Crossed" },
      ...{ description: "Our ledger and the provider's books differ.", runbook: "docs/runbook/LedgerMismatch.md" },
    });
  });

  test("that calls nobody is not muted, and one whose actions are switched off is", () => {
    expect(toAlarm("X", answered({ AlarmActions: [], ActionsEnabled: false }))).toMatchObject({
      ...{ calls: false, muted: false, urgent: false },
    });
    expect(toAlarm("X", answered({ ActionsEnabled: false }))).toMatchObject({ calls: true, muted: true });
  });

  test("without a page of its own, or without any text, is told all the same", () => {
    const told = toAlarm("X", answered({ AlarmDescription: "It burns." }));
    expect(told).toMatchObject({ description: "It burns." });
    expect(told).not.toHaveProperty("runbook");
    expect(toAlarm("X", answered({ AlarmDescription: undefined }))).not.toHaveProperty("description");
  });

  test("that is not there any more is told", () => {
    expect(toAlarm("X", undefined)).toEqual({ name: "X", state: "missing", urgent: false, calls: false, muted: false });
  });

  test("of a state that nobody knows yet is none of which something is known", () => {
    expect(toAlarm("X", answered({ StateValue: "SOON" }))).toMatchObject({ state: "insufficient_data" });
  });
});

describe("a stage", () => {
  const quiet = toAlarm("MarkPaidLetters", answered({ StateValue: "OK" }));
  const waiting = toAlarm("MarkPaidLetters", answered());
  const urgent = toAlarm("LedgerMismatch", answered());
  const part = toAlarm("OrderFaultsOneHour", answered({ AlarmActions: [] }));
  const missing = toAlarm("NegativeStock", undefined);
  const muted = toAlarm("LedgerMismatch", answered({ ActionsEnabled: false }));

  test.each([
    ["healthy", [], false],
    ["healthy", [quiet], false],
    ["healthy", [quiet, part], false],
    ["degraded", [], true],
    ["degraded", [quiet, waiting], false],
    ["degraded", [missing], false],
    ["failing", [waiting, urgent], true],
    ["failing", [muted], false],
  ])("is %s by its alarms and letters (case %#)", (status, alarms, hasLetters) => {
    expect(statusOf(alarms, { hasLetters })).toBe(status);
  });
});

test("every alarm that is urgent is one that the stacks declare", () => {
  expect(Resource.StageAlarms.names).toEqual(expect.arrayContaining([...urgentAlarms]));
});
