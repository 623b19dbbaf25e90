/** What commands read of the API's answers. Another server's answers may be JSON as well, and must not look like news. */
import * as z from "zod";
import { RefusedError } from "./io.ts";

export const notThisApi = "what answers there is not this API: check --url";

/** The answer itself, with what the schema doesn't name. Throws `RefusedError` when it doesn't fit. */
export function fitting<Schema extends z.ZodType, Answer extends z.output<Schema>>(
  schema: Schema,
  answer: Answer,
): Answer {
  const { error } = schema.safeParse(answer);
  if (error) throw new RefusedError(notThisApi, { cause: error });
  return answer;
}

/** As `fitting`, for an answer that the client's type tells less of than the schema does. */
export function shaped<Schema extends z.ZodType>(schema: Schema, answer: unknown): z.output<Schema> {
  return fitting(schema, answer as z.output<Schema>);
}

const Time = z.iso.datetime({ offset: true });

export const Session = z.object({
  accessToken: z.string().min(1),
  refreshToken: z.string().min(1),
  expiresInSeconds: z.int(),
});

export const Queues = z.object({
  items: z.array(
    z.object({ subscriber: z.string(), letters: z.int(), redrivesTo: z.string(), events: z.array(z.string()) }),
  ),
});

const Letter = z.object({
  id: z.string(),
  subscriber: z.string(),
  event: z
    .object({
      id: z.string(),
      name: z.string(),
      version: z.int(),
      time: z.string().optional(),
      subject: z.string().optional(),
      correlationId: z.string().optional(),
      orderId: z.string().optional(),
    })
    .optional(),
  failure: z.object({
    code: z.string(),
    message: z.string(),
    attempts: z.int().optional(),
    firstAt: z.string().optional(),
    lastAt: z.string().optional(),
    messageId: z.string().optional(),
  }),
  sentAt: z.string(),
});

export const Letters = z.object({ items: z.array(Letter), examined: z.int(), more: z.boolean() });

export const WholeLetter = Letter.extend({ body: z.unknown() }).refine(({ body }) => body !== undefined);

export const Redriven = z.object({
  subscriber: z.string(),
  redrivesTo: z.string(),
  backWithinSeconds: z.int().optional(),
  examined: z.int(),
  matched: z.int(),
  redriven: z.int(),
  refused: z.array(z.object({ id: z.string(), reason: z.string() })),
  more: z.boolean(),
  setAside: z.int(),
  asOf: Time,
});

export const Replay = z.object({
  id: z.string(),
  subscriber: z.string(),
  from: z.string(),
  to: z.string(),
  filter: z.looseObject({}),
  status: z.string(),
  reason: z.string().optional(),
  lastEventAt: z.string().optional(),
  progress: z.object({ handedOn: z.int(), leftOut: z.int(), waiting: z.int() }).optional(),
});

export const Rebuild = z.object({ id: z.string() });

export const Compared = z.object({
  compared: z.int(),
  mended: z.array(z.string()),
  untold: z.array(z.string()),
  ahead: z.array(z.string()),
  nextCursor: z.string().optional(),
});
export type Compared = z.infer<typeof Compared>;

export const Timeline = z.object({
  items: z.array(
    z.object({ at: Time, event: z.string(), undo: z.boolean(), text: z.string(), causedBy: z.string().optional() }),
  ),
});

const Money = z.object({ amount: z.int(), currency: z.string().regex(/^[A-Z]{3}$/) });

/** A payment as staff sees it: what was asked of the provider, and what became of it. */
export const Payment = z.object({
  id: z.string(),
  status: z.string(),
  amount: Money,
  authorized: Money,
  captured: Money,
  refunded: Money,
  pendingRefund: Money,
  chargedBack: Money,
  balance: Money,
  attempts: z.array(
    z.object({
      key: z.string(),
      kind: z.string(),
      outcome: z.string(),
      amount: Money.optional(),
      reference: z.string().optional(),
      reason: z.string().optional(),
      requestedAt: z.string(),
      settledAt: z.string().optional(),
    }),
  ),
});

export const Health = z.object({
  status: z.enum(["healthy", "degraded", "failing"]),
  watched: z.boolean(),
  alarms: z.array(
    z.object({
      name: z.string(),
      state: z.string(),
      since: Time.optional(),
      urgent: z.boolean(),
      calls: z.boolean(),
      muted: z.boolean(),
      description: z.string().optional(),
      runbook: z.string().optional(),
      reason: z.string().optional(),
    }),
  ),
  queues: z.int(),
  deadLetters: z.array(z.object({ subscriber: z.string(), letters: z.int() })),
});
export type Health = z.infer<typeof Health>;

export const Orders = z.object({
  items: z.array(z.object({ id: z.string(), number: z.string(), status: z.string(), createdAt: Time })),
  nextCursor: z.string().optional(),
});

export const Reconciliation = z.object({
  status: z.enum(["done", "running"]),
  compared: z.int().optional(),
  mended: z.array(z.string()).optional(),
  wrong: z.array(z.string()).optional(),
});

/** What is told of a failed request. */
export const Told = z.object({
  code: z.string().optional(),
  detail: z.string().optional(),
  requestId: z.string().optional(),
});
