/** A handler's error as the Lambda runtime serialises it. */
export interface FunctionError {
  errorType: string;
  errorMessage: string;
  trace?: string[];
}

/** What Lambda answers to a synchronous Invoke. */
export type Invocation = { ok: true; payload: unknown } | { ok: false; error: FunctionError };

/**
 * Runs a function. Resolves with `ok: false` when the handler failed; rejects only when the function could not be
 * called at all (no such function, throttled), with an error named as Step Functions names it, e.g.
 * `Lambda.TooManyRequestsException`.
 */
export type Invoke = (functionArn: string, payload: unknown) => Promise<Invocation>;
