import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { metered } from "@cartwright/core/metered";
import { type DeadLetterFailure, toAttributes } from "@cartwright/events";
import { Resource } from "sst";
import { impatient } from "./patience.ts";

let client: SQSClient | undefined;

/**
 * Leaves something for a person, with the reason, in the dead letters of the function that runs: the queue that its
 * environment names in `DEAD_LETTERS` and that it is linked to.
 */
export async function sendDeadLetter(body: string, failure: DeadLetterFailure): Promise<void> {
  client ??= metered(new SQSClient(impatient));
  const QueueUrl = deadLettersUrl();
  await client.send(
    new SendMessageCommand({ QueueUrl, MessageBody: sendable(body), MessageAttributes: toAttributes(failure) }),
  );
}

/** JSON holds U+FFFE and U+FFFF as they are, and SQS refuses a message with one of them; escaped they mean the same. */
function sendable(json: string): string {
  return json.replaceAll(/[\ufffe\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16)}`);
}

function deadLettersUrl(): string {
  const name = process.env.DEAD_LETTERS ?? "";
  const { url } = Resource[name as keyof typeof Resource] as { url?: string };
  if (!url) throw new Error(`DEAD_LETTERS names ${name || "nothing"}: link the function to its queue of dead letters`);
  return url;
}
