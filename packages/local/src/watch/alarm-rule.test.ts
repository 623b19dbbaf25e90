import { describe, expect, it } from "vitest";
import { AlarmRuleError, parseAlarmRule } from "./alarm-rule.ts";
import type { AlarmState } from "./alarm-state.ts";

const states: Record<string, AlarmState> = {
  on: "ALARM",
  off: "OK",
  new: "INSUFFICIENT_DATA",
  'odd "name" (1)': "ALARM",
};

function holds(rule: string): boolean {
  return parseAlarmRule(rule).holds((name) => states[name]!);
}

describe("the rule of a composite alarm", () => {
  it.each([
    ['ALARM("on")', true],
    ['ALARM("off")', false],
    ['OK("off")', true],
    ['INSUFFICIENT_DATA("new")', true],
    ["ALARM(on)", true],
    ["TRUE", true],
    ["FALSE", false],
    ["NOT FALSE", true],
    ["NOT NOT TRUE", true],
    ['ALARM("on") AND ALARM("off")', false],
    ['ALARM("on") OR ALARM("off")', true],
    ['  ( ALARM( "on" )AND(OK("off") ) )  ', true],
    ["TRUE OR TRUE AND FALSE", true],
    ["(TRUE OR TRUE) AND FALSE", false],
    ["NOT TRUE OR TRUE", true],
    ["NOT (TRUE OR TRUE)", false],
    ["FALSE AND NOT FALSE OR FALSE", false],
    ['ALARM("odd \\"name\\" (1)")', true],
  ])("%s is %s", (rule, expected) => {
    expect(holds(rule)).toBe(expected);
  });

  it("tells which alarms it is about", () => {
    expect(parseAlarmRule('ALARM("a") AND (OK("b") OR NOT ALARM("a"))').names).toEqual(["a", "b"]);
  });

  it.each([
    ["", "Character 1"],
    ['ALARM("a") ALARM("b")', "Character 12"],
    ['ALARM("a") AND', "Character 15"],
    ['alarm("a")', "Character 1 "],
    ["AT_LEAST(2, ALARM, (a, b))", "Character 1 "],
    ["ALARM()", "Character 7"],
    ['ALARM("a"', "Character 10"],
    ['(ALARM("a")', "Character 12"],
    ['ALARM("a"))', "Character 11"],
    ['ALARM("a) AND', "Character 7"],
  ])("%s is refused with the place", (rule, place) => {
    expect(() => parseAlarmRule(rule)).toThrow(AlarmRuleError);
    expect(() => parseAlarmRule(rule)).toThrow(place);
  });
});
