/** Takes what the archive replays and hands it to the one subscriber that each replay is for. */
import { Ops } from "@cartwright/core/ops";
import type { BatchResponse } from "@cartwright/events";
import type { SQSEvent, SQSRecord } from "aws-lambda";
import { log } from "./log.ts";
import { settle } from "./reaction/react.ts";

const subscriber = "Replay";

/** Each message stands alone. One that comes twice is handed on twice, which every subscriber endures. */
export async function handler({ Records: records }: SQSEvent): Promise<BatchResponse> {
  const recordOf = Ops.replayRecords();
  const failed = await Promise.all(records.map((message) => handOn(message, recordOf)));
  return { batchItemFailures: failed.flat() };
}

async function handOn(
  message: SQSRecord,
  recordOf: ReturnType<typeof Ops.replayRecords>,
): Promise<BatchResponse["batchItemFailures"]> {
  const { messageId } = message;
  try {
    const receiver = await Ops.forward(message.body, recordOf);
    log("replayed", { step: subscriber, messageId, outcome: receiver ? `to ${receiver}` : "left out" });
    return [];
  } catch (error) {
    const verdict = await settle(subscriber, { message, error, permanent: error instanceof Ops.StrayReplayError });
    return verdict === "taken-over" ? [] : [{ itemIdentifier: messageId }];
  }
}
