import { Resource } from "sst";
import * as z from "zod";
import { DomainError, InvalidError } from "../error.ts";
import { lazy } from "../lazy.ts";

const common = {
  /** Of the queue that holds its dead letters. */
  url: z.string(),
  arn: z.string(),
  /** Names of the events that may be in there. */
  events: z.array(z.string()),
  /** Whether events of the archive can be replayed to it. */
  replayable: z.boolean(),
};

/** What can fail and leave dead letters, and where those go when they are redriven, as the stacks declare it. */
const Link = z.discriminatedUnion("redrivesTo", [
  z.object({
    ...common,
    redrivesTo: z.literal("queue"),
    targetUrl: z.string(),
    targetArn: z.string(),
    /** A message that fails at each attempt is a dead letter after this time at the latest. */
    backWithinSeconds: z.int(),
  }),
  z.object({ ...common, redrivesTo: z.literal("machine"), targetArn: z.string() }),
  z.object({ ...common, redrivesTo: z.literal("bus") }),
  z.object({ ...common, redrivesTo: z.literal("nothing") }),
]);
export type Subscriber = z.infer<typeof Link> & { name: string };

export class UnknownSubscriberError extends DomainError {
  override name = "UnknownSubscriberError";
  constructor(name: string, known: string[]) {
    super("not_found", "unknown_subscriber", `there is no subscriber ${name}: there are ${known.join(", ")}`);
  }
}

/** An event that never reaches the subscriber: nothing can be found by it, or replayed. */
export class EventNotTakenError extends InvalidError {
  override name = "EventNotTakenError";
  constructor({ name, events }: Subscriber, event: string, path: string) {
    const taken = events.length > 0 ? `it takes ${events.join(", ")}` : "no event reaches it";
    const message = `${name} never gets ${event}: ${taken}`;
    super("event_not_taken", message, [{ path, code: "event_not_taken", message }]);
  }
}

/** By name, in the order of names. */
export const subscribers = lazy((): Map<string, Subscriber> => {
  const links = Object.entries(z.record(z.string(), Link).parse(Resource.DeadLetters.queues));
  return new Map(
    links.sort(([one], [other]) => (one < other ? -1 : 1)).map(([name, link]) => [name, { name, ...link }]),
  );
});

export function subscriberFrom(name: string): Subscriber {
  const subscriber = subscribers().get(name);
  if (!subscriber) throw new UnknownSubscriberError(name, [...subscribers().keys()]);
  return subscriber;
}

/** Throws `EventNotTakenError`; `path` names the field of the request that named the event. */
export function assertTakes(subscriber: Subscriber, event: string | undefined, path: string): void {
  if (event !== undefined && !subscriber.events.includes(event)) throw new EventNotTakenError(subscriber, event, path);
}

export function backWithin(subscriber: Subscriber): { backWithinSeconds?: number } {
  return subscriber.redrivesTo === "queue" ? { backWithinSeconds: subscriber.backWithinSeconds } : {};
}
