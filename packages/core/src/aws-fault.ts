import { UnavailableError } from "./error.ts";

interface AwsFault extends Error {
  $fault?: string;
}

/** A condition of a transaction did not hold: the like of what DynamoDB throws for a single write. */
export class ConditionFailedError extends Error {
  override name = "ConditionFailedError";
}

/** Whether a write's condition did not hold: an expected outcome that the caller decides about. */
export function isConditionFailure(error: unknown): boolean {
  return error instanceof ConditionFailedError || awsFault(error)?.name === "ConditionalCheckFailedException";
}

/**
 * Lets an AWS fault that may pass (throttling, 5xx, a lost connection) appear as `UnavailableError`, and any other one
 * under its own name, such as `AccessDeniedException`.
 */
export async function reaching<Result>(what: string, call: Promise<Result>): Promise<Result> {
  try {
    return await call;
  } catch (error) {
    const fault = awsFault(error);
    if (fault && (fault.$fault !== "client" || passing.has(fault.name))) {
      throw new UnavailableError(`${what} could not be reached (${fault.name})`, error);
    }
    throw fault ?? error;
  }
}

/** As `reaching` a write, and whether it was made: it was not when its condition did not hold. */
export async function applied(what: string, write: Promise<unknown>): Promise<boolean> {
  try {
    await reaching(what, write);
    return true;
  } catch (error) {
    if (!isConditionFailure(error)) throw error;
    return false;
  }
}

/** Throttling is the caller's fault in the SDK's eyes. SQS has names of its own for it. */
const passing = new Set([
  "InternalServerError",
  "OverLimit",
  "ProvisionedThroughputExceededException",
  "RequestLimitExceeded",
  "RequestThrottled",
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
