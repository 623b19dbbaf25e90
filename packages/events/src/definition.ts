import * as z from "zod";
import { type Cause, Envelope } from "./envelope.ts";
import { newId } from "./id.ts";

export interface EventDefinition<Name extends string = string, Schema extends z.ZodType = z.ZodType> {
  name: Name;
  /** The version that is published today. */
  version: number;
  source: string;
  schema: Schema;
  /** The way from each earlier version to the next one, under the version it starts from. */
  from: Readonly<Record<number, Upcaster>>;
}

export interface Upcaster {
  /** Of the version it starts from. */
  schema: z.ZodType;
  run(data: unknown): unknown;
}

export type EventOf<Definition extends EventDefinition> = Envelope<z.output<Definition["schema"]>>;

/**
 * How one domain defines its events: `eventsOf("order")("order.placed", 2, schema, { from: { 1: upcast(…) } })`. Within
 * a version a schema changes by optional fields alone. Any other change is a new version, with an upcaster from the one
 * before, so that what was archived can be consumed for ever. Throws when an earlier version has no upcaster.
 */
export function eventsOf(domain: "user" | "order" | "inventory" | "payment") {
  return function defineEvent<Name extends string, Schema extends z.ZodType>(
    name: Name,
    version: number,
    schema: Schema,
    { from = {} }: { from?: Record<number, Upcaster> } = {},
  ): EventDefinition<Name, Schema> {
    const earlier = Array.from({ length: version - 1 }, (_, index) => String(index + 1));
    if (Object.keys(from).join() !== earlier.join()) {
      throw new TypeError(
        `${name} version ${version} needs an upcaster from each earlier version: expected from ${earlier.join(", ") || "none"}, got ${Object.keys(from).join(", ") || "none"}`,
      );
    }
    return { name, version, source: `cartwright.${domain}`, schema, from };
  };
}

/** One step from a version's data to the next one's. It must have an answer for all that `older` allows. */
export function upcast<Older extends z.ZodType, Newer extends z.ZodType>(
  older: Older,
  newer: Newer,
  step: (data: z.output<Older>) => z.input<Newer>,
): Upcaster {
  return { schema: older, run: (data) => newer.parse(step(older.parse(data))) };
}

/** The schema of one version; throws `EventTooNewError` for one that does not exist yet. */
export function schemaOf(definition: EventDefinition, version: number): z.ZodType {
  if (version === definition.version) return definition.schema;
  const earlier = definition.from[version];
  if (!earlier) throw new EventTooNewError(definition, version);
  return earlier.schema;
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

/**
 * Parses what was received as `definition`, whichever version it was published in, and answers it in today's. Unknown
 * fields are dropped: additions are allowed. Throws `UnknownEventError`, `EventTooNewError` or `MalformedEventError`.
 */
export function parseEvent<Definition extends EventDefinition>(
  definition: Definition,
  received: unknown,
): EventOf<Definition> {
  const envelope = parse(Envelope, received, "the envelope");
  if (envelope.name !== definition.name) throw new UnknownEventError(envelope.name);
  const what = `${envelope.name} version ${envelope.version} (${envelope.id})`;
  let data: unknown = parse(schemaOf(definition, envelope.version), envelope.data, what);
  for (let version = envelope.version; version < definition.version; version++) {
    data = bringOn(definition, version, data, what);
  }
  return { ...envelope, version: definition.version, data } as EventOf<Definition>;
}

function bringOn(definition: EventDefinition, version: number, data: unknown, what: string): unknown {
  try {
    return definition.from[version]!.run(data);
  } catch (cause) {
    throw new MalformedEventError(`${what} can't be brought from version ${version} to ${version + 1}: ${cause}`, {
      cause,
    });
  }
}

/** The part of an event that tells which definition it needs. */
export function nameOf(received: unknown): string {
  return parse(Envelope.pick({ name: true }), received, "the envelope").name;
}

/** More would help nobody, and Step Functions cuts what an error says. */
const maximumFaultCharacters = 1000;

function parse<Schema extends z.ZodType>(schema: Schema, received: unknown, what: string): z.output<Schema> {
  const parsed = schema.safeParse(received);
  if (parsed.success) return parsed.data;
  const faults = z.prettifyError(parsed.error).slice(0, maximumFaultCharacters);
  throw new MalformedEventError(`${what} does not fit its schema: ${faults}`);
}

/** What was received can't become right by trying again: it takes a deployment, or a person. */
export abstract class UnconsumableError extends Error {}

export class UnknownEventError extends UnconsumableError {
  override name = "UnknownEventError";
  constructor(readonly event: string) {
    super(
      `${event} is not an event of this subscriber: correct its rule, or deploy a handler that knows it; then redrive`,
    );
  }
}

export class EventTooNewError extends UnconsumableError {
  override name = "EventTooNewError";
  constructor(definition: EventDefinition, version: number) {
    super(
      `${definition.name} version ${version} is newer than version ${definition.version}, the newest known here: deploy code that knows it, then redrive`,
    );
  }
}

export class MalformedEventError extends UnconsumableError {
  override name = "MalformedEventError";
}

/** An EventBridge pattern for these events, in the spelling `sst.aws.Bus` takes. */
export function pattern(...definitions: EventDefinition[]): { source: string[]; detailType: string[] } {
  return {
    source: [...new Set(definitions.map((definition) => definition.source))].sort(),
    detailType: definitions.map((definition) => definition.name).sort(),
  };
}
