import { DeadLetterFailure, Envelope, idSchema, registry } from "@cartwright/events";
import * as z from "zod";

export const ReplayID = idSchema("rpl");

export const SubscriberName = z.string().regex(/^[A-Za-z0-9]{1,64}$/, "expected a subscriber such as MarkPaid");

/** Of the event, in any time zone. */
const Time = z.iso.datetime({ offset: true, error: "expected an ISO 8601 time such as 2026-03-01T03:00:00Z" });

const eventNames = [...registry.keys()].sort();

/** A name that is none would find nothing, and look as if all were well. */
const EventName = z.enum(eventNames, {
  error: ({ input }) => `there is no event ${JSON.stringify(input)}: there are ${eventNames.join(", ")}`,
});

const eventFilter = {
  orderId: idSchema("ord").optional().describe("Of events that tell of this order."),
  correlationId: z
    .string()
    .regex(/^[\x21-\x7e]{1,200}$/, "expected a correlation id, as letters and logs show it")
    .optional()
    .describe("Of events that followed from this request."),
  event: EventName.optional().describe("Of events of this name."),
};

/** All that is given must hold. A letter without a readable event fits no filter but the empty one. */
export const Filter = z
  .strictObject({
    ...eventFilter,
    after: Time.optional().describe("Of events from then on."),
    before: Time.optional().describe("Of events before then."),
  })
  .refine(({ after, before }) => !after || !before || Date.parse(after) < Date.parse(before), {
    path: ["before"],
    error: "before must be later than after",
  });
export type Filter = z.infer<typeof Filter>;

/** What a letter tells of its event, as far as it can be read. */
export const LetterEvent = Envelope.pick({
  id: true,
  name: true,
  version: true,
  time: true,
  subject: true,
  correlationId: true,
}).extend({ orderId: z.string().optional() });
export type LetterEvent = z.infer<typeof LetterEvent>;

export const Letter = z.object({
  id: z.string().describe("The same at each read."),
  subscriber: z.string(),
  event: LetterEvent.optional(),
  failure: DeadLetterFailure,
  sentAt: z.iso.datetime(),
});
export type Letter = z.infer<typeof Letter>;

export const Letters = z.object({
  items: z.array(Letter),
  examined: z.int().describe("Letters that were looked at."),
  more: z.boolean().describe("Whether there are letters that this answer does not show."),
});
export type Letters = z.infer<typeof Letters>;

/** With its whole message, as JSON when it is that. */
export const OpenLetter = Letter.extend({ body: z.unknown() });
export type OpenLetter = z.infer<typeof OpenLetter>;

/** What is redriven to a queue and fails again at each attempt is a letter again after this time at the latest. */
const backWithinSeconds = z.int().optional();

export const DeadLetters = z.object({
  subscriber: z.string(),
  letters: z.int().describe("Approximately, with those that somebody looks at this moment."),
  redrivesTo: z.enum(["queue", "machine", "bus", "nothing"]),
  events: z.array(z.string()),
  backWithinSeconds,
});
export type DeadLetters = z.infer<typeof DeadLetters>;

const isEmpty = (filter: object) => Object.values(filter).every((value) => value === undefined);

/** One letter, those that fit a filter, or all. */
export const Redrive = z
  .strictObject({
    subscriber: SubscriberName,
    id: z.string().min(1).max(100).optional(),
    filter: Filter.optional(),
    all: z.literal(true).optional(),
    dryRun: z.boolean().optional(),
    sentBefore: Time.optional().describe(
      "Leaves letters alone that came later. A request that goes on with `more` sends the first answer's `asOf`.",
    ),
    setAside: z
      .int()
      .nonnegative()
      .optional()
      .describe("How many letters the answers so far have left hidden: the last answer's `setAside`."),
  })
  .refine(({ id, filter, all }) => [id, filter, all].filter((given) => given !== undefined).length === 1, {
    error: "say which letters: one of id, filter, or all: true",
  })
  .refine(({ filter }) => filter === undefined || !isEmpty(filter), {
    path: ["filter"],
    error: "an empty filter fits every letter: say all: true if you mean that",
  });
export type Redrive = z.infer<typeof Redrive>;

export const Redriven = z.object({
  subscriber: z.string(),
  dryRun: z.boolean(),
  redrivesTo: DeadLetters.shape.redrivesTo,
  backWithinSeconds,
  examined: z.int().describe("Letters that were looked at."),
  matched: z.int().describe("Those that were asked for."),
  redriven: z.int().describe("Those that are on their way again; none in a dry run."),
  refused: z.array(z.object({ id: z.string(), reason: z.string() })),
  /**
   * Whether there may be letters left that were asked for: the same request, with `asOf` and `setAside` of this answer,
   * goes on with them. Those that somebody else looks at can be read in a minute at most.
   */
  more: z.boolean(),
  setAside: z
    .int()
    .describe(
      "Letters that this request has looked at and left hidden for a minute, so that it sees others when it goes on.",
    ),
  asOf: z.iso
    .datetime()
    .describe("Letters that came later were left alone: one that fails again at once is not redriven for ever."),
});
export type Redriven = z.infer<typeof Redriven>;

const ReplayFilter = z.strictObject(eventFilter);

/** Both ends are inclusive. */
export const StartReplay = z
  .strictObject({ subscriber: SubscriberName, from: Time, to: Time, filter: ReplayFilter.optional() })
  .refine(({ from, to }) => Date.parse(from) < Date.parse(to), { path: ["to"], error: "to must be later than from" });
export type StartReplay = z.infer<typeof StartReplay>;

export const Replay = z.object({
  id: ReplayID,
  subscriber: z.string(),
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  filter: ReplayFilter.extend({ event: z.string().optional() }).describe(
    "As it was asked for: events may have gone since.",
  ),
  status: z
    .enum(["starting", "running", "cancelling", "completed", "cancelled", "failed", "unknown"])
    .describe(
      "`unknown` when EventBridge knows nothing of it: it was never started, or has been forgotten after 90 days.",
    ),
  reason: z.string().optional().describe("Why it failed or was cancelled."),
  lastEventAt: z.iso.datetime().optional().describe("Time of the event that was replayed last."),
  /** What has become of the events that EventBridge sent, when it is asked for by id. */
  progress: z
    .object({
      handedOn: z.int().describe("Both are counted at least once: after a failure some may be in them twice."),
      leftOut: z.int(),
      waiting: z.int().describe("Events that are still to be handed on or left out, of all replays, approximately."),
    })
    .optional(),
  requestedBy: idSchema("usr"),
  createdAt: z.iso.datetime(),
});
export type Replay = z.infer<typeof Replay>;

export const Alarm = z.object({
  name: z.string().describe("As the runbook calls it."),
  state: z
    .enum(["ok", "alarm", "insufficient_data", "missing"])
    .describe("`missing`: it was deployed, and is there no more."),
  since: z.iso.datetime().optional().describe("When it came into this state."),
  urgent: z.boolean().describe("Whether orders or money are being lost while it is on."),
  calls: z.boolean().describe("Whether somebody is called when it goes off; one that calls nobody is part of another."),
  muted: z.boolean().describe("Somebody has switched off that it calls."),
  description: z.string().optional().describe("What it means, and where to look."),
  runbook: z.string().optional().describe("The page that says what to do, by its path in the repository."),
  reason: z.string().optional().describe("Why it came into this state, in CloudWatch's words."),
});
export type Alarm = z.infer<typeof Alarm>;

export const Health = z.object({
  status: z
    .enum(["healthy", "degraded", "failing"])
    .describe("`failing` while orders or money are being lost; `degraded` while something else waits for a person."),
  watched: z.boolean().describe("Whether the stage has alarms: personal stages have none."),
  alarms: z.array(Alarm).describe("All of them, whatever their state."),
  queues: z.int().describe("How many queues of dead letters there are."),
  deadLetters: z.array(DeadLetters.pick({ subscriber: true, letters: true })).describe("The queues that hold letters."),
});
export type Health = z.infer<typeof Health>;

export const Reconciliation = z.object({
  status: z.enum(["done", "running"]).describe("`running`: it takes longer than an answer may."),
  compared: z.int().optional().describe("Payments that were compared with the provider's books."),
  mended: z.array(z.string()).optional().describe("Orders whose payment had differed, and is right now."),
  wrong: z.array(z.string()).optional().describe("Orders whose payment only a person can put right."),
});
export type Reconciliation = z.infer<typeof Reconciliation>;
