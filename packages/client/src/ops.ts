import type { Caller, CallOptions, KeyedOptions } from "./call.ts";
import { keyed } from "./keyed.ts";
import type { Body, Query } from "./request.ts";

export type LettersQuery = Query<"listDeadLetters">;

/** For staff: how the stage is, what failed for good, and how it is tried again. */
export const opsCalls = (call: Caller) => ({
  /** Its alarms and the queues that hold dead letters. */
  health: (options?: CallOptions) => call("getHealth", {}, options),
  deadLetters: deadLetterCalls(call),
  replays: replayCalls(call),
  /** Has payments compared with the provider's books now; `running` when that takes longer than an answer may. */
  reconcile: (options?: CallOptions) => call("reconcileNow", {}, { ...options, repeatable: true }),
});

const deadLetterCalls = (call: Caller) => ({
  list: (options?: CallOptions) => call("listDeadLetterQueues", {}, options),
  /**
   * Letters that fit all of the query; times are those of the event, from `after` on and before `before`, in ISO 8601.
   * `more` says that there are letters which this answer does not show.
   */
  of: (subscriber: string, query: LettersQuery = {}, options?: CallOptions) =>
    call("listDeadLetters", { params: { subscriber }, query }, options),
  show: (subscriber: string, id: string, options?: CallOptions) =>
    call("getDeadLetter", { params: { subscriber, id } }, options),
  /** While the answer says `more`, the same request goes on with the rest. */
  redrive: (body: Body<"redriveDeadLetters">, options?: CallOptions) => call("redriveDeadLetters", { body }, options),
});

const replayCalls = (call: Caller) => ({
  /** Replays archived events to one subscriber alone; the same key starts it once. */
  start: (body: Body<"startReplay">, options?: string | KeyedOptions) => call("startReplay", { body }, keyed(options)),
  /** `progress` goes on for a while after EventBridge has completed it, until nothing is `waiting`. */
  get: (id: string, options?: CallOptions) => call("getReplay", { params: { id } }, options),
});
