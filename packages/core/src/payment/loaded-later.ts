import type { Provider } from "./provider.ts";

/** A provider whose library is loaded with its first call: a stage that does not use it pays nothing at a cold start. */
export function loadedLater(known: Pick<Provider, "name" | "assertPayable">, load: () => Promise<Provider>): Provider {
  return {
    ...known,
    authorize: async (request) => (await load()).authorize(request),
    capture: async (request) => (await load()).capture(request),
    void: async (request) => (await load()).void(request),
    refund: async (request) => (await load()).refund(request),
    find: async (lookup) => (await load()).find(lookup),
    action: async (lookup) => (await load()).action(lookup),
    async *list(window) {
      yield* (await load()).list(window);
    },
    parseWebhook: async (body, header) => (await load()).parseWebhook(body, header),
  };
}
