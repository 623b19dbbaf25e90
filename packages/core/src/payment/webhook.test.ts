import { newId } from "@cartwright/events";
import { Resource } from "sst";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { setClock } from "../clock.ts";
import { Payment } from "./index.ts";
import { notifications } from "./payment.entity.ts";
import { cause } from "./test/fixture.ts";

const nowSeconds = 1_800_000_000;
const secret = () => Resource.SandboxWebhookSecret.value;

beforeEach(() => {
  onTestFinished(setClock(() => nowSeconds * 1000));
});

function createWebhook(overrides: Record<string, unknown> = {}) {
  const createdAt = new Date(nowSeconds * 1000).toISOString();
  return { id: newId("evt"), type: "charge.updated", orderId: newId("ord"), createdAt, ...overrides };
}

interface Sent {
  by?: string;
  atSeconds?: number;
  /** What is received instead of what was signed. */
  body?: string;
  name?: string;
}

function receive(webhook: unknown, { by = secret(), atSeconds = nowSeconds, body, name }: Sent = {}) {
  const sent = typeof webhook === "string" ? webhook : JSON.stringify(webhook);
  const headers = new Headers({ [name ?? "Cartwright-Signature"]: Payment.signWebhook(sent, by, atSeconds) });
  return Payment.receiveWebhook("sandbox", body ?? sent, (header) => headers.get(header) ?? undefined, cause);
}

async function stored(id: string) {
  const { data } = await notifications().get({ provider: "sandbox", notificationId: id }).go({ consistent: true });
  return data ?? undefined;
}

const forged = { name: "ForgedWebhookError", kind: "unauthenticated", code: "forged_webhook" };

describe("a webhook that is genuine", () => {
  test("is stored with the event that tells of it, and nothing else of what it says", async () => {
    const { id, type, orderId, ...rest } = createWebhook({ customer: "Zoë" });
    expect(await receive({ id, type, orderId, ...rest })).toEqual({ id, type, orderId });
    const item = (await stored(id))!;
    expect(item).toMatchObject({ provider: "sandbox", type, orderId, receivedAt: "2027-01-15T08:00:00.000Z" });
    expect(item.expiresAt).toBe(nowSeconds + 90 * 24 * 60 * 60);
    expect(JSON.parse(item.outbox!)).toMatchObject([
      {
        ...{ name: "payment.notified", subject: `sandbox:${id}`, sequence: 1, correlationId: "test" },
        data: { orderId, paymentId: orderId.replace("ord", "pay"), provider: "sandbox", notificationId: id, type },
      },
    ]);
    expect(JSON.stringify(item)).not.toContain("Zoë");
  });

  test("is stored once, however often it comes, and twenty times at once", async () => {
    const webhook = createWebhook();
    const answers = await Promise.all(Array.from({ length: 20 }, () => receive(webhook)));
    expect(new Set(answers.map((answer) => answer?.id))).toEqual(new Set([webhook.id]));
    const item = await stored(webhook.id);
    expect(JSON.parse(item!.outbox!).length).toBe(1);
    await receive({ ...webhook, type: "refund.updated" });
    expect(await stored(webhook.id)).toEqual(item);
  });

  test("is taken by either secret while one is replaced, and by none that was", async () => {
    const before = secret();
    Object.assign(Resource.SandboxWebhookSecret, { value: `newer, ${before}` });
    onTestFinished(() => {
      Object.assign(Resource.SandboxWebhookSecret, { value: before });
    });
    expect(await receive(createWebhook(), { by: "newer" })).toBeDefined();
    expect(await receive(createWebhook(), { by: before })).toBeDefined();
    Object.assign(Resource.SandboxWebhookSecret, { value: "newer" });
    await expect(receive(createWebhook(), { by: before })).rejects.toMatchObject(forged);
  });

  test("is taken whatever the case of its header's name", async () => {
    expect(await receive(createWebhook(), { name: "cartwright-signature" })).toBeDefined();
  });

  test.each(["payout.paid", "charge.created", ""])(
    "and of type %j, is of no interest and leaves nothing",
    async (type) => {
      const webhook = createWebhook({ type });
      expect(await receive(webhook)).toBeUndefined();
      expect(await stored(webhook.id)).toBeUndefined();
    },
  );

  test.each<[string, unknown]>([
    ["is no JSON", "{"],
    ["is nothing", ""],
    ["is null", null],
    ["is a list", []],
    ["has no id", createWebhook({ id: undefined })],
    ["has a huge id", createWebhook({ id: "x".repeat(101) })],
    ["has no order", createWebhook({ orderId: undefined })],
    ["has an order that is none of ours", createWebhook({ orderId: "order 1" })],
    ["has no time", createWebhook({ createdAt: "yesterday" })],
  ])("and %s, is refused as malformed", async (_, webhook) => {
    await expect(receive(webhook)).rejects.toMatchObject({ kind: "invalid", code: "malformed_webhook" });
  });
});

describe("a webhook is refused, and leaves nothing", () => {
  test.each<[string, Sent]>([
    ["that was signed by somebody else", { by: "guess" }],
    ["that was signed with nothing", { by: "" }],
    ["that is stale", { atSeconds: nowSeconds - 301 }],
    ["that comes from the future", { atSeconds: nowSeconds + 301 }],
    ["without our header", { name: "Stripe-Signature" }],
  ])("%s", async (_, sent) => {
    const webhook = createWebhook();
    await expect(receive(webhook, sent)).rejects.toMatchObject(forged);
    expect(await stored(webhook.id)).toBeUndefined();
  });

  test("whose body was changed on its way", async () => {
    const webhook = createWebhook();
    const body = JSON.stringify({ ...webhook, orderId: newId("ord") });
    await expect(receive(webhook, { body })).rejects.toMatchObject(forged);
    expect(await stored(webhook.id)).toBeUndefined();
  });

  test.each(["", "t=,v1=", `t=${nowSeconds}`, "Basic abc", "v1=0"])("whose header is %j", async (header) => {
    const received = Payment.receiveWebhook("sandbox", JSON.stringify(createWebhook()), () => header, cause);
    await expect(received).rejects.toMatchObject(forged);
  });

  test("before anybody reads it", async () => {
    await expect(receive("{", { by: "guess" })).rejects.toMatchObject(forged);
  });

  test("of a provider that this stage does not use", async () => {
    const body = JSON.stringify(createWebhook());
    const header = Payment.signWebhook(body, secret(), nowSeconds);
    const received = Payment.receiveWebhook("stripe", body, () => header, cause);
    await expect(received).rejects.toMatchObject({ kind: "not_found", code: "no_such_provider" });
  });
});
