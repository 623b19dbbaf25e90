/** The dead letters that a reaction has left, as an operator would find them. */
import { DeleteMessageCommand, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { type DeadLetterFailure, fromAttributes } from "@cartwright/events";
import { Resource } from "sst";
import { onTestFinished } from "vitest";

interface Letter {
  body: string;
  failure: DeadLetterFailure | undefined;
}

/** Lets a reaction believe that it is this subscriber's function, for one test. */
export function actAs(subscriber: string, maximumReceives: number): void {
  const { DEAD_LETTERS, MAXIMUM_RECEIVES } = process.env;
  Object.assign(process.env, { DEAD_LETTERS: `${subscriber}DeadLetters`, MAXIMUM_RECEIVES: String(maximumReceives) });
  onTestFinished(() => {
    for (const [name, value] of Object.entries({ DEAD_LETTERS, MAXIMUM_RECEIVES })) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });
}

/** Takes all that lie there out of the queue. */
export async function takeLetters(subscriber: string): Promise<Letter[]> {
  const sqs = new SQSClient({});
  const name = `${subscriber}DeadLetters`;
  const { url: QueueUrl } = Resource[name as keyof typeof Resource] as unknown as { url: string };
  const letters: Letter[] = [];
  for (;;) {
    const receive = { QueueUrl, MaxNumberOfMessages: 10, MessageAttributeNames: ["All"], WaitTimeSeconds: 0 };
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand(receive));
    if (Messages.length === 0) return letters;
    for (const { Body = "", MessageAttributes = {}, ReceiptHandle } of Messages) {
      letters.push({ body: Body, failure: fromAttributes(MessageAttributes) });
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    }
  }
}
