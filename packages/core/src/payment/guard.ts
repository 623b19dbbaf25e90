/**
 * A provider behind a circuit breaker. A decline is an answer and proves the provider well; only what it fails to answer
 * counts against it.
 */
import { type Breaker, TimeLimitError } from "../breaker/breaker.ts";
import { downstream } from "../spent.ts";
import { type Listed, type Provider, ProviderUnavailableError, UnknownOutcomeError } from "./provider.ts";

/**
 * The same port, with a time limit on every call. Its calls throw `CircuitOpenError` as well: then nothing has happened.
 * Webhooks pass by: they come from anybody, so neither a forged nor a genuine one says how the provider is.
 */
export function guarded(provider: Provider, breaker: Breaker): Provider {
  return {
    name: provider.name,
    authorize: (request) => change("authorize", () => provider.authorize(request)),
    capture: (request) => change("capture", () => provider.capture(request)),
    void: (request) => change("void", () => provider.void(request)),
    refund: (request) => change("refund", () => provider.refund(request)),
    find: (lookup) => look("find", () => provider.find(lookup)),
    action: (lookup) => look("action", () => provider.action(lookup)),
    assertPayable: (amount) => provider.assertPayable(amount),
    list,
    parseWebhook: (...webhook) => downstream(() => provider.parseWebhook(...webhook)),
  };

  function ask<Answer>(operation: string, call: () => Promise<Answer>): Promise<Answer> {
    return downstream(call, `${provider.name}.${operation}`);
  }

  /** A change without an answer may have happened. */
  async function change<Answer>(operation: string, call: () => Promise<Answer>): Promise<Answer> {
    try {
      return await breaker.run(() => ask(operation, call));
    } catch (error) {
      throw error instanceof TimeLimitError ? new UnknownOutcomeError(provider.name, error) : error;
    }
  }

  async function look<Answer>(operation: string, call: () => Promise<Answer>, successCounts = true): Promise<Answer> {
    try {
      return await breaker.run(() => ask(operation, call), { successCounts });
    } catch (error) {
      throw error instanceof TimeLimitError ? new ProviderUnavailableError(error.message, error) : error;
    }
  }

  /** The first item alone counts as a success: most others come from a page that is here already. */
  async function* list(window: Parameters<Provider["list"]>[0]): AsyncGenerator<Listed> {
    const items = provider.list(window)[Symbol.asyncIterator]();
    let waiting = false;
    const next = async () => {
      waiting = true;
      return items.next().finally(() => {
        waiting = false;
      });
    };
    try {
      for (let first = true; ; first = false) {
        const item = await look("list", next, first);
        if (item.done) return;
        yield item.value;
      }
    } finally {
      // One that still waits for its provider would end only after that, perhaps never.
      if (!waiting) await items.return?.();
    }
  }
}
