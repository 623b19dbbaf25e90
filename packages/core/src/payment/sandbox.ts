/** A payment provider for every stage without a real one: it keeps its own books and can fail as providers do. */
import { createHmac, timingSafeEqual } from "node:crypto";
import { idSchema, type Money } from "@cartwright/events";
import * as z from "zod";
import { isConditionFailure, reaching } from "../aws-fault.ts";
import { now } from "../clock.ts";
import { DomainError, InvalidError, UnavailableError } from "../error.ts";
import { type Authorization, CaptureRefusedError, type Provider, UnknownOutcomeError } from "./provider.ts";
import { type Charge, charges } from "./sandbox.entity.ts";

/** What the tokens do. `tok_timeout` charges and then loses the answer; everything unknown is declined. */
const behaviours = new Map<string, Pick<Charge, "status" | "reason">>(
  Object.entries({
    tok_ok: { status: "authorized" },
    tok_timeout: { status: "authorized" },
    tok_capture_refused: { status: "authorized" },
    tok_requires_action: { status: "action_required" },
    tok_declined: { status: "declined", reason: "card_declined" },
    tok_insufficient_funds: { status: "declined", reason: "insufficient_funds" },
  }),
);

export const sandbox: Provider = {
  name: "sandbox",

  async authorize({ key, orderId, amount, token }) {
    if (token === "tok_unavailable") throw new UnavailableError("the payment provider is unavailable");
    const behaviour = behaviours.get(token) ?? { status: "declined" as const, reason: "unknown_token" };
    const charge = await createOnce({ key, orderId, token, ...money(amount), ...behaviour });
    if (token === "tok_timeout" && charge.isNew) throw new UnknownOutcomeError("the sandbox");
    return answer(charge);
  },

  async capture({ reference, amount }) {
    const charge = await byReference(reference);
    if (charge.token === "tok_capture_refused") throw new CaptureRefusedError(charge.orderId, "authorization revoked");
    if (charge.status === "captured") return answer(charge);
    return answer(await move(charge, "authorized", { status: "captured", capturedMinor: amount.amount }));
  },

  async void({ reference }) {
    const charge = await byReference(reference);
    if (charge.status !== "authorized" && charge.status !== "action_required") return answer(charge);
    return answer(await move(charge, charge.status, { status: "voided" }));
  },

  async find(key) {
    const { data } = await reaching("the sandbox", charges().get({ key }).go({ consistent: true }));
    return data ? answer(data) : undefined;
  },

  async listHeld(before) {
    const scan = charges()
      .scan.where(
        ({ status, createdAt }, { eq, lt }) =>
          `(${eq(status, "authorized")} OR ${eq(status, "action_required")}) AND ${lt(createdAt, before.toISOString())}`,
      )
      .go({ pages: "all" });
    const { data } = await reaching("the sandbox", scan);
    return data.map(({ orderId }) => orderId);
  },
};

/** What the sandbox posts when a customer has completed, or refused, what their bank asked of them. */
const Notification = z.object({
  id: z.string().min(1).max(100),
  type: z.string(),
  orderId: idSchema("ord"),
});
export type Notification = z.infer<typeof Notification>;

export class ForgedWebhookError extends DomainError {
  override name = "ForgedWebhookError";
  constructor(why: string) {
    super("unauthenticated", "forged_webhook", `the webhook is refused: ${why}`);
  }
}

export class NoAuthorizationError extends DomainError {
  override name = "NoAuthorizationError";
  constructor(reference: string) {
    super("not_found", "authorization_not_found", `the provider has no authorization ${reference}`);
  }
}

const toleranceSeconds = 300;

/** `t=<unix seconds>,v1=<HMAC-SHA-256 over "t.body">`, the scheme that most providers share. */
export function signWebhook(body: string, secret: string, timestampSeconds: number): string {
  return `t=${timestampSeconds},v1=${mac(body, secret, timestampSeconds)}`;
}

/** Verifies signature and age over the raw body, in constant time, and only then looks at what it says. */
export function parseWebhook(body: string, signature: string | undefined, secret: string): Notification {
  const parts = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/.exec(signature ?? "");
  if (!parts) throw new ForgedWebhookError("it carries no signature t=…,v1=…");
  const timestampSeconds = Number(parts[1]);
  const expected = Buffer.from(mac(body, secret, timestampSeconds), "hex");
  if (!timingSafeEqual(expected, Buffer.from(parts[2]!, "hex"))) throw new ForgedWebhookError("its signature is wrong");
  if (Math.abs(now().getTime() / 1000 - timestampSeconds) > toleranceSeconds) {
    throw new ForgedWebhookError(`it is more than ${toleranceSeconds} seconds away from our time`);
  }
  try {
    return Notification.parse(JSON.parse(body));
  } catch (error) {
    throw new InvalidError("malformed_webhook", `the webhook is signed, but can't be read: ${error}`);
  }
}

/** What the customer did changes the sandbox's own books first; the first answer stays. */
export async function completeAction(key: string, approved: boolean): Promise<Authorization> {
  const charge = await byReference(key);
  if (charge.status !== "action_required") return answer(charge);
  const set = approved ? { status: "authorized" as const } : { status: "declined" as const, reason: "refused_by_bank" };
  return answer(await move(charge, "action_required", set));
}

function mac(body: string, secret: string, timestampSeconds: number): string {
  return createHmac("sha256", secret).update(`${timestampSeconds}.${body}`).digest("hex");
}

/** The first request with a key decides; every later one gets what it decided. */
async function createOnce(request: Omit<Charge, "capturedMinor" | "createdAt">): Promise<Charge & { isNew: boolean }> {
  const charge = { ...request, capturedMinor: 0, createdAt: now().toISOString() };
  try {
    await reaching("the sandbox", charges().create(charge).go());
    return { ...charge, isNew: true };
  } catch (error) {
    if (!isConditionFailure(error)) throw error;
    return { ...(await byReference(request.key)), isNew: false };
  }
}

async function byReference(reference: string): Promise<Charge> {
  const { data } = await reaching("the sandbox", charges().get({ key: reference }).go({ consistent: true }));
  if (!data) throw new NoAuthorizationError(reference);
  return data;
}

async function move(charge: Charge, from: Charge["status"], set: Partial<Charge>): Promise<Charge> {
  const patch = charges()
    .patch({ key: charge.key })
    .set(set)
    .where(({ status }, { eq }) => eq(status, from))
    .go();
  try {
    await reaching("the sandbox", patch);
    return { ...charge, ...set };
  } catch (error) {
    if (!isConditionFailure(error)) throw error;
    return byReference(charge.key);
  }
}

function money({ amount, currency }: Money) {
  return { amountMinor: amount, currency };
}

function answer({ key, status, reason }: Charge): Authorization {
  return { reference: key, status, ...(reason && { reason }) };
}
