import { Ops } from "@cartwright/core/ops";
import * as z from "zod";
import { staff } from "./http/auth.ts";
import { requester, tellReplayed } from "./http/reply.ts";
import { router } from "./http/router.ts";
import { serve } from "./http/serve.ts";
import { idempotencyKey, valid } from "./http/valid.ts";
import { log } from "./log.ts";

const defaultLimit = 100;
const maximumLimit = 500;

const ListQuery = Ops.Filter.safeExtend({
  limit: z
    .string()
    .regex(/^\d{1,3}$/, `expected a number from 1 to ${maximumLimit}`)
    .transform(Number)
    .pipe(z.int().min(1).max(maximumLimit))
    .optional(),
});

const bySubscriber = valid("param", z.object({ subscriber: Ops.SubscriberName }));
const byLetter = valid("param", z.object({ subscriber: Ops.SubscriberName, id: z.string().max(100) }));

/** Dead letters and replays, for the people who keep the shop running. */
export const ops = router()
  .get("/ops/dead-letters", staff(), async (c) => c.json(await Ops.list()))
  .get("/ops/dead-letters/:subscriber", staff(), bySubscriber, valid("query", ListQuery), async (c) => {
    const { limit = defaultLimit, ...filter } = c.req.valid("query");
    return c.json(await Ops.letters(c.req.valid("param").subscriber, filter, limit));
  })
  .get("/ops/dead-letters/:subscriber/:id", staff(), byLetter, async (c) => {
    const { subscriber, id } = c.req.valid("param");
    return c.json(await Ops.letterFromID(subscriber, id));
  })
  .post("/ops/dead-letters/redrive", staff(), valid("json", Ops.Redrive), async (c) => {
    const redriven = await Ops.redrive(c.req.valid("json"));
    const { correlationId } = c.get("cause");
    log("redriven", { correlationId, step: redriven.subscriber, count: redriven.redriven });
    return c.json(redriven);
  })
  .post("/ops/replays", staff(), idempotencyKey(), valid("json", Ops.StartReplay), async (c) => {
    const { replay, replayed } = await Ops.replay(c.req.valid("json"), requester(c));
    tellReplayed(c, replayed);
    c.header("Location", `/ops/replays/${replay.id}`);
    return c.json(replay, 202);
  })
  .get("/ops/replays/:id", staff(), valid("param", z.object({ id: Ops.ReplayID })), async (c) =>
    c.json(await Ops.replayFromID(c.req.valid("param").id)),
  );

export const handler = serve(ops);
