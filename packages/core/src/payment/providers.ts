/** Which provider takes the payments of this stage, and how each one is reached: guarded by a breaker of its own. */
import { Resource } from "sst";
import { dynamoBreakerStore } from "../breaker/breaker.entity.ts";
import { createBreaker } from "../breaker/breaker.ts";
import { CircuitOpenError } from "../error.ts";
import { lazy } from "../lazy.ts";
import { guarded } from "./guard.ts";
import { loadedLater } from "./loaded-later.ts";
import type { Provider, ProviderName } from "./provider.ts";
import { sandbox } from "./sandbox/sandbox.ts";
import { toStripe } from "./stripe/amount.ts";

/** What the secret `StripeApiKey` says on a stage that takes no real money. */
const none = "none";

/** A little less than the breaker allows, so that the library ends what it has begun. */
const stripeTimeoutMs = 3_500;

/** The provider of new payments. Those that have begun stay with the provider they began with. */
export function currentProvider(): Provider {
  return providerOf(Resource.StripeApiKey.value === none ? "sandbox" : "stripe");
}

export function providerOf(name: ProviderName): Provider {
  return guardedBy[name]().provider;
}

export function isConfigured(name: ProviderName): boolean {
  return name === "sandbox" || Resource.StripeApiKey.value !== none;
}

/** For a person who would wait in vain: throws `CircuitOpenError` while the provider is known not to answer. */
export async function assertReachable(name: ProviderName): Promise<void> {
  const { state, retryAfterSeconds } = await guardedBy[name]().breaker.state();
  if (state === "open") throw new CircuitOpenError(name, retryAfterSeconds ?? 1);
}

const guardedBy: Record<ProviderName, () => { provider: Provider; breaker: ReturnType<typeof breakerOf> }> = {
  sandbox: lazy(() => guard(sandbox)),
  stripe: lazy(() =>
    guard(loadedLater({ name: "stripe", assertPayable: (amount) => void toStripe(amount) }, loadStripe)),
  ),
};

/** A stage that has set none accepts no webhook. */
function secretsIn(value: string): string[] {
  return value.split(",").flatMap((secret) => (secret.trim() === none ? [] : [secret.trim()]));
}

let loading: Promise<Provider> | undefined;

/** Once; a load that failed is tried again. */
function loadStripe(): Promise<Provider> {
  loading ??= connectStripe().catch((error) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function connectStripe(): Promise<Provider> {
  const { stripe } = await import("./stripe/stripe.ts");
  return stripe({
    apiKey: Resource.StripeApiKey.value,
    // Functions that take no webhooks are not linked to it.
    webhookSecrets: () => secretsIn(Resource.StripeWebhookSecret.value),
    timeoutMs: stripeTimeoutMs,
    application: `${Resource.App.name}-${Resource.App.stage}`,
  });
}

function guard(provider: Provider) {
  const breaker = breakerOf(provider.name);
  return { provider: guarded(provider, breaker), breaker };
}

function breakerOf(name: ProviderName) {
  return createBreaker({ name, store: dynamoBreakerStore("payment", Resource.PaymentTable.name) });
}
