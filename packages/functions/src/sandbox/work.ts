/** What the sandbox provider does later: it settles refunds, is disputed, and posts webhooks to our API. */

import { now } from "@cartwright/core/clock";
import { Payment } from "@cartwright/core/payment";
import { downstream } from "@cartwright/core/spent";
import type { SQSBatchResponse, SQSEvent, SQSRecord } from "aws-lambda";
import { Resource } from "sst";
import * as z from "zod";
import { delivering, settle } from "../reaction/react.ts";
import { tell } from "../work.ts";

/** API Gateway answers within half a minute, or not at all; a provider's patience is shorter. */
const patienceMs = 5_000;

export async function handler({ Records: records }: SQSEvent): Promise<SQSBatchResponse> {
  const failed = await Promise.all(
    records.map((message) => delivering("SandboxWork", message, () => perform(message))),
  );
  return { batchItemFailures: failed.flat() };
}

async function perform(message: SQSRecord): Promise<SQSBatchResponse["batchItemFailures"]> {
  try {
    const work = Payment.SandboxWork.parse(JSON.parse(message.body));
    if (work.do === "notify") await post(work.webhook);
    else await Payment.workForSandbox(work);
    return [];
  } catch (error) {
    const verdict = await settle({ message, error, permanent: error instanceof z.ZodError });
    return verdict === "taken-over" ? [] : [{ itemIdentifier: message.messageId }];
  }
}

/** Whatever is no 2xx is sent again, as providers do. */
async function post(webhook: Payment.SandboxWebhook): Promise<void> {
  tell({ orderId: webhook.orderId });
  const body = JSON.stringify(webhook);
  const [secret = ""] = Resource.SandboxWebhookSecret.value.split(",");
  const signature = Payment.signWebhook(body, secret.trim(), Math.floor(now().getTime() / 1000));
  const request = {
    method: "POST",
    body,
    headers: { "Content-Type": "application/json", [Payment.signatureHeader]: signature },
    signal: AbortSignal.timeout(patienceMs),
  };
  const response = await downstream(() => fetch(`${Resource.Api.url}/webhooks/sandbox`, request));
  if (!response.ok) throw new Error(`the webhook was answered ${response.status}`);
}
