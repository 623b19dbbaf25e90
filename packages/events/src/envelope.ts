import * as z from "zod";
import { idSchema } from "./id.ts";

/** What every event carries around its data. `sequence` grows within one subject; `time` is ISO 8601 in UTC. */
export const Envelope = z.object({
  id: idSchema("evt"),
  name: z.string().regex(/^[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*$/),
  version: z.int().positive(),
  time: z.iso.datetime(),
  source: z.string().startsWith("cartwright."),
  subject: z.string().min(1),
  sequence: z.int().positive(),
  correlationId: z.string().min(1),
  causationId: z.string().min(1).optional(),
  traceparent: z.string().optional(),
  data: z.record(z.string(), z.unknown()),
});
export type Envelope<Data = Record<string, unknown>> = Omit<z.infer<typeof Envelope>, "data"> & { data: Data };

/** Why something happens: the request or event it answers, and the story it belongs to. */
export const Cause = Envelope.pick({ correlationId: true, causationId: true, traceparent: true });
export type Cause = z.infer<typeof Cause>;

/** What follows from an event belongs to its story. */
export function causeOf({ correlationId, id, traceparent }: Envelope<unknown>): Cause {
  return { correlationId, causationId: id, ...(traceparent && { traceparent }) };
}
