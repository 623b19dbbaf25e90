import { createHash } from "node:crypto";
import { DescribeReplayCommand, type DescribeReplayResponse, StartReplayCommand } from "@aws-sdk/client-eventbridge";
import { deriveId } from "@cartwright/events";
import { Resource } from "sst";
import * as z from "zod";
import { applied, reaching } from "../aws-fault.ts";
import { now } from "../clock.ts";
import { DomainError, InvalidError, KeyReusedError } from "../error.ts";
import { eventBridge } from "./client.ts";
import { eventIn, fits, parseJson } from "./letter.ts";
import { countMessages } from "./reading.ts";
import { passOn } from "./redrive.ts";
import { type ReplayItem, replays } from "./replay.entity.ts";
import { Replay, ReplayID, type StartReplay } from "./schema.ts";
import { assertTakes, type Subscriber, subscriberFrom, subscribers } from "./subscriber.ts";

export class ReplayNotFoundError extends DomainError {
  override name = "ReplayNotFoundError";
  constructor(id: string) {
    super("not_found", "replay_not_found", `there is no replay ${id}: records are kept for ${retentionDays} days`);
  }
}

export class NotReplayableError extends DomainError {
  override name = "NotReplayableError";
  constructor(subscriber: string) {
    const able = [...subscribers().values()].filter(({ replayable }) => replayable).map(({ name }) => name);
    super(
      "invalid",
      "not_replayable",
      `the bus feeds nothing to ${subscriber}, so nothing can be replayed to it: choose one of ${able.join(", ")}`,
    );
  }
}

export class TooManyReplaysError extends DomainError {
  override name = "TooManyReplaysError";
  constructor(cause: unknown) {
    const message = "EventBridge runs ten replays at a time: send the same request again when one has ended";
    super("unavailable", "too_many_replays", message, { cause });
  }
}

/** A replayed message that can't belong to any replay of ours: trying again won't help. */
export class StrayReplayError extends Error {
  override name = "StrayReplayError";
}

/** As long as EventBridge remembers a replay. */
const retentionDays = 90;
const dayMs = 24 * 60 * 60 * 1000;
/** A caller whose clock is a little fast means now. */
const clockToleranceMs = 60_000;

/**
 * Replays archived events to one subscriber and nobody else. The record comes first and EventBridge's replay is named
 * after it, so a request that failed half-way is completed by sending it again.
 */
export async function replay(
  input: StartReplay,
  by: { actorId: string; idempotencyKey: string },
): Promise<{ replay: Replay; replayed: boolean }> {
  const subscriber = subscriberFrom(input.subscriber);
  if (!subscriber.replayable) throw new NotReplayableError(subscriber.name);
  assertTakes(subscriber, input.filter?.event, "filter.event");
  const createdAt = now();
  const { from, to } = windowOf(input, createdAt);
  const { orderId, correlationId, event } = input.filter ?? {};
  const filter = { ...(orderId && { orderId }), ...(correlationId && { correlationId }), ...(event && { event }) };
  const asked = { from: new Date(input.from).toISOString(), to: new Date(input.to).toISOString() };
  const request = { subscriber: subscriber.name, ...asked, filter };
  const item: ReplayItem = {
    replayId: deriveId("rpl", by.actorId, by.idempotencyKey),
    ...request,
    from: from.toISOString(),
    to: to.toISOString(),
    requestedBy: by.actorId,
    fingerprint: createHash("sha256").update(JSON.stringify(request)).digest("base64url"),
    createdAt: createdAt.toISOString(),
    expiresAt: Math.ceil((createdAt.getTime() + retentionDays * dayMs) / 1000),
  };
  const stored = await create(item);
  if (stored.fingerprint !== item.fingerprint) throw new KeyReusedError();
  await start(stored);
  return { replay: serialize(stored, { State: "STARTING" }), replayed: stored !== item };
}

/** Up to now, for a caller whose clock is a little fast. */
function windowOf(input: StartReplay, createdAt: Date): { from: Date; to: Date } {
  const to = new Date(Math.min(Date.parse(input.to), createdAt.getTime()));
  const from = new Date(input.from);
  if (Date.parse(input.to) > createdAt.getTime() + clockToleranceMs) throw inTheFuture("to", input.to);
  if (from >= to) throw inTheFuture("from", input.from);
  return { from, to };
}

function inTheFuture(path: "from" | "to", time: string): InvalidError {
  const fault = { path, code: "in_the_future", message: "lies in the future" };
  const message = `${path}: ${time} lies in the future: only what has happened can be replayed`;
  return new InvalidError("invalid_request", message, [fault]);
}

export async function replayFromID(id: string): Promise<Replay> {
  const item = await find(id);
  if (!item) throw new ReplayNotFoundError(id);
  const [description, waiting] = await Promise.all([describe(id), countWaiting()]);
  const { handedOn = 0, leftOut = 0 } = item;
  return { ...serialize(item, description), progress: { handedOn, leftOut, waiting } };
}

/** What the archive has sent, and `forward` has not seen yet. */
function countWaiting(): Promise<number> {
  const forwarder = subscriberFrom("Replay");
  if (forwarder.redrivesTo !== "queue") throw new TypeError("what is replayed comes by a queue");
  return countMessages(forwarder.targetUrl, "the queue of what is replayed");
}

/** Looks records of replays up, each of them once. */
export function replayRecords(): (id: string) => Promise<ReplayItem | undefined> {
  const records = new Map<string, Promise<ReplayItem | undefined>>();
  return (id) => {
    const record = records.get(id) ?? find(id);
    records.set(id, record);
    return record;
  };
}

/** What has become of a replayed event. */
export interface Forwarded {
  replayId: string;
  /** The subscriber that got it; none when the replay leaves it out. */
  receiver: string | undefined;
}

/**
 * Hands a replayed event, as it is, to the subscriber that its replay is for. Throws `StrayReplayError` for what is no
 * replay of ours.
 */
export async function forward(body: string, recordOf: ReturnType<typeof replayRecords>): Promise<Forwarded> {
  const content = parseJson(body);
  const parsed = z.object({ "replay-name": ReplayID }).safeParse(content);
  if (!parsed.success) throw new StrayReplayError("no replay that operators asked for brought this message");
  const replayId = parsed.data["replay-name"];
  const record = await recordOf(replayId);
  if (!record) throw new StrayReplayError(`there is no record of the replay ${replayId}`);
  const subscriber = subscriberFrom(record.subscriber);
  if (!isMeantFor(subscriber, record, content)) return { replayId, receiver: undefined };
  await passOn(subscriber, body);
  return { replayId, receiver: subscriber.name };
}

/** Adds a batch to the records of its replays. Whoever can't tell whether it was added adds it again. */
export async function countForwarded(batch: Forwarded[]): Promise<void> {
  const ids = new Set(batch.map(({ replayId }) => replayId));
  const counting = [...ids].map(async (replayId) => {
    const forwarded = batch.filter((one) => one.replayId === replayId);
    const handedOn = forwarded.filter(({ receiver }) => receiver !== undefined).length;
    const counts = { handedOn, leftOut: forwarded.length - handedOn };
    // A patch makes no record of its own where there is none any more.
    await reaching("replays", replays().patch({ replayId }).add(counts).go());
  });
  await Promise.all(counting);
}

/** The rule that feeds the subscriber decides by name. EventBridge cuts times to seconds, so those are looked at too. */
function isMeantFor({ events }: Subscriber, { from, to, filter }: ReplayItem, content: unknown): boolean {
  const name = z.object({ "detail-type": z.string() }).safeParse(content).data?.["detail-type"];
  if (name === undefined || !events.includes(name)) return false;
  const event = eventIn(content);
  // What has no readable envelope is for the subscriber to judge, unless somebody asked for certain events.
  if (!event) return Object.keys(filter).length === 0;
  const timeMs = Date.parse(event.time);
  return fits(event, filter) && timeMs >= Date.parse(from) && timeMs <= Date.parse(to);
}

async function create(item: ReplayItem): Promise<ReplayItem> {
  const isNew = await applied("replays", replays().create(item).go());
  return isNew ? item : (await find(item.replayId))!;
}

async function find(replayId: string): Promise<ReplayItem | undefined> {
  const { data } = await reaching("replays", replays().get({ replayId }).go({ consistent: true }));
  return data ?? undefined;
}

/** EventBridge goes by whole seconds, and must not be asked for the future. */
async function start({ replayId, from, to, subscriber }: ReplayItem): Promise<void> {
  const { archive, bus, rule } = Resource.ReplaySource;
  const EventStartTime = new Date(Math.floor(Date.parse(from) / 1000) * 1000);
  const EventEndTime = new Date(Math.min(Math.ceil(Date.parse(to) / 1000) * 1000, now().getTime()));
  const command = new StartReplayCommand({
    ReplayName: replayId,
    Description: `to ${subscriber} alone, through the operators' API`,
    EventSourceArn: archive,
    EventStartTime,
    EventEndTime,
    Destination: { Arn: bus, FilterArns: [rule] },
  });
  try {
    await reaching("the archive", eventBridge().send(command));
  } catch (error) {
    const name = error instanceof Error ? error.name : "";
    if (name === "LimitExceededException") throw new TooManyReplaysError(error);
    if (name !== "ResourceAlreadyExistsException") throw error;
  }
}

async function describe(
  replayId: string,
): Promise<Pick<DescribeReplayResponse, "State" | "StateReason" | "EventLastReplayedTime">> {
  try {
    return await reaching("the archive", eventBridge().send(new DescribeReplayCommand({ ReplayName: replayId })));
  } catch (error) {
    if (error instanceof Error && error.name === "ResourceNotFoundException") return {};
    throw error;
  }
}

function serialize(
  { replayId, subscriber, from, to, filter, requestedBy, createdAt }: ReplayItem,
  { State, StateReason, EventLastReplayedTime }: Awaited<ReturnType<typeof describe>>,
): Replay {
  return Replay.parse({
    id: replayId,
    ...{ subscriber, from, to, filter },
    status: State?.toLowerCase() ?? "unknown",
    ...(StateReason && { reason: StateReason }),
    ...(EventLastReplayedTime && { lastEventAt: EventLastReplayedTime.toISOString() }),
    ...{ requestedBy, createdAt },
  });
}
