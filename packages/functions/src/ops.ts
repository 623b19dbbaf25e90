import { Ops } from "@cartwright/core/ops";
import * as z from "zod";
import { staff } from "./http/auth.ts";
import { answers, operation } from "./http/describe.ts";
import { limitCallers } from "./http/limit.ts";
import { requester, tellReplayed } from "./http/reply.ts";
import { router } from "./http/router.ts";
import { serve } from "./http/serve.ts";
import { idempotencyKey, Limit, noBody, valid } from "./http/valid.ts";
import { log } from "./log.ts";
import { tell } from "./work.ts";

const defaultLimit = 100;

const ListQuery = Ops.Filter.safeExtend({
  limit: Limit(500),
});

const bySubscriber = valid("param", z.object({ subscriber: Ops.SubscriberName }));
const byLetter = valid("param", z.object({ subscriber: Ops.SubscriberName, id: z.string().max(100) }));

/** Health, dead letters, replays and reconciliations, for the people who keep the shop running. */
export const ops = router(limitCallers("ops"))
  .get(
    "/ops/health",
    operation({
      id: "getHealth",
      summary: "Get the health of the stage",
      answers: { 200: answers("Its alarms, and its queues that hold dead letters.", Ops.Health) },
    }),
    staff(),
    async (c) => c.json(await Ops.health()),
  )
  .get(
    "/ops/dead-letters",
    operation({
      id: "listDeadLetterQueues",
      summary: "List the queues of dead letters",
      answers: {
        200: answers("Every queue of dead letters, empty or not.", z.object({ items: z.array(Ops.DeadLetters) })),
      },
    }),
    staff(),
    async (c) => c.json(await Ops.list()),
  )
  .get(
    "/ops/dead-letters/:subscriber",
    operation({
      id: "listDeadLetters",
      summary: "List dead letters",
      description: "Oldest first. Times are those of the event, from `after` on and before `before`.",
      answers: { 200: answers("Letters that fit all of the query.", Ops.Letters) },
      problems: { 400: ["event_not_taken"], 404: ["unknown_subscriber"] },
    }),
    staff(),
    bySubscriber,
    valid("query", ListQuery),
    async (c) => {
      const { limit = defaultLimit, ...filter } = c.req.valid("query");
      return c.json(await Ops.letters(c.req.valid("param").subscriber, filter, limit));
    },
  )
  .get(
    "/ops/dead-letters/:subscriber/:id",
    operation({
      id: "getDeadLetter",
      summary: "Get a dead letter",
      answers: { 200: answers("The letter with its whole message.", Ops.OpenLetter) },
      problems: { 404: ["unknown_subscriber", "dead_letter_not_found"], 503: ["dead_letter_not_reached"] },
    }),
    staff(),
    byLetter,
    async (c) => {
      const { subscriber, id } = c.req.valid("param");
      return c.json(await Ops.letterFromID(subscriber, id));
    },
  )
  .post(
    "/ops/dead-letters/redrive",
    operation({
      id: "redriveDeadLetters",
      summary: "Redrive dead letters",
      description:
        "One by `id`, those that fit a `filter`, or `all`. While the answer says `more`, the same request with its `asOf` and `setAside` goes on.",
      answers: { 200: answers("What became of them.", Ops.Redriven) },
      problems: {
        400: ["event_not_taken"],
        404: ["unknown_subscriber", "dead_letter_not_found"],
      },
      example: { subscriber: "MarkPaid", all: true, dryRun: true },
    }),
    staff(),
    valid("json", Ops.Redrive),
    async (c) => {
      const { correlationId: requestId } = c.get("cause");
      const redriven = await Ops.redrive(c.req.valid("json"), (...told) => tellRedriven(...told, requestId));
      tell({ step: redriven.subscriber, count: redriven.redriven });
      return c.json(redriven);
    },
  )
  .post(
    "/ops/replays",
    operation({
      id: "startReplay",
      summary: "Replay archived events to one subscriber",
      answers: { 202: answers("The replay, which has begun.", Ops.Replay, "Location", "Idempotent-Replayed") },
      problems: {
        400: ["event_not_taken", "not_replayable"],
        404: ["unknown_subscriber"],
        503: ["too_many_replays"],
      },
      example: { subscriber: "UpdatePriceList", from: "2026-01-01T00:00:00Z", to: "2026-01-01T01:00:00Z" },
    }),
    staff(),
    idempotencyKey(),
    valid("json", Ops.StartReplay),
    async (c) => {
      const { replay, replayed } = await Ops.replay(c.req.valid("json"), requester(c));
      tellReplayed(c, replayed);
      c.header("Location", `/ops/replays/${replay.id}`);
      return c.json(replay, 202);
    },
  )
  .get(
    "/ops/replays/:id",
    operation({
      id: "getReplay",
      summary: "Get a replay",
      answers: { 200: answers("How far it has come.", Ops.Replay) },
      problems: { 404: ["replay_not_found"] },
    }),
    staff(),
    valid("param", z.object({ id: Ops.ReplayID })),
    async (c) => c.json(await Ops.replayFromID(c.req.valid("param").id)),
  )
  .post(
    // It takes no key: sent twice it only looks twice, and what a run mends is done once by keys of its own.
    "/ops/reconciliations",
    operation({
      id: "reconcileNow",
      summary: "Compare payments with the provider's books now",
      description:
        "All that the next scheduled run would compare: payments that have not moved for half an hour. A run that takes longer than an answer may is answered with 202, and goes on.",
      answers: {
        200: answers("What it has found.", Ops.Reconciliation),
        202: answers("It still runs: the health shows what comes of it.", Ops.Reconciliation, "Location"),
      },
      problems: { 503: ["reconciliation_failed"] },
    }),
    staff(),
    noBody(),
    async (c) => {
      const reconciliation = await Ops.reconcileNow();
      const { correlationId } = c.get("cause");
      const { status, compared: count } = reconciliation;
      log("reconciled by hand", { correlationId, outcome: status, ...(count !== undefined && { count }) });
      if (status === "done") return c.json(reconciliation);
      c.header("Location", "/ops/health");
      return c.json(reconciliation, 202);
    },
  );

export const handler = serve(ops);

/** In the story of what the letter is about, which goes on with it. `durationMs` begins before it is sent. */
function tellRedriven(letter: Ops.Letter, durationMs: number, requestId: string): void {
  const { id: eventId, name: event, orderId, correlationId } = letter.event ?? {};
  const { attempts: attempt, code } = letter.failure;
  const about = { step: letter.subscriber, event, eventId, messageId: letter.id, attempt, code };
  log("redriven", { ...about, orderId, correlationId, requestId, durationMs: Math.ceil(durationMs) });
}
