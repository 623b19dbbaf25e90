/** How the API is asked: with who asks, until there is an answer, and never twice what may not be done twice. */
import type { OperationId, Problem } from "./api.ts";
import { startDeadline } from "./deadline.ts";
import { MaybeDoneError, NetworkError, ProblemError, UnexpectedAnswerError } from "./error.ts";
import { type Access, type Answer, type Input, type Outgoing, requestOf } from "./request.ts";
import { type Chance, isRepeatable, mayBeDone, mayPass, pauseMsBefore, type Retry } from "./retry.ts";

export interface CallOptions {
  /** Ends the call with the signal's reason. Whether a change was done is then not known. */
  signal?: AbortSignal;
  /** How long the call may take, with all its tries. */
  timeoutMs?: number;
}

export interface KeyedOptions extends CallOptions {
  /** To do once what is called several times, such as by a form that is sent twice; a new one unless it is given. */
  idempotencyKey?: string;
}

/** Besides what callers may choose: that an operation is safe to repeat, though nothing in its request says so. */
interface OwnOptions extends KeyedOptions {
  repeatable?: boolean;
  retry?: Partial<Retry>;
}

export type Caller = <Id extends OperationId>(id: Id, input: Input<Id>, options?: OwnOptions) => Promise<Answer<Id>>;

/** Who asks: the value of `Authorization`, and another one than what was `refused` if there is another. */
export type Holder = (access: Access, signal: AbortSignal, refused?: string) => Promise<string | undefined>;

export interface Transport {
  baseUrl: string;
  fetch: typeof globalThis.fetch;
  timeoutMs: number;
  retry: Retry;
  chance: Chance;
}

/** `hold` tells who asks, anew for each call. */
export function createCaller(transport: Transport, hold: () => Holder): Caller {
  return async (id, input, { signal, timeoutMs = transport.timeoutMs, idempotencyKey, repeatable, retry } = {}) => {
    const outgoing = requestOf(id, input, { baseUrl: transport.baseUrl, idempotencyKey });
    const deadline = startDeadline(timeoutMs, { signal, idempotencyKey: outgoing.idempotencyKey });
    const endsAtMs = transport.chance.now() + timeoutMs;
    const patience = { endsAtMs, signal: deadline.signal, retry: { ...transport.retry, ...retry } };
    try {
      const again = repeatable ?? isRepeatable(outgoing);
      return (await untilAnswered(outgoing, again, patience, transport, hold())) as Answer<typeof id>;
    } finally {
      deadline.release();
    }
  };
}

interface Patience {
  endsAtMs: number;
  signal: AbortSignal;
  retry: Retry;
}

async function untilAnswered(
  outgoing: Outgoing,
  repeatable: boolean,
  { endsAtMs, signal, retry }: Patience,
  { fetch, chance }: Transport,
  holder: Holder,
): Promise<unknown> {
  const tryTimeoutMs = repeatable && retry.tries > 1 ? retry.tryTimeoutMs : Number.POSITIVE_INFINITY;
  let isUncertain = false;
  for (let tries = 1; ; tries++) {
    const outcome = await askKnown(outgoing, holder, signal, (request) =>
      ask(request, { fetch, signal, tryTimeoutMs }),
    );
    if ("answer" in outcome) return outcome.answer;
    const { error } = outcome;
    if (signal.aborted) throw signal.reason;
    if (isUncertain && outgoing.changesVersion && isOutdated(error)) throw maybeDone(error);
    const pauseMs = pauseMsBefore(tries + 1, error, retry, chance.random);
    const isHopeless = tries >= retry.tries || chance.now() + pauseMs >= endsAtMs;
    if (isHopeless || !mayPass(error, repeatable)) throw error;
    isUncertain ||= mayBeDone(error);
    await chance.pause(pauseMs, signal);
  }
}

type Outcome = { answer: unknown } | { error: unknown };

/**
 * Asks once more where the caller was not known and has another token to show. Throws when it can't be told who asks:
 * getting a token was tried often enough then.
 */
async function askKnown(
  outgoing: Outgoing,
  holder: Holder,
  signal: AbortSignal,
  askAs: (request: Outgoing) => Promise<Outcome>,
): Promise<Outcome> {
  const authorization = await holder(outgoing.access, signal);
  const outcome = await askAs(known(outgoing, authorization));
  if (authorization === undefined || !isUnknownCaller(outcome)) return outcome;
  const other = await holder(outgoing.access, signal, authorization);
  return other === undefined || other === authorization ? outcome : askAs(known(outgoing, other));
}

function isUnknownCaller(outcome: Outcome): boolean {
  return "error" in outcome && outcome.error instanceof ProblemError && outcome.error.status === 401;
}

function known(outgoing: Outgoing, authorization: string | undefined): Outgoing {
  if (authorization === undefined) return outgoing;
  return { ...outgoing, headers: { ...outgoing.headers, Authorization: authorization } };
}

interface OneTry {
  fetch: typeof globalThis.fetch;
  signal: AbortSignal;
  tryTimeoutMs: number;
}

async function ask(outgoing: Outgoing, { fetch, signal, tryTimeoutMs }: OneTry): Promise<Outcome> {
  const { method, url, idempotencyKey } = outgoing;
  // What can't be a header is a mistake of the caller, and no trouble of the network.
  const headers = new Headers(outgoing.headers);
  const deadline = startDeadline(tryTimeoutMs, { signal, idempotencyKey });
  try {
    const init = { method, headers, signal: deadline.signal, ...(outgoing.body && { body: outgoing.body }) };
    const response = await fetch(url, init);
    return { answer: contentOf(response, await response.text(), idempotencyKey) };
  } catch (error) {
    if (deadline.signal.aborted) return { error: deadline.signal.reason };
    // That is how fetch tells of the network; whatever else a fetch of the caller's own throws is theirs.
    if (!(error instanceof TypeError || error instanceof DOMException)) return { error };
    const { origin } = new URL(url);
    return { error: new NetworkError(`no answer from ${origin}: ${error.message}`, { cause: error, idempotencyKey }) };
  } finally {
    deadline.release();
  }
}

function contentOf(response: Response, text: string, idempotencyKey: string | undefined): unknown {
  if (!response.ok) {
    const circumstances = { retryAfterSeconds: retryAfterSeconds(response), idempotencyKey };
    throw new ProblemError(response.status, problemIn(text), circumstances);
  }
  if (response.status === 204) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UnexpectedAnswerError(response.status, error);
  }
}

/** What is not of this API, such as the page of a proxy, says nothing. */
function problemIn(text: string): Partial<Problem> {
  try {
    const told: unknown = JSON.parse(text);
    return typeof told === "object" && told !== null ? (told as Partial<Problem>) : {};
  } catch {
    return {};
  }
}

/** Seconds as this API says them. A date, which a proxy may tell, would be read by a clock that may be wrong. */
function retryAfterSeconds({ headers }: Response): number | undefined {
  const told = headers.get("Retry-After");
  return told !== null && /^\d{1,9}$/.test(told) ? Number(told) : undefined;
}

/** What a change is answered whose version is gone, for one because it was done before. */
function isOutdated(error: unknown): error is ProblemError {
  return error instanceof ProblemError && [404, 409, 412].includes(error.status);
}

function maybeDone({ status, problem, retryAfterSeconds, idempotencyKey }: ProblemError): MaybeDoneError {
  return new MaybeDoneError(status, problem, { retryAfterSeconds, idempotencyKey });
}
