import * as z from "zod";
import { type EventDefinition, type EventOf, parseEvent, UnknownEventError } from "./envelope.ts";

/** The part of an SQS Lambda event that consuming reads. */
export interface QueueBatch {
  Records: { messageId: string; body: string }[];
}

export interface BatchResponse {
  batchItemFailures: { itemIdentifier: string }[];
}

interface Reaction {
  name: string;
  version: number;
  run(received: unknown): Promise<void>;
}

/** One event and what to do about it; the effect must be safe to repeat. */
export function on<Definition extends EventDefinition>(
  definition: Definition,
  effect: (event: EventOf<Definition>) => Promise<void>,
): Reaction {
  return {
    name: definition.name,
    version: definition.version,
    run: async (received) => effect(parseEvent(definition, received)),
  };
}

const Received = z.object({ detail: z.object({ name: z.string(), version: z.int() }).loose() });

/**
 * A Lambda handler for a queue fed by the bus. Each message stands alone: one that fails, cannot be parsed or is of
 * an unknown version is reported, so that the queue offers it again and moves it to its dead letters in the end.
 */
export function consume(
  reactions: Reaction[],
  report: (failure: { messageId: string; error: unknown }) => void,
): (batch: QueueBatch) => Promise<BatchResponse> {
  const react = async (body: string) => {
    const { detail } = Received.parse(JSON.parse(body));
    const reaction = reactions.find(({ name, version }) => name === detail.name && version === detail.version);
    if (!reaction) throw new UnknownEventError(detail.name, detail.version);
    await reaction.run(detail);
  };
  return async (batch) => {
    const outcomes = await Promise.allSettled(batch.Records.map((record) => react(record.body)));
    const batchItemFailures = outcomes.flatMap((outcome, index) => {
      if (outcome.status === "fulfilled") return [];
      const { messageId } = batch.Records[index]!;
      report({ messageId, error: outcome.reason });
      return [{ itemIdentifier: messageId }];
    });
    return { batchItemFailures };
  };
}
