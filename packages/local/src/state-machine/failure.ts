/** An error as Step Functions names and explains it: what Retry and Catch match on, and what a failed execution shows. */
export class StatesError extends Error {
  override readonly name = "StatesError";
  readonly error: string;
  override readonly cause: string;

  constructor(error: string, cause: string) {
    super(cause === "" ? error : `${error}: ${cause}`);
    this.error = error;
    this.cause = cause;
  }
}

/** What `$states.errorOutput` holds, and what a Catch hands on without an Output. */
export interface ErrorOutput {
  Error: string;
  Cause: string;
}

export function errorOutput(failure: StatesError): ErrorOutput {
  return { Error: failure.error, Cause: failure.cause };
}

/** Neither is handled by a wildcard; a runtime error isn't handled at all. */
const runtime = "States.Runtime";
const dataLimit = "States.DataLimitExceeded";

/** The rules of `ErrorEquals`, as the developer guide's "Handling errors" lists them. */
export function matchesError(names: readonly string[], error: string): boolean {
  if (error === runtime) return false;
  return names.some((name) => {
    if (name === "States.ALL") return error !== dataLimit;
    if (name === "States.TaskFailed") return error === name || (error !== "States.Timeout" && error !== dataLimit);
    return name === error;
  });
}
