import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { UnavailableError } from "./error.ts";
import { lazy } from "./lazy.ts";

export const dynamo = lazy(() => new DynamoDBClient({}));

interface AwsFault {
  name: string;
  $fault?: string;
  CancellationReasons?: { Code?: string }[];
}

/** A condition of a transaction did not hold: the like of what DynamoDB throws for a single write. */
export class ConditionFailedError extends Error {
  override name = "ConditionFailedError";
}

/** Whether a write's condition did not hold: an expected outcome that the caller decides about. */
export function isConditionFailure(error: unknown): boolean {
  return error instanceof ConditionFailedError || awsFault(error)?.name === "ConditionalCheckFailedException";
}

/** Lets an AWS fault that may pass (throttling, 5xx, a lost connection) appear as `UnavailableError`. */
export async function reaching<Result>(what: string, call: Promise<Result>): Promise<Result> {
  try {
    return await call;
  } catch (error) {
    const fault = awsFault(error);
    if (fault && (fault.$fault !== "client" || passing.has(fault.name))) {
      throw new UnavailableError(`${what} could not be reached (${fault.name})`, error);
    }
    throw error;
  }
}

const passing = new Set([
  "InternalServerError",
  "ProvisionedThroughputExceededException",
  "RequestLimitExceeded",
  "ThrottlingException",
  "TransactionConflictException",
  "TransactionInProgressException",
]);

/** ElectroDB wraps what the SDK threw, sometimes twice. */
function awsFault(error: unknown): AwsFault | undefined {
  for (let current = error; current instanceof Error; current = current.cause) {
    if ("$metadata" in current || "$fault" in current || "syscall" in current) return current as AwsFault;
  }
  return undefined;
}
