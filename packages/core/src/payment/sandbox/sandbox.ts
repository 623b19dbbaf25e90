/** A payment provider for every stage without a real one: it keeps its own books and can fail as providers do. */
import { createHash, randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { idSchema, type Money } from "@cartwright/events";
import { Resource } from "sst";
import * as z from "zod";
import { applied, reaching } from "../../aws-fault.ts";
import { now } from "../../clock.ts";
import { ContentionError, DomainError, InvalidError } from "../../error.ts";
import { lazy } from "../../lazy.ts";
import { note } from "../../spent.ts";
import {
  CaptureRefusedError,
  type Charge,
  type Lookup,
  type Provider,
  ProviderUnavailableError,
  type Refund,
  UnknownOutcomeError,
} from "../provider.ts";
import { verifySignature } from "../signature.ts";
import { behaviourOf, chance, parseTrouble, type Trouble } from "./behaviour.ts";
import { type ChargeItem, charges } from "./charge.entity.ts";
import { later, notify, Webhook, type Work } from "./work.ts";

export const signatureHeader = "Cartwright-Signature";

export class NoChargeError extends DomainError {
  override name = "NoChargeError";
  constructor(reference: string) {
    super("not_found", "charge_not_found", `the provider has no charge ${reference}`);
  }
}

const trouble = lazy(() => parseTrouble(Resource.SandboxTrouble.value));

/** What differs from a sandbox that is quiet. Throws `InvalidError` when it was told something that makes no sense. */
export function sandboxTrouble(): Partial<Trouble> {
  return Object.fromEntries(Object.entries(trouble()).filter(([, value]) => value !== 0 && value !== "0"));
}

export const sandbox: Provider = {
  name: "sandbox",

  authorize: ({ key, orderId, amount, token }) =>
    answering("authorize", key, async () => {
      const { status, reason, unavailable, loses } = behaviourOf(token);
      if (unavailable) throw new ProviderUnavailableError("the payment provider is unavailable");
      const charge = await createOnce({
        ...{ reference: referenceOf(key), key, orderId, token, ...minor(amount), status },
        ...(reason && { reason }),
      });
      return { answer: serialize(charge), lost: charge.isNew && loses === "authorize" };
    }),

  capture: ({ key, reference, amount }) =>
    answering("capture", key, async () => {
      const before = await byReference(reference);
      const { capture, loses, disputed } = behaviourOf(before.token);
      if (capture === "refused") throw new CaptureRefusedError(before.orderId, "authorization revoked");
      const { charge, changed } = await change(reference, ({ status }) =>
        status === "authorized" ? { status: "captured" as const, capturedMinor: amount.amount } : undefined,
      );
      if (changed && disputed) await later({ do: "dispute", reference }, disputeAfterSeconds);
      return { answer: serialize(charge), lost: changed && loses === "capture" };
    }),

  void: ({ key, reference }) =>
    answering("void", key, async () => {
      const { charge } = await change(reference, ({ status }) =>
        status === "authorized" || status === "action_required" ? { status: "voided" as const } : undefined,
      );
      return { answer: serialize(charge) };
    }),

  refund: ({ key, reference, amount }) =>
    answering("refund", key, async () => {
      const { refunds: manner, loses } = behaviourOf((await byReference(reference)).token);
      const { charge, changed } = await change(reference, (current) => addRefund(current, key, amount));
      if (changed && manner) await later({ do: "settle-refund", reference, refund: key }, refundSeconds);
      const answer = charge.refunds.find((refund) => refund.key === key) ?? refused(charge, key, amount);
      return { answer, lost: changed && loses === "refund" };
    }),

  find: (lookup) => answering("find", lookup.key, async () => ({ answer: await found(lookup) })),

  assertPayable: () => {},

  async action(lookup) {
    const { reference } = lookup;
    const charge = reference === undefined ? undefined : await read(reference);
    if (charge?.status !== "action_required") return undefined;
    return { url: `/sandbox/challenges/${charge.reference}?secret=${charge.clientSecret}` };
  },

  async *list({ from, to }) {
    const scan = charges()
      .scan.where(({ createdAt }, { between }) => between(createdAt, from.toISOString(), to.toISOString()))
      .go({ pages: "all" });
    const { data } = await reaching("the sandbox", scan);
    for (const item of data.filter(({ createdAt }) => createdAt < to.toISOString())) {
      const { refunds, disputes, ...charge } = serialize(item);
      const refundedMinor = refunds.reduce((sum, one) => sum + (one.status === "failed" ? 0 : one.amountMinor), 0);
      yield { orderId: item.orderId, charge: { ...charge, refundedMinor, disputed: disputes.length > 0 } };
    }
  },

  async parseWebhook(body, header) {
    const secrets = Resource.SandboxWebhookSecret.value.split(",").map((secret) => secret.trim());
    verifySignature({ body, header: header(signatureHeader), secrets });
    return readWebhook(body);
  },
};

const disputeAfterSeconds = 30;
const refundSeconds = 60;

/** What the customer answers their bank, at the sandbox's page. The first answer stays. */
export async function answerChallenge(reference: string, clientSecret: string, approved: boolean): Promise<void> {
  await challenge(reference, clientSecret);
  const { charge, changed } = await change(reference, ({ status }) => {
    if (status !== "action_required") return undefined;
    return approved ? { status: "authorized" as const } : { status: "declined" as const, reason: "refused_by_bank" };
  });
  if (changed) await notify("charge.updated", charge.orderId, trouble());
}

/** What the customer is asked to pay. A wrong secret is answered like a charge that does not exist. */
export async function challenge(
  reference: string,
  clientSecret: string,
): Promise<{ amount: Money; status: Charge["status"] }> {
  const charge = await read(reference);
  if (charge?.clientSecret !== clientSecret) throw new NoChargeError(reference);
  note({ orderId: charge.orderId });
  const { amount, status } = serialize(charge);
  return { amount, status };
}

/** What was left for later; doing it twice changes nothing. */
export async function work(task: Exclude<Work, { do: "notify" }>): Promise<void> {
  if (task.do === "dispute") {
    const { charge } = await change(task.reference, ({ disputes, capturedMinor: amountMinor, reference }) =>
      disputes.length > 0
        ? undefined
        : { disputes: [{ reference: `dp_${reference}`, status: "open" as const, amountMinor, reason: "fraudulent" }] },
    );
    return notify("dispute.opened", charge.orderId, trouble());
  }
  const { charge } = await change(task.reference, ({ refunds, token }) => {
    const never = behaviourOf(token).refunds === "never";
    const settled = never
      ? { status: "failed" as const, reason: "expired_or_canceled_card" }
      : { status: "succeeded" as const };
    if (!refunds.some(({ key, status }) => key === task.refund && status === "pending")) return undefined;
    return { refunds: refunds.map((refund) => (refund.key === task.refund ? { ...refund, ...settled } : refund)) };
  });
  return notify("refund.updated", charge.orderId, trouble());
}

/** How often each call was made here: trouble must not strike the same call for ever. */
const calls = new Map<string, number>();

/** Answers a call as the trouble of this stage has it: late, not at all, or after it has happened. */
async function answering<Answer>(
  operation: string,
  key: string,
  run: () => Promise<{ answer: Answer; lost?: boolean }>,
): Promise<Answer> {
  const { delay, unavailable, lost } = trouble();
  if (delay + unavailable + lost === 0) return unlessLost(await run());
  const count = (calls.get(`${operation} ${key}`) ?? 0) + 1;
  calls.set(`${operation} ${key}`, count);
  const roll = (what: string) => chance(trouble(), what, operation, key, count);
  await sleep(roll("delay") * delay);
  if (roll("unavailable") < unavailable) throw new ProviderUnavailableError("the sandbox is unavailable");
  const { answer, lost: lostByToken = false } = await run();
  // Of a look-up that was lost nothing is unknown: it may simply be repeated.
  if (operation === "find" && roll("lost") < lost) throw new ProviderUnavailableError("the sandbox gave no answer");
  return unlessLost({ answer, lost: lostByToken || roll("lost") < lost });
}

function unlessLost<Answer>({ answer, lost = false }: { answer: Answer; lost?: boolean }): Answer {
  if (lost) throw new UnknownOutcomeError("the sandbox");
  return answer;
}

/** A provider sends more than we asked for. */
const AnyWebhook = Webhook.extend({ type: z.string(), orderId: idSchema("ord") });

function readWebhook(body: string) {
  try {
    const { id, type, orderId } = AnyWebhook.parse(JSON.parse(body));
    return Webhook.shape.type.safeParse(type).success ? { id, type, orderId } : undefined;
  } catch {
    // Not with what is wrong about it: an error of JSON quotes the body.
    throw new InvalidError("malformed_webhook", "the webhook is signed, but can't be read");
  }
}

function addRefund({ status, capturedMinor, refunds, token }: ChargeItem, key: string, { amount }: Money) {
  const spent = refunds.reduce((sum, one) => sum + (one.status === "failed" ? 0 : one.amountMinor), 0);
  if (refunds.some((refund) => refund.key === key)) return undefined;
  if (status !== "captured" || spent + amount > capturedMinor) return undefined;
  const refund: Refund = {
    reference: `re_${digest(key)}`,
    key,
    status: behaviourOf(token).refunds ? "pending" : "succeeded",
    amountMinor: amount,
  };
  return { refunds: [...refunds, refund] };
}

function refused({ reference }: ChargeItem, key: string, { amount: amountMinor }: Money): Refund {
  return { reference, key, status: "failed", amountMinor, reason: "amount_too_large" };
}

async function found({ key, reference = referenceOf(key) }: Lookup): Promise<Charge | undefined> {
  const charge = await read(reference);
  return charge && serialize(charge);
}

type New = Omit<ChargeItem, "capturedMinor" | "createdAt" | "clientSecret" | "refunds" | "disputes" | "revision">;

/** The first request with a key decides; every later one gets what it decided. */
async function createOnce(request: New): Promise<ChargeItem & { isNew: boolean }> {
  const charge: ChargeItem = {
    ...request,
    clientSecret: randomBytes(16).toString("hex"),
    capturedMinor: 0,
    refunds: [],
    disputes: [],
    createdAt: now().toISOString(),
    revision: 1,
  };
  const isNew = await applied("the sandbox", charges().create(charge).go());
  return { ...(isNew ? charge : await byReference(request.reference)), isNew };
}

async function change(
  reference: string,
  decide: (charge: ChargeItem) => Partial<ChargeItem> | undefined,
): Promise<{ charge: ChargeItem; changed: boolean }> {
  for (let attempt = 0; attempt < 10; attempt++) {
    const charge = await byReference(reference);
    const set = decide(charge);
    if (!set) return { charge, changed: false };
    const next = { ...set, revision: charge.revision + 1 };
    const patch = charges()
      .patch({ reference })
      .set(next)
      .where(({ revision }, { eq }) => eq(revision, charge.revision))
      .go();
    if (await applied("the sandbox", patch)) return { charge: { ...charge, ...next }, changed: true };
  }
  throw new ContentionError(reference);
}

async function read(reference: string): Promise<ChargeItem | undefined> {
  const { data } = await reaching("the sandbox", charges().get({ reference }).go({ consistent: true }));
  return data ?? undefined;
}

async function byReference(reference: string): Promise<ChargeItem> {
  const charge = await read(reference);
  if (!charge) throw new NoChargeError(reference);
  note({ orderId: charge.orderId });
  return charge;
}

export function referenceOf(key: string): string {
  return `sbx_${digest(key)}`;
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 24);
}

function minor({ amount, currency }: Money) {
  return { amountMinor: amount, currency };
}

function serialize(charge: ChargeItem): Charge {
  const { reference, status, amountMinor: amount, currency, capturedMinor, refunds, disputes, reason } = charge;
  return {
    reference,
    status,
    amount: { amount, currency },
    capturedMinor,
    refunds,
    disputes,
    ...(reason && { reason }),
  };
}
