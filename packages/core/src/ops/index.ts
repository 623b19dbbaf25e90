export * as Ops from "./index.ts";

import { alarmsOfStage, statusOf } from "./alarm.ts";
import { fits, parseJson, toLetter } from "./letter.ts";
import { countLetters, type Fate, type Received, readThrough } from "./reading.ts";
import { LetterNotFoundError, LetterNotReachedError } from "./redrive.ts";
import type { DeadLetters, Filter, Health, Letter, Letters, OpenLetter } from "./schema.ts";
import { assertTakes, backWithin, subscriberFrom, subscribers } from "./subscriber.ts";

export { urgentAlarms } from "./alarm.ts";
export { ReconciliationFailedError, reconcileNow } from "./reconcile.ts";
export { LetterNotFoundError, LetterNotReachedError, redrive } from "./redrive.ts";
export * from "./replay.ts";
export * from "./schema.ts";
export { EventNotTakenError, UnknownSubscriberError } from "./subscriber.ts";

/** How the stage is, by its alarms and its dead letters. Throws `UnavailableError` when either can't be seen. */
export async function health(): Promise<Health> {
  const [alarms, { items }] = await Promise.all([alarmsOfStage(), list()]);
  const holding = items.filter(({ letters }) => letters > 0);
  return {
    status: statusOf(alarms, { hasLetters: holding.length > 0 }),
    watched: alarms.length > 0,
    alarms,
    queues: items.length,
    deadLetters: holding.map(({ subscriber, letters }) => ({ subscriber, letters })),
  };
}

/** Every queue of dead letters there is, empty or not. */
export async function list(): Promise<{ items: DeadLetters[] }> {
  const counting = [...subscribers().values()].map(async (subscriber) => {
    const { name, redrivesTo, events } = subscriber;
    const { all: letters } = await countLetters(subscriber);
    return { subscriber: name, letters, redrivesTo, events, ...backWithin(subscriber) };
  });
  return { items: await Promise.all(counting) };
}

/** Letters that fit, oldest first. `more` says that there are others, or that a long queue was not read to its end. */
export async function letters(name: string, filter: Filter, limit: number): Promise<Letters> {
  const subscriber = subscriberFrom(name);
  assertTakes(subscriber, filter.event, "event");
  const found: Letter[] = [];
  const look = async (batch: Received[]): Promise<Fate[]> =>
    batch.map((received) => {
      const letter = toLetter(subscriber, received);
      if (fits(letter.event, filter)) found.push(letter);
      // Who has only looked keeps nothing from the next one.
      return "put-back";
    });
  const { examined, ended } = await readThrough(subscriber, look, { enough: () => found.length > limit });
  const items = found
    .slice(0, limit)
    .sort((one, other) => compare(one.sentAt, other.sentAt) || compare(one.id, other.id));
  return { items, examined, more: ended !== "at-its-end" };
}

/** One letter with its whole message, as JSON when it is that. Throws `LetterNotFoundError` or `LetterNotReachedError`. */
export async function letterFromID(name: string, id: string): Promise<OpenLetter> {
  const subscriber = subscriberFrom(name);
  let found: Received | undefined;
  const look = async (batch: Received[]): Promise<Fate[]> => {
    found ??= batch.find((received) => received.id === id);
    return batch.map(() => "set-aside");
  };
  const { examined, ended } = await readThrough(subscriber, look, { enough: () => found !== undefined });
  if (!found && ended !== "at-its-end") throw new LetterNotReachedError(name, id, examined);
  if (!found) throw new LetterNotFoundError(name, id);
  return { ...toLetter(subscriber, found), body: parseJson(found.body) };
}

function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}
