/** What Stripe's errors mean: https://docs.stripe.com/error-handling, and /api/errors for the status codes. */
import Stripe from "stripe";
import * as z from "zod";
import { DomainError } from "../../error.ts";
import { ProviderUnavailableError, UnknownOutcomeError } from "../provider.ts";

/**
 * Stripe has not done it and will not, however often it is asked. `reason` is in Stripe's words. It is a `mistake`
 * when the request itself is wrong, so that a person has to look, and else a refusal of what it asks for.
 */
export class ProviderRefusedError extends DomainError {
  override name = "ProviderRefusedError";
  readonly reason: string;
  readonly mistake: boolean;
  readonly httpStatus: number | undefined;
  /** The parameter that Stripe finds fault with. */
  readonly param: string | undefined;
  /** The payment intent that the request was about, or has made in spite of all. */
  readonly reference: string | undefined;

  constructor(error: Stripe.errors.StripeError) {
    const isReused = error instanceof Stripe.errors.StripeIdempotencyError;
    const reason = isReused ? "idempotency_error" : reasonOf(error);
    const what = isReused ? "the same key with another request" : "the request";
    super(isReused ? "conflict" : "invalid", "provider_refused", `Stripe refuses ${what}: ${describe(error)}`);
    this.reason = reason;
    this.mistake = isReused || mistakes.has(reason) || reason.startsWith("parameter_");
    this.httpStatus = error.statusCode;
    this.param = error.param;
    this.reference = error.payment_intent?.id;
  }
}

/** Asks for a change. Whatever is neither its answer nor a certain failure is an unknown outcome. */
export async function writing<Answer>(call: Promise<unknown>, read: (answer: unknown) => Answer): Promise<Answer> {
  try {
    return read(await call);
  } catch (error) {
    throw translate(error);
  }
}

/** Asks for what is. Nothing can have happened, so a lost answer is no more than an unavailable provider. */
export async function reading<Answer>(call: Promise<unknown>, read: (answer: unknown) => Answer): Promise<Answer> {
  try {
    return await writing(call, read);
  } catch (error) {
    throw unavailableIfUnknown(error);
  }
}

/** As `reading`, over all pages of a list. */
export async function* readingAll<Answer>(
  list: AsyncIterable<unknown>,
  read: (answer: unknown) => Answer,
): AsyncIterable<Answer> {
  try {
    for await (const answer of list) yield read(answer);
  } catch (error) {
    throw unavailableIfUnknown(translate(error));
  }
}

/** Stripe knows no object of that id, or lets nobody of this account and mode see it. */
export function isMissing(error: unknown): boolean {
  return error instanceof ProviderRefusedError && error.reason === "resource_missing";
}

/** Stripe repeats what it answered to this key before, even a 500, instead of trying again. */
export function isReplayed(error: unknown): boolean {
  return error instanceof Stripe.errors.StripeError && error.headers?.["idempotent-replayed"] === "true";
}

/** Codes that tell of a mistake in our configuration or code: https://docs.stripe.com/error-codes. */
const mistakes = new Set(["resource_missing", "livemode_mismatch", "secret_key_required", "platform_account_required"]);

/** With these nothing was sent: there was no connection to send it on. */
const unreached = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT"]);

function translate(error: unknown): Error {
  const { StripeConnectionError, StripeRateLimitError, StripeAuthenticationError, StripePermissionError } =
    Stripe.errors;
  if (error instanceof z.ZodError || error instanceof RangeError) return new UnknownOutcomeError("Stripe", error);
  if (!(error instanceof Stripe.errors.StripeError)) return new UnknownOutcomeError("Stripe", trace(error));
  if (error.code === "idempotency_key_in_use") return new UnknownOutcomeError("Stripe", trace(error));
  if (error instanceof StripeConnectionError && isUnreached(error)) {
    return new ProviderUnavailableError("Stripe could not be reached", trace(error));
  }
  if (error instanceof StripeRateLimitError) {
    return new ProviderUnavailableError("Stripe is asked too much", trace(error));
  }
  if (error instanceof StripeAuthenticationError || error instanceof StripePermissionError) {
    return new ProviderUnavailableError("Stripe does not take our key for this: check StripeApiKey", trace(error));
  }
  return isRefusal(error) ? new ProviderRefusedError(error) : new UnknownOutcomeError("Stripe", trace(error));
}

function unavailableIfUnknown(error: unknown): unknown {
  if (!(error instanceof UnknownOutcomeError)) return error;
  return new ProviderUnavailableError("Stripe gave no answer that can be read", error.cause);
}

function isRefusal(error: Stripe.errors.StripeError): boolean {
  const { StripeCardError, StripeInvalidRequestError, StripeIdempotencyError } = Stripe.errors;
  return [StripeCardError, StripeInvalidRequestError, StripeIdempotencyError].some((kind) => error instanceof kind);
}

/** `fetch` wraps what happened to the connection. */
function isUnreached({ detail }: Stripe.errors.StripeError): boolean {
  const causes: unknown[] = [detail];
  for (const cause of causes) {
    if (!(cause instanceof Error)) continue;
    if ("code" in cause && unreached.has(String(cause.code))) return true;
    causes.push(cause.cause);
  }
  return false;
}

/** The library leaves a missing `decline_code` empty; some refusals, such as of too large a refund, have no code. */
function reasonOf({ decline_code, code, rawType, param }: Stripe.errors.StripeError): string {
  return decline_code || code || (param ? `${rawType} (${param})` : rawType) || "unknown";
}

/** Never Stripe's own message, which repeats tokens, nor its error, which carries secrets of the intent. */
function trace(error: unknown): Error {
  return new Error(error instanceof Stripe.errors.StripeError ? describe(error) : nameOf(error));
}

function describe(error: Stripe.errors.StripeError): string {
  const { statusCode, param, requestId, detail } = error;
  const told = [
    `${error.type} (${reasonOf(error)})`,
    statusCode && `status ${statusCode}`,
    param && `parameter ${param}`,
    requestId && `request ${requestId}`,
    detail && nameOf(detail),
  ];
  return told.filter(Boolean).join(", ");
}

function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return "no error";
  const code = "code" in error && typeof error.code === "string" ? error.code : error.name;
  return error.cause instanceof Error ? `${code} of ${nameOf(error.cause)}` : code;
}
