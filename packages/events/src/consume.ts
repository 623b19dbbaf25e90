import * as z from "zod";
import { MalformedEventError, nameOf, parseEvent, UnconsumableError, UnknownEventError } from "./definition.ts";
import { type EventName, type EventNamed, registry } from "./registry.ts";

/** The part of an SQS Lambda event that consuming reads. */
export interface QueueMessage {
  messageId: string;
  body: string;
}

export interface QueueBatch<Message extends QueueMessage = QueueMessage> {
  Records: Message[];
}

export interface BatchResponse {
  batchItemFailures: { itemIdentifier: string }[];
}

/** What a subscriber does about each event, by its name. An effect happens once, however often it is asked for. */
export type Effects = { [Name in EventName]?: (event: EventNamed<Name>) => Promise<void> };

export interface Failure<Message extends QueueMessage> {
  message: Message;
  error: unknown;
  /** Whether trying again can't help: the event is unknown, too new or malformed. */
  permanent: boolean;
}

/** What becomes of a message that failed: it is offered again, or somebody has taken it over. */
export type Verdict = "offer-again" | "taken-over";

/**
 * A Lambda handler for a queue fed by the bus: `consume({ [OrderPlaced.name]: effect, … }, onFailure)`. Each message
 * stands alone: it is parsed, brought to today's version, and handed to its effect; one that fails does not fail its
 * neighbours. What `onFailure` does not take over is reported, so that the queue offers it again. `around` runs what is
 * done about a message, its failure included.
 */
export function consume<Message extends QueueMessage>(
  effects: Effects,
  onFailure: (failure: Failure<Message>) => Promise<Verdict>,
  around: <Result>(message: Message, work: () => Promise<Result>) => Promise<Result> = (_, work) => work(),
): (batch: QueueBatch<Message>) => Promise<BatchResponse> {
  const settle = async (message: Message): Promise<BatchResponse["batchItemFailures"]> => {
    try {
      await react(effects, message.body);
      return [];
    } catch (error) {
      const verdict = await onFailure({ message, error, permanent: error instanceof UnconsumableError });
      return verdict === "taken-over" ? [] : [{ itemIdentifier: message.messageId }];
    }
  };
  return async ({ Records: messages }) => {
    const unsettled = await Promise.all(messages.map((message) => around(message, () => settle(message))));
    return { batchItemFailures: unsettled.flat() };
  };
}

const Body = z.object({ detail: z.unknown() });

async function react(effects: Effects, body: string): Promise<void> {
  const { detail } = parseBody(body);
  const name = nameOf(detail);
  const definition = registry.get(name);
  const effect = effects[name as EventName] as ((event: unknown) => Promise<void>) | undefined;
  if (!definition || !effect) throw new UnknownEventError(name);
  await effect(parseEvent(definition, detail));
}

function parseBody(body: string): z.infer<typeof Body> {
  try {
    return Body.parse(JSON.parse(body));
  } catch (cause) {
    throw new MalformedEventError("the message is not one that the bus delivers", { cause });
  }
}
