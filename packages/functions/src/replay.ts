/** Takes what the archive replays and hands it to the one subscriber that each replay is for. */
import { Ops } from "@cartwright/core/ops";
import type { BatchResponse } from "@cartwright/events";
import type { SQSEvent, SQSRecord } from "aws-lambda";
import { log } from "./log.ts";
import { settle } from "./reaction/react.ts";

const subscriber = "Replay";

interface Done {
  message: SQSRecord;
  forwarded: Ops.Forwarded;
}

interface Failed {
  message: SQSRecord;
  error: unknown;
}

/**
 * Each message stands alone. One that comes twice is handed on twice, which every subscriber endures; so a batch that
 * could not be counted comes again, rather than that a replay seems to have done less than it did.
 */
export async function handler({ Records: records }: SQSEvent): Promise<BatchResponse> {
  const recordOf = Ops.replayRecords();
  const outcomes = await Promise.all(records.map((message) => handOn(message, recordOf)));
  const failed = outcomes.filter((outcome) => "error" in outcome);
  const uncounted = await count(outcomes.filter((outcome) => "forwarded" in outcome));
  const again = await Promise.all([...failed, ...uncounted].map(offerAgain));
  return { batchItemFailures: again.flat() };
}

async function handOn(message: SQSRecord, recordOf: ReturnType<typeof Ops.replayRecords>): Promise<Done | Failed> {
  try {
    const forwarded = await Ops.forward(message.body, recordOf);
    const outcome = forwarded.receiver ? `to ${forwarded.receiver}` : "left out";
    log("replayed", { step: subscriber, messageId: message.messageId, outcome });
    return { message, forwarded };
  } catch (error) {
    return { message, error };
  }
}

/** One write per replay, not per message. */
async function count(done: Done[]): Promise<Failed[]> {
  try {
    await Ops.countForwarded(done.map(({ forwarded }) => forwarded));
    return [];
  } catch (error) {
    return done.map(({ message }) => ({ message, error }));
  }
}

async function offerAgain({ message, error }: Failed): Promise<BatchResponse["batchItemFailures"]> {
  const verdict = await settle(subscriber, { message, error, permanent: error instanceof Ops.StrayReplayError });
  return verdict === "taken-over" ? [] : [{ itemIdentifier: message.messageId }];
}
