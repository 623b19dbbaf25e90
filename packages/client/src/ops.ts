import type { ops } from "@cartwright/functions";
import type { hc, InferRequestType } from "hono/client";
import { answer, type Body, keyed, newKey } from "./call.ts";

type Api = ReturnType<typeof hc<typeof ops>>;
type DeadLetters = Api["ops"]["dead-letters"];
type Replays = Api["ops"]["replays"];

export type LettersQuery = InferRequestType<DeadLetters[":subscriber"]["$get"]>["query"];

/** For staff: what failed for good, and how it is tried again. */
export const opsCalls = (api: Api) => ({
  deadLetters: deadLetterCalls(api.ops["dead-letters"]),
  replays: replayCalls(api.ops.replays),
});

const deadLetterCalls = (letters: DeadLetters) => ({
  list: () => answer(letters.$get()),
  /**
   * Letters that fit all of the query; times are those of the event, from `after` on and before `before`, in ISO 8601.
   * `more` says that there are letters which this answer does not show.
   */
  of: (subscriber: string, query: LettersQuery = {}) =>
    answer(letters[":subscriber"].$get({ param: { subscriber }, query })),
  show: (subscriber: string, id: string) => answer(letters[":subscriber"][":id"].$get({ param: { subscriber, id } })),
  /** While the answer says `more`, the same request goes on with the rest. */
  redrive: (json: Body<DeadLetters["redrive"]["$post"]>) => answer(letters.redrive.$post({ json })),
});

const replayCalls = (replays: Replays) => ({
  /** Replays archived events to one subscriber alone; the same key starts it once. */
  start: (json: Body<Replays["$post"]>, idempotencyKey = newKey()) =>
    answer(replays.$post({ json, header: keyed(idempotencyKey) })),
  /** `progress` goes on for a while after EventBridge has completed it, until nothing is `waiting`. */
  get: (id: string) => answer(replays[":id"].$get({ param: { id } })),
});
