import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Payment } from "@cartwright/core/payment";
import { atProvider, captured, cause, paymentIdOf, paymentOf } from "@cartwright/core/test/payment";
import { newId } from "@cartwright/events";
import type { SQSEvent } from "aws-lambda";
import { Resource } from "sst";
import { expect, onTestFinished, test } from "vitest";
import { payments } from "../payment.ts";
import { actAs, takeLetters } from "../test/letters.ts";
import { batchOf } from "../test/queue.ts";
import { handler } from "./work.ts";

/** The front door of the API, at the other end of a real connection. */
async function openApi(): Promise<number[]> {
  const statuses: number[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    const { status } = await payments.request(request.url!, { method: "POST", headers, body: Buffer.concat(chunks) });
    statuses.push(status);
    response.writeHead(status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { url } = Resource.Api;
  Object.assign(Resource.Api, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  onTestFinished(() => {
    Object.assign(Resource.Api, { url });
    server.close();
  });
  return statuses;
}

function batchFor(...bodies: unknown[]): SQSEvent {
  const [template] = batchOf({} as never).Records;
  return {
    Records: bodies.map((body) => ({ ...template!, messageId: crypto.randomUUID(), body: JSON.stringify(body) })),
  };
}

test("a webhook is posted with a signature that our own front door takes, however often it is sent", async () => {
  const statuses = await openApi();
  const { orderId } = await captured();
  const webhook = { id: newId("evt"), type: "charge.updated", orderId, createdAt: new Date().toISOString() };
  const batch = batchFor({ do: "notify", webhook }, { do: "notify", webhook });
  expect(await handler(batch)).toEqual({ batchItemFailures: [] });
  expect(statuses).toEqual([200, 200]);
});

test("a webhook that nobody takes is sent again", async () => {
  const { url } = Resource.Api;
  Object.assign(Resource.Api, { url: "http://127.0.0.1:9" });
  onTestFinished(() => void Object.assign(Resource.Api, { url }));
  const webhook = {
    id: newId("evt"),
    type: "charge.updated",
    orderId: newId("ord"),
    createdAt: new Date().toISOString(),
  };
  const batch = batchFor({ do: "notify", webhook });
  actAs("SandboxWork", 5);
  const [{ messageId } = { messageId: "" }] = batch.Records;
  expect(await handler(batch)).toEqual({ batchItemFailures: [{ itemIdentifier: messageId }] });
});

test("a refund that takes its time is settled once", async () => {
  const order = await captured("tok_refund_pending");
  const by = { actorId: newId("usr"), idempotencyKey: newId("req") };
  const { refund } = await Payment.requestRefund(paymentIdOf(order), { reason: "torn" }, by, cause);
  await Payment.issueRefund(order.orderId, Payment.refundKeyOf(refund.id), cause);
  const { reference, refunds } = (await atProvider(order))!;
  const batch = batchFor({ do: "settle-refund", reference, refund: refunds[0]!.key });
  for (let time = 0; time < 2; time++) expect(await handler(batch)).toEqual({ batchItemFailures: [] });
  await Payment.reconcile(order.orderId, cause);
  expect(await paymentOf(order)).toMatchObject({ status: "refunded", pendingRefund: { amount: 0 } });
});

test("what makes no sense is a letter that says so", async () => {
  actAs("SandboxWork", 5);
  expect(await handler(batchFor({ do: "dance" }))).toEqual({ batchItemFailures: [] });
  expect(await takeLetters("SandboxWork")).toMatchObject([{ failure: { code: "ZodError" } }]);
});
