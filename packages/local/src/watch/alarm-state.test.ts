import { describe, expect, it } from "vitest";
import { judge, statisticOf } from "./alarm-state.ts";

const all = ["missing", "ignore", "breaching", "notBreaching"] as const;

/** As CloudWatch's user guide draws them: 0 is within the threshold, X is beyond it, - is missing; the newest is last. */
function verdict(
  points: string,
  datapointsToAlarm: number,
  treatMissingData: (typeof all)[number],
  namespace = "Shop",
) {
  const values = points.split(" ").map((point) => ({ "0": 0, X: 9, "-": undefined })[point]);
  const comparison = "GreaterThanThreshold";
  const rule = {
    namespace,
    comparison,
    threshold: 5,
    evaluationPeriods: 3,
    datapointsToAlarm,
    treatMissingData,
  } as const;
  return judge(rule, values)?.state ?? "stays";
}

describe("of three periods, all three breaching set it off", () => {
  it.each([
    ["0 - X - X", "OK", "OK", "OK", "OK"],
    ["- - - - 0", "OK", "OK", "OK", "OK"],
    ["- - - - -", "INSUFFICIENT_DATA", "stays", "ALARM", "OK"],
    ["0 X X - X", "ALARM", "ALARM", "ALARM", "ALARM"],
    ["- - X - -", "ALARM", "stays", "ALARM", "OK"],
    ["- - - - X", "stays", "stays", "ALARM", "OK"],
    ["X X X X 0", "OK", "OK", "OK", "OK"],
  ])("%s: missing data being missing %s, ignored %s, breaching %s, not breaching %s", (points, ...expected) => {
    expect(all.map((treatment) => verdict(points, 3, treatment))).toEqual(expected);
  });
});

describe("of three periods, two breaching set it off", () => {
  it.each([
    ["0 - X - X", "ALARM", "ALARM", "ALARM", "ALARM"],
    ["0 0 X 0 X", "ALARM", "ALARM", "ALARM", "ALARM"],
    ["X X 0 0 X", "OK", "OK", "OK", "OK"],
    ["0 - X - -", "OK", "OK", "ALARM", "OK"],
    ["- - - - 0", "OK", "OK", "ALARM", "OK"],
    ["- - - X -", "ALARM", "stays", "ALARM", "OK"],
  ])("%s: missing data being missing %s, ignored %s, breaching %s, not breaching %s", (points, ...expected) => {
    expect(all.map((treatment) => verdict(points, 2, treatment))).toEqual(expected);
  });
});

it("what is missing of DynamoDB's metrics is ignored, unless the alarm says that it is good or bad", () => {
  const verdicts = all.map((treatment) => verdict("- - - - -", 1, treatment, "AWS/DynamoDB"));
  expect(verdicts).toEqual(["stays", "stays", "ALARM", "OK"]);
});

it.each([
  ["GreaterThanThreshold", [false, false, true]],
  ["GreaterThanOrEqualToThreshold", [false, true, true]],
  ["LessThanThreshold", [true, false, false]],
  ["LessThanOrEqualToThreshold", [true, true, false]],
] as const)("%s", (comparison, expected) => {
  const rule = { namespace: "Shop", comparison, threshold: 5, evaluationPeriods: 1, datapointsToAlarm: 1 };
  const isOn = (value: number) => judge({ ...rule, treatMissingData: "missing" }, [value])?.state === "ALARM";
  expect([4, 5, 6].map(isOn)).toEqual(expected);
});

it.each([
  ["Average", 2],
  ["Maximum", 5],
  ["Minimum", -1],
  ["SampleCount", 3],
  ["Sum", 6],
] as const)("%s of 2, -1 and 5 is %d", (statistic, expected) => {
  expect(statisticOf({ count: 3, sum: 6, minimum: -1, maximum: 5 }, statistic)).toBe(expected);
});

it("the reason tells the values and what they are measured against", () => {
  const rule = { namespace: "Shop", threshold: 0.1, evaluationPeriods: 2, datapointsToAlarm: 1 } as const;
  const verdict = judge({ ...rule, comparison: "GreaterThanThreshold", treatMissingData: "notBreaching" }, [1 / 3]);
  expect(verdict?.reason).toBe("0.333333, 1 without a value (goes off at 1 of 2 > 0.1)");
});
