/** Takes what the archive replays and hands it to the one subscriber that each replay is for. */
import { Ops } from "@cartwright/core/ops";
import type { BatchResponse } from "@cartwright/events";
import type { SQSEvent, SQSRecord } from "aws-lambda";
import { delivering, settle } from "./reaction/react.ts";
import { tell } from "./work.ts";

/**
 * Each message stands alone. One that comes twice is handed on twice, which every subscriber endures; so a batch that
 * could not be counted comes again, rather than that a replay seems to have done less than it did.
 */
export async function handler({ Records: records }: SQSEvent): Promise<BatchResponse> {
  const recordOf = Ops.replayRecords();
  const batch = countedTogether();
  const forward = (message: SQSRecord) => batch.count(Ops.forward(message.body, recordOf));
  const failed = await Promise.all(
    records.map((message) => delivering("Replay", message, () => handOn(message, forward))),
  );
  return { batchItemFailures: failed.flat() };
}

async function handOn(
  message: SQSRecord,
  forward: (message: SQSRecord) => Promise<Ops.Forwarded>,
): Promise<BatchResponse["batchItemFailures"]> {
  try {
    const { receiver } = await forward(message);
    tell(receiver === undefined ? { outcome: "left out" } : { receiver });
    return [];
  } catch (error) {
    const verdict = await settle({ message, error, permanent: error instanceof Ops.StrayReplayError });
    return verdict === "taken-over" ? [] : [{ itemIdentifier: message.messageId }];
  }
}

/** One write per replay, not per message: whoever is forwarded waits until all of the batch are, and are counted. */
function countedTogether() {
  const batch: Promise<Ops.Forwarded>[] = [];
  let counting: Promise<void> | undefined;
  return {
    async count(forwarding: Promise<Ops.Forwarded>): Promise<Ops.Forwarded> {
      batch.push(forwarding);
      const forwarded = await forwarding;
      counting ??= countDone(batch);
      await counting;
      return forwarded;
    },
  };
}

async function countDone(batch: Promise<Ops.Forwarded>[]): Promise<void> {
  const outcomes = await Promise.allSettled(batch);
  await Ops.countForwarded(outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : [])));
}
