/** What the sandbox provider does later: it settles refunds, is disputed, and posts webhooks to our API. */

import { now } from "@cartwright/core/clock";
import { Payment } from "@cartwright/core/payment";
import type { SQSBatchResponse, SQSEvent, SQSRecord } from "aws-lambda";
import { Resource } from "sst";
import * as z from "zod";
import { settle } from "../reaction/react.ts";

/** API Gateway answers within half a minute, or not at all; a provider's patience is shorter. */
const patienceMs = 5_000;

export async function handler({ Records: records }: SQSEvent): Promise<SQSBatchResponse> {
  const failed = await Promise.all(records.map(perform));
  return { batchItemFailures: failed.flat() };
}

async function perform(message: SQSRecord): Promise<SQSBatchResponse["batchItemFailures"]> {
  try {
    const work = Payment.SandboxWork.parse(JSON.parse(message.body));
    if (work.do === "notify") await post(JSON.stringify(work.webhook));
    else await Payment.workForSandbox(work);
    return [];
  } catch (error) {
    const verdict = await settle("SandboxWork", { message, error, permanent: error instanceof z.ZodError });
    return verdict === "taken-over" ? [] : [{ itemIdentifier: message.messageId }];
  }
}

/** Whatever is no 2xx is sent again, as providers do. */
async function post(body: string): Promise<void> {
  const [secret = ""] = Resource.SandboxWebhookSecret.value.split(",");
  const signature = Payment.signWebhook(body, secret.trim(), Math.floor(now().getTime() / 1000));
  const response = await fetch(`${Resource.Api.url}/webhooks/sandbox`, {
    method: "POST",
    body,
    headers: { "Content-Type": "application/json", [Payment.signatureHeader]: signature },
    signal: AbortSignal.timeout(patienceMs),
  });
  if (!response.ok) throw new Error(`the webhook was answered ${response.status}`);
}
