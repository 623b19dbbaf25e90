import { readFileSync } from "node:fs";
import { Topology } from "@cartwright/topology";
import { describe, expect, it } from "vitest";
import { DefinitionError, parseDefinition } from "./definition.ts";

type Json = Record<string, unknown>;

const end = { Type: "Succeed" };
const flow = (states: Json, more: Json = {}): Json => ({
  QueryLanguage: "JSONata",
  StartAt: Object.keys(states)[0] ?? "",
  States: states,
  ...more,
});
const task = (more: Json = {}): Json => ({
  Type: "Task",
  Resource: "arn:aws:states:::lambda:invoke",
  Arguments: { FunctionName: "f" },
  End: true,
  ...more,
});

function problemsOf(definition: unknown): string[] {
  try {
    parseDefinition("Checkout", definition);
    return [];
  } catch (error) {
    if (error instanceof DefinitionError) return error.problems;
    throw error;
  }
}

describe("loading a definition", () => {
  it("accepts JSONata named on the machine or on each state", () => {
    expect(problemsOf(flow({ A: task() }))).toEqual([]);
    expect(problemsOf({ StartAt: "A", States: { A: task({ QueryLanguage: "JSONata" }) } })).toEqual([]);
  });

  it.each<[string, unknown, string]>([
    ["JSONPath by default", { StartAt: "A", States: { A: task() } }, 'state "A": only QueryLanguage "JSONata"'],
    [
      "a JSONPath field",
      flow({ A: task({ ResultPath: "$.x" }) }),
      'state "A": the field ResultPath (JSONPath) is not supp',
    ],
    ["the field Timeout", flow({ A: task({ Timeout: 5 }) }), 'state "A": the field Timeout is not supported'],
    ["an unknown type", flow({ A: { Type: "Activity" } }), 'state "A": the type "Activity" is unknown'],
    [
      "another integration",
      flow({ A: task({ Resource: "arn:aws:states:::sns:publish" }) }),
      'state "A": Resource: only',
    ],
    [
      "a distributed map",
      flow({ A: { Type: "Map", End: true, ItemReader: {}, ItemProcessor: flow({ B: end }) } }),
      "ItemReader",
    ],
    ["an unknown field of the machine", flow({ A: end }, { Tags: {} }), "the machine: the field Tags is not supported"],
    ["a missing StartAt", flow({ A: end }, { StartAt: "B" }), 'the machine: StartAt names "B"'],
    ["a Next into nowhere", flow({ A: task({ End: undefined, Next: "B" }) }), 'state "A": goes on to "B"'],
    [
      "a Catch into nowhere",
      flow({ A: task({ Catch: [{ ErrorEquals: ["E"], Next: "B" }] }) }),
      'state "A": goes on to "B"',
    ],
    ["neither Next nor End", flow({ A: task({ End: undefined }) }), 'state "A": needs either Next or End'],
    ["both Next and End", flow({ A: task({ Next: "A" }) }), 'state "A": needs either Next or End'],
    ["a state nothing leads to", flow({ A: end, B: end }), `state "B": can't be reached`],
    ["Wait without a time", flow({ A: { Type: "Wait", End: true } }), 'state "A": needs either Seconds or Timestamp'],
    [
      "bad JSONata",
      flow({ A: task({ Output: "{% $states. %}" }) }),
      'state "A".Output: {% $states. %} is no valid JSONata',
    ],
    ["half an expression", flow({ A: task({ Output: { x: "{% 1" } }) }), 'state "A".Output.x: {% 1 begins with {%'],
    ["$eval", flow({ A: task({ Output: "{% $eval('1') %}" }) }), "uses $eval"],
    [
      "States.ALL among others",
      flow({ A: task({ Retry: [{ ErrorEquals: ["E", "States.ALL"] }] }) }),
      "must stand alone",
    ],
    [
      "States.ALL before others",
      flow({ A: task({ Retry: [{ ErrorEquals: ["States.ALL"] }, { ErrorEquals: ["E"] }] }) }),
      "last",
    ],
    ["a variable named states", flow({ A: task({ Assign: { states: 1 } }) }), 'the variable "states" is reserved'],
    ["a variable that is no name", flow({ A: task({ Assign: { "a-b": 1 } }) }), `"a-b" can't name a variable`],
    ["a task without function", flow({ A: task({ Arguments: {} }) }), 'state "A": Arguments.FunctionName'],
  ])("refuses %s, naming the state", (_, definition, problem) => {
    expect(problemsOf(JSON.parse(JSON.stringify(definition)))).toContainEqual(expect.stringContaining(problem));
  });

  it("refuses a branch that assigns a variable of the flow around it, or reuses a state's name", () => {
    const branch = { StartAt: "A", States: { A: { Type: "Pass", Assign: { order: 2 }, End: true } } };
    const problems = problemsOf(
      flow({
        A: { Type: "Pass", Assign: { order: 1 }, Next: "Both" },
        Both: { Type: "Parallel", Branches: [branch], End: true },
      }),
    );
    expect(problems).toEqual([
      'state "A": another state has this name.',
      'state "A": the variable "order" belongs to the flow around; a branch can\'t assign it.',
    ]);
  });

  it("accepts every state machine that the stacks describe", () => {
    const file = new URL("../../../../stacks/topology.json", import.meta.url);
    const { machines } = Topology.parse(JSON.parse(readFileSync(file, "utf8")));
    for (const { definition } of Object.values(machines)) expect(problemsOf(definition)).toEqual([]);
    expect(Object.keys(machines)).not.toEqual([]);
  });

  it("lists all problems in one error that names the machine", () => {
    const bad = flow({ A: task({ Timeout: 1, End: undefined }), B: task({ Next: "Z", End: undefined }) });
    expect(() => parseDefinition("Checkout", bad)).toThrow(/"Checkout" can't run here:\n- state "A".*\n- state "B"/s);
  });
});
