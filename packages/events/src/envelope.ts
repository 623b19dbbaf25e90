import * as z from "zod";
import { idSchema, newId } from "./id.ts";

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

export interface EventDefinition<Name extends string = string, Schema extends z.ZodType = z.ZodType> {
  name: Name;
  version: number;
  source: string;
  schema: Schema;
}

export type EventOf<Definition extends EventDefinition> = Envelope<z.output<Definition["schema"]>>;

/** Declares one version of an event; `source` is the domain that publishes it. */
export function defineEvent<Name extends string, Schema extends z.ZodType>(
  domain: "user" | "order" | "inventory" | "payment",
  name: Name,
  version: number,
  schema: Schema,
): EventDefinition<Name, Schema> {
  return { name, version, source: `cartwright.${domain}`, schema };
}

/** An event about to be written with the change it tells of; the data is checked here, before anything is stored. */
export function createEvent<Definition extends EventDefinition>(
  definition: Definition,
  about: { subject: string; sequence: number; time: Date; cause: Cause; data: z.input<Definition["schema"]> },
): EventOf<Definition> {
  return {
    id: newId("evt"),
    name: definition.name,
    version: definition.version,
    time: about.time.toISOString(),
    source: definition.source,
    subject: about.subject,
    sequence: about.sequence,
    ...about.cause,
    data: definition.schema.parse(about.data),
  } as EventOf<Definition>;
}

/** Parses what was received as one version of `definition`. Unknown fields are dropped: additions are allowed. */
export function parseEvent<Definition extends EventDefinition>(
  definition: Definition,
  received: unknown,
): EventOf<Definition> {
  const envelope = Envelope.parse(received);
  if (envelope.name !== definition.name || envelope.version !== definition.version) {
    throw new UnknownEventError(envelope.name, envelope.version);
  }
  return { ...envelope, data: definition.schema.parse(envelope.data) } as EventOf<Definition>;
}

export class UnknownEventError extends Error {
  override name = "UnknownEventError";
  constructor(
    readonly event: string,
    readonly version: number,
  ) {
    super(`no handler for ${event} version ${version}: deploy one that knows it, then redrive`);
  }
}

/** An EventBridge pattern for these events, in the spelling `sst.aws.Bus` takes. */
export function pattern(...definitions: EventDefinition[]): { source: string[]; detailType: string[] } {
  return {
    source: [...new Set(definitions.map((definition) => definition.source))].sort(),
    detailType: definitions.map((definition) => definition.name).sort(),
  };
}
