import * as z from "zod";
import { AwsError } from "../http/aws-error.ts";
import type { Input, Operations } from "../http/endpoint.ts";
import type { MachineHost } from "./machine-host.ts";

const StartInput = z.object({
  stateMachineArn: z.string(),
  name: z.string().min(1).max(80).optional(),
  input: z.string().default("{}"),
});

/** Step Functions' API: starting executions. */
export function machineOperations(machines: MachineHost): Operations {
  function begin(raw: Input) {
    const parsed = StartInput.safeParse(raw);
    if (!parsed.success) throw new AwsError("ValidationException", z.prettifyError(parsed.error));
    const { stateMachineArn, name, input } = parsed.data;
    return machines.start(stateMachineArn, parseInput(input), name);
  }

  return {
    StartExecution(raw) {
      const { record } = begin(raw);
      return { executionArn: record.arn, startDate: record.startedAtMs / 1000 };
    },
    async StartSyncExecution(raw) {
      const { type } = machines.machineOf(String(raw.stateMachineArn));
      if (type !== "EXPRESS") {
        throw new AwsError("StateMachineTypeNotSupported", "Only Express executions can be waited for.");
      }
      const { record, ended } = begin(raw);
      const { startedAtMs, endedAtMs, transitions: _, ...result } = await ended;
      const outcome = result.status === "SUCCEEDED" ? { ...result, output: JSON.stringify(result.output) } : result;
      return {
        executionArn: record.arn,
        stateMachineArn: raw.stateMachineArn,
        input: raw.input,
        startDate: startedAtMs / 1000,
        stopDate: endedAtMs / 1000,
        ...outcome,
      };
    },
  };
}

function parseInput(input: string): unknown {
  try {
    return JSON.parse(input);
  } catch {
    throw new AwsError("InvalidExecutionInput", "Invalid State Machine Execution Input: the input isn't JSON.");
  }
}
