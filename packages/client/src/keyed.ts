import type { KeyedOptions } from "./call.ts";

/** What a call that has a key may be given: the key alone, or options. */
export function keyed(options: string | KeyedOptions = {}): KeyedOptions {
  return typeof options === "string" ? { idempotencyKey: options } : options;
}
