/** What the sandbox does later, by a queue: a provider tells by webhooks, and takes its time with refunds. */
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { newId } from "@cartwright/events";
import { Resource } from "sst";
import * as z from "zod";
import { reaching } from "../../aws-fault.ts";
import { now } from "../../clock.ts";
import { lazy } from "../../lazy.ts";
import { metered } from "../../metered.ts";
import { chance, type Trouble } from "./behaviour.ts";

/** The body of a webhook of the sandbox. */
export const Webhook = z.object({
  id: z.string().min(1).max(100),
  type: z.enum(["charge.updated", "refund.updated", "dispute.opened"]),
  orderId: z.string(),
  createdAt: z.iso.datetime(),
});
export type Webhook = z.infer<typeof Webhook>;

export const Work = z.discriminatedUnion("do", [
  z.object({ do: z.literal("notify"), webhook: Webhook }),
  z.object({ do: z.literal("settle-refund"), reference: z.string(), refund: z.string() }),
  z.object({ do: z.literal("dispute"), reference: z.string() }),
]);
export type Work = z.infer<typeof Work>;

const sqs = lazy(() => metered(new SQSClient({})));

export async function later(work: Work, delaySeconds = 0): Promise<void> {
  const message = new SendMessageCommand({
    QueueUrl: Resource.SandboxWorkQueue.url,
    MessageBody: JSON.stringify(work),
    DelaySeconds: Math.round(delaySeconds),
  });
  await reaching("the sandbox's queue", sqs().send(message));
}

const latestSeconds = 120;

/** Sends a webhook about an order: once, or as the trouble of this stage has it. */
export async function notify(type: Webhook["type"], orderId: string, trouble: Trouble): Promise<void> {
  const webhook = { id: newId("evt"), type, orderId, createdAt: now().toISOString() };
  const about = [type, orderId];
  if (chance(trouble, "dropped", ...about) < trouble.dropped) return;
  const times = chance(trouble, "duplicate", ...about) < trouble.duplicate ? 2 : 1;
  for (let time = 0; time < times; time++) {
    const isLate = chance(trouble, "late", time, ...about) < trouble.late;
    await later({ do: "notify", webhook }, isLate ? chance(trouble, "delay", time, ...about) * latestSeconds : 0);
  }
}
