/** The run that a schedule begins every few minutes, begun by a person. */
import { InvokeCommand, type InvokeCommandOutput } from "@aws-sdk/client-lambda";
import { Resource } from "sst";
import * as z from "zod";
import { reaching } from "../aws-fault.ts";
import { DomainError, UnavailableError } from "../error.ts";
import { lambda } from "./client.ts";
import { parseJson } from "./letter.ts";
import type { Reconciliation } from "./schema.ts";

/** The run itself has failed. What it had compared by then stays compared. */
export class ReconciliationFailedError extends DomainError {
  override name = "ReconciliationFailedError";
  constructor(what: string) {
    const message = `the run failed (${what}): the log of ReconcilePayments says more, and the next one compares the same again`;
    super("unavailable", "reconciliation_failed", message);
  }
}

/** The API answers within 29 seconds; a run may take five minutes. */
const defaultPatienceMs = 24_000;

/**
 * Compares payments with the provider's books now, all that the next scheduled run would. It waits for the end as long
 * as an answer may take, and says `running` then. Two at a time do no harm: both find the same, and what they mend has
 * keys of its own.
 */
export async function reconcileNow({ patienceMs = defaultPatienceMs } = {}): Promise<Reconciliation> {
  const answer = await invoke(patienceMs);
  if (answer === "running") return { status: "running" };
  const payload = parseJson(new TextDecoder().decode(answer.Payload));
  if (answer.FunctionError !== undefined) throw new ReconciliationFailedError(inWords(payload));
  const { compared, doubtful, ...left } = Reconciled.parse(payload);
  // A payment that is due for more than one pass is in there more than once.
  const wrong = [...new Set(left.wrong)];
  const mended = [...new Set(doubtful)].filter((orderId) => !wrong.includes(orderId));
  return { status: "done", compared, mended, wrong };
}

/** What the function answers. */
const Reconciled = z.object({ compared: z.int(), doubtful: z.array(z.string()), wrong: z.array(z.string()) });

/** Abandoned, the run goes on: Lambda asks nobody whether they still listen. */
async function invoke(patienceMs: number): Promise<InvokeCommandOutput | "running"> {
  const abortSignal = AbortSignal.timeout(patienceMs);
  const command = new InvokeCommand({ FunctionName: Resource.Reconciliation.name, Payload: "{}" });
  try {
    return await reaching("the reconciliation", lambda().send(command, { abortSignal }));
  } catch (error) {
    if (abortSignal.aborted || isTaken(error)) return "running";
    if (nameOf(error) !== "TooManyRequestsException") throw error;
    throw new UnavailableError("too many functions run at this moment", error);
  }
}

/** As many as may run at a time do so already. */
function isTaken(error: unknown): boolean {
  const { Reason } = error as { Reason?: unknown };
  return nameOf(error) === "TooManyRequestsException" && Reason === "ReservedFunctionConcurrentInvocationLimitExceeded";
}

const nameOf = (error: unknown) => (error instanceof Error ? error.name : undefined);

function inWords(payload: unknown): string {
  const Failure = z.object({ errorType: z.string().optional(), errorMessage: z.string().optional() });
  const { errorType = "Error", errorMessage = "it said nothing" } = Failure.safeParse(payload).data ?? {};
  return `${errorType}: ${errorMessage}`;
}
